#include "host/ui/folded.h"

#include "host/ui/running_output.h"
#include "host/ui/tool_output.h"
#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

TEST(FoldedLine, NamesTheKeyWhereThereIsRoom) {
    EXPECT_EQ(folded_line(1, "Ctrl-O", 80), "… +1 line (Ctrl-O)");
    EXPECT_EQ(folded_line(4995, "Ctrl-O", 22), "… +4995 lines (Ctrl-O)");
    EXPECT_EQ(folded_line(4995, "Ctrl-O", 21), "… +4995 lines");
    EXPECT_EQ(folded_line(4995, "", 80), "… +4995 lines");
    EXPECT_EQ(folded_line(4995, "Ctrl-O", 8), "… +4995…");
}

std::string next_title(FoldedTexts& texts) {
    const FoldedText* text = texts.next();
    return text == nullptr ? "(none)" : text->title;
}

TEST(FoldedTexts, AreReturnedFromTheNewestOn) {
    FoldedTexts texts;
    EXPECT_EQ(next_title(texts), "(none)");
    texts.add({"one", "1\n", {}});
    texts.add({"two", "2\n", {}});
    for (const char* title : {"two", "one", "(none)", "two"})
        EXPECT_EQ(next_title(texts), title);
    texts.add({"three", "3\n", {}});
    for (const char* title : {"three", "two", "one", "(none)"})
        EXPECT_EQ(next_title(texts), title);
}

TEST(FoldedTexts, AreKeptUpToALimit) {
    FoldedTexts texts;
    texts.add({"huge", std::string(FoldedTexts::kMostBytesOfOne * 3, 'x'), {}});
    const FoldedText* huge = texts.next();
    ASSERT_NE(huge, nullptr);
    EXPECT_LT(huge->text.size(), FoldedTexts::kMostBytesOfOne + 100);
    EXPECT_NE(huge->text.find("… 524288 bytes more are not kept"), std::string::npos);
    for (int i = 0; i < 10; ++i)
        texts.add({"big", std::string(FoldedTexts::kMostBytesOfOne - 100, 'x'), {}});
    std::size_t kept = 0;
    for (; texts.next() != nullptr; ++kept) {
    }
    EXPECT_EQ(kept, 4U);
    for (std::size_t i = 0; i < FoldedTexts::kMostTexts + 5; ++i)
        texts.add({"small", "x\n", {}});
    for (kept = 0; texts.next() != nullptr; ++kept) {
    }
    EXPECT_EQ(kept, FoldedTexts::kMostTexts);
}

agent::ToolFinished result(const std::string& tool, Json input, std::string text) {
    return {{"t", tool, std::move(input), {}},
            {std::move(text), false, {}},
            {},
            false,
            testing::facts_of(tool)};
}

TEST(ToolOutput, KeepsTheWholeOfWhatIsFoldedOrCut) {
    const std::string ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
    std::string content;
    for (int i = 1; i <= 30; ++i)
        content += std::to_string(i) + "\n";
    struct Row {
        agent::ToolFinished call;
        std::string whole_begin;
    };
    agent::ToolFinished failed = result("glob", {{"pattern", "*"}}, ten);
    failed.result.is_error = true;
    const std::string wide(100, 'w');
    for (const Row& row :
         {Row{result("bash", {{"command", "seq"}}, ten), ten},
          Row{result("bash", {{"command", "seq"}}, "1\n2\n"), ""},
          Row{result("bash", {{"command", "x"}}, wide), wide + "\n"}, Row{failed, ten},
          Row{result("agent", {{"prompt", "x"}}, "# A\n\n- 1\n- 2\n- 3\n- 4\n- 5"), "A\n"},
          Row{result("write_file", {{"path", "a"}, {"content", content}}, "ok"),
              "── a\n 1 + 1\n"}}) {
        SCOPED_TRACE(row.call.call.name + " " + row.whole_begin);
        const ToolOutput output = tool_output(row.call, {40, Style::kPlain, "Ctrl-O"});
        expect_width(output.lines, 40);
        if (row.whole_begin.empty())
            EXPECT_EQ(output.whole, "");
        else
            EXPECT_NE(output.whole.find(row.whole_begin), std::string::npos) << output.whole;
    }
    EXPECT_EQ(
        screen(tool_output(result("bash", {{"command", "seq"}}, ten), {40, Style::kPlain, "Ctrl-O"})
                   .lines),
        "  1\n  2\n  … +5 lines (Ctrl-O)\n  8\n  9\n  10\n");
}

TEST(LastOutputLines, BeginWithAWholeLine) {
    EXPECT_EQ(screen(last_output_lines("cut\ntwo\nthree\n\n", 5, false)), "two\nthree\n");
    EXPECT_EQ(screen(last_output_lines("one\ntwo\nthree\n", 2, true)), "two\nthree\n");
    EXPECT_EQ(screen(last_output_lines("cut line", 2, false)), "cut line\n");
    EXPECT_EQ(screen(last_output_lines("10 %\r20 %\r", 2, true)), "20 %\n");
    EXPECT_EQ(screen(last_output_lines("\n \n", 2, true)), "");
}

std::string rows_of(const std::vector<RunningOutput>& outputs, std::size_t rows,
                    std::size_t width = 40) {
    std::vector<const RunningOutput*> pointers;
    for (const RunningOutput& output : outputs)
        pointers.push_back(output.tool_use_id.empty() ? nullptr : &output);
    std::string shown;
    for (const auto& part : running_output_rows(pointers, rows, width, Style::kPlain))
        shown += "○\n" + screen(part);
    return shown;
}

TEST(RunningOutputRows, AreSharedByTheCalls) {
    const RunningOutput long_one{"a", false, {"1", "2", "3", "4", "5", "6"}};
    const RunningOutput short_one{"b", false, {"x"}};
    const RunningOutput of_subagent{"c", true, {"s1", "s2"}};
    const RunningOutput quiet{"d", false, {}};
    const RunningOutput no_command{"", false, {}};
    EXPECT_EQ(rows_of({long_one}, 9), "○\n  2\n  3\n  4\n  5\n  6\n  Ctrl-B: to the background\n");
    EXPECT_EQ(rows_of({long_one, short_one}, 5),
              "○\n  4\n  5\n  6\n○\n  x\n  Ctrl-B: to the background\n");
    EXPECT_EQ(rows_of({long_one}, 1), "○\n  6\n");
    EXPECT_EQ(rows_of({long_one, short_one}, 1), "○\n  6\n○\n");
    EXPECT_EQ(rows_of({long_one}, 0), "○\n");
    EXPECT_EQ(rows_of({quiet}, 1, 20), "○\n  Ctrl-B: background\n");
    EXPECT_EQ(rows_of({no_command, of_subagent}, 3), "○\n○\n    s1\n    s2\n");
}

}  // namespace
}  // namespace tenon::ui
