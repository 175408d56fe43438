#include "host/base/text_width.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

using Lines = std::vector<std::string>;

TEST(TextWidth, CountsWhatATerminalShows) {
    struct Case {
        const char* what;
        std::string text;
        std::size_t columns;
    };
    const Case cases[] = {{"letters", "abc", 3},
                          {"accents, composed", "é", 1},
                          {"accents, combining", "e\u0301", 1},
                          {"many marks", "e\u0301\u0302\u0303", 1},
                          {"Chinese", "漢字", 4},
                          {"fullwidth", "Ａ", 2},
                          {"halfwidth", "ｱ", 1},
                          {"Hangul syllable", "한", 2},
                          {"Hangul in parts", "\u1112\u1161\u11ab", 2},
                          {"emoji", "😀", 2},
                          {"skin tone", "👍🏽", 2},
                          {"family", "👩\u200d👩\u200d👧", 2},
                          {"heart as emoji", "❤\ufe0f", 2},
                          {"heart as text", "❤", 1},
                          {"flag", "🇩🇪", 2},
                          {"two flags", "🇩🇪🇫🇷", 4},
                          {"keycap", "1\ufe0f\u20e3", 2},
                          {"box drawing", "│─┼", 3},
                          {"joined ideographs stay two", "漢\u200d字", 4},
                          {"Devanagari", "नमस्ते", 4},
                          {"Thai", "สวัสดี", 4},
                          {"styling", "\x1b[1;31mab\x1b[0m", 2},
                          {"nothing", "", 0}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(width_of(c.text), c.columns);
    }
}

TEST(TextWidth, CutsBetweenClustersAndClosesStyling) {
    struct Case {
        std::string text;
        std::size_t columns;
        std::string shown;
    };
    const Case cases[] = {{"abcdef", 6, "abcdef"},
                          {"abcdef", 5, "abcd…"},
                          {"漢字漢字", 5, "漢字…"},
                          {"漢字漢字", 6, "漢字…"},
                          {"ae\u0301bcd", 4, "ae\u0301b…"},
                          {"👩\u200d👩\u200d👧👧👧", 4, "👩\u200d👩\u200d👧…"},
                          {"\x1b[1mabcdef\x1b[0m", 4, "\x1b[1mabc…\x1b[0m"},
                          {"\x1b[1mab\x1b[0mcdef", 4, "\x1b[1mab\x1b[0mc…"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(cut(c.text, c.columns), c.shown);
        EXPECT_LE(width_of(c.shown), c.columns);
    }
}

TEST(TextWidth, CutsTheLineAndNotWhatStandsBehindIt) {
    EXPECT_EQ(cut_before("bash npm test", " (12 s)", 40), "bash npm test (12 s)");
    EXPECT_EQ(cut_before("bash npm run a very long test", " (12 s)", 24),
              "bash npm run a v… (12 s)");
    EXPECT_EQ(cut_before("bash npm", " (12 s, exit 3)", 20), "bash npm (12 s, exi…");
}

TEST(TextWidth, WrapsAtWords) {
    struct Case {
        std::string text;
        std::size_t columns;
        Lines lines;
    };
    const Case cases[] = {
        {"", 10, {""}},
        {"one two three", 7, {"one two", "three"}},
        {"one two three", 13, {"one two three"}},
        {"one   two", 5, {"one", "two"}},
        {"  kept indent", 9, {"  kept", "indent"}},
        {"a\n\nb", 10, {"a", "", "b"}},
        {"abcdefghij", 4, {"abcd", "efgh", "ij"}},
        {"ab cdefghijk", 4, {"ab", "cdef", "ghij", "k"}},
        {"漢字漢字", 5, {"漢字", "漢字"}},
        {"ab漢字", 3, {"ab", "漢", "字"}},
        {"e\u0301e\u0301e\u0301", 2, {"e\u0301e\u0301", "e\u0301"}},
        {"👩\u200d👧👩\u200d👧", 3, {"👩\u200d👧", "👩\u200d👧"}},
        {"漢", 1, {"漢"}},
        {"a \x1b[1mbold words\x1b[0m b", 7, {"a \x1b[1mbold\x1b[0m", "\x1b[1mwords\x1b[0m b"}},
        {"line\n\u0301mark", 9, {"line", "\u0301mark"}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(wrap(c.text, c.columns), c.lines);
    }
}

TEST(TextWidth, FoldsWithoutLosingACharacter) {
    EXPECT_EQ(fold("int  main( )", 5), (Lines{"int  ", "main(", " )"}));
    EXPECT_EQ(fold("漢字漢", 5), (Lines{"漢字", "漢"}));
    EXPECT_EQ(fold("\x1b[36mabcd\x1b[0m", 2), (Lines{"\x1b[36mab\x1b[0m", "\x1b[36mcd\x1b[0m"}));
    EXPECT_EQ(fold("", 5), (Lines{""}));
}

}  // namespace
}  // namespace tenon
