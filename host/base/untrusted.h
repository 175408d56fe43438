#pragma once

#include <string>
#include <string_view>

/// Text of models, tools, jobs and files on its way to a terminal: nothing in it may move the
/// cursor, colour, reorder or hide what stands around it. Everything passes one of these before it
/// is styled. Pure functions; the bytes may be anything, what comes back is valid UTF-8.
namespace tenon {

/// For what is to be read: invalid UTF-8 is replaced; escape sequences, controls, direction and
/// invisible characters go; lines end with a line feed alone (CR LF, and a CR too); tabs become
/// blanks up to the next multiple of four columns; at most eight marks stay on a character. What an
/// unterminated sequence would have swallowed stays as text. A line by itself gives what it gives
/// within a longer text.
std::string harmless(std::string_view bytes);

/// The same in one line: line feeds become blanks.
std::string harmless_line(std::string_view bytes);

/// For what is to be judged (a command, a path, a change): every control, direction or invisible
/// character is written as `\x1b` or `\u202e`. Line feeds and tabs stay when `keep_lines`, else
/// they are escaped too.
std::string visible(std::string_view bytes, bool keep_lines = false);

/// JSON text for a terminal: the same document, with every control, direction or invisible
/// character in it as a JSON escape. Line feeds stay.
std::string visible_json(std::string_view json);

/// The first line that says something, visible, as much of it as any terminal has room for; `…`
/// behind it when more follow.
std::string first_line(std::string_view bytes);

/// `"text"`, visible, at most 80 characters of it: for a value inside a message.
std::string in_quotes(std::string_view bytes);

/// Each tab as blanks up to the next multiple of four columns.
std::string without_tabs(std::string_view text);

}  // namespace tenon
