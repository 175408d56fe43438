#include "host/ui/tool_line.h"

#include "host/base/duration.h"
#include "host/ui/tool_output.h"
#include "tests/support/tool_facts.h"
#include "tests/ui/lines.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

agent::ToolFinished done(std::string name, Json input, std::string text = "ok",
                         milliseconds time = {}) {
    agent::ToolFacts facts = testing::facts_of(name);
    return {{"t", std::move(name), std::move(input), {}},
            {std::move(text), false, {}},
            time,
            false,
            std::move(facts)};
}

agent::ToolFinished failed(std::string text, bool denied = false) {
    agent::ToolFinished call =
        done("write_file", {{"path", "a"}, {"content", "x\n"}}, std::move(text));
    call.result.is_error = true;
    call.denied = denied;
    return call;
}

std::string line(const agent::ToolFinished& call, std::size_t width = 80) {
    return finished_tool_line(call, width, Style::kPlain);
}

std::string below(const agent::ToolFinished& call, std::size_t width = 40) {
    return screen(tool_output(call, {width, Style::kPlain}).lines);
}

TEST(ToolLine, SaysWhatACallActsOn) {
    struct Case {
        agent::ToolFinished call;
        std::string line;
    };
    const Case cases[] = {
        {done("bash", {{"command", "npm test"}}), "● bash npm test"},
        {done("bash", {{"command", "\n cd x\nmake\n"}}), "● bash cd x …"},
        {done("background_run", {{"command", "serve"}, {"name", "web"}}),
         "● background_run web: serve"},
        {done("background_wait", {{"job_ids", {"0000000a", "0000000b"}}}),
         "● background_wait 0000000a 0000000b"},
        {done("background_check", Json::object()), "● background_check"},
        {done("read_file", {{"path", "a.c"}}, "x\ny\n"), "● read_file a.c (2 lines)"},
        {done("read_file", {{"path", "a.c"}, {"offset", 10}, {"limit", 5}}, "x"),
         "● read_file a.c:10-14 (1 line)"},
        {done("read_file", {{"path", "a.c"}, {"offset", 10}}, ""), "● read_file a.c:10- (0 lines)"},
        {done("edit_file", {{"path", "a.c"}, {"old_text", "a\nb"}, {"new_text", "a\nc\nd"}}),
         "● edit_file a.c (+2 -1)"},
        {done("write_file", {{"path", "a.c"}, {"content", "a\n"}}), "● write_file a.c (+1 -0)"},
        {done("glob", {{"pattern", "**/*.c"}, {"path", "src"}}), "● glob **/*.c in src"},
        {done("grep", {{"pattern", "a b"}, {"path", "src"}, {"glob", "*.c"}}),
         "● grep a b in src (*.c)"},
        {done("todo", {{"items", Json::array()}}), "● todo"},
        {done("task_create", {{"subject", "Build"}}), "● task_create Build"},
        {done("task_update", {{"task_id", 3}, {"status", "completed"}}),
         "● task_update 3 completed"},
        {done("load_skill", {{"name", "pdf"}}), "● load_skill pdf"},
        {done("agent", {{"prompt", "Look for x\nand y"}}), "● agent Look for x …"},
        {done("agent", {{"prompt", "Look"}, {"description", "Find x"}}), "● agent Find x"},
        {done("compact", Json::object()), "● compact"},
        {done("deploy", {{"to", "prod"}, {"count", 2}, {"deep", {{"a", true}}}}),
         "● deploy(count: 2, deep: {\"a\":true}, to: prod)"},
        {done("ping", Json::object()), "● ping()"},
        {done("bash", "no object"), "● bash"},
        {done("bash", {{"command", 7}}), "● bash"},
        {done("bash", {{"command", "rm x\recho\x1b[2J"}}), "● bash rm x\\x0decho\\x1b[2J"}};
    for (const Case& c : cases)
        EXPECT_EQ(line(c.call), c.line);
}

