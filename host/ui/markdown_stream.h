#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/markdown_outline.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// Markdown that arrives in pieces, as lines for a terminal. A block (of a list: an item) is drawn
/// when it has ended, and fenced code line by line. Only whole lines decide where a block ends, so
/// the lines are the same however the text is cut. The bytes may be anything. What comes back fits
/// the width, except lines of code, which stay whole so that they can be copied. Not thread-safe.
class MarkdownStream {
public:
    explicit MarkdownStream(Style style) : style_(style) {}

    /// The lines that are finished by `delta`: they never change any more.
    std::vector<std::string> append(std::string_view delta, std::size_t width);
    /// The text ends here: the lines of what was unfinished. The next delta begins a new text.
    std::vector<std::string> finish(std::size_t width);
    /// The last rows, at most `max_rows`, of what is unfinished, as it would look if it ended here.
    /// Its cost does not grow with the text: of a long block the end is shown as it is written.
    [[nodiscard]] std::vector<std::string> tail(std::size_t width, std::size_t max_rows) const;

    /// Whether nothing has come since the beginning or the last `finish`.
    [[nodiscard]] bool empty() const { return !begun_ && partial_.empty(); }

private:
    struct List {
        bool ordered = false;
        char delimiter = '-';
        unsigned next = 1;
    };
    using Lines = std::vector<std::string>;

    void take_raw(std::string_view raw, Lines& out);
    void take(std::string_view line, Lines& out);
    void take_blank(Lines& out);
    void take_code(std::string_view line, Lines& out);
    /// Whether the line belongs to the open block, which it is added to.
    bool continues(std::string_view line, Lines& out);
    bool begin_table(std::string_view line, Lines& out);
    void open(std::string_view line, Lines& out);
    void open_item(const Outline& outline);
    void open_fence(std::string_view line, const Outline& outline, Lines& out);
    void add(std::string_view line);
    void close(Lines& out);
    void put(Lines lines, Lines& out);
    [[nodiscard]] Lines plain_tail(std::size_t width, std::size_t max_rows) const;

    Style style_;
    std::size_t width_ = 80;
    std::string partial_;  // raw, without a line feed
    BlockType block_ = BlockType::kNone;
    std::string source_;      // of the open block
    std::size_t blanks_ = 0;  // blank lines since the last line
    bool begun_ = false;      // something has been drawn
    bool space_ = false;      // a blank line stands before the open block
    std::optional<List> list_;
    std::string fence_;  // that opened the code
    std::size_t fence_indent_ = 0;
    std::string language_;
};

/// The whole of `text`: what a stream makes of it.
std::vector<std::string> render_markdown(std::string_view text, std::size_t width, Style style);

}  // namespace tenon::ui
