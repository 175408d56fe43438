#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::sitting {

/// The command of a line `!COMMAND`, without blanks around it; empty for `!` alone. None: the line
/// is something else. Pure.
std::optional<std::string> own_command(std::string_view line);

/// What `!` alone prints.
constexpr const char* kOwnCommandHint =
    "!COMMAND runs a command; the model sees it and its output with your next prompt.";

}  // namespace tenon::sitting
