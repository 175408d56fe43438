#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Ids are checked before they become paths.
namespace tenon {

bool is_session_id(std::string_view text);  ///< [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool is_job_id(std::string_view text);      ///< 8 lower-case hex digits
bool is_plugin_id(std::string_view text);   ///< [a-z][a-z0-9_-]{0,31}
/// A directory in the Agent Plugins form: 1 to 64 of a-z, 0-9, `-` and `.`, the first and last a
/// letter or digit, no `--` and no `..`.
bool is_agent_plugin_name(std::string_view text);
bool is_tool_name(std::string_view text);  ///< [a-z][a-z0-9_]{0,63}

/// `digits` random lower-case hex digits from the kernel.
std::string random_hex(std::size_t digits);

}  // namespace tenon
