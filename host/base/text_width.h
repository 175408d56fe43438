#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Lines of text as a terminal lays them out. Texts are valid UTF-8 without controls other than
/// line feeds, and may hold our own SGR sequences (`ESC [ … m`), which take no columns. Pure
/// functions.
namespace tenon {

/// What a reader takes for one character: a base with its marks, an emoji sequence, a flag; or one
/// SGR sequence. Where terminals disagree (emoji sequences) it is the wider answer, so that a line
/// never runs over.
struct Cluster {
    std::size_t bytes = 0;
    std::size_t columns = 0;
};
/// The first cluster of `text`, which is not empty.
Cluster first_cluster(std::string_view text);

/// The columns of a single line.
std::size_t width_of(std::string_view line);

/// A single line, or when it is wider as much of it as fits with `…` behind.
std::string cut(std::string_view line, std::size_t columns);

/// `line` and `behind` in one line of at most `columns`: `line` gives way, until next to nothing is
/// left of it.
std::string cut_before(std::string_view line, std::string_view behind, std::size_t columns);

/// `text` in lines of at most `columns`, which count as 2 at least so that a wide character fits:
/// broken at blanks and around wide characters, inside a word
/// only when it is wider than a line. Blanks at a break go; those that begin a line of `text` stay.
/// Each line opens the styling it needs and closes it.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

/// `text` in lines of at most `columns` (2 at least), every character kept: broken where the line
/// is full.
std::vector<std::string> fold(std::string_view text, std::size_t columns);

/// `line` and blanks up to `columns`.
std::string padded(std::string line, std::size_t columns);

}  // namespace tenon
