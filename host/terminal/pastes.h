#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::terminal {

/// What was pasted into the line and is too long to stand there: a placeholder stands for it. Pure.
class Pastes {
public:
    /// So much may be kept at a time.
    static constexpr std::size_t kMaxKept = 16 << 20;

    /// What to put into the line: `text` itself when it is short (at most 10 lines and 2 KiB), else
    /// `[pasted text #1, 2,341 lines]`. Nothing when there is no room for more; nothing is kept
    /// then.
    std::optional<std::string> take_in(std::string text);
    /// `line` with the text for every placeholder that stands in it whole.
    [[nodiscard]] std::string expanded(std::string_view line) const;
    /// The length of the placeholder that `text` ends with, or 0.
    [[nodiscard]] std::size_t placeholder_at_end(std::string_view text) const;
    /// The line has been entered: forgets old ones, so that a line called back from the history
    /// still finds recent ones.
    void line_entered();

private:
    struct Kept {
        std::string placeholder;
        std::string text;
    };
    [[nodiscard]] std::size_t bytes_kept() const;

    std::deque<Kept> kept_;
    std::size_t count_ = 0;
};

}  // namespace tenon::terminal
