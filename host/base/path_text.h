#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Paths as text. In records a path, which on Linux is bytes, becomes a JSON string, which is
/// Unicode text. Pure functions; none of them looks at the file system.
namespace tenon {

/// `path` itself where it is valid UTF-8; else `file://` and the bytes, all but letters, digits and
/// `/-._~` as %XX. A path that begins with `file://` is written in the second form too, so that two
/// paths never give the same text.
std::string path_to_text(std::string_view path);

/// The bytes of a path that path_to_text has written. Text of another origin comes back as it is,
/// unless it begins with `file://`.
std::string path_from_text(std::string_view text);

/// Whether `path` is `directory` or beneath it, by their names alone.
bool is_beneath(std::string_view path, std::string_view directory);
/// Whether one of `directories` holds `path`.
bool is_beneath_any(std::string_view path, const std::vector<std::string>& directories);

}  // namespace tenon
