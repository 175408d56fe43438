#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Lines of text as a terminal lays them out. Texts are valid UTF-8 without controls other than
/// line feeds, and may hold our own SGR sequences (`ESC [ … m`), which take no columns. Pure
/// functions.
namespace tenon {

/// What a reader sees as one character: a base with its marks, an emoji sequence, a flag; or one
/// SGR sequence. Where terminals disagree (emoji sequences) the larger width counts, so that a line
/// is never too long.
struct Cluster {
    std::size_t bytes = 0;
    std::size_t columns = 0;
};
/// The first cluster of `text`, which is not empty.
Cluster first_cluster(std::string_view text);

/// The columns of a single line.
std::size_t width_of(std::string_view line);

/// A single line; a wider one is cut and ends in `…`.
std::string cut(std::string_view line, std::size_t columns);

/// `line` and `suffix` in one line of at most `columns`: `line` is cut, down to a few columns.
std::string cut_before(std::string_view line, std::string_view suffix, std::size_t columns);

/// What happens to a word that is wider than a line.
enum class LongWords {
    kBroken,
    kWhole,  ///< it is a line of its own that is too wide: a path that the terminal breaks can
             ///< still be copied
};
/// `text` in lines of at most `columns` (at least 2, so that a wide character fits). Lines are
/// broken at blanks and around wide characters, and inside a word only when the word is wider than
/// a line. Blanks at a break are removed; those that begin a line of `text` stay. Each line opens
/// the styling that it needs and closes it.
std::vector<std::string> wrap(std::string_view text, std::size_t columns,
                              LongWords long_words = LongWords::kBroken);

/// `text` in lines of at most `columns` (at least 2), broken where the line is full. Every
/// character is kept.
std::vector<std::string> fold(std::string_view text, std::size_t columns);

/// `line` and blanks up to `columns`.
std::string padded(std::string line, std::size_t columns);

}  // namespace tenon
