#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::terminal {

/// The text before and behind the cursor.
struct LineAtCursor {
    std::string before, after;
    [[nodiscard]] std::string text() const { return before + after; }
    bool operator==(const LineAtCursor&) const = default;
};

/// A long paste, and what stands for it in the line.
struct LongPaste {
    std::string placeholder;
    std::string text;
    bool operator==(const LongPaste&) const = default;
};

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
    /// A line that was edited, so that each placeholder in it is whole or gone: when a part of one
    /// was deleted, the rest goes too; what was inserted into one comes behind it. None when the
    /// edited line is right as it is.
    [[nodiscard]] std::optional<LineAtCursor> with_whole_placeholders(
        const LineAtCursor& old, const LineAtCursor& edited) const;
    /// Call it after a line was entered: forgets the oldest pastes. Recent ones stay for lines that
    /// come back from the history.
    void line_entered();

    /// Those whose placeholders are in `line`, in their order.
    [[nodiscard]] std::vector<LongPaste> pastes_in(std::string_view line) const;
    /// A line of another session with its pastes, which are kept from now on: the line with the
    /// placeholders that they have here. What there is no room for stands in the line as a whole.
    std::string adopt(std::string line, const std::vector<LongPaste>& pastes);

private:
    [[nodiscard]] std::deque<LongPaste>::const_iterator placeholder_at(std::string_view line) const;
    [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> placeholders_in(
        std::string_view line) const;
    [[nodiscard]] std::size_t bytes_kept() const;

    std::deque<LongPaste> kept_;
    std::size_t count_ = 0;
};

}  // namespace tenon::terminal
