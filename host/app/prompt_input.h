#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"

namespace tenon::app {

/// What a headless run is asked, as far as the command line and standard input say it.
struct PromptInput {
    std::string text;                  ///< valid UTF-8, not blank
    std::vector<std::string> notices;  ///< for the person: input that was ignored
};

/// The prompt of `-p` with what is piped in behind it; "-", or no `-p`, means standard input alone,
/// to its end. Beside a prompt a pipe gets `patience` for its first byte. Blocks until the input
/// has ended. Nothing: an interactive session (no prompt, and `fd` is a terminal). Error: nothing
/// to ask.
Result<std::optional<PromptInput>> read_prompt(
    const std::optional<std::string>& prompt, int fd,
    std::chrono::milliseconds patience = std::chrono::seconds(3));

}  // namespace tenon::app
