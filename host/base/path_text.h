#pragma once

#include <string>
#include <string_view>

/// Paths in records. A path of Linux is bytes, a JSON string is Unicode text. Pure functions.
namespace tenon {

/// `path` itself where it is valid UTF-8; else `file://` and the bytes, all but letters, digits and
/// `/-._~` as %XX. No two paths give the same text: one that begins with `file://` is written so
/// too.
std::string path_to_text(std::string_view path);

/// The bytes of a path that path_to_text has written. Text of another origin comes back as it is,
/// unless it begins with `file://`.
std::string path_from_text(std::string_view text);

}  // namespace tenon
