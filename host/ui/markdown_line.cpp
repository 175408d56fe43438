#include "host/ui/markdown_line.h"

#include <algorithm>
#include <cctype>

namespace tenon::ui {
namespace {

constexpr std::size_t kCodeIndent = 4;
constexpr std::size_t kMostDigits = 9;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The line without its indent, or nothing when that makes it code.
std::string_view unindented(std::string_view line) {
    const std::size_t indent = indent_of(line);
    return indent < kCodeIndent ? line.substr(indent) : std::string_view();
}

std::string_view without_end_blanks(std::string_view line) {
    const std::size_t last = line.find_last_not_of(' ');
    return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

std::size_t run_of(std::string_view text, char c) {
    const std::size_t end = text.find_first_not_of(c);
    return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

bool is_blank(std::string_view line) {
    return line.find_first_not_of(' ') == std::string_view::npos;
}

std::size_t indent_of(std::string_view line) {
    return run_of(line, ' ');
}

std::optional<FenceLine> opening_fence(std::string_view line) {
    const std::string_view text = unindented(line);
    if (text.empty() || (text[0] != '`' && text[0] != '~')) return {};
    FenceLine fence{text[0], run_of(text, text[0]), {}};
    if (fence.length < 3) return {};
    fence.info = text.substr(fence.length);
    if (fence.character == '`' && fence.info.find('`') != std::string_view::npos) return {};
    return fence;
}

bool closes(const FenceLine& fence, std::string_view line) {
    const std::string_view text = without_end_blanks(unindented(line));
    return text.size() >= fence.length && run_of(text, fence.character) == text.size();
}

bool is_heading(std::string_view line) {
    const std::string_view text = unindented(line);
    const std::size_t level = run_of(text, '#');
    return level >= 1 && level <= 6 && (level == text.size() || text[level] == ' ');
}

bool is_underline(std::string_view line) {
    const std::string_view text = without_end_blanks(unindented(line));
    return !text.empty() && (text[0] == '=' || text[0] == '-') &&
           run_of(text, text[0]) == text.size();
}

bool is_rule(std::string_view line) {
    const std::string_view text = unindented(line);
    if (text.empty() || (text[0] != '-' && text[0] != '*' && text[0] != '_')) return false;
    if (std::count(text.begin(), text.end(), text[0]) < 3) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) { return c == text[0] || c == ' '; });
}

bool is_quote(std::string_view line) {
    const std::string_view text = unindented(line);
    return !text.empty() && text[0] == '>';
}

std::optional<ListMarker> list_marker(std::string_view line) {
    const std::size_t indent = indent_of(line);
    const std::string_view text = unindented(line);
    ListMarker marker;
    std::size_t width = 0;
    while (width < text.size() && width < kMostDigits && is_digit(text[width]))
        marker.number = marker.number * 10 + static_cast<unsigned>(text[width++] - '0');
    marker.ordered = width > 0;
    if (width >= text.size()) return {};
    marker.delimiter = text[width++];
    const std::string_view allowed = marker.ordered ? ".)" : "-+*";
    if (allowed.find(marker.delimiter) == std::string_view::npos) return {};
    const std::size_t blanks = indent_of(text.substr(width));
    marker.empty = is_blank(text.substr(width));
    if (blanks == 0 && !marker.empty) return {};
    marker.content = indent + width + (marker.empty || blanks > kCodeIndent ? 1 : blanks);
    return marker;
}

bool is_html(std::string_view line) {
    std::string_view text = unindented(line);
    if (text.substr(0, 2) == "<!" || text.substr(0, 2) == "<?") return true;
    if (text.empty() || text[0] != '<') return false;
    text.remove_prefix(text.substr(0, 2) == "</" ? 2 : 1);
    if (text.empty() || !is_letter(text[0])) return false;
    const auto end = std::find_if_not(
        text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    return end == text.end() || *end == ' ' || *end == '>' || *end == '/';
}

bool is_table_rule(std::string_view line) {
    const std::string_view text = unindented(line);
    return text.find('|') != std::string_view::npos && text.find('-') != std::string_view::npos &&
           text.find_first_not_of("|-: ") == std::string_view::npos;
}

bool is_link_definition(std::string_view line) {
    const std::string_view text = unindented(line);
    const std::size_t end = text.find(']');
    return !text.empty() && text[0] == '[' && end != std::string_view::npos &&
           text.substr(end, 2) == "]:";
}

bool interrupts_paragraph(std::string_view line) {
    if (is_heading(line) || is_rule(line) || is_quote(line) || opening_fence(line)) return true;
    const auto marker = list_marker(line);
    return marker && !marker->empty && (!marker->ordered || marker->number == 1);
}

}  // namespace tenon::ui
