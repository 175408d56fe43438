#include "host/base/utf8.h"

#include <gtest/gtest.h>

namespace tenon::utf8 {
namespace {

TEST(Utf8, RepairsEveryMaximalInvalidPart) {
    struct Case {
        std::string bytes, repaired;
    };
    const std::string r = "\xEF\xBF\xBD";
    const Case cases[] = {
        {"plain", "plain"},
        {"h\xC3\xA9", "h\xC3\xA9"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"a\xFFz", "a" + r + "z"},
        {"\xC0\xAF", r + r},                  // overlong
        {"\xED\xA0\x80", r + r + r},          // a surrogate
        {"\xF4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
        {"\xE2\x82", r},                      // cut off: one maximal part
        {"\xE2\x82z", r + "z"},
        {"\xF0\x9F\x98\xF0\x9F\x98\x80", r + "\xF0\x9F\x98\x80"},
        {"\x80\x80", r + r},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.repaired);
        EXPECT_EQ(repair(c.bytes), c.repaired);
        EXPECT_TRUE(is_valid(repair(c.bytes)));
        EXPECT_EQ(is_valid(c.bytes), c.bytes == c.repaired);
    }
}

TEST(Utf8, FindsACharacterCutOffAtTheEnd) {
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    const std::size_t expected[] = {0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0};
    for (std::size_t n = 0; n <= text.size(); ++n) {
        SCOPED_TRACE(n);
        EXPECT_EQ(incomplete_suffix(std::string_view(text).substr(0, n)), expected[n]);
    }
    EXPECT_EQ(incomplete_suffix("a\xFF"), 0U);
}

TEST(Utf8, CutsByCharactersAndNeverInsideOne) {
    const std::string text = "a\xC3\xA9\xE2\x82\xACz";
    EXPECT_EQ(length(text), 4U);
    EXPECT_EQ(first(text, 2), "a\xC3\xA9");
    EXPECT_EQ(last(text, 2), "\xE2\x82\xACz");
    EXPECT_EQ(last(text, 0), "");
    EXPECT_EQ(first(text, 9), text);
    EXPECT_EQ(last(text, 9), text);
    EXPECT_EQ(first_bytes(text, 2), "a");
    EXPECT_EQ(first_bytes(text, 5), "a\xC3\xA9");
}

TEST(Utf8, ShortensOnlyWhatHasMoreCharactersThanTheLimit) {
    const auto marker = [](std::size_t n) { return "<" + std::to_string(n) + ">"; };
    EXPECT_EQ(shorten("0123456789", 10, 3, 2, marker), "0123456789");
    EXPECT_EQ(shorten("0123456789X", 10, 3, 2, marker), "012<6>9X");
    EXPECT_EQ(shorten("\xC3\xA9\xC3\xA9\xC3\xA9", 3, 1, 1, marker), "\xC3\xA9\xC3\xA9\xC3\xA9");
}

}  // namespace
}  // namespace tenon::utf8
