#include "host/ui/markdown_stream.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/markdown_block.h"

namespace tenon::ui {
namespace {

/// The largest unfinished block, in bytes, that each tail renders again.
constexpr std::size_t kMostRedrawn = 16U << 10U;
/// The bytes of the open block that are parsed again with each line, to see whether it continues.
constexpr std::size_t kMostParsedAgain = 128;
/// A line with this indentation is code.
constexpr std::size_t kCodeIndent = 4;

bool is_blank_line(std::string_view line) {
    return line.find_first_not_of(' ') == std::string_view::npos;
}

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

/// The whole lines within the first `bytes`, without blank lines at the end, or the beginning of
/// the first line if that is longer.
std::string_view first_lines(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    text = utf8::first_bytes(text, bytes);
    text = text.substr(0, text.rfind('\n'));
    return text.substr(0, text.find_last_not_of("\n ") + 1);
}

std::string_view last_line(std::string_view text) {
    const std::size_t end = text.rfind('\n');
    return end == std::string_view::npos ? text : text.substr(end + 1);
}

std::string_view last_bytes(std::string_view text, std::size_t bytes) {
    return text.substr(text.size() - std::min(bytes, text.size()));
}

std::vector<std::string> last_rows(std::vector<std::string> rows, std::size_t count) {
    if (rows.size() > count)
        rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(count));
    return rows;
}

/// Whether the line begins with a letter: then it begins a paragraph, or continues one, whatever
/// else it holds. Most lines of an answer do.
bool begins_with_letter(std::string_view line) {
    const char c = line.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether the line may be the one below a table's header: dashes and bars.
bool is_table_rule(std::string_view line) {
    return line.find('|') != std::string_view::npos && line.find('-') != std::string_view::npos &&
           line.find_first_not_of("|-: ") == std::string_view::npos;
}

/// The line below a header with three dashes for each column: models write one, md4c needs three.
std::string with_long_dashes(std::string_view rule) {
    std::string out;
    for (const char c : rule)
        out += c == '-' ? (out.empty() || out.back() != '-' ? "---" : "") : std::string(1, c);
    return out;
}

/// The row with a blank in each empty cell: md4c ignores cells without one.
std::string with_empty_cells(std::string_view row) {
    std::string out;
    for (const char c : row) {
        if (c == '|' && !out.empty() && out.back() == '|') out += ' ';
        out += c;
    }
    return out;
}

/// Escapes the bracket of a line that defines the target of a link (`[name]: target`): md4c would
/// remove the line from the text.
std::string without_definition(std::string_view line) {
    std::string out(line);
    const std::size_t begin = line.find_first_not_of(' ');
    const std::size_t end = line.find(']');
    if (begin < kCodeIndent && line[begin] == '[' && end != std::string_view::npos &&
        line.substr(end, 2) == "]:")
        out.insert(begin, 1, '\\');
    return out;
}

}  // namespace

std::vector<std::string> MarkdownStream::append(std::string_view delta, std::size_t width) {
    width_ = width;
    Lines out;
    for (std::size_t end = delta.find('\n'); end != std::string_view::npos;
         end = delta.find('\n')) {
        partial_ += delta.substr(0, end);
        take_raw(std::exchange(partial_, {}), out);
        delta.remove_prefix(end + 1);
    }
    partial_ += delta;
    return out;
}

std::vector<std::string> MarkdownStream::finish(std::size_t width) {
    width_ = width;
    Lines out;
    if (!partial_.empty()) take_raw(std::exchange(partial_, {}), out);
    close(out);
    *this = MarkdownStream(style_);
    return out;
}

std::vector<std::string> MarkdownStream::tail(std::size_t width, std::size_t max_rows) const {
    if (source_.size() + partial_.size() > kMostRedrawn) return plain_tail(width, max_rows);
    MarkdownStream ended = *this;
    ended.partial_.resize(partial_.size() - utf8::incomplete_suffix(partial_));
    Lines rows;
    for (const std::string& line : last_rows(ended.finish(width), max_rows)) {
        for (std::string& row : fold(line, width))
            rows.push_back(std::move(row));
    }
    return last_rows(std::move(rows), max_rows);
}

std::vector<std::string> MarkdownStream::plain_tail(std::size_t width, std::size_t max_rows) const {
    const std::size_t bytes = std::min(kMostRedrawn, (max_rows + 1) * (width + 1) * 4);
    std::string text(last_bytes(partial_, bytes));
    if (text.size() < bytes) text.insert(0, last_bytes(source_, bytes - text.size()));
    const auto begin = std::find_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    text.erase(text.begin(), begin);
    text.resize(text.size() - utf8::incomplete_suffix(text));
    return last_rows(wrap(harmless(text), width), max_rows);
}

/// Takes a raw line, which may contain carriage returns.
void MarkdownStream::take_raw(std::string_view raw, Lines& out) {
    if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
    const std::string text = harmless(raw);
    for (std::string_view rest = text;;) {
        const std::size_t end = rest.find('\n');
        take(rest.substr(0, end), out);
        if (end == std::string_view::npos) return;
        rest.remove_prefix(end + 1);
    }
}

void MarkdownStream::take(std::string_view line, Lines& out) {
    if (block_ == BlockType::kFencedCode) return take_code(line, out);
    if (is_blank_line(line)) return take_blank(out);
    if (block_ != BlockType::kNone && continues(line, out)) return;
    close(out);
    open(line, out);
}

/// Items and indented code may continue after blank lines.
void MarkdownStream::take_blank(Lines& out) {
    ++blanks_;
    if (block_ != BlockType::kItem && block_ != BlockType::kIndentedCode) close(out);
}

void MarkdownStream::take_code(std::string_view line, Lines& out) {
    // Only a line as long as the fence can close it. Check this first: a fence may be very long.
    if (line.size() >= fence_.size() && !outline_of(fence_ + "\n" + std::string(line)).has_lines)
        return close(out);
    line.remove_prefix(std::min(fence_indent_, indent_of(line)));
    for (std::string& row : code_rows(line, language_, width_, style_))
        out.push_back(std::move(row));
}

bool MarkdownStream::continues(std::string_view line, Lines& out) {
    if (block_ == BlockType::kParagraph && begins_with_letter(line)) {
        add(line);
        return true;
    }
    if (block_ == BlockType::kParagraph && begin_table(line, out)) return true;
    std::string text(first_lines(source_, kMostParsedAgain));
    text.append(blanks_ + 1, '\n').append(without_definition(line));
    const Outline outline = outline_of(std::move(text));
    if (outline.blocks > 1) return false;
    add(line);
    // The line was the underline of a heading.
    if (block_ == BlockType::kParagraph && outline.type == BlockType::kHeading) close(out);
    return true;
}

/// The line above the rule is the header of the table; lines before it are a paragraph.
bool MarkdownStream::begin_table(std::string_view line, Lines& out) {
    if (!is_table_rule(line) || last_line(source_).find('|') == std::string::npos) return false;
    const std::string rule = with_long_dashes(line);
    const std::string header = with_empty_cells(last_line(source_));
    if (outline_of(header + "\n" + rule).type != BlockType::kTable) return false;
    if (const std::size_t before = source_.rfind('\n'); before != std::string::npos) {
        source_.resize(before);
        close(out);
    }
    block_ = BlockType::kTable;
    source_ = header + "\n" + rule;
    return true;
}

void MarkdownStream::open(std::string_view line, Lines& out) {
    space_ = std::exchange(blanks_, 0) > 0;
    Outline outline;
    outline.type = BlockType::kParagraph;
    if (!begins_with_letter(line)) outline = outline_of(without_definition(line));
    block_ = outline.type;
    if (block_ != BlockType::kItem) list_.reset();
    if (block_ == BlockType::kFencedCode) return open_fence(line, outline, out);
    if (block_ == BlockType::kItem) open_item(outline);
    if (block_ == BlockType::kHeading) space_ = true;
    add(line);
    if (block_ == BlockType::kHeading || block_ == BlockType::kRule) close(out);
}

void MarkdownStream::open_item(const Outline& item) {
    const bool continued =
        list_ && list_->ordered == item.ordered && list_->delimiter == item.delimiter;
    const unsigned number = continued ? list_->next : item.number;
    list_ = ListState{item.ordered, item.delimiter, number + 1};
}

void MarkdownStream::open_fence(std::string_view line, const Outline& outline, Lines& out) {
    fence_indent_ = indent_of(line);
    const std::string_view text = line.substr(fence_indent_);
    fence_ = text.substr(0, text.find_first_not_of(text[0]));
    language_ = outline.info.substr(0, outline.info.find(' '));
    put({paint(style_, kDim, cut(fence_ + outline.info, width_))}, out);
}

void MarkdownStream::add(std::string_view line) {
    if (!source_.empty()) source_.append(std::exchange(blanks_, 0) + 1, '\n');
    source_ += block_ == BlockType::kTable       ? with_empty_cells(line)
               : block_ == BlockType::kParagraph ? without_definition(line)
                                                 : std::string(line);
}

void MarkdownStream::close(Lines& out) {
    switch (std::exchange(block_, BlockType::kNone)) {
        case BlockType::kNone:
            break;
        case BlockType::kFencedCode:
            out.push_back(paint(style_, kDim, fence_));
            break;
        case BlockType::kHtml:
            put(wrap(source_, width_), out);
            break;
        case BlockType::kItem:
            put(render_block(source_, width_, style_, list_->next - 1), out);
            break;
        default:
            put(render_block(source_, width_, style_), out);
    }
    source_.clear();
}

void MarkdownStream::put(Lines lines, Lines& out) {
    if (begun_ && space_) out.emplace_back();
    begun_ = true;
    space_ = false;
    std::move(lines.begin(), lines.end(), std::back_inserter(out));
}

std::vector<std::string> render_markdown(std::string_view text, std::size_t width, Style style) {
    MarkdownStream stream(style);
    auto lines = stream.append(text, width);
    for (std::string& line : stream.finish(width))
        lines.push_back(std::move(line));
    return lines;
}

}  // namespace tenon::ui
