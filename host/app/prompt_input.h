#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"

namespace tenon::app {

/// The prompt of a headless run, from the command line and standard input.
struct PromptInput {
    std::string text;                  ///< valid UTF-8, not blank
    std::size_t typed = 0;             ///< so many bytes of it were given with `-p`
    std::vector<std::string> notices;  ///< for people: input that was ignored
};

/// Reads the prompt: that of `-p`, followed by piped input; "-", or no `-p`, means standard input
/// alone. With `-p`, input is ignored if its first byte does not arrive within `patience`. Blocks
/// until the input has ended. Nothing: there is no prompt and `fd` is a terminal. Error: the prompt
/// is empty or the input cannot be read.
Result<std::optional<PromptInput>> read_prompt(
    const std::optional<std::string>& prompt, int fd,
    std::chrono::milliseconds patience = std::chrono::seconds(3));

}  // namespace tenon::app
