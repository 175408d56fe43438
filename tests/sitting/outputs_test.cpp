#include <algorithm>
#include <chrono>
#include <gmock/gmock.h>
#include <regex>
#include <thread>

#include "tests/sitting/person.h"

/// What commands, jobs, thoughts and folded texts show of themselves.
namespace tenon::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Pty::Size> kSizes = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

bool has_row(Pty& pty, const std::string& row) {
    const auto rows = pty.lines();
    return std::find(rows.begin(), rows.end(), row) != rows.end();
}

/// Whether the rows are below the running call of `sh p`.
bool shows_below_call(Pty& pty, const std::string& rows) {
    const std::string screen = pty.screen();
    const std::size_t call = screen.find("○ bash sh p");
    const std::size_t end = screen.find('\n', call);
    return call != screen.npos && end != screen.npos &&
           screen.compare(end + 1, rows.size(), rows) == 0;
}

/// A program in the workspace that prints `text` and then waits for the gate.
std::pair<std::string, std::string> prints(const std::string& name, const std::string& text) {
    return {name, "printf '" + text + "'; cat gate"};
}

TEST(RunningCommand, ShowsWhatItPrintsUntilItEnds) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "sh p"}}), says("Done.")},
                      {.arguments = {"--yes"},
                       .size = size,
                       .files = {prints("p", "one\\n\\033[31mtwo\\033[0m\\n10 %%\\r20 %%\\377")}});
        Gate gate(person.sandbox.workspace());
        Pty& pty = person.terminal();
        person.enters("go");
        EXPECT_TRUE(pty.wait_until([&] { return has_row(pty, "  20 %\xef\xbf\xbd"); }))
            << pty.screen();
        EXPECT_TRUE(shows_below_call(pty, size.columns > 20
                                              ? "  one\n  two\n  20 %\xef\xbf\xbd\n"
                                                "  Ctrl-B: to the background\n>"
                                              : "  20 %\xef\xbf\xbd\n  Ctrl-B: background\n>"))
            << pty.screen();
        EXPECT_EQ(pty.raw().find("\x1b[31mtwo"), std::string::npos);
        gate.wait();
        gate.open();
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_THAT(pty.screen(), Not(HasSubstr("Ctrl-B")));
    }
}

TEST(RunningCommand, OfASubagentShowsWhatItPrintsAndStaysInTheForeground) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "agent", {{"prompt", "look"}, {"description", "Find x"}}),
                       calls("t2", "bash", {{"command", "sh p"}}), says("Found."), says("Over.")},
                      {.arguments = {"--yes"},
                       .size = size,
                       .files = {prints("p", "one\\n\\033[31mtwo\\033[0m\\n")}});
        Gate gate(person.sandbox.workspace());
        Pty& pty = person.terminal();
        person.enters("go");
        // The smallest screen has room only for the call and the subagent.
        EXPECT_TRUE(pty.wait_until([&] {
            return pty.screen().find("\n  \xe2\x97\x8b bash sh p") != std::string::npos &&
                   (size.rows == 5 || has_row(pty, "    two"));
        })) << pty.screen();
        EXPECT_TRUE(size.rows == 5 || has_row(pty, "    one")) << pty.screen();
        EXPECT_THAT(pty.screen(), Not(HasSubstr("Ctrl-B")));
        EXPECT_EQ(pty.raw().find("\x1b[31mtwo"), std::string::npos);
        gate.wait();
        person.types("\x02");
        EXPECT_TRUE(person.sees("No command runs")) << person.shown();
        gate.open();
        EXPECT_TRUE(person.sees("Over.")) << person.shown();
        EXPECT_TRUE(pty.wait_until([&] { return !has_row(pty, "    two"); })) << pty.screen();
    }
}

TEST(RunningCommand, LeavesItsRowsForThoseOfAJobAtCtrlB) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "sh p"}}),
                       expecting(says("It goes on."), "continues as background job "),
                       expecting(says("Over."), "LATE")},
                      {.arguments = {"--yes"}, .size = size, .files = {prints("p", "one\\n")}});
        Gate gate(person.sandbox.workspace());
        Pty& pty = person.terminal();
        person.enters("go");
        EXPECT_TRUE(pty.wait_until([&] { return has_row(pty, "  one"); })) << pty.screen();
        gate.wait();
        person.types("\x02");
        EXPECT_TRUE(person.sees("1 command moved")) << person.shown();
        EXPECT_TRUE(person.sees("It goes on.")) << person.shown();
        EXPECT_TRUE(pty.wait_for("(since ")) << pty.screen();
        EXPECT_THAT(pty.screen(), HasSubstr("\xe2\x97\x8b job "));
        EXPECT_THAT(pty.screen(), Not(HasSubstr("Ctrl-B")));
        gate.open("LATE\n");
        EXPECT_TRUE(person.sees("Over.")) << person.shown();
        EXPECT_TRUE(pty.wait_until([&] {
            return pty.screen().find("(since ") == std::string::npos;
        })) << pty.screen();
    }
}

