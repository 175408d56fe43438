#include "host/ui/diff.h"

#include "host/ui/line_diff.h"
#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

std::string numbered(int from, int to) {
    std::string out;
    for (int i = from; i <= to; ++i)
        out += "line " + std::to_string(i) + "\n";
    return out;
}

std::string drawn(const TextChange& change, DiffOptions options = {}) {
    return screen(diff(change, options).lines);
}

agent::ToolCall edit(std::string old_text, std::string new_text, bool all = false) {
    return {"t",
            "edit_file",
            {{"path", "a"}, {"old_text", old_text}, {"new_text", new_text}, {"replace_all", all}},
            {}};
}

std::optional<TextChange> change_of_edit(const agent::ToolCall& call,
                                         std::optional<std::string_view> contents) {
    return change_of(call, testing::facts_of("edit_file"), contents);
}

TEST(LineDiff, FindsTheFewestChanges) {
    const auto changes =
        compare({"a", "b", "c", "a", "b", "b", "a"}, {"c", "b", "a", "b", "a", "c"});
    std::size_t changed = 0;
    std::vector<std::string_view> rebuilt;
    for (const LineChange& change : changes) {
        changed += change.edit == LineEdit::kSame ? 0 : 1;
        if (change.edit != LineEdit::kRemoved)
            rebuilt.push_back(
                std::vector<std::string_view>{"c", "b", "a", "b", "a", "c"}[change.after]);
    }
    EXPECT_EQ(changed, 5U);
    EXPECT_EQ(rebuilt, (std::vector<std::string_view>{"c", "b", "a", "b", "a", "c"}));
}

TEST(LineDiff, TurnsAnyTextIntoAnyOther) {
    unsigned seed = 1;
    const std::string_view words[] = {"a", "b", "c"};
    for (int round = 0; round < 500; ++round) {
        std::vector<std::string_view> texts[2];
        for (auto& text : texts) {
            seed = seed * 1103515245 + 12345;
            for (unsigned n = (seed >> 16U) % 12; n > 0; --n) {
                seed = seed * 1103515245 + 12345;
                text.push_back(words[(seed >> 16U) % 3]);
            }
        }
        std::vector<std::string_view> before;
        std::vector<std::string_view> after;
        for (const LineChange& change : compare(texts[0], texts[1])) {
            if (change.edit != LineEdit::kAdded) before.push_back(texts[0][change.before]);
            if (change.edit != LineEdit::kRemoved) after.push_back(texts[1][change.after]);
            if (change.edit == LineEdit::kSame)
                EXPECT_EQ(texts[0][change.before], texts[1][change.after]);
        }
        EXPECT_EQ(before, texts[0]);
        EXPECT_EQ(after, texts[1]);
    }
}

TEST(Diff, PlacesAnEditInTheFile) {
    const std::string file = numbered(1, 12);
    const auto change = change_of_edit(edit("line 6\n", "line six\nand more\n"), file);
    ASSERT_TRUE(change);
    EXPECT_EQ(drawn(*change),
              " 3   line 3\n 4   line 4\n 5   line 5\n 6 - line 6\n 6 + line six\n"
              " 7 + and more\n 8   line 7\n 9   line 8\n10   line 9\n");
    const Diff sizes = diff(*change, {});
    EXPECT_EQ(sizes.added, 2U);
    EXPECT_EQ(sizes.removed, 1U);
}

TEST(Diff, ColoursWhatGoesAndWhatComes) {
    const auto change = change_of_edit(edit("b", "B"), "a\nb\n");
    ASSERT_TRUE(change);
    DiffOptions options;
    options.style = Style::kColour;
    EXPECT_EQ(drawn(*change, options),
              "\x1b[2m1 \x1b[0m  a\n\x1b[2m2 \x1b[0m\x1b[31m- b\x1b[0m\n"
              "\x1b[2m2 \x1b[0m\x1b[32m+ B\x1b[0m\n");
}

TEST(Diff, NamesItsFileInItsHead) {
    DiffOptions options;
    options.path = "src/a\x1b.txt";
    EXPECT_EQ(drawn({"a\n", "b\n", true}, options), "── src/a\\x1b.txt\n1 - a\n1 + b\n");
    EXPECT_EQ(drawn({"a\n", "a\n", true}, options), "");
    options.width = 10;
    options.max_rows = 1;
    EXPECT_EQ(drawn({"", "b\nc\n", true}, options), "── src/a\\x\n   1b.txt\n1 + b\n… +1 line\n");
}

TEST(Diff, KeepsHunksApart) {
    const auto change = change_of_edit(edit("line 1\n", "", false), numbered(1, 9));
    ASSERT_TRUE(change);
    TextChange two = *change;
    two.after.replace(two.after.find("line 9"), 6, "nine");
    EXPECT_EQ(drawn(two),
              "1 - line 1\n1   line 2\n2   line 3\n3   line 4\n  ⋮\n5   line 6\n"
              "6   line 7\n7   line 8\n9 - line 9\n8 + nine\n");
}

