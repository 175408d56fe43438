#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/session/subagent_task.h"

namespace tenon::session {

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
