#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What a tool answered, taken apart. Pure functions.
namespace tenon::ui {

/// Harmless lines without blank ones at either end. Of a line that was written over and over with
/// carriage returns the last state is left.
std::vector<std::string> output_lines(std::string_view text);

/// A command's output without the line that tells how it ended, and that line: `[exit code: 3]` as
/// `exit 3`, `[signal: KILL]` as `signal KILL`, `[… continues as background job 1a2b3c4d]` as
/// `continues as job 1a2b3c4d`; empty when it says nothing, which is success.
struct CommandOutput {
    std::vector<std::string> lines;
    std::string ending;
};
CommandOutput command_output(std::string_view text);

/// At most `head` lines from the beginning and `tail` from the end, with `… +N lines` for the
/// others.
std::vector<std::string> folded(std::vector<std::string> lines, std::size_t head, std::size_t tail);

}  // namespace tenon::ui
