#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::subagent {

/// A tool's name in a definition, and what it means here.
struct ToolName {
    enum class Meaning {
        kName,     ///< `name` is that of a tool here, for all that is known
        kMissing,  ///< another client's tool that has no counterpart for subagents here
        kAll,      ///< `*`
    };
    Meaning meaning = Meaning::kName;
    std::string name;
    bool narrowed = false;  ///< it had a specifier in brackets, such as Bash(git *)
};

/// `Read`, `read` and `Read(src/**)` are read_file, as definitions written for other clients have
/// it; names that no such client uses stay as they are.
ToolName tool_name(std::string_view written);

/// The names of a definition among the tools there are; the case of letters does not count.
struct PickedTools {
    std::vector<std::string> names;  ///< as the tools are called
    std::vector<std::string> unknown;
};
PickedTools pick_tools(const std::vector<std::string>& names,
                       const std::vector<std::string>& tools);

}  // namespace tenon::subagent
