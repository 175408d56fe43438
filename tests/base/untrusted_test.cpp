#include "host/base/untrusted.h"

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon {
namespace {

struct Case {
    const char* what;
    std::string bytes, text;
};

TEST(Untrusted, TakesOutWhatATerminalWouldObey) {
    const Case cases[] = {
        {"plain", "käse 漢字\n", "käse 漢字\n"},
        {"colours", "a\x1b[31mred\x1b[0mb", "aredb"},
        {"clear the screen", "a\x1b[2J\x1b[Hb", "ab"},
        {"private modes", "\x1b[?1049h\x1b[?25lx", "x"},
        {"title", "\x1b]0;title\x07x", "x"},
        {"clipboard", "\x1b]52;c;aGk=\x1b\\x", "x"},
        {"hyperlink", "\x1b]8;;http://e.org\x1b\\text\x1b]8;;\x1b\\", "text"},
        {"eight-bit introducers",
         "a\xC2\x9B"
         "31mb\xC2\x9D"
         "0;t\xC2\x9C"
         "c",
         "abc"},
        {"device control", "a\x1bP$qm\x1b\\b", "ab"},
        {"character set", "a\x1b(0b", "ab"},
        {"reset",
         "a\x1b"
         "cb",
         "ab"},
        {"an unterminated string hides nothing", "a\x1b]0;rm -rf\nb", "a0;rm -rf\nb"},
        {"an escape within an escape", "a\x1b\x1b[31mb\x1b[3\x1b[1mc", "abc"},
        {"escape at the end", "a\x1b", "a"},
        {"sequence cut at the end", "a\x1b[31", "a"},
        {"backspace and bell",
         "a\b\a\x7f"
         "b",
         "ab"},
        {"carriage returns", "a\r\nb\rc", "a\nb\nc"},
        {"tabs", "\ta\tbcd\te\n漢\tx", "    a   bcd e\n漢  x"},
        {"direction",
         "a\u202e\u2066\u200f\u061c"
         "b",
         "ab"},
        {"invisible",
         "a\u200b\ufeff\u00ad\u2060"
         "b",
         "ab"},
        {"line separators",
         "a\u2028\u2029"
         "b",
         "ab"},
        {"tags", "a\U000e0041b", "ab"},
        {"joiners and variants stay", "👩\u200d👧 ❤\ufe0f", "👩\u200d👧 ❤\ufe0f"},
        {"marks are bounded", "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
         "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301"},
        {"invalid bytes", "a\xFF\xC3", "a\uFFFD\uFFFD"},
        {"nul", std::string("a\0b", 3), "ab"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(harmless(c.bytes), c.text);
        EXPECT_EQ(harmless(c.text), c.text);
    }
}

TEST(Untrusted, CleansEachLineByItself) {
    const std::string text = "a\x1b]0;t\nb\x1b[\nc\td\r\n\x9B\n\x1bP\nend\x07";
    std::string by_line;
    std::size_t at = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
        by_line += harmless(text.substr(at, end + 1 - at));
        at = end + 1;
    }
    EXPECT_EQ(by_line + harmless(text.substr(at)), harmless(text));
}

TEST(Untrusted, ShowsWhatIsToBeJudged) {
    const Case cases[] = {{"escape", "a\x1b[2Jb", "a\\x1b[2Jb"},
                          {"overwriting", "rm -rf /\recho ok", "rm -rf /\\x0decho ok"},
                          {"lines", "a\nb\t", "a\\x0ab\\x09"},
                          {"direction", "x\u202ey", "x\\u202ey"},
                          {"joiner",
                           "a\u200d"
                           "b",
                           "a\\u200db"},
                          {"invalid", "a\xFF", "a\uFFFD"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(visible(c.bytes), c.text);
    }
    EXPECT_EQ(visible("a\n\tb\x1b", true), "a\n\tb\\x1b");
}

TEST(Untrusted, TakesTheFirstLineThatSaysSomething) {
    EXPECT_EQ(first_line("\n\n  make all  \n"), "make all");
    EXPECT_EQ(first_line("make\r\nls"), "make …");
    EXPECT_EQ(first_line(" \n "), "");
    EXPECT_EQ(first_line("a\x1b[1m"), "a\\x1b[1m");
    EXPECT_LE(first_line(std::string(100'000, 'x')).size(), 2000U);
}

TEST(VisibleJson, IsTheSameDocumentWithoutCharactersThatActOnATerminal) {
    const Json document = {{"text",
                            "a\x1b]52;c;x\x07\n\xC2\x9B"
                            "31m\xE2\x80\xAE\xF3\xA0\x81\x81\xC3\xA9\x7F"}};
    const std::string shown = visible_json(document.dump() + "\n");
    EXPECT_EQ(shown, R"({"text":"a\u001b]52;c;x\u0007\n\u009b31m\u202e\udb40\udc41)"
                     "\xC3\xA9"
                     R"(\u007f"})"
                     "\n");
    EXPECT_EQ(Json::parse(shown), document);
}

TEST(VisibleText, ShowsWhatATerminalWouldObey) {
    const std::pair<std::string, std::string> cases[] = {{"plain käse 漢字", "plain käse 漢字"},
                                                         {"a\x1b[2Jb", "a\\x1b[2Jb"},
                                                         {"a\rb\x7f", "a\\x0db\\x7f"},
                                                         {"a\nb\t", "a\\x0ab\\x09"},
                                                         {"x\xC2\x9By", "x\\x9by"},
                                                         {"x\xE2\x80\xAEy", "x\\u202ey"},
                                                         {"x\xEF\xBB\xBFy", "x\\ufeffy"},
                                                         {"x\xF3\xA0\x81\x81y", "x\\ue0041y"},
                                                         {std::string("a\0b", 3), "a\\x00b"},
                                                         {"bad\xFFutf8", "bad\xEF\xBF\xBDutf8"}};
    for (const auto& [text, shown] : cases) {
        SCOPED_TRACE(shown);
        EXPECT_EQ(visible(text), shown);
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
}  // namespace tenon
