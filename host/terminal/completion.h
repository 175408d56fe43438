#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Completion of the word before the cursor. Pure, but for `complete_path`, which reads folders.
namespace tenon::terminal {

/// The end of `before` that can be completed: a word that begins with `@`, or with `/` when it is
/// the first of the line; else nothing.
std::string_view word_to_complete(std::string_view before);

/// What all of `candidates` begin with, whole characters only.
std::string common_beginning(const std::vector<std::string>& candidates);

/// `names` in columns, in lines that fit into `columns`; of many only the first, and how many more
/// there are.
std::vector<std::string> in_columns(const std::vector<std::string>& names, std::size_t columns);

/// What `word`, an `@` and a path relative to `folder` (or absolute, or beginning with `~/`), can
/// become: sorted, with the `@`, folders with a slash at their end, hidden names only when the last
/// part of the word begins with a dot. Names that a line cannot hold (blanks, controls) are left
/// out. Bounded: of a huge folder only a part is looked at.
std::vector<std::string> complete_path(const std::filesystem::path& folder, std::string_view word);

}  // namespace tenon::terminal
