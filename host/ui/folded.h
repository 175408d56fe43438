#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::ui {

/// A width at which no line is cut.
inline constexpr std::size_t kEndlessWidth = std::size_t{1} << 20U;

/// `… +4995 lines (Ctrl-O)`: stands for lines that are left out, in at most `columns`. `key` says
/// how a person sees them; it is left out where there is no room, or when it is empty.
std::string folded_line(std::size_t left_out, std::string_view key, std::size_t columns);

/// The lines, each with a line feed.
std::string joined_lines(const std::vector<std::string>& lines);

/// A text of which the screen shows only a part. All of it is harmless (base/untrusted); it may be
/// styled.
struct FoldedText {
    std::string title;  ///< the line above it on the screen
    std::string text;   ///< lines, each with a line feed
    std::string job;    ///< the id of the job whose output follows `text`; empty: none
};

/// The last folded texts of a conversation, for a person who wants to see one again: at most
/// kMostTexts with at most kMostBytes together, of which the oldest go first. Not thread-safe.
class FoldedTexts {
public:
    static constexpr std::size_t kMostTexts = 200;
    static constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
    /// Of a longer text only the beginning is kept, and a line says so.
    static constexpr std::size_t kMostBytesOfOne = std::size_t{256} << 10U;

    void add(FoldedText text);
    /// The newest text first, with each further call the one before it. Null after the oldest, and
    /// when there is none. Then, and after `add`, the newest comes first again. Valid until `add`.
    [[nodiscard]] const FoldedText* next();
    [[nodiscard]] bool empty() const { return texts_.empty(); }

private:
    std::deque<FoldedText> texts_;  // oldest first
    std::size_t bytes_ = 0;         // of all texts and titles
    std::size_t returned_ = 0;      // by `next`, since the newest
};

}  // namespace tenon::ui
