#include "host/app/visible_text.h"

#include <gtest/gtest.h>

#include "host/base/utf8.h"

namespace tenon::app {
namespace {

TEST(VisibleText, ShowsWhatATerminalWouldObey) {
    struct Case {
        std::string text, shown;
    };
    const Case cases[] = {{"plain käse 漢字", "plain käse 漢字"},
                          {"a\x1b[2Jb", "a\\x1b[2Jb"},
                          {"a\rb\x7f", "a\\x0db\\x7f"},
                          {"a\nb\t", "a\\x0ab\\x09"},
                          {"x\xC2\x9By", "x\\x9by"},
                          {"x\xE2\x80\xAEy", "x\\u202ey"},
                          {"x\xEF\xBB\xBFy", "x\\ufeffy"},
                          {"x\xF3\xA0\x81\x81y", "x\\ue0041y"},
                          {std::string("a\0b", 3), "a\\x00b"},
                          {"bad\xFFutf8", "bad\xEF\xBF\xBDutf8"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.shown);
        EXPECT_EQ(visible(c.text), c.shown);
    }
    EXPECT_EQ(visible("a\n\tb\x1b", true), "a\n\tb\\x1b");
}

TEST(VisibleText, CutsLongQuotesBetweenCharacters) {
    EXPECT_EQ(in_quotes("x"), "\"x\"");
    std::string many;
    for (int i = 0; i < 100'000; ++i)
        many += "ä";
    const std::string cut = in_quotes(many);
    EXPECT_EQ(utf8::length(cut), 83U);
    EXPECT_TRUE(utf8::is_valid(cut));
}

}  // namespace
}  // namespace tenon::app
