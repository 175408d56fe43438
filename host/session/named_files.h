#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The files that a person names in a prompt. Pure functions.
namespace tenon::session {

struct NamedFile {
    std::string path;         ///< as it is meant: without `@`, quotes and backslashes, not empty
    bool only_image = false;  ///< named without `@`: it counts only if it is an image
    bool operator==(const NamedFile&) const = default;
};

/// Those of a prompt, each once, in their order:
/// - `@path` and `@"a path with blanks"`, at the beginning of a word or behind a bracket. A path
///   that does not exist is tried without the punctuation at its end. What `exists` denies is left
///   out: it is text.
/// - the path of an image as a terminal pastes it: absolute, or with `~/`, `./` or `../`, perhaps
/// in
///   quotes, with backslashes before blanks, or as a URL `file://`. Its name ends in png, jpg,
///   jpeg, gif or webp.
/// `exists` gets a path as it is meant.
std::vector<NamedFile> named_files(std::string_view prompt,
                                   const std::function<bool(const std::string&)>& exists);

}  // namespace tenon::session
