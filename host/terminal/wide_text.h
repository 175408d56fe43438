#pragma once

#include <string>
#include <string_view>

/// UTF-8 and the wide characters of the C library, which on Linux are code points. Pure functions.
namespace tenon::terminal {

/// Invalid bytes become U+FFFD.
std::wstring to_wide(std::string_view utf8);
/// What is no code point becomes U+FFFD.
std::string to_utf8(std::wstring_view wide);

}  // namespace tenon::terminal
