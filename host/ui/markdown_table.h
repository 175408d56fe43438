#pragma once

#include <string>
#include <string_view>

/// What Markdown tables need beyond what md4c does for them. Pure functions.
namespace tenon::ui {

/// A cell's text with its `<br>` elements as line feeds: the one HTML element that tables are
/// written with.
std::string with_breaks(std::string_view cell);

/// Code of a cell. Its bars have to be escaped, and md4c leaves the backslashes.
std::string without_escaped_bars(std::string_view code);

/// A row in which no cell is quite empty: md4c takes no account of those.
std::string with_empty_cells(std::string_view row);

/// Whether the line may be the one below a header: dashes and bars.
bool is_table_rule(std::string_view line);

/// The line below a header with three dashes a column: models write one, md4c asks for three.
std::string with_long_dashes(std::string_view rule);

/// A line of a paragraph. If it defines the target of a link (`[name]: target`), its bracket is
/// escaped: md4c would take it out of the text.
std::string without_definition(std::string_view line);

/// Whether a table has so many columns that filling its short rows up, as md4c does, would not end.
bool has_endless_table(std::string_view source);

}  // namespace tenon::ui
