#include "host/terminal/pager.h"

#include <algorithm>
#include <utility>

#include "host/base/character.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/terminal/word_rest.h"

namespace tenon::terminal {
namespace {

constexpr wchar_t kEscape = 0x1b;
constexpr wchar_t kDelete = 0x7f;
constexpr std::size_t kSearchedAtOnce = 256;  // lines

constexpr wchar_t with_control(char letter) {
    return letter & 0x1f;
}

/// A line without our own SGR sequences.
std::string plain_text(std::string_view line) {
    if (line.find('\033') == std::string_view::npos) return std::string(line);
    std::string text;
    while (!line.empty()) {
        const Cluster cluster = first_cluster(line);
        if (line.front() != '\033') text += line.substr(0, cluster.bytes);
        line.remove_prefix(cluster.bytes);
    }
    return text;
}

bool has_capital(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

Pager::Effect Pager::handle(const Key& key) {
    message_.clear();
    if (const auto* typed = std::get_if<Typed>(&key)) return handle_character(typed->c);
    if (const auto* sequence = std::get_if<Sequence>(&key)) {
        typing_.reset();
        handle_sequence(sequence->bytes);
    } else if (const auto* pasted = std::get_if<Paste>(&key); pasted != nullptr && typing_) {
        *typing_ += first_line(pasted->text);
    }
    return Effect::kStays;
}

Pager::Effect Pager::handle_character(wchar_t c) {
    if (typing_ && c != with_control('C')) {
        type_pattern(c);
        return Effect::kStays;
    }
    switch (c) {
        case L'q':
        case L'Q':
        case kEscape:
        case with_control('C'):
            return Effect::kCloses;
        case with_control('O'):
            return Effect::kAsksForOlder;
        case L' ':
        case L'f':
        case with_control('F'):
            move(true, page());
            break;
        case L'b':
        case with_control('B'):
            move(false, page());
            break;
        case L'd':
            move(true, std::max<std::size_t>(page() / 2, 1));
            break;
        case L'u':
            move(false, std::max<std::size_t>(page() / 2, 1));
            break;
        case L'\r':
        case L'\n':
        case L'j':
            move(true, 1);
            break;
        case L'k':
            move(false, 1);
            break;
        case L'g':
            go_to({});
            break;
        case L'G':
            go_to(last_page());
            break;
        case L'/':
            typing_.emplace();
            break;
        case L'n':
        case L'N': {
            const std::size_t from = match_.value_or(top_.line);
            search(c == L'n', c == L'n' ? from + 1 : from);
            break;
        }
        default:
            message_ = "q: back, Space, b, arrows, g, G, /";
    }
    return Effect::kStays;
}

void Pager::handle_sequence(std::string_view sequence) {
    if (sequence == "\033[A") {
        move(false, 1);
    } else if (sequence == "\033[B") {
        move(true, 1);
    } else if (sequence == "\033[D" || sequence == "\033[5~") {
        move(false, page());
    } else if (sequence == "\033[C" || sequence == "\033[6~") {
        move(true, page());
    } else if (sequence == "\033[H") {
        go_to({});
    } else if (sequence == "\033[F") {
        go_to(last_page());
    }
}

void Pager::type_pattern(wchar_t c) {
    if (c == L'\r' || c == L'\n') {
        const std::string typed = *std::exchange(typing_, std::nullopt);
        const bool again = typed.empty() || typed == pattern_;
        if (!typed.empty()) pattern_ = typed;
        search(true, again && match_ ? *match_ + 1 : top_.line);
    } else if (c == kEscape || ((c == kDelete || c == with_control('H')) && typing_->empty())) {
        typing_.reset();
    } else if (c == kDelete || c == with_control('H')) {
        std::wstring pattern = to_wide(*typing_);
        pattern.pop_back();
        typing_ = to_utf8(pattern);
    } else if (c == with_control('U')) {
        typing_->clear();
    } else if (c >= 0x20) {
        *typing_ += to_utf8({&c, 1});
    }
}

bool Pager::has_match(const std::string& line) const {
    const std::string text = plain_text(line);
    const bool exact = has_capital(pattern_);
    return (exact ? text : lower_case(text)).find(pattern_) != std::string::npos;
}

/// Forward from the line `from` on, or backward from the line before it; then from the other end.
void Pager::search(bool forward, std::size_t from) {
    if (pattern_.empty()) return;
    const std::size_t count = text_.line_count();
    for (std::size_t done = 0; done < count;) {
        const std::size_t next = (from + (forward ? done : 2 * count - 1 - done)) % count;
        const std::size_t first = forward ? next : next - std::min(next, kSearchedAtOnce - 1);
        const std::size_t size =
            std::min({kSearchedAtOnce, count - done, forward ? count - next : next - first + 1});
        std::vector<std::string> lines = text_.lines(forward ? first : next + 1 - size, size);
        if (!forward) std::reverse(lines.begin(), lines.end());
        const auto found = std::find_if(lines.begin(), lines.end(),
                                        [&](const std::string& line) { return has_match(line); });
        if (found != lines.end()) {
            const auto offset = static_cast<std::size_t>(found - lines.begin());
            match_ = forward ? next + offset : next - offset;
            go_to({*match_, 0});
            message_ = "found in line " + std::to_string(*match_ + 1);
            return;
        }
        done += std::max<std::size_t>(lines.size(), 1);
    }
    message_ = "not found: " + visible(pattern_);
}

std::vector<std::string> Pager::rows_of(std::size_t line) const {
    const auto lines = text_.lines(line, 1);
    auto rows = wrap(lines.empty() ? std::string() : lines.front(),
                     std::max<std::size_t>(size_.columns, 2));
    if (rows.empty()) rows.emplace_back();
    return rows;
}

Pager::Position Pager::moved_down(Position from, std::size_t rows) const {
    while (rows > 0) {
        const std::size_t left = rows_of(from.line).size() - 1 - from.row;
        if (rows <= left) {
            from.row += rows;
            break;
        }
        if (from.line + 1 >= text_.line_count()) break;
        rows -= left + 1;
        from = {from.line + 1, 0};
    }
    return from;
}

Pager::Position Pager::moved_up(Position from, std::size_t rows) const {
    while (rows > 0) {
        if (rows <= from.row) {
            from.row -= rows;
            break;
        }
        if (from.line == 0) return {};
        rows -= from.row + 1;
        from.row = rows_of(--from.line).size() - 1;
    }
    return from;
}

/// The position at which the last row of the text is in the last row of the screen.
Pager::Position Pager::last_page() const {
    if (text_.line_count() == 0) return {};
    const std::size_t line = text_.line_count() - 1;
    return moved_up({line, rows_of(line).size() - 1}, page() - 1);
}

void Pager::move(bool down, std::size_t rows) {
    go_to(down ? moved_down(top_, rows) : moved_up(top_, rows));
}

void Pager::go_to(Position position) {
    const Position last = last_page();
    const bool beyond =
        position.line != last.line ? position.line > last.line : position.row > last.row;
    top_ = beyond ? last : position;
}

std::string Pager::last_row(std::size_t end_line) const {
    if (typing_) return "/" + visible(*typing_);
    std::string where = std::to_string(std::min(top_.line + 1, text_.line_count())) + "-" +
                        std::to_string(end_line) + " of " + std::to_string(text_.line_count());
    if (!notice_.empty()) return notice_ + " · q: back · " + where;
    if (!message_.empty()) return message_;
    return where + " · q: back · Space, b, g, G, /";
}

std::string Pager::draw(ScreenSize size) {
    if (size != size_) {
        const bool narrower = size.columns != size_.columns;
        size_ = size;
        if (narrower) top_.row = 0;
        go_to(top_);
    }
    std::string bytes = "\033[?2026h\033[?25l";
    std::size_t line = top_.line, skip = top_.row;
    std::vector<std::string> rows;
    for (; rows.size() < page() && line < text_.line_count(); ++line, skip = 0) {
        const auto more = rows_of(line);
        for (std::size_t i = skip; i < more.size() && rows.size() < page(); ++i)
            rows.push_back(more[i]);
    }
    rows.resize(page());
    const std::string last = cut(last_row(line), size.columns);
    if (size.rows > 1) rows.push_back(ui::paint(style_, ui::kDim, last));
    for (std::size_t i = 0; i < rows.size(); ++i)
        bytes += "\033[" + std::to_string(i + 1) + ";1H\033[2K" + rows[i];
    if (typing_) bytes += "\033[?25h";
    bytes += "\033[?2026l";
    if (bytes == drawn_) return {};
    drawn_ = bytes;
    return bytes;
}

}  // namespace tenon::terminal
