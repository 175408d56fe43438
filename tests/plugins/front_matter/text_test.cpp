#include "plugins/front_matter/text.h"

#include <gtest/gtest.h>

namespace tenon::front_matter {
namespace {

TEST(FrontMatterText, FindsWhereUtf8Ends) {
    struct Case {
        std::string text;
        std::size_t bad;
    };
    constexpr auto kNone = std::string::npos;
    for (const Case& c : std::vector<Case>{{"", kNone},
                                           {"a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z", kNone},
                                           {"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", kNone},
                                           {"a\x80", 1},
                                           {"a\xC3", 1},
                                           {"\xC0\xAF", 0},
                                           {"\xC1\xBF", 0},
                                           {"\xE0\x9F\xBF", 0},
                                           {"\xED\xA0\x80", 0},
                                           {"\xF0\x8F\xBF\xBF", 0},
                                           {"\xF4\x90\x80\x80", 0},
                                           {"\xF5\x80\x80\x80", 0},
                                           {"ab\xE2\x82", 2},
                                           {"ab\xE2(\xAC", 2}}) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(first_bad_byte(c.text), c.bad);
    }
}

TEST(FrontMatterText, PutsEverythingOnOneLine) {
    EXPECT_EQ(one_line("  a\n\tb \x1b[2J\r\nc\x7f "), "a b [2J c");
    EXPECT_EQ(one_line(" \n"), "");
}

TEST(FrontMatterText, CutsBetweenCharacters) {
    EXPECT_EQ(cut("abcdef", 6), "abcdef");
    EXPECT_EQ(cut("abcdefg", 6), "abc…");
    EXPECT_EQ(cut("abüdefg", 6), "ab…");
    EXPECT_EQ(cut("abcdefg", 1), "…");
}

}  // namespace
}  // namespace tenon::front_matter
