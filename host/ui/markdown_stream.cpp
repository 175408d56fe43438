#include "host/ui/markdown_stream.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/markdown_block.h"
#include "host/ui/markdown_table.h"

namespace tenon::ui {
namespace {

constexpr std::size_t kCodeIndent = 4;
/// What of an unfinished block is drawn again for each tail.
constexpr std::size_t kMostRedrawn = 16U << 10U;

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
    if (kind_ == Kind::kFence)
        out.push_back(paint(style_, kDim, std::string(fence_.length, fence_.character)));
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

/// A line as it came. Within it a carriage return may stand.
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
    if (kind_ != Kind::kNone && continues(line, out)) return;
    if (is_blank(line)) {
        ++blanks_;
    } else {
        open(line, out);
    }
}

bool MarkdownStream::continues(std::string_view line, Lines& out) {
    switch (kind_) {
        case Kind::kParagraph:
        case Kind::kQuote:
            return continues_paragraph(line, out);
        case Kind::kItem:
            return continues_item(line, out);
        case Kind::kFence:
            return continues_fence(line, out);
        case Kind::kIndented:
            return continues_indented(line, out);
        case Kind::kHtml:
            if (is_blank(line)) break;
            draw(line, out);
            return true;
        case Kind::kNone:
            break;
    }
    close(out);
    return false;
}

bool MarkdownStream::continues_paragraph(std::string_view line, Lines& out) {
    const bool underline = kind_ == Kind::kParagraph && is_underline(line);
    const bool quoted = kind_ == Kind::kQuote && is_quote(line);
    if (is_blank(line) || (!underline && !quoted && interrupts_paragraph(line))) {
        close(out);
        return false;
    }
    if (kind_ == Kind::kParagraph && !table_ && is_table_rule(line) && begin_table(line, out))
        return true;
    add(line);
    if (underline) close(out);
    return true;
}

/// The line above the rule is the header: what stands before it is a paragraph of its own.
bool MarkdownStream::begin_table(std::string_view rule, Lines& out) {
    const std::string header(last_line(source_));
    if (lines_ < 2 || header.find('|') == std::string::npos) return false;
    source_.resize(source_.size() - header.size() - 1);
    close(out);
    open(header, out);
    if (kind_ == Kind::kParagraph) add(rule);
    return true;
}

bool MarkdownStream::continues_item(std::string_view line, Lines& out) {
    if (is_blank(line)) {
        ++blanks_;
        return true;
    }
    const bool inside = indent_of(line) >= content_;
    const bool lazy = blanks_ == 0 && !interrupts_paragraph(line) && !list_marker(line);
    if (!inside && !lazy) {
        close(out);
        return false;
    }
    add_blanks();
    add(line);
    return true;
}

bool MarkdownStream::continues_fence(std::string_view line, Lines& out) {
    if (closes(fence_, line)) {
        out.push_back(paint(style_, kDim, std::string(fence_.length, fence_.character)));
        kind_ = Kind::kNone;
        return true;
    }
    line.remove_prefix(std::min(fence_indent_, indent_of(line)));
    out.push_back(paint_code(line, language_, style_));
    return true;
}

bool MarkdownStream::continues_indented(std::string_view line, Lines& out) {
    if (is_blank(line)) {
        ++blanks_;
        return true;
    }
    if (indent_of(line) < kCodeIndent) {
        close(out);
        return false;
    }
    out.insert(out.end(), std::exchange(blanks_, 0), std::string());
    draw(line, out);
    return true;
}

void MarkdownStream::open(std::string_view line, Lines& out) {
    space_ = std::exchange(blanks_, 0) > 0;
    const auto marker = is_rule(line) ? std::nullopt : list_marker(line);
    if (!marker) list_.reset();
    if (const auto fence = opening_fence(line)) return open_fence(*fence, indent_of(line), out);
    const bool code = indent_of(line) >= kCodeIndent;
    if (code || is_html(line)) {
        kind_ = code ? Kind::kIndented : Kind::kHtml;
        put({}, out);
        return draw(line, out);
    }
    kind_ = marker ? Kind::kItem : is_quote(line) ? Kind::kQuote : Kind::kParagraph;
    if (marker) open_item(*marker);
    add(line);
    if (is_heading(line)) space_ = true;
    if (is_heading(line) || is_rule(line)) close(out);
}

void MarkdownStream::open_item(const ListMarker& marker) {
    const bool goes_on =
        list_ && list_->ordered == marker.ordered && list_->delimiter == marker.delimiter;
    const unsigned number = goes_on ? list_->next : marker.number;
    list_ = List{marker.delimiter, marker.ordered, number + 1};
    content_ = marker.content;
}

void MarkdownStream::open_fence(const FenceLine& fence, std::size_t indent, Lines& out) {
    kind_ = Kind::kFence;
    fence_ = {fence.character, fence.length, {}};
    fence_indent_ = indent;
    const std::size_t begin = std::min(indent_of(fence.info), fence.info.size());
    const std::string_view info = fence.info.substr(begin);
    language_ = info.substr(0, info.find(' '));
    const std::string line = std::string(fence.length, fence.character) + std::string(info);
    put({paint(style_, kDim, cut(line, width_))}, out);
}

void MarkdownStream::add_blanks() {
    source_.append(std::exchange(blanks_, 0), '\n');
}

void MarkdownStream::add(std::string_view line) {
    if (!source_.empty()) source_ += '\n';
    ++lines_;
    if (kind_ == Kind::kParagraph) {
        add_prose(line);
    } else {
        source_ += line;
    }
}

void MarkdownStream::add_prose(std::string_view line) {
    if (table_) {
        source_ += with_empty_cells(line);
    } else if (lines_ == 2 && is_table_rule(line)) {
        table_ = true;
        source_ = with_empty_cells(source_) + with_long_dashes(line);
    } else if (is_link_definition(line)) {  // md4c would take it out
        source_.append("\\").append(line.substr(indent_of(line)));
    } else {
        source_ += line;
    }
}

/// A line that is shown as it is written.
void MarkdownStream::draw(std::string_view line, Lines& out) {
    if (kind_ == Kind::kIndented) {
        out.push_back(paint_code(line, {}, style_));
        return;
    }
    for (std::string& row : wrap(line, width_))
        out.push_back(std::move(row));
}

void MarkdownStream::close(Lines& out) {
    if (!source_.empty()) {
        std::optional<unsigned> ordinal;
        if (kind_ == Kind::kItem && list_) ordinal = list_->next - 1;
        put(render_block(source_, width_, style_, ordinal), out);
        source_.clear();
    }
    lines_ = 0;
    table_ = false;
    kind_ = Kind::kNone;
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