TEST(RunningCommand, ShowsItsLastFiveLinesAlsoOnALowScreen) {
    Person person({calls("t1", "bash", {{"command", "sh p"}}), says("Done.")},
                  {.arguments = {"--yes"},
                   .size = {40, 9},
                   .files = {prints("p", "1\\n2\\n3\\n4\\n5\\n6\\n")}});
    Gate gate(person.sandbox.workspace());
    Pty& pty = person.terminal();
    person.enters("go");
    EXPECT_TRUE(pty.wait_until([&] {
        return shows_below_call(pty, "  2\n  3\n  4\n  5\n  6\n  Ctrl-B: to the background\n>");
    })) << pty.screen();
    gate.wait();
    gate.open();
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
}

TEST(RunningCommand, KeepsItsCallAndTheKeyAboveATodoList) {
    Json both = calls("t1", "todo", {{"items", Json::array()}});
    for (int i = 1; i <= 9; ++i) {
        both["content"][0]["input"]["items"].push_back(
            {{"id", std::to_string(i)}, {"text", "step"}, {"status", "pending"}});
    }
    both["content"].push_back(
        {{"type", "tool_use"}, {"id", "t2"}, {"name", "bash"}, {"input", {{"command", "sh p"}}}});
    Person person(
        {both, says("Done.")},
        {.arguments = {"--yes"}, .size = {40, 12}, .files = {prints("p", "1\\n2\\n3\\n")}});
    Gate gate(person.sandbox.workspace());
    Pty& pty = person.terminal();
    person.enters("go");
    EXPECT_TRUE(pty.wait_until([&] {
        return shows_below_call(pty, "  2\n  3\n  Ctrl-B: to the background\n[ ] step\n");
    })) << pty.screen();
    gate.wait();
    gate.open();
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
}

/// Its job begins when it is moved to the background, but the command has run since its call.
TEST(RunningCommand, CountsItsTimeFromItsStartWhenItWasMovedToTheBackground) {
    Person person({calls("t1", "bash", {{"command", "sleep 1; echo begun; cat gate"}}),
                   says("Moved."), says("Seen.")},
                  {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    Pty& pty = person.terminal();
    person.enters("go");
    EXPECT_TRUE(pty.wait_until([&] { return has_row(pty, "  begun"); })) << pty.screen();
    gate.wait();
    person.types("\x02");
    EXPECT_TRUE(person.sees("Moved.")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Seen.")) << person.shown();
    EXPECT_TRUE(
        std::regex_search(person.shown(), std::regex(R"(job \w+ completed: .*cat gate \([1-9])")))
        << person.shown();
}

TEST(RunningCommand, SharesTheRowsWithOthersAndHidesKnownKeys) {
    Json both = calls("t1", "bash", {{"command", "seq 9; sh p"}});
    both["content"].push_back({{"type", "tool_use"},
                               {"id", "t2"},
                               {"name", "bash"},
                               {"input", {{"command", "seq 20 29; sh q"}}}});
    Person person(
        {both, says("Done.")},
        {.arguments = {"--yes"},
         .files = {prints("p", "test-key-01234"), prints("q", "is test-\\033[0mkey-0123456789.")}});
    Gate gate(person.sandbox.workspace());
    Pty& pty = person.terminal();
    person.enters("go");
    EXPECT_TRUE(pty.wait_until([&] {
        return has_row(pty, "  is [redacted].") && has_row(pty, "  [redacted]");
    })) << pty.screen();
    for (const char* row : {"  7", "  8", "  9", "  27", "  28", "  29"})
        EXPECT_TRUE(has_row(pty, row)) << row;
    EXPECT_EQ(pty.raw().find("test-key"), std::string::npos);
    gate.wait();
    gate.open();
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
}

TEST(FoldedText, IsOpenedByCtrlOAndThenTheOneBeforeIt) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "seq 5000"}}),
                       calls("t2", "bash", {{"command", "seq 7001 7020"}}), says("Done.")},
                      {.arguments = {"--yes"}, .size = size});
        Pty& pty = person.terminal();
        person.types("\x0f");
        EXPECT_TRUE(person.sees("Nothing is")) << person.shown();
        person.enters("go");
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        EXPECT_THAT(person.shown(),
                    HasSubstr(size.columns == 20 ? "… +4995 lines\n" : "… +4995 lines (Ctrl-O)\n"));
        person.types("\x0fG");
        EXPECT_TRUE(pty.wait_for("-21 of 21")) << pty.screen();
        person.types("g/7010\r");
        EXPECT_TRUE(pty.wait_for("7010")) << pty.screen();
        person.types("q");
        EXPECT_TRUE(pty.wait_for("Done.")) << pty.screen();
        person.types("\x0f");
        EXPECT_TRUE(pty.wait_for("of 5001")) << pty.screen();
        person.types("/2500\r");
        EXPECT_TRUE(pty.wait_for("2500")) << pty.screen();
        person.types("q");
        EXPECT_TRUE(pty.wait_for("Done.")) << pty.screen();
        person.types("\x0f");
        EXPECT_TRUE(person.sees("No older")) << person.shown();
        person.types("\x0f");
        EXPECT_TRUE(pty.wait_for("of 21")) << pty.screen();
        person.types("q");
        EXPECT_TRUE(pty.wait_for("newest")) << pty.screen();
        EXPECT_THAT(person.shown(), Not(HasSubstr("2500")));
    }
}

