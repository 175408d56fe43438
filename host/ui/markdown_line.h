#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// What a single line of Markdown could begin, told from the line alone (CommonMark 0.30, sections
/// 4 and 5). Lines are harmless and without their line feed. Pure functions.
namespace tenon::ui {

struct FenceLine {
    char character = '`';
    std::size_t length = 0;
    std::string_view info;
};
struct ListMarker {
    char delimiter = '-';  ///< the bullet, or what follows the number
    bool ordered = false;
    unsigned number = 0;
    std::size_t content = 0;  ///< the column that the item's content begins at
    bool empty = false;       ///< nothing behind the marker
};

bool is_blank(std::string_view line);
/// The blanks a line begins with.
std::size_t indent_of(std::string_view line);
std::optional<FenceLine> opening_fence(std::string_view line);
bool closes(const FenceLine& fence, std::string_view line);
bool is_heading(std::string_view line);
/// The line of = or - below a heading.
bool is_underline(std::string_view line);
bool is_rule(std::string_view line);
bool is_quote(std::string_view line);
std::optional<ListMarker> list_marker(std::string_view line);
/// A line that begins with an HTML element or comment.
bool is_html(std::string_view line);
/// The line of dashes and bars below a table's header.
bool is_table_rule(std::string_view line);
/// A line that would define the target of other links; it shows nothing by itself.
bool is_link_definition(std::string_view line);
/// Whether a paragraph ends before the line.
bool interrupts_paragraph(std::string_view line);

}  // namespace tenon::ui
