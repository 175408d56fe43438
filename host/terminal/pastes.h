#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::terminal {

/// Long pastes of the edited line, each of which a placeholder replaces there. Pure.
class Pastes {
public:
    /// The most bytes that are kept at a time.
    static constexpr std::size_t kMaxKept = 16 << 20;

    /// Returns what the line gets: `text` itself when it is short (see ui::is_long_text), else
    /// `[pasted text #1, 2,341 lines]`, and keeps `text`. Nothing when there is no room for it.
    std::optional<std::string> add(std::string text);
    /// `line` with the kept text in place of every whole placeholder.
    [[nodiscard]] std::string expanded(std::string_view line) const;
    /// `text` with its placeholder in place of every kept text: the inverse of `expanded`.
    [[nodiscard]] std::string with_placeholders(std::string_view text) const;
    /// An entered text for a screen of `columns`: with placeholders, and below them the first lines
    /// of each paste. A text that is much too long for a screen without them is folded.
    [[nodiscard]] std::string echo_of(std::string_view text, std::size_t columns) const;
    /// The length in bytes of the placeholder that `text` ends with, or 0.
    [[nodiscard]] std::size_t placeholder_at_end(std::string_view text) const;
    /// Call it after a line was entered: forgets the oldest pastes. Recent ones stay for lines that
    /// come back from the history.
    void line_entered();

private:
    struct KeptPaste {
        std::string placeholder;
        std::string text;
    };
    [[nodiscard]] std::deque<KeptPaste>::const_iterator placeholder_at(std::string_view line) const;
    [[nodiscard]] std::size_t bytes_kept() const;

    std::deque<KeptPaste> kept_;
    std::size_t count_ = 0;
};

}  // namespace tenon::terminal
