#pragma once

#include <string>
#include <string_view>

namespace tenon::subagent {

/// Where a tool's name in a definition leads.
struct ToolName {
    enum class Kind {
        kName,     ///< `name` is that of a tool here, for all that is known
        kMissing,  ///< another client's tool that has no counterpart here
        kAll,      ///< `*`
    };
    Kind kind = Kind::kName;
    std::string name;
    bool narrowed = false;  ///< it had a specifier in brackets, such as Bash(git *)
};

/// `Read` and `Read(src/**)` are read_file, as definitions written for other clients have it; names
/// that no such client uses stay as they are.
ToolName tool_name(std::string_view written);

}  // namespace tenon::subagent
