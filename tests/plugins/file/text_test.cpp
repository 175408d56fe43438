#include "plugins/file/text.h"

#include <gtest/gtest.h>

#include "host/base/utf8.h"

namespace tenon::file {
namespace {

TEST(Text, AgreesWithTheHostOnWhatIsUtf8) {
    std::vector<std::string> cases = {
        "", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xC3", "\xE2\x82"};
    for (int lead = 0x80; lead < 0x100; ++lead) {
        for (const char* rest :
             {"\x7F\x80\x80", "\x80\x80\x80", "\x8F\x80\x80", "\x90\x80\x80", "\x9F\x80\x80",
              "\xA0\x80\x80", "\xBF\x80\x80", "\x80\x80", "\x80"})
            cases.push_back(static_cast<char>(lead) + std::string(rest));
    }
    for (const std::string& bytes : cases) {
        SCOPED_TRACE(::testing::PrintToString(bytes));
        EXPECT_EQ(is_utf8(bytes), utf8::is_valid(bytes));
    }
}

TEST(Text, CountsAndCutsCharacters) {
    EXPECT_EQ(count_chars("a\xC3\xA4z"), 3U);
    EXPECT_EQ(first_chars("a\xC3\xA4z", 2), "a\xC3\xA4");
    EXPECT_EQ(first_chars("ab", 2), "ab");
    EXPECT_EQ(first_chars("ab", 0), "");
}

TEST(Text, LooksForANulNearTheBeginningOnly) {
    EXPECT_TRUE(looks_binary(std::string(8191, 'x') + '\0'));
    EXPECT_FALSE(looks_binary(std::string(8192, 'x') + '\0'));
}

}  // namespace
}  // namespace tenon::file
