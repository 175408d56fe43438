#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/markdown_line.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// Markdown that arrives in pieces, as lines for a terminal. Blocks are told apart line by line,
/// and each (of a list: each item) is drawn once it has ended; fenced code is drawn line by line.
/// So however the text is cut, the lines are the same. The bytes may be anything. What comes back
/// fits the width but for lines of code, which stay whole so that they are copied as they are.
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
    enum class Kind { kNone, kParagraph, kQuote, kItem, kFence, kIndented, kHtml };
    struct List {
        char delimiter = '-';
        bool ordered = false;
        unsigned next = 1;
    };
    using Lines = std::vector<std::string>;

    void take_raw(std::string_view raw, Lines& out);
    void take(std::string_view line, Lines& out);
    // Whether the line belongs to the open block, which else is closed.
    bool continues(std::string_view line, Lines& out);
    bool continues_paragraph(std::string_view line, Lines& out);
    bool continues_item(std::string_view line, Lines& out);
    bool continues_fence(std::string_view line, Lines& out);
    bool continues_indented(std::string_view line, Lines& out);
    void open(std::string_view line, Lines& out);
    void open_item(const ListMarker& marker);
    void open_fence(const FenceLine& fence, std::size_t indent, Lines& out);
    void draw(std::string_view line, Lines& out);
    void add(std::string_view line);
    void add_prose(std::string_view line);
    void add_blanks();
    bool begin_table(std::string_view rule, Lines& out);
    void close(Lines& out);
    void put(Lines lines, Lines& out);
    [[nodiscard]] Lines plain_tail(std::size_t width, std::size_t max_rows) const;

    Style style_;
    std::size_t width_ = 80;
    std::string partial_;  // raw, without a line feed
    Kind kind_ = Kind::kNone;
    std::string source_;      // of the open block
    std::size_t lines_ = 0;   // of source_, blank ones behind it not counted
    bool table_ = false;      // source_ is one
    std::size_t blanks_ = 0;  // blank lines since its last line
    bool begun_ = false;      // something has been drawn
    bool space_ = false;      // a blank line stood before the open block
    std::optional<List> list_;
    std::size_t content_ = 0;  // the column of the open item's content
    FenceLine fence_;          // without its info, which would not outlive its line
    std::size_t fence_indent_ = 0;
    std::string language_;
};

/// The whole of `text`: what a stream makes of it.
std::vector<std::string> render_markdown(std::string_view text, std::size_t width, Style style);

}  // namespace tenon::ui
