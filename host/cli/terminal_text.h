#pragma once

#include <string>
#include <string_view>

namespace tenon::cli {

/// Makes the output of a command harmless for a terminal, piece by piece. Keeps only SGR escape
/// sequences (ECMA-48 8.3.117: `\x1b[…m`), except the one that hides text; without `colour` they
/// are removed. All other control characters are written as text, such as `\x1b`. Not thread-safe.
class TerminalText {
public:
    explicit TerminalText(bool colour) : colour_(colour) {}

    /// The text that is complete. An incomplete character or sequence is kept until the rest
    /// arrives.
    std::string take(std::string_view bytes);
    /// The text that was kept, and the sequence that ends all colours.
    std::string finish();

private:
    /// Appends the sequence at the beginning of `text`, or its escape character as text. Returns
    /// the number of bytes taken from `text`; 0 when the sequence is not complete yet.
    std::size_t take_escape(std::string_view text, std::string& out);

    const bool colour_;
    bool is_styled_ = false;
    std::string held_;
};

}  // namespace tenon::cli