TEST(FoldedText, OfAQuestionIsTheWholeChange) {
    std::string text;
    for (int i = 1; i <= 100; ++i)
        text += "line " + std::to_string(i) + "\n";
    Person person(
        {calls("t1", "write_file", {{"path", "a.txt"}, {"content", text}}), says("Written.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("write_file wants to")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    EXPECT_THAT(person.shown(), HasSubstr("lines (Ctrl-O)\n"));
    person.types("\x0fG");
    EXPECT_TRUE(person.terminal().wait_for("100 + line 100")) << person.terminal().screen();
}

TEST(FoldedText, GoesToThePagerOfTheUser) {
    struct Row {
        const char* pager;
        std::string seen;
    };
    for (const Row& row :
         {Row{"cat", "4000\n"}, Row{"tail -n 2 | sed 's/^/last: /'", "last: 4999\nlast: 5000\n"},
          Row{"echo LESS is $LESS; true", "LESS is -R\n"}, Row{"/nowhere/less", "cannot be run"}}) {
        SCOPED_TRACE(row.pager);
        Person person({calls("t1", "bash", {{"command", "seq 5000"}}), says("Done.")},
                      {.arguments = {"--yes"}, .environment = {{"PAGER", row.pager}}});
        person.enters("go");
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        person.types("\x0f");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            return person.shown().find(row.seen) != std::string::npos ||
                   person.terminal().screen().find("of 5001") != std::string::npos;
        })) << person.shown();
        if (row.pager == std::string("/nowhere/less")) {
            EXPECT_TRUE(person.terminal().wait_for("of 5001")) << person.terminal().screen();
            person.types("q");
        }
        EXPECT_TRUE(person.sees(row.seen)) << person.shown();
        person.enters("/exit");
        EXPECT_EQ(person.leaves(), 0);
    }
}

TEST(FoldedText, OfADumbTerminalIsPrintedAfterCtrlOAndEnter) {
    Person person({calls("t1", "bash", {{"command", "seq 300"}}), says("Done.")},
                  {.arguments = {"--yes"}, .environment = {{"TERM", "dumb"}}});
    person.enters("go");
    EXPECT_TRUE(person.sees("… +295 lines (Ctrl-O, Enter)\n")) << person.shown();
    EXPECT_TRUE(person.sees("Done.\n>")) << person.shown();
    person.types("\x0f\r");
    EXPECT_TRUE(person.sees("\n149\n150\n151\n")) << person.shown();
    EXPECT_EQ(person.terminal().raw().find('\033'), std::string::npos);
}

TEST(Thought, ShowsItsFirstLineAndThenHowLongItTook) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Json thinks = {{"content",
                        {{{"type", "thinking"}, {"thinking", "**Hm.** So\nand so\nit is."}},
                         {{"type", "text"}, {"text", "Done."}}}},
                       {"gap_ms", 300}};
        Person person({thinks}, {.size = size});
        person.enters("go");
        EXPECT_TRUE(person.terminal().wait_for("Thinking… 1 s: Hm.")) << person.shown();
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        EXPECT_THAT(person.shown(), ::testing::ContainsRegex("\nthought for [1-9] s\n\nDone"));
        person.types("\x0f");
        EXPECT_TRUE(person.terminal().wait_for("it is.")) << person.terminal().screen();
        person.types("q");
    }
}

