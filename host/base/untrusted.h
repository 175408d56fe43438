#pragma once

#include <string>
#include <string_view>

/// Text of models, tools, jobs and files that is shown on a terminal. Nothing in it may move the
/// cursor, or colour, reorder or hide the text around it. All such text goes through one of these
/// functions before it is styled. Pure functions; the bytes may be anything, what comes back is
/// valid UTF-8.
namespace tenon {

/// For text that is read: invalid UTF-8 is replaced; escape sequences, controls, direction and
/// invisible characters are removed; CR LF and CR become a line feed; tabs become blanks up to the
/// next multiple of four columns; a character keeps at most eight marks. The text after an
/// unterminated sequence stays. Each line is converted independently of the others.
std::string harmless(std::string_view bytes);

/// The same in one line: line feeds become blanks.
std::string harmless_line(std::string_view bytes);

/// For text that a person judges (a command, a path, a change): every control, direction or
/// invisible character is written as `\x1b` or `\u202e`. Line feeds and tabs stay when
/// `keep_lines`, else
/// they are escaped too.
std::string visible(std::string_view bytes, bool keep_lines = false);

/// JSON text for a terminal: the same document, with every control, direction or invisible
/// character in it as a JSON escape. Line feeds stay.
std::string visible_json(std::string_view json);

/// The first line that is not blank, as `visible` writes it, cut to what fits on any terminal; `…`
/// follows it when there are more lines.
std::string first_line(std::string_view bytes);

/// `"text"`, visible, at most 80 characters of it: for a value inside a message.
std::string in_quotes(std::string_view bytes);

/// Each tab as blanks up to the next multiple of four columns.
std::string without_tabs(std::string_view text);

}  // namespace tenon
