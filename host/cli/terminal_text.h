#pragma once

#include <string>
#include <string_view>

namespace tenon::cli {

/// Makes what a command printed harmless for a terminal, piece by piece. Of escape sequences only
/// SGR is kept (ECMA-48 8.3.117: `\x1b[…m`), except the one that hides text; without `colour` it is
/// removed. All other control characters are written as text, such as `\x1b`. Not thread-safe.
class TerminalText {
public:
    explicit TerminalText(bool colour) : colour_(colour) {}

    /// What can be shown so far. An incomplete character or sequence is kept until the rest comes.
    std::string take(std::string_view bytes);
    /// What was kept, and the sequence that ends all colours.
    std::string finish();

private:
    /// Appends the sequence at the beginning of `text`, or its escape character as text. Returns
    /// how many bytes of `text` that were; 0 when the end of the sequence has not come yet.
    std::size_t take_escape(std::string_view text, std::string& out);

    const bool colour_;
    bool is_styled_ = false;
    std::string held_;
};

}  // namespace tenon::cli
