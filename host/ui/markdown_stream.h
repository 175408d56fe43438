#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/markdown_outline.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// Renders Markdown that arrives in pieces as lines for a terminal. A block (or an item of a list)
/// is rendered when it has ended, fenced code line by line. Only whole lines decide where a block
/// ends, so the result does not depend on how the text is cut. The bytes may be hostile. Lines fit
/// the width, except lines of code, which stay whole so that they can be copied. Not thread-safe.
class MarkdownStream {
public:
    explicit MarkdownStream(Style style) : style_(style) {}

    /// The lines that `delta` finishes. They do not change later.
    std::vector<std::string> append(std::string_view delta, std::size_t width);
    /// Ends the text and returns its remaining lines. The next delta begins a new text.
    std::vector<std::string> finish(std::size_t width);
    /// The last rows, at most `max_rows`, of the unfinished block, rendered as if the text ended
    /// here. The cost does not grow with the text: the end of a long block is shown as source.
    [[nodiscard]] std::vector<std::string> tail(std::size_t width, std::size_t max_rows) const;

    /// Whether no text has come since the construction or the last `finish`.
    [[nodiscard]] bool empty() const { return !begun_ && partial_.empty(); }

private:
    struct ListState {
        bool ordered = false;
        char delimiter = '-';
        unsigned next = 1;
    };
    using Lines = std::vector<std::string>;

    void take_raw(std::string_view raw, Lines& out);
    void take(std::string_view line, Lines& out);
    void take_blank(Lines& out);
    void take_code(std::string_view line, Lines& out);
    /// Whether the line belongs to the open block; then adds it.
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
    std::string partial_;  // the raw beginning of a line
    BlockType block_ = BlockType::kNone;
    std::string source_;      // of the open block
    std::size_t blanks_ = 0;  // blank lines since the last line
    bool begun_ = false;      // a line has been rendered
    bool space_ = false;      // a blank line comes before the open block
    std::optional<ListState> list_;
    std::string fence_;  // the opening fence of the code
    std::size_t fence_indent_ = 0;
    std::string language_;
};

/// Renders the whole of `text` as a MarkdownStream does.
std::vector<std::string> render_markdown(std::string_view text, std::size_t width, Style style);

}  // namespace tenon::ui
