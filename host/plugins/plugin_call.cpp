#include "host/plugins/plugin_call.h"

#include "host/plugin/live_call.h"

namespace tenon::plugins {
namespace {

agent::ToolResult failure(std::string text) {
    return {std::move(text), true, {}};
}

/// For a plugin that failed without a word.
std::string_view meaning(tenon_rc rc) {
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

bool Turnstile::enter(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!free_.wait(lock, stop, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
}

void Turnstile::leave() {
    {
        const std::lock_guard lock(mutex_);
        taken_ = false;
    }
    free_.notify_one();
}

std::optional<std::string> PluginCall::check(const agent::ToolCall& call) const {
    const std::string invalid = "Error: invalid arguments for " + tool_.spec.name + ": ";
    if (!call.input_error.empty()) return invalid + call.input_error;
    if (auto fits = tool_.schema.check(call.input); !fits) return invalid + fits.error().message;
    return std::nullopt;
}

agent::ToolResult PluginCall::call(const agent::ToolCall& call, agent::CallContext& context) {
    if (auto wrong = check(call)) return failure(std::move(*wrong));
    if (tool_.spec.concurrent) return invoke(call, context);
    if (!turnstile_.enter(context.stop())) return failure("[interrupted]");
    const std::unique_ptr<Turnstile, void (*)(Turnstile*)> leave(
        &turnstile_, [](Turnstile* turnstile) { turnstile->leave(); });
    return invoke(call, context);
}

agent::ToolResult PluginCall::invoke(const agent::ToolCall& call, agent::CallContext& context) {
    if (plugin_.disabled()) return failure(disabled_text());
    const std::optional<Json> rewritten = tool_.schema.with_integers(call.input);
    auto live = plugin::LiveCall::make(tool_.spec.name,
                                       dump_json(rewritten ? *rewritten : call.input), context);
    if (!live) return failure("Error: " + live.error().message);
    const tenon_rc rc = plugin_.invoke(**live);
    return worded(rc, **live, context);
}

agent::ToolResult PluginCall::worded(tenon_rc rc, plugin::LiveCall& live,
                                     agent::CallContext& context) const {
    agent::ToolResult result{live.text(), rc != TENON_OK, {}};
    result.cut_at = live.cut_at();
    // What a call had read and then failed, was cancelled or cut off may be missing from its text:
    // the end of such a job has not been delivered.
    std::vector<std::string> delivered = context.take_delivered();
    if (rc == TENON_OK && result.cut_at == std::string::npos)
        result.delivered_jobs = std::move(delivered);
    if (rc == TENON_FAULT) {
        append_line(result.text,
                    "Error: a defect in the plugin " + plugin_.id() + " ended this call");
        if (plugin_.disabled()) append_line(result.text, disabled_text());
    } else if (rc != TENON_OK && result.text.empty()) {
        result.text = meaning(rc);
    }
    return result;
}

std::string PluginCall::disabled_text() const {
    return "Error: the plugin " + plugin_.id() + " is disabled until the next session, after " +
           std::to_string(plugin::Plugin::kMaxFaults) + " defects; do without its tools";
}

}  // namespace tenon::plugins
