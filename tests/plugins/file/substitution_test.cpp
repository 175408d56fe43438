#include "plugins/file/substitution.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::file {
namespace {

TEST(Substitution, KeepsLineEndsAndTheByteOrderMark) {
    struct Case {
        std::string name, content, old_text, new_text, expected;
    };
    const std::string bom = "\xEF\xBB\xBF";
    const std::vector<Case> cases = {
        {"LF", "a\nb\n", "a\n", "x\ny\n", "x\ny\nb\n"},
        {"CRLF file, LF texts", "a\r\nb\r\n", "a\nb", "x\ny", "x\r\ny\r\n"},
        {"CRLF file, CRLF texts", "a\r\nb\r\n", "a\r\nb", "x\r\ny", "x\r\ny\r\n"},
        {"LF file, CRLF texts", "a\nb\n", "a\r\nb", "x\r\ny", "x\ny\n"},
        {"a line of a CRLF file becomes two", "a\r\nb\r\n", "b", "x\ny", "a\r\nx\r\ny\r\n"},
        {"mixed: as the piece", "a\nb\nc\nd\r\ne\r\n", "d\ne", "x\ny", "a\nb\nc\nx\r\ny\r\n"},
        {"mixed: as most of the file", "a\r\nb\r\nc\n", "b", "x\ny", "a\r\nx\r\ny\r\nc\n"},
        {"literally", "a\r\nb\n", "a\r\n", "a\n", "a\nb\n"},
        {"a CR alone is text", "a\rb\n", "a\rb", "x", "x\n"},
        {"no line end at the end", "a\r\nb", "\nb", "\nc", "a\r\nc"},
        {"BOM", bom + "a b", "a", "x", bom + "x b"},
        {"BOM in the texts", bom + "a b", bom + "a", bom + "x", bom + "x b"},
        {"BOM only in old_text", bom + "a b", bom + "a", "x", bom + "x b"},
        {"BOM with CRLF", bom + "a\r\nb", "a\nb", "c\nd", bom + "c\r\nd"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const Substitution found(c.content, c.old_text, c.new_text);
        ASSERT_EQ(found.count(), 1U);
        EXPECT_EQ(found.apply(), c.expected);
    }
}

TEST(Substitution, CountsWithoutOverlapsAndKnowsTheLines) {
    const std::string content = "aaa\r\nb\r\naa\r\n";
    const Substitution found(content, "aa", "x");
    EXPECT_EQ(found.count(), 2U);
    EXPECT_THAT(found.lines(), ::testing::ElementsAre(1, 3));
    EXPECT_EQ(found.apply(), "xa\r\nb\r\nx\r\n");
}

TEST(Substitution, ExplainsWhyNothingWasFound) {
    struct Case {
        std::string content, old_text, part;
    };
    const std::vector<Case> cases = {
        {"x\n\tint a;\n", "  int a;", "at line 2 with other white space"},
        {"int  a ;", "int a;", "at line 1 with other white space"},
        {"x\n  foo();\n  bar();\n", "foo();\nbaz();", "first line stands at line 2"},
        {"x", "y", ""},
        {"x", " \n", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.old_text);
        const std::string why = why_not_found(c.content, c.old_text);
        EXPECT_THAT(why, ::testing::HasSubstr(c.part));
        EXPECT_EQ(why.empty(), c.part.empty());
    }
}

}  // namespace
}  // namespace tenon::file
