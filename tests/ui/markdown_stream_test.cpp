#include "host/ui/markdown_stream.h"

#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

using Lines = std::vector<std::string>;

void append(Lines& lines, const Lines& more) {
    lines.insert(lines.end(), more.begin(), more.end());
}

Lines in_pieces(std::string_view text, std::size_t piece, Style style = Style::kPlain) {
    MarkdownStream stream(style);
    Lines lines;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        append(lines, stream.append(text.substr(0, piece), 40));
    append(lines, stream.finish(40));
    return lines;
}

constexpr std::string_view kStreamedPage =
    "# Title\nSome *text* with `code`,\nand \x1b[31mcolours\x1b[0m, käse, 漢字 and 👩\u200d👧.\r\n"
    "Setext\n---\n- one\n  - two\n\n    para\n- three\nlazy\n\n1. a\n1. b\n```cpp\nint "
    "a;\n\n\tb;\n```\n"
    "> quote\nlazy\n> more\n\n\n    code\n\n    more\ntext\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    "<div>\n<p>\n</div>\n\n[x]: y\n* * *\nend\rover\n\xFF\xC3\x28 ~~~\n~~~\nunterminated\n";

TEST(MarkdownStream, GivesTheSameLinesWhereverTheTextIsCut) {
    const Lines whole = render_markdown(kStreamedPage, 40, Style::kPlain);
    EXPECT_EQ(whole.size(), 42U);
    for (std::size_t piece = 1; piece <= 40; ++piece) {
        SCOPED_TRACE(piece);
        EXPECT_EQ(in_pieces(kStreamedPage, piece), whole);
    }
    for (std::size_t cut = 0; cut <= kStreamedPage.size(); ++cut) {
        SCOPED_TRACE(cut);
        MarkdownStream stream(Style::kPlain);
        Lines lines = stream.append(kStreamedPage.substr(0, cut), 40);
        (void)stream.tail(40, 10);  // looking changes nothing
        append(lines, stream.append(kStreamedPage.substr(cut), 40));
        append(lines, stream.finish(40));
        ASSERT_EQ(lines, whole);
    }
}

TEST(MarkdownStream, FinishesBlocksAsTheyEndAndCodeLineByLine) {
    MarkdownStream stream(Style::kPlain);
    EXPECT_EQ(stream.append("A para", 40), Lines{});
    EXPECT_EQ(stream.append("graph\n", 40), Lines{});
    EXPECT_EQ(stream.append("\n", 40), Lines{"A paragraph"});
    EXPECT_EQ(stream.append("- one\n", 40), Lines{});
    EXPECT_EQ(stream.append("- two\n", 40), (Lines{"", "- one"}));
    EXPECT_EQ(stream.append("```\n", 40), (Lines{"- two", "```"}));
    EXPECT_EQ(stream.append("int a", 40), Lines{});
    EXPECT_EQ(stream.append(";\nint b;\n``", 40), (Lines{"int a;", "int b;"}));
    EXPECT_EQ(stream.append("`\n# T\n", 40), (Lines{"```", "", "# T"}));
    EXPECT_EQ(stream.finish(40), Lines{});
    EXPECT_TRUE(stream.empty());
}

TEST(MarkdownStream, ShowsTheUnfinishedBlockAsItsTail) {
    struct Case {
        const char* what;
        std::string text;
        Lines tail;
    };
    const Case cases[] = {{"nothing", "", {}},
                          {"a paragraph", "a **b** c", {"a b c"}},
                          {"behind a finished one", "a\n\nb", {"", "b"}},
                          {"the last rows", "a\nb\nc\nd\ne", {"c", "d", "e"}},
                          {"a list", "- a\n- b", {"- a", "- b"}},
                          {"code", "```\na\nb", {"b", "```"}},
                          {"long code is folded",
                           "```\n" + std::string(25, 'x'),
                           {std::string(20, 'x'), "xxxxx", "```"}},
                          {"a table", "|a|b|\n|-|-|\n|1|", {"a │ b", "──┼──", "1 │"}},
                          {"a character cut in two", "a\xC3", {"a"}},
                          {"a sequence cut in two", "a\x1b[3", {"a"}}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        MarkdownStream stream(Style::kPlain);
        (void)stream.append(c.text, 20);
        EXPECT_EQ(stream.tail(20, 3), c.tail);
    }
}

TEST(MarkdownStream, BeginsAnewBehindItsEnd) {
    MarkdownStream stream(Style::kPlain);
    (void)stream.append("```\nunterminated", 40);
    (void)stream.finish(40);
    (void)stream.append("1. a\n", 40);
    EXPECT_EQ(stream.finish(40), Lines{"1. a"});
}

TEST(MarkdownStream, TakesTheWidthOfTheMoment) {
    MarkdownStream stream(Style::kPlain);
    EXPECT_EQ(stream.append("one two\n\n", 40), Lines{"one two"});
    EXPECT_EQ(stream.append("one two three\n\n", 10), (Lines{"", "one two", "three"}));
}

// Quadratic cost would make these take minutes.
TEST(MarkdownStream, CostsTheSameForEachPieceOfALongBlock) {
    struct Case {
        const char* what;
        std::string begin, piece, end;
    };
    const Case cases[] = {{"code", "```\n", "int a = 1;\n", "```\n"},
                          {"one line of code", "```\n", "int a; ", "\n```\n"},
                          {"a paragraph", "", "some words and *more* ", "\n"},
                          {"lines", "", "a line\n", "\n"},
                          {"a list", "", "- item\n", "\n"},
                          {"one item", "- a\n", "  - b\n", "\n"},
                          {"a table", "|a|b|\n|-|-|\n", "|1|2|\n", "\n"},
                          {"a quote", "", "> b\n", "\n"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        MarkdownStream stream(Style::kPlain);
        std::string whole = c.begin;
        Lines lines = stream.append(c.begin, 40);
        for (int i = 0; i < 20'000; ++i) {
            append(lines, stream.append(c.piece, 40));
            whole += c.piece;
            if (i % 100 == 0) EXPECT_LE(stream.tail(40, 5).size(), 5U);
        }
        append(lines, stream.append(c.end, 40));
        append(lines, stream.finish(40));
        whole += c.end;
        EXPECT_EQ(lines, render_markdown(whole, 40, Style::kPlain));
    }
}

TEST(MarkdownStream, FitsItsTailIntoWidthAndRows) {
    const std::string texts[] = {"```\n" + std::string(100'000, 'x'), std::string(100'000, '['),
                                 "- " + std::string(30'000, 'a'), "漢字漢字漢字漢字漢字漢字漢字",
                                 "|a|b|\n|-|-|\n|" + std::string(500, 'c')};
    for (const std::string& text : texts) {
        SCOPED_TRACE(text.substr(0, 20));
        MarkdownStream stream(Style::kColour);
        (void)stream.append(text, 20);
        for (const std::size_t rows : {0U, 1U, 7U}) {
            const Lines tail = stream.tail(20, rows);
            EXPECT_LE(tail.size(), rows);
            expect_width(tail, 20);
            expect_harmless(tail);
        }
    }
}

}  // namespace
}  // namespace tenon::ui
