#include "host/session/subagent_tools.h"

#include <algorithm>

namespace tenon::session {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The names that are not tools, as a list; empty: there are none.
std::string unknown_names(const std::vector<std::string>& names, agent::Toolbox& all) {
    std::string unknown;
    for (const std::string& name : names) {
        if (all.find(name) == nullptr) unknown += (unknown.empty() ? "" : ", ") + name;
    }
    return unknown;
}

std::string names_of_tools(const std::vector<const agent::ToolSpec*>& specs) {
    std::string names;
    for (const agent::ToolSpec* spec : specs)
        names += (names.empty() ? "" : ", ") + spec->name;
    return names;
}

}  // namespace

Result<SubagentTools> SubagentTools::select(agent::Toolbox& all, const SubagentTask& task,
                                            const Withheld& withheld) {
    SubagentTools selected(all);
    SubagentTools possible(all);
    for (const agent::ToolSpec* spec : all.specs()) {
        if (!spec->facts.for_subagents || withheld(*spec)) continue;
        possible.specs_.push_back(spec);
        if (task.tools && !contains(*task.tools, spec->name)) continue;
        if (contains(task.disallowed_tools, spec->name)) continue;
        selected.specs_.push_back(spec);
        selected.names_.insert(spec->name);
    }
    if (!task.tools) return selected;
    if (const std::string unknown = unknown_names(*task.tools, all); !unknown.empty()) {
        return Error{"unknown tools: " + unknown +
                     ". Tools for subagents: " + names_of_tools(possible.specs_)};
    }
    return selected;
}

agent::Tool* SubagentTools::find(std::string_view name) {
    return names_.find(name) == names_.end() ? nullptr : all_->find(name);
}

}  // namespace tenon::session
