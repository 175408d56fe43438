#pragma once

#include <string>
#include <string_view>

namespace tenon::cli {

/// What a command printed, on its way to a terminal, in pieces: its colours stay colours, and
/// nothing else in it has an effect. Of escape sequences only SGR passes (ECMA-48 8.3.117:
/// `\x1b[…m`), without the one that hides text; where there are no colours it goes. All other
/// controls are written as
/// `\x1b`. Not thread-safe.
class TerminalText {
public:
    explicit TerminalText(bool colour) : colour_(colour) {}

    /// What can be shown by now. The beginning of a character or of a sequence waits for its rest.
    std::string take(std::string_view bytes);
    /// What is left, and the end of every colour.
    std::string finish();

private:
    /// Appends the sequence that `text` begins with, or the visible form of its escape. How many
    /// bytes that took; 0 when its end may still come.
    std::size_t take_escape(std::string_view text, std::string& out);

    const bool colour_;
    bool is_styled_ = false;
    std::string held_;
};

}  // namespace tenon::cli
