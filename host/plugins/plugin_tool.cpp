#include "host/plugins/plugin_tool.h"

#include <functional>

#include "host/base/ids.h"
#include "host/base/utf8.h"
#include "host/plugin/local_instance.h"
#include "host/plugins/tool_facts.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxDescriptionBytes = 64U << 10U;

agent::ToolResult failure(std::string text) {
    return {std::move(text), true, {}};
}

/// The text of a result when the plugin has failed and written nothing.
std::string_view text_of_code(tenon_rc rc) {
    switch (rc) {
        case TENON_BAD_ARGS:
            return "Error: the tool does not accept these arguments";
        case TENON_CANCELLED:
            return "[interrupted]";
        case TENON_DENIED:
            return "Error: permission denied";
        case TENON_UNSUPPORTED:
            return "Error: this host or plugin does not support that";
        case TENON_BUSY:
            return "Error: busy; try again later";
        default:
            return "Error: the tool failed and gave no reason";
    }
}

void append_line(std::string& text, std::string_view line) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += line;
}

}  // namespace

Result<CheckedTool, plugin::Refusal> check_tool(const plugin::ToolDeclaration& declaration,
                                                const std::string& plugin_id, bool first_party) {
    const std::string& name = declaration.name;
    if (!is_tool_name(name))
        return plugin::invalid_plugin("'" + utf8::repair(name) +
                                      "' is no name for a tool: [a-z][a-z0-9_]{0,63}");
    if (!first_party && name.starts_with("mcp__"))
        return plugin::Refusal{
            "its tool " + name + " is named like a tool of an MCP server, whose rules it would get",
            "the author has to give it another name"};
    if (declaration.description.empty() || declaration.description.size() > kMaxDescriptionBytes ||
        !utf8::is_valid(declaration.description))
        return plugin::invalid_plugin("the description of " + name +
                                      " is empty, too long or not UTF-8");
    auto input_schema = parse_schema(declaration.input_schema);
    if (!input_schema)
        return plugin::invalid_plugin("the input schema of " + name + ": " +
                                      input_schema.error().message);
    auto schema = Schema::compile_tool_input(*input_schema);
    if (!schema)
        return plugin::invalid_plugin("the input schema of " + name + ": " +
                                      schema.error().message);

    auto facts = read_facts(declaration.facts, *input_schema, first_party);
    if (!facts)
        return plugin::invalid_plugin("the facts of " + name + ": " + facts.error().message);

    const auto has = [&](std::uint32_t flag) { return (declaration.flags & flag) != 0; };
    agent::ToolSpec spec{name,
                         declaration.description,
                         std::move(*input_schema),
                         plugin_id,
                         first_party,
                         has(TENON_READ_ONLY),
                         has(TENON_CONCURRENT),
                         has(TENON_LONG_RUNNING),
                         std::move(*facts)};
    return CheckedTool{std::move(spec), std::move(*schema)};
}

Result<std::unique_ptr<PluginTool>, plugin::Refusal> PluginTool::make(
    const plugin::ToolDeclaration& declaration, const std::string& plugin_id, bool first_party,
    plugin::Instance& instance, InstanceLock& lock, const PluginHostPort& host) {
    auto checked = check_tool(declaration, plugin_id, first_party);
    if (!checked) return checked.error();
    return std::unique_ptr<PluginTool>(
        new PluginTool(std::move(checked->spec), std::move(checked->schema), instance, lock, host));
}

std::optional<std::string> PluginTool::check(const agent::ToolCall& call) const {
    const std::string invalid = "Error: invalid arguments for " + spec_.name + ": ";
    if (!call.input_error.empty()) return invalid + call.input_error;
    if (auto fits = schema_.check(call.input); !fits) return invalid + fits.error().message;
    return std::nullopt;
}

agent::ToolResult PluginTool::call(const agent::ToolCall& call, agent::CallContext& context) {
    const auto use = spec_.concurrent ? InstanceLock::Use::kShared : InstanceLock::Use::kExclusive;
    switch (lock_.lock(use, context.stop())) {
        case InstanceLock::Outcome::kStopped:
            return failure("[interrupted]");
        case InstanceLock::Outcome::kBusy:
            return failure("Error: a call of the plugin " + spec_.plugin +
                           " waits for a subagent, and " + spec_.name +
                           " cannot run beside it; try again when that call has ended");
        case InstanceLock::Outcome::kLocked:
            break;
    }
    const std::unique_ptr<InstanceLock, std::function<void(InstanceLock*)>> unlock(
        &lock_, [use](InstanceLock* lock) { lock->unlock(use); });
    context.on_wait([this](agent::CallContext::Wait wait, bool begins) {
        if (wait == agent::CallContext::Wait::kForSubagent) lock_.wait_for_subagent(begins);
        if (wait == agent::CallContext::Wait::kForTurn) lock_.wait_for_turn(begins);
    });
    return invoke(call, context);
}

agent::ToolResult PluginTool::invoke(const agent::ToolCall& call, agent::CallContext& context) {
    if (instance_.disabled()) return failure(disabled_text());
    const std::optional<Json> rewritten = schema_.with_integers(call.input);
    PluginCallPort port(host_, context,
                        kMaxResultCharacters + (spec_.first_party ? kMaxEndingCharacters : 0));
    const tenon_rc rc =
        instance_.invoke(spec_.name, dump_json(rewritten ? *rewritten : call.input), port);
    agent::ToolResult result = result_of(rc, port, context);
    if (rc != TENON_OK) return result;
    // What the plugin has written says that all is done, so it is dropped with what failed.
    if (auto finished = context.finish(); !finished) return failure(finished.error().message);
    return result;
}

agent::ToolResult PluginTool::result_of(tenon_rc rc, PluginCallPort& port,
                                        agent::CallContext& context) const {
    HeldText::Text written = port.result();
    agent::ToolResult result{std::move(written.text), rc != TENON_OK, {}};
    result.cut_at = written.cut_at;
    result.resumes_at = written.resumes_at;
    // When the call failed or its text is cut off, the end of a job that it has read may be missing
    // from the text. Such an end counts as not delivered.
    std::vector<std::string> delivered = context.take_delivered();
    if (rc == TENON_OK && result.cut_at == std::string::npos)
        result.delivered_jobs = std::move(delivered);
    if (rc == TENON_OK) result.images = context.take_images();
    if (rc == TENON_OK) return result;
    const std::string hint = hint_for(rc, result.text, port);
    if (const std::string why = port.failure(); !why.empty()) {
        append_line(result.text, "Error: " + why);
    } else if (rc == TENON_FAULT) {
        append_line(result.text,
                    "Error: a defect in the plugin " + spec_.plugin + " ended this call");
    } else if (result.text.empty()) {
        result.text = text_of_code(rc);
    }
    if (rc == TENON_FAULT && instance_.disabled()) append_line(result.text, disabled_text());
    if (!hint.empty()) append_line(result.text, hint);
    return result;
}

/// Where the host has said no, its own reason stands: no other right of the plugin changes that.
std::string PluginTool::hint_for(tenon_rc rc, const std::string& written,
                                 PluginCallPort& port) const {
    if (rc == TENON_DENIED && port.was_denied()) return {};
    return instance_.hint(port.own_words(written));
}

std::string PluginTool::disabled_text() const {
    return "Error: the plugin " + spec_.plugin +
           " is disabled until /reload or the next session, " + "after " +
           std::to_string(plugin::LocalInstance::kMaxFaults) + " faults; do without its tools";
}

}  // namespace tenon::plugins
