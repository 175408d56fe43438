#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Properties and parts of bytes that may or may not be text. Pure functions.
namespace tenon::file {

/// At most this much text goes into one answer.
constexpr std::size_t kMaxAnswerChars = 50'000;
/// Files with a NUL byte this near their beginning are binary.
constexpr std::size_t kSniffBytes = 8192;

bool is_utf8(std::string_view bytes);
/// Code points; bytes that are no UTF-8 count as one each or not at all.
std::size_t count_chars(std::string_view text);
/// The first `chars` characters.
std::string_view first_chars(std::string_view text, std::size_t chars);
/// A path for a list with one path a line. A path that contains control characters or line ends, or
/// begins with a quote, is written in quotes with escapes, as git does.
std::string listed(std::string_view path);
/// For a message that quotes an argument: at most some 200 bytes of it.
std::string quoted_argument(std::string_view argument);
bool looks_binary(std::string_view beginning);
/// "1 line", "3 lines"
std::string counted(std::size_t n, std::string_view noun);

}  // namespace tenon::file