TEST(Diff, ShowsAnEditByItselfWhenItsPlaceIsUnknown) {
    struct Case {
        const char* what;
        std::optional<std::string_view> file;
    };
    const Case cases[] = {
        {"no file", {}}, {"not in it", "else\n"}, {"twice in it", "int a;\nint a;\n"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const auto change = change_of_edit(edit("int a;", "long a;"), c.file);
        ASSERT_TRUE(change);
        EXPECT_FALSE(change->whole);
        EXPECT_EQ(drawn(*change), "- int a;\n+ long a;\n");
    }
}

TEST(Diff, ReplacesEveryPlaceWhenAsked) {
    const auto change = change_of_edit(edit("a", "b", true), "a\nx\na\n");
    ASSERT_TRUE(change);
    EXPECT_EQ(drawn(*change), "1 - a\n1 + b\n2   x\n3 - a\n3 + b\n");
}

TEST(Diff, TakesTheLineEndsOfTheFile) {
    const auto change = change_of_edit(edit("a\nb", "a\nc"), "a\r\nb\r\n");
    ASSERT_TRUE(change);
    EXPECT_EQ(drawn(*change), "1   a\n2 - b\n2 + c\n");
    EXPECT_EQ(drawn({"a\r\nb\r\n", "a\nb\n", true}), "1 - a\\x0d\n2 - b\\x0d\n1 + a\n2 + b\n");
}

TEST(Diff, ShowsAWrittenFile) {
    const agent::ToolCall call{"t", "write_file", {{"path", "a"}, {"content", "a\n\tb\nc"}}, {}};
    const agent::ToolFacts facts = testing::facts_of("write_file");
    EXPECT_EQ(drawn(*change_of(call, facts)),
              "1 + a\n2 +     b\n3 + c\n  \\ no line feed at the end\n");
    EXPECT_EQ(drawn(*change_of(call, facts, "a\n\tb\nc\n")),
              "1   a\n2       b\n3 - c\n3 + c\n  \\ no line feed at the end\n");
    EXPECT_EQ(drawn(*change_of(call, facts, "a\n\tb\nc")), "");
    EXPECT_FALSE(change_of(call, testing::facts_of("read_file")));
}

TEST(Diff, FoldsWhatIsLong) {
    DiffOptions options;
    options.max_rows = 3;
    EXPECT_EQ(drawn({"", numbered(1, 100), true}, options),
              "  1 + line 1\n  2 + line 2\n  3 + line 3\n… +97 lines\n");
    options.width = 20;
    EXPECT_EQ(drawn({"", "aaaaaaaaaaaaaaaaaaaaaaaaa\n", true}, options),
              "1 + aaaaaaaaaaaaaaaa\n  + aaaaaaaaa\n");
    options.width = 200;
    EXPECT_EQ(drawn({"", std::string(3000, 'x') + "\n", true}, options).substr(0, 10),
              "1 + xxxxxx");
}

TEST(Diff, ShowsWhatATerminalWouldObey) {
    EXPECT_EQ(drawn({"a\n", "a\x1b[2Jb\rc\u202e\n", true}), "1 - a\n1 + a\\x1b[2Jb\\x0dc\\u202e\n");
}

TEST(Diff, TellsAHugeChangeInALine) {
    std::string before;
    std::string after;
    for (int i = 0; i < 30'000; ++i) {
        before += "a" + std::to_string(i) + "\n";
        after += "b" + std::to_string(i) + "\n";
    }
    EXPECT_EQ(drawn({before, after, true}), "(a large change: 30000 lines become 30000)\n");
}

// The shortest way through these would take 400 million steps and as many numbers.
TEST(Diff, ReplacesAsAWholeWhatHasNothingInCommon) {
    std::string before;
    std::string after;
    for (int i = 0; i < 20'000; ++i) {
        before += "a" + std::to_string(i) + "\n";
        after += "b" + std::to_string(i) + "\n";
    }
    const Diff whole = diff({"x\n" + before + "y\n", "x\n" + after + "y\n", true}, {});
    EXPECT_EQ(whole.removed, 20'000U);
    EXPECT_EQ(whole.added, 20'000U);
    EXPECT_EQ(whole.lines.size(), 41U);
}

TEST(Diff, ShowsWhatAToolHasWrittenAsADiff) {
    const std::string text = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n one\n-two\n+2\x1b[2J\n";
    const Diff drawn = shown_diff(text, {80, 10, Style::kPlain});
    EXPECT_EQ(drawn.lines, (std::vector<std::string>{"--- a", "+++ b", "@@ -1,2 +1,2 @@", " one",
                                                     "-two", "+2\\x1b[2J"}));
    EXPECT_EQ(drawn.added, 1U);
    EXPECT_EQ(drawn.removed, 1U);
    const Diff cut = shown_diff(text, {80, 2, Style::kPlain});
    EXPECT_EQ(cut.lines, (std::vector<std::string>{"--- a", "+++ b", "… +4 lines"}));
    EXPECT_EQ(cut.added, 1U) << "what is not shown is counted";
    EXPECT_EQ(shown_diff("-a\n", {80, 10, Style::kColour}).lines.at(0), "\x1b[31m-a\x1b[0m");
}

}  // namespace
}  // namespace tenon::ui
