#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::subagent {

/// A kind of subagent, as its file defines it.
struct Definition {
    std::string name;                               ///< one line
    std::string description;                        ///< one line, not empty
    std::string system;                             ///< the prompt; empty: the host's own
    std::string model;                              ///< empty: the session's
    std::optional<std::vector<std::string>> tools;  ///< absent: all
    std::vector<std::string> disallowed_tools;
    std::optional<std::int64_t> max_turns;

    std::string file;
    std::vector<std::string> remarks;  ///< which parts of the file are not used as written
};

/// Reads the text of `file`. Throws front_matter::Malformed for what cannot be used.
Definition parse_definition(const std::string& file, std::string_view text);

}  // namespace tenon::subagent
