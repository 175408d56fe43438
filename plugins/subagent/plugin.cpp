#include <algorithm>
#include <memory>
#include <mutex>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/text.h"
#include "plugins/subagent/definitions.h"
#include "plugins/subagent/tool_names.h"

namespace tenon::subagent {
namespace {

constexpr std::size_t kMaxTitle = 80;

constexpr const char* kSchema =
    R"({"type":"object","properties":{"prompt":{"type":"string"},)"
    R"("description":{"type":"string","description":"The task in some words"},)"
    R"("subagent_type":{"type":"string"},"model":{"type":"string"},)"
    R"("max_turns":{"type":"integer","minimum":1}},"required":["prompt"],"additionalProperties":false})";

class SubagentPlugin : public Plugin {
public:
    using Plugin::Plugin;

    void setup(JsonView) override {
        read_definitions();
        tool("agent",
             "Give a task to a subagent, which begins with your prompt alone and answers with its "
             "last message. Calls in one answer run at the same time.",
             kSchema, TENON_CONCURRENT | TENON_LONG_RUNNING, [this](Call& call) { run(call); })
            .subject("{description:first|prompt:first}")
            .conversation_only()
            .rules("Agent", "subagent_type")
            .recovered("subagent")
            .not_for_subagents();
    }

    /// All plugins are loaded by now, so the tools are known.
    std::string system_prompt() override {
        const std::shared_ptr<const Definitions> known = definitions();
        if (const auto tools = tools_of_host()) {
            known->remark_unknown_tools(*tools, remark_adder());
            log_remarks();
        }
        return known->prompt();
    }

private:
    void run(const Call& call) {
        const JsonView args = call.args();
        const std::string title = title_of(args);
        if (title.empty()) throw Failure("Error: the prompt is empty", TENON_BAD_ARGS);
        JsonObject params;
        params.text("prompt", args.text("prompt")).text("description", title);
        add_kind(args, params);
        call.progress(title);
        const Reply reply = call.request("agent.run/1", params.json());
        if (reply.rc == TENON_CANCELLED) throw Failure("[interrupted]", TENON_CANCELLED);
        if (!reply.ok()) throw Failure("Error: " + reply.text, reply.rc);
        call.write(reply.json().text("text"));
    }

    static std::string title_of(const JsonView& args) {
        std::string title = front_matter::one_line(args.text("description"));
        if (front_matter::one_line(args.text("prompt")).empty()) return {};
        if (title.empty()) title = front_matter::one_line(args.text("prompt"));
        return front_matter::cut(std::move(title), kMaxTitle);
    }

    /// Adds model, tools and turns from the definition and the arguments; the lower of two limits
    /// counts.
    void add_kind(const JsonView& args, JsonObject& params) {
        const std::shared_ptr<const Definition> kind = find(args.text("subagent_type"));
        std::string model = args.text("model");
        std::int64_t max_turns = args.integer("max_turns");
        if (kind) {
            if (!kind->system.empty()) params.text("system", kind->system);
            add_tools(*kind, params);
            if (model.empty()) model = kind->model;
            if (kind->max_turns)
                max_turns =
                    max_turns > 0 ? std::min(max_turns, *kind->max_turns) : *kind->max_turns;
        }
        if (!model.empty()) params.text("model", model);
        if (max_turns > 0) params.integer("max_turns", max_turns);
    }

    /// Unknown names are left out, so that one of them does not make the definition useless.
    void add_tools(const Definition& kind, JsonObject& params) {
        const auto tools = tools_of_host();
        const auto there = [&tools](const std::vector<std::string>& names) {
            return tools ? pick_tools(names, *tools).names : names;
        };
        if (kind.tools) params.texts("tools", there(*kind.tools));
        if (const auto disallowed = there(kind.disallowed_tools); !disallowed.empty())
            params.texts("disallowed_tools", disallowed);
    }

    /// The names of all tools; none when the host does not answer.
    [[nodiscard]] std::optional<std::vector<std::string>> tools_of_host() const {
        const Reply reply = host().request("agent.tools/1");
        if (!reply.ok()) return std::nullopt;
        return reply.json().texts("tools");
    }

    /// Null when `type` is empty.
    std::shared_ptr<const Definition> find(const std::string& type) {
        if (type.empty()) return nullptr;
        std::shared_ptr<const Definitions> known = definitions();
        if (known->find(type) == nullptr) {  // it may have been added, or trusted, meanwhile
            read_definitions();
            known = definitions();
        }
        const Definition* kind = known->find(type);
        if (kind == nullptr) throw Failure("Error: " + known->unknown(type), TENON_BAD_ARGS);
        return {known, kind};
    }

    void read_definitions() {
        auto found = std::make_shared<const Definitions>(Definitions::read(host(), remark_adder()));
        {
            const std::lock_guard lock(mutex_);
            definitions_ = std::move(found);
        }
        log_remarks();
    }
    [[nodiscard]] std::shared_ptr<const Definitions> definitions() {
        const std::lock_guard lock(mutex_);
        return definitions_;
    }
    [[nodiscard]] AddRemark remark_adder() {
        return [this](Remark remark, const std::string& message) {
            const std::lock_guard lock(mutex_);
            remarks_.add(remark, message);
        };
    }
    void log_remarks() {
        front_matter::Remarks::Lines lines;
        {
            const std::lock_guard lock(mutex_);
            lines = remarks_.take("agent definitions");
        }
        for (const std::string& line : lines.summary)
            host().log(TENON_LOG_WARNING, line);
        for (const std::string& line : lines.details)
            host().log(TENON_LOG_INFO, line);
    }

    std::mutex mutex_;
    std::shared_ptr<const Definitions> definitions_;  // never null after setup
    front_matter::Remarks remarks_;
};

}  // namespace
}  // namespace tenon::subagent

TENON_PLUGIN(tenon::subagent::SubagentPlugin, "subagent", "1.0.0");