TEST(EndedJob, IsFollowedByTheEndOfItsOutput) {
    struct Row {
        Pty::Size size;
        const char* term;
    };
    for (const Row& row : {Row{{20, 5}, "xterm"}, Row{{40, 12}, "xterm"}, Row{{80, 24}, "xterm"},
                           Row{{200, 50}, "xterm"}, Row{{80, 24}, "dumb"}}) {
        SCOPED_TRACE(std::string(row.term) + " " + std::to_string(row.size.columns));
        Person person(
            {calls("t1", "background_run", {{"command", "seq 101 120; cat gate"}}),
             says("Started."), says("Noted."),
             calls("t2", "background_run", {{"command", "seq 201 220; exit 3"}}), says("Again."),
             says("Failed."), calls("t3", "background_run", {{"command", "true"}}), says("Quiet."),
             says("Over.")},
            {.arguments = {"--yes"}, .environment = {{"TERM", row.term}}, .size = row.size});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        EXPECT_TRUE(person.sees("Started.")) << person.shown();
        gate.wait();
        gate.open();
        EXPECT_TRUE(person.sees("Noted.")) << person.shown();
        EXPECT_THAT(person.shown(), HasSubstr("\n  118\n  119\n  120\n"));
        EXPECT_THAT(person.shown(), Not(HasSubstr("  117\n")));
        person.enters("again");
        EXPECT_TRUE(
            person.sees("\n  211\n  212\n  213\n  214\n  215\n  216\n  217\n  218\n  219\n"
                        "  220\n"))
            << person.shown();
        EXPECT_THAT(person.shown(), Not(HasSubstr("  210\n")));
    }
}

/// The line of its start may come after the answer.
std::string job_of(Person& person) {
    EXPECT_TRUE(person.sees("○ job ")) << person.shown();
    const std::string shown = person.shown();
    const auto at = shown.find("○ job ");
    return at == std::string::npos ? "(none)" : shown.substr(at + std::string("○ job ").size(), 8);
}

TEST(Jobs, AreListedWithTheEndOfTheirOutput) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "background_run", {{"command", "seq 101 120; cat gate"}}),
                       says("Started."), says("Noted.")},
                      {.arguments = {"--yes"}, .size = size});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        EXPECT_TRUE(person.turn_is_over()) << person.shown();
        gate.wait();
        const std::string id = job_of(person);
        // The job's supervisor writes the output a moment later.
        const auto output = person.sandbox.state() / "jobs" / id / "output";
        const auto patience = std::chrono::steady_clock::now() + kPatience;
        while (!read_whole_file(output, 1000).value_or("").ends_with("120\n") &&
               std::chrono::steady_clock::now() < patience)
            std::this_thread::yield();
        person.enters("/jobs");
        EXPECT_TRUE(person.sees("\n  116\n  117\n  118\n  119\n  120\n")) << person.shown();
        person.enters("/jobs " + id.substr(0, 4));
        EXPECT_TRUE(person.sees("  120\nid")) << person.shown();
        EXPECT_TRUE(
            person.sees(size.columns < 50 ? "\nstatus: running\n" : "\nstatus:        running\n"))
            << person.shown();
        person.enters("/jobs logs " + id);
        if (size.rows < 24) {
            EXPECT_TRUE(person.terminal().wait_for("of 20")) << person.terminal().screen();
            person.types("q");
        } else {
            EXPECT_TRUE(person.sees("\n101\n102\n")) << person.shown();
        }
        gate.open();
        EXPECT_TRUE(person.sees("Noted.")) << person.shown();
    }
}

TEST(Jobs, OfOthersAndUnclearIdsAreRefused) {
    Person person({calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started.")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    const std::string id = job_of(person);
    const std::string other = id[0] == '0' ? "1" : "0";
    struct Row {
        std::string line, seen;
    };
    for (const Row& row : {Row{"/jobs logs " + other, "Unknown job " + other + "."},
                           Row{"/jobs cancel 00000000", "Unknown job 00000000."},
                           Row{"/jobs logs", "Which job?"}, Row{"/jobs cancel", "Which job?"},
                           Row{"/jobs logs " + id + " -f", "Unknown word -f. There are /jobs,"},
                           Row{"/jobs ../x", "Unknown word ../x."},
                           Row{"/jobs foo bar", "Unknown word foo. There are /jobs,"},
                           Row{"/jobs " + id + " bar", "Unknown word bar."},
                           Row{"/jobs logs ../x", "Unknown job ../x."},
                           Row{"/jobs LOGS " + id, "has printed nothing yet."},
                           Row{"/jobs cancel " + id.substr(0, 3), "Cancelling job " + id + "."}}) {
        SCOPED_TRACE(row.line);
        person.enters(row.line);
        EXPECT_TRUE(person.sees(row.seen)) << person.shown();
    }
}

}  // namespace
}  // namespace tenon::testing
