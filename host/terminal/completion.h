#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Completion of the word before the cursor. Only `complete_path` reads folders; the rest is pure.
namespace tenon::terminal {

/// The word before the cursor, if it can be completed.
struct WordToComplete {
    enum class Kind { kCommand, kPath };
    Kind kind = Kind::kCommand;
    std::size_t start = 0;  ///< the offset of its `/` or `@`
    std::string typed;      ///< without the sign and the quotation mark
    bool is_quoted = false;
    bool operator==(const WordToComplete&) const = default;
};
/// A command is a `/` at the beginning of the text, and letters. A path is an `@` where a word
/// begins, also behind a bracket, and a path; or `@"`, and a path that may hold blanks.
std::optional<WordToComplete> word_to_complete(std::string_view before, std::string_view after);

/// A path in a prompt: `@path`, or `@"path"` when it has blanks or ends with a mark that a sentence
/// may have too. A folder's path ends with a slash; the quotation is then left open, so that typing
/// continues inside.
std::string mention_of(std::string_view path);
/// The beginning of a mention whose path is not complete.
std::string begun_mention_of(std::string_view path, bool is_quoted);

/// Whether a path is absolute, or begins with `~/` or `../`: then it is completed from its
/// folder alone, whatever .gitignore files say.
bool is_from_a_folder(std::string_view typed);

/// The paths that continue `typed`, which is absolute, begins with `~/`, or is relative to
/// `folder`. The case of letters of the last name does not count. Folders end with a slash. Hidden
/// names come only when the last name of `typed` begins with a dot. `.git` and names that cannot be
/// mentioned are left out. Of a huge folder only a part is read. A folder that cannot be read has
/// none.
std::vector<std::string> complete_path(const std::filesystem::path& folder, std::string_view typed);

}  // namespace tenon::terminal
