#include "host/base/text_width.h"

#include <gtest/gtest.h>

#include "host/base/character.h"

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

/// One row a script or a kind of sequence; the columns are those of first_cluster, added up.
TEST(TextWidth, KnowsEmojiMarksAndWideCharacters) {
    const std::pair<std::string, std::size_t> cases[] = {
        // Emoji: one code point, those that are text by default, those of Unicode 15.
        {"😀🚀🧪", 6},
        {"⌚⏰⚡⛔✅❌⭐", 14},
        {"☀☎✂✈❄", 5},
        {"☀\ufe0f☎\ufe0f✂\ufe0f✈\ufe0f❄\ufe0f", 10},
        {"⌚\ufe0e", 2},
        {"©®™", 3},
        {"©\ufe0f®\ufe0f™\ufe0f", 6},
        {"\U0001fa77\U0001fae8\U0001f6dc", 6},
        // Sequences with joiners.
        {"👨\u200d💻", 2},
        {"👩🏽\u200d🔬", 2},
        {"👨\u200d👩\u200d👧\u200d👦", 2},
        {"🏳\ufe0f\u200d🌈", 2},
        {"🏴\u200d☠\ufe0f", 2},
        {"❤\ufe0f\u200d🔥", 2},
        {"🐦\u200d⬛", 2},
        {"👩\u200dx", 3},
        {"a\u200db", 2},
        {"\u200d", 0},
        // Skin tones on a base and alone; a tone never begins a cluster.
        {"👋🏻👋🏿", 4},
        {"☝🏽", 3},
        {"🏽", 2},
        // Flags: pairs, three and five letters, tags.
        {"🇯🇵🇰🇷", 4},
        {"🇩", 1},
        {"🇩🇪🇫", 3},
        {"🇩🇪🇫🇷🇮", 5},
        {"🇩e", 2},
        {"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2},
        // Keycaps.
        {"#\ufe0f\u20e3*\ufe0f\u20e30\ufe0f\u20e3", 6},
        {"1\u20e3", 2},
        {"1\ufe0f", 1},
        // Variation selectors of ideographs.
        {"葛\U000e0100", 2},
        {"\ufe0f", 0},
        // Combining characters.
        {"o\u0308u\u0308", 2},
        {"\u0301a", 1},
        {"a\u0489", 1},
        {"x\u20d7", 1},
        {"a\ufe20b\ufe21", 2},
        {"שָׁלוֹם", 4},
        {"مَرْحَبًا", 5},
        {"हिन्दी", 5},
        {"தமிழ்", 4},
        {"বাংলা", 4},
        {"ไทย ที่", 5},
        {"བོད", 2},
        {"မြန်မာ", 5},
        {"ភាសាខ្មែរ", 8},
        // Ideographs, kana, Hangul: whole, in parts, fullwidth, halfwidth.
        {"中文，。「」", 12},
        {"\U00020000\U0002a700\U00030000", 6},
        {"ひらがなカタカナ", 16},
        {"か\u3099", 2},
        {"ｶﾞ", 2},
        {"ﾊﾝｶｸ", 4},
        {"ＡＢＣ１２３！", 14},
        {"￦￥", 4},
        {"한국어", 6},
        {"\u1112\u1161\u11ab\u1100\u116e\u11a8", 4},
        {"\u1161", 0},
        {"ㄱㅏ", 4},
        {"ﾡￂ", 2},
        {"注音ㄅㄆ", 8},
        {"〇〒〜　", 8},
        {"①②③", 3},
        {"㈠㊗", 4},
        // Ambiguous ones and drawings stay narrow.
        {"αβγ…—“”§±×÷", 11},
        {"→⇒∀∑√", 5},
        {"█▓▒░▁▂▃▄▅▆▇", 11},
        {"╭─╮│╰╯┏━┓", 9},
        {"●○✗✓★☆", 6},
        {"⠋⠙⠹", 3},
        {"\ue0b0\ue0a0", 2},
        // Formats and controls.
        {"a\u00adb", 3},
        {"a\u200bb\u2060c\ufeff", 3},
        {"a\u200eb\u202ec", 3},
        {"a\x01\x7f", 1},
        {"a\u0085", 1},
    };
    for (const auto& [text, columns] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(width_of(text), columns);
    }
}

TEST(TextWidth, KnowsWholeBlocks) {
    struct Block {
        char32_t first, last;
        std::size_t columns;
        bool continues = false;
    };
    const Block blocks[] = {{0x20, 0x7E, 1},
                            {0xA0, 0x2FF, 1},
                            {0x300, 0x36F, 0, true},
                            {0x370, 0x377, 1},
                            {0x400, 0x482, 1},
                            {0x483, 0x489, 0, true},
                            {0x5D0, 0x5EA, 1},
                            {0x591, 0x5BD, 0, true},
                            {0x64B, 0x65F, 0, true},
                            {0x903, 0x903, 1, true},
                            {0x904, 0x939, 1},
                            {0x93E, 0x940, 1, true},
                            {0x941, 0x948, 0, true},
                            {0x1100, 0x115F, 2},
                            {0x1160, 0x11FF, 0, true},
                            {0x1DC0, 0x1DFF, 0, true},
                            {0x2010, 0x2027, 1},
                            {0x20D0, 0x20F0, 0, true},
                            {0x2190, 0x2319, 1},
                            {0x2500, 0x25FC, 1},
                            {0x2614, 0x2615, 2},
                            {0x2648, 0x2653, 2},
                            {0x2800, 0x28FF, 1},
                            {0x3041, 0x3096, 2},
                            {0x3099, 0x309A, 0, true},
                            {0x30A1, 0x30FA, 2},
                            {0x3105, 0x312F, 2},
                            {0x3131, 0x318E, 2},
                            {0x3400, 0x4DBF, 2},
                            {0x4E00, 0x9FFF, 2},
                            {0xA000, 0xA48C, 2},
                            {0xAC00, 0xD7A3, 2},
                            {0xE000, 0xF8FF, 1},
                            {0xF900, 0xFA6D, 2},
                            {0xFE00, 0xFE0F, 0, true},
                            {0xFE20, 0xFE2F, 0, true},
                            {0xFF01, 0xFF60, 2},
                            {0xFF61, 0xFFBE, 1},
                            {0x1F1E6, 0x1F1FF, 1},
                            {0x1F300, 0x1F320, 2},
                            {0x1F3FB, 0x1F3FF, 2, true},
                            {0x1F400, 0x1F43E, 2},
                            {0x1F600, 0x1F64F, 2},
                            {0x1F680, 0x1F6C5, 2},
                            {0x1F90C, 0x1F93A, 2},
                            {0x1F947, 0x1F9FF, 2},
                            {0x1FA70, 0x1FAFF, 2},
                            {0x20000, 0x2A6DF, 2},
                            {0x2A6E0, 0x2FFFD, 2},
                            {0x30000, 0x3FFFD, 2},
                            {0xE0100, 0xE01EF, 0, true}};
    for (const Block& block : blocks) {
        for (char32_t code = block.first; code <= block.last; ++code) {
            ASSERT_EQ(columns_of(code), block.columns) << std::hex << std::uint32_t{code};
            ASSERT_EQ(continues_cluster(code), block.continues) << std::hex << std::uint32_t{code};
        }
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
                          {"漢字", 4, "漢字"},
                          {"漢字", 1, "…"},
                          {"abc", 0, ""},
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

/// A line feed behind it changes nothing about a line.
TEST(TextWidth, WrapsATextOfOneLineLikeALineOfMany) {
    for (const char* text :
         {"", " ", "  a", "a  ", " a  b ", "abc", "a bc", "abcd ef", "\x7F", "\t"}) {
        for (const std::size_t columns : {1, 2, 3, 4, 6, 7, 8}) {
            SCOPED_TRACE(std::string(text) + "/" + std::to_string(columns));
            Lines lines = wrap(text, columns);
            lines.emplace_back();
            EXPECT_EQ(wrap(std::string(text) + "\n", columns), lines);
        }
    }
}

TEST(TextWidth, WrapsAtWordsAndKeepsLongOnesWhole) {
    EXPECT_EQ(wrap("see /a/very/long/path now, please", 10, LongWords::kWhole),
              (std::vector<std::string>{"see", "/a/very/long/path", "now,", "please"}));
    EXPECT_EQ(wrap("", 10, LongWords::kWhole), std::vector<std::string>{""});
}

TEST(TextWidth, FoldsWithoutLosingACharacter) {
    EXPECT_EQ(fold("int  main( )", 5), (Lines{"int  ", "main(", " )"}));
    EXPECT_EQ(fold("漢字漢", 5), (Lines{"漢字", "漢"}));
    EXPECT_EQ(fold("\x1b[36mabcd\x1b[0m", 2), (Lines{"\x1b[36mab\x1b[0m", "\x1b[36mcd\x1b[0m"}));
    EXPECT_EQ(fold("", 5), (Lines{""}));
}

}  // namespace
}  // namespace tenon
