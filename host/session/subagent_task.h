#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/json.h"
#include "host/base/result.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// The task of a subagent: the parameters of agent.run/1 (sdk/README.md).
struct SubagentTask {
    std::string prompt;
    std::string title;                              ///< one line, for people
    std::string system;                             ///< empty: the host's default
    std::string model;                              ///< empty: the session's
    std::optional<std::vector<std::string>> tools;  ///< none: all tools for subagents
    std::vector<std::string> disallowed_tools;
    std::optional<std::int64_t> max_turns;
};

std::vector<plugins::Parameter> subagent_parameters();

/// The Error names the parameter and says what it must be.
Result<SubagentTask> read_subagent_task(const Json& params);

/// The tools of the host that a subagent may have. `find` returns no others. Thread-safe.
class SubagentTools final : public agent::Toolbox {
public:
    /// Whether the caller withholds a tool.
    using Withheld = std::function<bool(const agent::ToolSpec&)>;

    /// `all` outlives the object. The Error names unknown tools of the task.
    static Result<SubagentTools> select(agent::Toolbox& all, const SubagentTask& task,
                                        const Withheld& withheld);

    [[nodiscard]] agent::Tool* find(std::string_view name) override;
    [[nodiscard]] std::vector<const agent::ToolSpec*> specs() const override { return specs_; }

private:
    explicit SubagentTools(agent::Toolbox& all) : all_(&all) {}

    agent::Toolbox* all_;
    std::vector<const agent::ToolSpec*> specs_;
    std::set<std::string, std::less<>> names_;
};

}  // namespace tenon::session
