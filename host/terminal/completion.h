#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Completion of the word before the cursor. Only `complete_path` reads folders; the rest is pure.
namespace tenon::terminal {

/// The last word of `before` if it can be completed: it begins with `@`, or with `/` as the first
/// word of the line. Otherwise empty.
std::string_view word_to_complete(std::string_view before);

/// The longest common beginning of `candidates`, in whole characters.
std::string common_beginning(const std::vector<std::string>& candidates);

/// A few lines of at most `columns` with the names side by side. The last line counts names that
/// have no room.
std::vector<std::string> in_columns(const std::vector<std::string>& names, std::size_t columns);

/// The completions of `word`, which is an `@` and a path relative to `folder`, absolute, or
/// beginning with `~/`. They are sorted and begin with the `@`; folders end with a slash. Hidden
/// names come only when the last part of the word begins with a dot. Names with blanks or controls
/// are left out. Of a huge folder only a part is read. A folder that cannot be read has no
/// completions.
std::vector<std::string> complete_path(const std::filesystem::path& folder, std::string_view word);

}  // namespace tenon::terminal