TEST(ToolLine, SaysHowACallEnded) {
    struct Case {
        agent::ToolFinished call;
        std::string line;
    };
    const Json make{{"command", "make"}};
    const Case cases[] = {
        {done("bash", make, "ok", milliseconds(999)), "● bash make"},
        {done("bash", make, "ok", milliseconds(1000)), "● bash make (1 s)"},
        {done("bash", make, "no\n[exit code: 3]", milliseconds(72'000)),
         "✗ bash make (1 min 12 s, exit 3)"},
        {done("bash", make, "[exit code: 0x]\nfine"), "● bash make"},
        {done("bash", make, "[signal: KILL]\n[2 background processes ended; use background_run]"),
         "✗ bash make (signal KILL)"},
        {done("bash", make, "x\n[still running after 120 s; continues as background job 0000000a]"),
         "● bash make (continues as job 0000000a)"},
        {failed("disk full"), "✗ write_file a (error)"},
        {failed("Permission denied", true), "✗ write_file a (denied)"}};
    for (const Case& c : cases)
        EXPECT_EQ(line(c.call), c.line);
}

TEST(ToolLine, FitsOneLine) {
    agent::ToolFinished call = done("bash", {{"command", "npm run " + std::string(300, 'x')}},
                                    "[exit code: 3]", milliseconds(12'000));
    EXPECT_EQ(line(call, 40), "✗ bash npm run xxxxxxxxx… (12 s, exit 3)");
    EXPECT_EQ(line(call, 20), "✗ ba… (12 s, exit 3)");
    EXPECT_EQ(line(call, 10), "✗ b… (12 …");
    EXPECT_EQ(line(failed("Permission denied", true), 20), "✗ write_fi… (denied)");
    for (const std::string& name : {std::string("bash"), std::string(64, 'n')}) {
        call.call.name = name;
        for (const std::size_t width : {20U, 40U, 80U, 200U}) {
            SCOPED_TRACE(name + " at " + std::to_string(width));
            EXPECT_EQ(width_of(line(call, width)), width);
            EXPECT_LE(width_of(running_tool_line({call.call, call.facts}, milliseconds(12'000),
                                                 std::string(300, 'n'), width, Style::kColour)),
                      width);
        }
    }
}

TEST(ToolLine, ShowsARunningCall) {
    const agent::ToolStarted call{{"t", "bash", {{"command", "make"}}, {}},
                                  testing::facts_of("bash")};
    EXPECT_EQ(running_tool_line(call, milliseconds(0), "", 40, Style::kPlain), "○ bash make");
    EXPECT_EQ(running_tool_line(call, milliseconds(3500), "half\ndone", 40, Style::kPlain),
              "○ bash make (3 s) half done");
    EXPECT_EQ(running_tool_line(call, milliseconds(0), "", 40, Style::kColour),
              "\x1b[2m○\x1b[0m \x1b[1mbash\x1b[0m make");
}

TEST(ToolLine, ShowsTheTimeOfARunningCallHoweverLongTheCommandIs) {
    const agent::ToolStarted call{{"t", "bash", {{"command", std::string(300, 'x')}}, {}},
                                  testing::facts_of("bash")};
    struct Row {
        int elapsed_ms;
        const char* time;
    };
    for (const Row& row :
         {Row{100, " (1 s)"}, Row{999, " (1 s)"}, Row{1999, " (1 s)"}, Row{2000, " (2 s)"},
          Row{125'000, " (2 min 5 s)"}, Row{3'599'000, " (59 min 59 s)"}}) {
        for (const std::size_t width : {18U, 20U, 40U, 80U, 200U}) {
            SCOPED_TRACE(std::string(row.time) + " at " + std::to_string(width));
            const milliseconds elapsed(row.elapsed_ms);
            const std::string line = running_tool_line(call, elapsed, "", width, Style::kPlain);
            EXPECT_TRUE(line.ends_with(std::string("…") + row.time)) << line;
            EXPECT_EQ(width_of(line), width);
            const std::string noted =
                running_tool_line(call, elapsed, std::string(90, 'n'), width, Style::kPlain);
            EXPECT_NE(noted.find(row.time), std::string::npos) << noted;
            EXPECT_LE(width_of(noted), width);
        }
    }
}

TEST(ToolLine, ColoursTheOutcome) {
    EXPECT_EQ(finished_tool_line(done("bash", {{"command", "make"}}, "x\n[exit code: 2]"), 80,
                                 Style::kColour),
              "\x1b[31m✗\x1b[0m \x1b[1mbash\x1b[0m make\x1b[2m (exit 2)\x1b[0m");
    EXPECT_EQ(
        screen(tool_output(done("glob", {{"pattern", "*"}}, "a"), {80, Style::kColour}).lines),
        "  \x1b[2ma\x1b[0m\n");
}

TEST(ToolOutput, FoldsWhatIsLong) {
    EXPECT_EQ(below(done("glob", {{"pattern", "*"}}, "1\n2\n3\n4\n5\n")),
              "  1\n  2\n  3\n  4\n  5\n");
    EXPECT_EQ(below(done("glob", {{"pattern", "*"}}, "1\n2\n3\n4\n5\n6")),
              "  1\n  2\n  3\n  4\n  5\n  … +1 line\n");
    EXPECT_EQ(below(done("bash", {{"command", "x"}}, "1\n2\n3\n4\n5\n6\n7\n\n[exit code: 1]")),
              "  1\n  2\n  … +2 lines\n  5\n  6\n  7\n");
    EXPECT_EQ(below(done("bash", {{"command", "x"}}, std::string(100, 'x')), 20),
              "  xxxxxxxxxxxxxxxxx…\n");
}

TEST(ToolOutput, ShowsTheLastStateOfProgress) {
    EXPECT_EQ(
        below(done("bash", {{"command", "x"}}, "\n 10%\r 50%\r100%\r\n\x1b[32mdone\x1b[0m\n\n")),
        "  100%\n  done\n");
    EXPECT_EQ(below(done("bash", {{"command", "x"}}, "(no output)")), "");
}

TEST(ToolOutput, ShowsReasonsWhole) {
    EXPECT_EQ(below(failed("Permission denied: write_file wants to write a. Add Edit(a).", true)),
              "  Permission denied: write_file wants to\n  write a. Add Edit(a).\n");
}

TEST(ToolOutput, ShowsATodoAsItsChecklist) {
    const Json items = {
        {{"id", "1"}, {"text", "Look"}, {"status", "completed"}},
        {{"id", "2"}, {"text", "Mend the parser of paths"}, {"status", "in_progress"}},
        {{"id", "3"}, {"text", "Test\nit"}, {"status", "pending"}}};
    EXPECT_EQ(below(done("todo", {{"items", items}}, "[x] …"), 24),
              "  [x] Look\n  [>] Mend the parser of\n      paths\n  [ ] Test\\x0ait\n");
}

TEST(ToolOutput, ShowsAnEditAsItsDiff) {
    EXPECT_EQ(below(done("edit_file", {{"path", "a"}, {"old_text", "a\nb"}, {"new_text", "a\nc"}})),
              "  ── a\n    a\n  - b\n  + c\n");
    EXPECT_EQ(below(done("write_file", {{"path", "a"}, {"content", "x\ny\n"}})),
              "  ── a\n  1 + x\n  2 + y\n");
}

TEST(ToolOutput, CountsAndShowsOnlyWhatARewriteHasChanged) {
    const agent::ToolFinished call = done("write_file", {{"path", "a"}, {"content", "x\ny\n"}});
    EXPECT_EQ(finished_tool_line(call, 80, Style::kPlain, "x\nz\n"), "● write_file a (+1 -1)");
    EXPECT_EQ(screen(tool_output(call, {80, Style::kPlain}, "x\nz\n").lines),
              "  ── a\n  1   x\n  2 - z\n  2 + y\n");
}

TEST(ToolOutput, SaysNothingWhereTheLineSaysAll) {
    for (const char* name : {"read_file", "background_run", "load_skill", "compact"})
        EXPECT_EQ(below(done(name, {{"path", "a"}}, "text")), "") << name;
}

TEST(Duration, IsReadAtAGlance) {
    EXPECT_EQ(duration_text(milliseconds(570)), "0.5 s");
    EXPECT_EQ(duration_text(milliseconds(59'999)), "59 s");
    EXPECT_EQ(duration_text(milliseconds(125'000)), "2 min 5 s");
    EXPECT_EQ(duration_text(milliseconds(3'720'000)), "1 h 2 min");
}

}  // namespace
}  // namespace tenon::ui
