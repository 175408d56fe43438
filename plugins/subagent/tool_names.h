#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::subagent {

/// A tool's name in a definition, and what it means here.
struct ToolName {
    enum class Meaning {
        kName,     ///< `name` may be the name of a tool here
        kMissing,  ///< another client's tool that has no counterpart for subagents here
        kAll,      ///< `*`
    };
    Meaning meaning = Meaning::kName;
    std::string name;
    bool narrowed = false;  ///< it was limited in brackets, as in Bash(git *)
};

/// `Read`, `read` and `Read(src/**)` in definitions for other clients are read_file here; names
/// that no such client uses are not changed.
ToolName tool_name(std::string_view written);

/// Which names of a definition are names of existing tools. Letter case does not count.
struct PickedTools {
    std::vector<std::string> names;  ///< as the tools are called
    std::vector<std::string> unknown;
};
PickedTools pick_tools(const std::vector<std::string>& names,
                       const std::vector<std::string>& tools);

}  // namespace tenon::subagent
