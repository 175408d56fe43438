#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/text_width.h"
#include "host/base/utf8.h"

/// What tests of rendered text share.
namespace tenon::ui {

/// Lines as one screen of text, so that a whole picture is compared.
inline std::string screen(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines)
        out += line + "\n";
    return out;
}

/// Our own styling: ESC [ digits and semicolons m.
inline std::size_t own_sgr(std::string_view text) {
    if (text.substr(0, 2) != "\x1b[") return 0;
    const std::size_t end = text.find_first_not_of("0123456789;", 2);
    return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

/// Nothing in the lines but text and our own styling, which ends with its line.
inline void expect_harmless(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        ASSERT_TRUE(utf8::is_valid(line));
        for (const std::string_view bad :
             {"\xC2\x80", "\xC2\x9B", "\xC2\x9D", "\xC2\x9F", "\u202a", "\u202e", "\u2066",
              "\u2069", "\u200e", "\u200f", "\u061c", "\u2028", "\ufeff", "\u200b"}) {
            ASSERT_EQ(line.find(bad), std::string::npos) << line;
        }
        bool styled = false;
        for (std::string_view rest = line; !rest.empty();) {
            const auto c = static_cast<unsigned char>(rest[0]);
            const std::size_t sgr = own_sgr(rest);
            if (sgr > 0) styled = rest.substr(0, sgr) != "\x1b[0m";
            ASSERT_TRUE(sgr > 0 || (c >= 0x20 && c != 0x7F)) << "byte " << int{c} << " in " << line;
            rest.remove_prefix(sgr > 0 ? sgr : 1);
        }
        EXPECT_FALSE(styled) << "styling goes on behind " << line;
    }
}

inline void expect_width(const std::vector<std::string>& lines, std::size_t width) {
    for (const std::string& line : lines)
        EXPECT_LE(width_of(line), width) << line;
}

}  // namespace tenon::ui
