#include "host/terminal/terminal.h"

#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using TheTerminal = ATerminal;

TEST_F(TheTerminal, ShowsFinishedLinesTheTailTheInputAndTheStatus) {
    for (const int columns : {40, 80, 200}) {
        SCOPED_TRACE(columns);
        auto pty = start({columns, 24});
        type(*pty, "status two jobs run\r", "two jobs run");
        type(*pty, "tail unfinished\r", "unfinished too");
        pty->send("h\xc3\xa9llo \xe4\xb8\xad");
        EXPECT_TRUE(
            has_screen(*pty,
                       "ready\nline: status two jobs run\nline: tail unfinished\n"
                       "unfinished\nunfinished too\n> h\xc3\xa9llo \xe4\xb8\xad\ntwo jobs run\n"))
            << pty->screen();
        EXPECT_EQ(pty->cursor(), (Pty::Cursor{5, 10}));
    }
}

TEST_F(TheTerminal, LeavesOnlyTheFinishedLinesBehind) {
    auto pty = start();
    const termios before = pty->modes();
    EXPECT_EQ(before.c_lflag & (ICANON | ECHO | ISIG), 0U);
    type(*pty, "status working\r", "working");
    pty->send("leave\r");
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_EQ(pty->screen(), "ready\nline: status working\nline: leave\ngone\n");
    EXPECT_NE(pty->raw().rfind("\033[?2004l"), std::string::npos);
}

TEST_F(TheTerminal, KeepsEveryFinishedLineInTheScrollback) {
    auto pty = start({80, 10});
    type(*pty, "lines 100\r", "line 100");
    std::string expected = "ready\nline: lines 100\n";
    for (int i = 1; i <= 100; ++i)
        expected += "line " + std::to_string(i) + "\n";
    EXPECT_EQ(pty->everything(), expected + ">\n");
}

TEST_F(TheTerminal, WrapsALongLineAndPutsTheCursorBehindIt) {
    auto pty = start({20, 10});
    pty->send("123456789012345678");  // a full row
    EXPECT_TRUE(has_screen(*pty, "ready\n> 123456789012345678\n")) << pty->screen();
    EXPECT_TRUE(pty->wait_until([&] { return pty->cursor() == Pty::Cursor{2, 2}; }));
    type(*pty, "9", "  9");
    pty->send("\033[D\033[D");
    EXPECT_TRUE(pty->wait_until([&] { return pty->cursor() == Pty::Cursor{1, 19}; }));
}

TEST_F(TheTerminal, EditsWithTheKeysOfEmacs) {
    struct Case {
        std::string keys, line;
    };
    for (const auto& [keys, line] : std::vector<Case>{
             {"world\x01hello \r", "hello world"},
             {"abc\x02", ""},  // Ctrl-B is not for the editor
             {"one two\x17three\r", "one three"},
             {"abc\033[D\033[D\033[3~\r", "ac"},
             {"cut me\x15pasted \x19\r", "pasted cut me"},
             {"one two\033bX\r", "one Xtwo"},
             {"\xc3\xa9\xe4\xb8\xad\x7fx\r", "\xc3\xa9x"},
             {"abc\033[HX\033[FY\r", "XabcY"},
             {"a\033OHb\r", "ba"},
             {"a\033[15~b\r", "ab"},  // a key nobody knows
             {"tab\x16\tulator\r", "tab<tab>ulator"},
             {"a\\\rb\r", "a|b"},
             {"a\nb\r", "a|b"},
             {"a\033\rb\r", "a|b"},
             {"a\033[13;2ub\r", "a|b"},
             {"ac\nef\x01"
              "d\033[Ab\r",
              "abc|def"},
         }) {
        SCOPED_TRACE(keys);
        auto pty = start();
        pty->send(keys);
        const std::string expected = line.empty() ? "to background" : "line: " + line + "\n";
        EXPECT_TRUE(pty->wait_until([&] {
            return pty->screen().find(expected) != std::string::npos;
        })) << pty->screen();
    }
}

TEST_F(TheTerminal, TakesWholeLinesThatEndWithALineFeed) {
    auto pty = start();
    pty->send("one\ntwo\n");
    EXPECT_TRUE(has_screen(*pty, "ready\nline: one\nline: two\n>\n")) << pty->screen();
    type(*pty, "a", "> a");
    pty->send("\n");
    EXPECT_TRUE(pty->wait_until([&] { return pty->cursor() == Pty::Cursor{4, 2}; }));
    type(*pty, "b\r", "line: a|b");
}

TEST_F(TheTerminal, FollowsThePersonsBindings) {
    std::ofstream(folder / ".editrc") << "# vi keys\nbind -v\nother:bind ^X ed-unassigned\n"
                                      << "tenon:bind \"^T\" ed-move-to-beg\n";
    auto pty = start();
    type(*pty, "world\x14hello \r", "line: hello world");
    type(*pty, "abc\033", "> abc");
    type(*pty, "0iX\r", "line: Xabc");
    type(*pty, "two words\033bdwx\r", "line: two");
    type(*pty, "\033k\r", "line: two");
}

TEST_F(TheTerminal, InterruptsAndClearsTheLine) {
    auto pty = start();
    type(*pty, "half a li\x03", "interrupt with text");
    pty->send("\x03");
    EXPECT_TRUE(has_screen(*pty, "ready\ninterrupt with text\nsecond interrupt\n>\n"))
        << pty->screen();
}

TEST_F(TheTerminal, SaysWhetherAKeyCameBetweenTwoInterrupts) {
    for (const std::string key :
         {"a", "\r", "\x1b[A", "\x1b[D", "\x1b[200~pasted\x1b[201~", "\x0c"}) {
        SCOPED_TRACE(key);
        auto pty = start();
        type(*pty, "\x03", "interrupt");
        pty->send(key);
        pty->send("\x03\x03");
        EXPECT_TRUE(pty->wait_for("second interrupt")) << pty->screen();
        const std::string shown = pty->everything();
        const std::string rest = shown.substr(shown.find("interrupt") + 9);
        EXPECT_LT(rest.find("interrupt"), rest.find("second interrupt")) << shown;
    }
}

TEST_F(TheTerminal, GivesPromptsBackToTheLine) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 24}, {80, 24}, {200, 24}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "queue one\r", "line: queue one");
        type(*pty, "\x1b[A", "> one");
        // Again while nobody has changed the line: before what stands there.
        pty->send("\x1b[A");
        EXPECT_TRUE(pty->wait_for("  one")) << pty->screen();
        type(*pty, "!\x1b[A\r", "line: one|one!");
    }
}

TEST_F(TheTerminal, KeepsTheLineAtAnInterruptUntilItIsCleared) {
    auto pty = start();
    type(*pty, "keep\r", "line: keep");
    type(*pty, "half a line\x03", "interrupt with text");
    EXPECT_TRUE(pty->wait_for("> half a line")) << pty->screen();
    type(*pty, "\x12keep", "history: keep");  // the search is given up
    pty->send("\x03");
    EXPECT_TRUE(has_screen(*pty,
                           "ready\nline: keep\ninterrupt with text\ninterrupt with text\n"
                           "> half a line\n"))
        << pty->screen();
}

TEST_F(TheTerminal, EndsAtCtrlDOnAnEmptyLineOnly) {
    auto pty = start();
    type(*pty, "ab\x01\x04", "> b");
    pty->send("\x03\x04");
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_NE(pty->screen().find("end of input\n"), std::string::npos);
}

TEST_F(TheTerminal, TellsOfSignals) {
    auto pty = start();
    pty->send("text");
    pty->send_signal(SIGINT);
    EXPECT_TRUE(pty->wait_for("interrupt with text"));
    pty->send_signal(SIGTERM);
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_NE(pty->screen().find("terminate\n"), std::string::npos);
}

TEST_F(TheTerminal, EndsWhenTheTerminalIsGone) {
    auto pty = start();
    pty->hang_up();
    EXPECT_EQ(pty->wait().code, 129);
}

TEST_F(TheTerminal, PutsTheModesBackWhateverEndsTheProgram) {
    struct Case {
        std::string command;
        int code, signal;
    };
    for (const auto& [command, code, signal] :
         std::vector<Case>{{"leave", 0, 0}, {"exit", 5, 0}, {"crash", 0, SIGABRT}}) {
        SCOPED_TRACE(command);
        const std::string status =
            signal != 0 ? std::to_string(128 + signal) : std::to_string(code);
        Pty pty(
            {"/bin/bash", "-c",
             "stty -a >before; " TERMINAL_CHILD " 2>/dev/null; echo \"ended $?\"; stty -a >after"},
            environment, folder.path(), {80, 24});
        ASSERT_TRUE(pty.wait_for("ready"));
        pty.send(command + "\r");
        EXPECT_TRUE(pty.wait_for("ended " + status)) << pty.screen();
        pty.wait();
        EXPECT_EQ(folder.read("after"), folder.read("before"));
        EXPECT_NE(pty.raw().find("\033[?2004l"), std::string::npos);
    }
}

TEST_F(TheTerminal, StopsAndGoesOn) {
    Pty pty({"/bin/bash", "--norc", "-i"}, environment, folder.path(), {80, 24});
    pty.send("PS1='shell$ '\r" TERMINAL_CHILD "\r");
    ASSERT_TRUE(pty.wait_for("ready"));
    type(pty, "status here\r", "here");
    type(pty, "half", "> half");
    type(pty, "\x1a", "Stopped");
    type(pty, "stty -a >stopped; echo $((40+2))\r", "42");
    EXPECT_NE(folder.read("stopped").find(" icanon "), std::string::npos);
    pty.send("fg\r");
    EXPECT_TRUE(pty.wait_until([&] {
        const auto lines = pty.lines();
        return lines.size() > 2 && lines[lines.size() - 2] == "> half" && lines.back() == "here";
    })) << pty.screen();
    type(pty, " a line\r", "line: half a line");
}

/// A stopped program gets no signal when the size changes.
TEST_F(TheTerminal, LearnsTheSizeWhenItGoesOn) {
    Pty pty({"/bin/bash", "--norc", "-i"}, environment, folder.path(), {80, 24});
    pty.send("PS1='shell$ '\r" TERMINAL_CHILD "\r");
    ASSERT_TRUE(pty.wait_for("ready"));
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        pty.send("\x1a");
        ASSERT_TRUE(pty.wait_until([&] { return pty.lines().back() == "shell$"; }));
        pty.resize(size);
        pty.send("fg\r");
        EXPECT_TRUE(pty.wait_for("size: " + std::to_string(size.columns))) << pty.screen();
        ASSERT_TRUE(pty.wait_until([&] { return pty.lines().back() == ">"; })) << pty.screen();
    }
}

TEST_F(TheTerminal, ClearsTheScreenAndLosesNothing) {
    auto pty = start({80, 10});
    type(*pty, "lines 3\r", "line 3");
    pty->send("text\x0c");
    EXPECT_TRUE(has_screen(*pty, "> text\n")) << pty->screen();
    EXPECT_NE(pty->scrollback().find("line 1\nline 2\nline 3\n"), std::string::npos);
}

TEST_F(TheTerminal, IsDrawnAnewAtAnotherSize) {
    auto pty = start({80, 12});
    type(*pty, "status a status that is rather long and does not fit into forty columns\r",
         "forty columns");
    type(*pty, "lines 30\r", "line 30");
    pty->send("some text");
    ASSERT_TRUE(pty->wait_for("> some text"));
    pty->resize({40, 8});
    EXPECT_TRUE(has_screen(*pty,
                           "line 26\nline 27\nline 28\nline 29\nline 30\nsize: 40 8\n> some text\n"
                           "a status that is rather long and does n\xe2\x80\xa6\n"))
        << pty->screen();
    pty->resize({100, 8});
    EXPECT_TRUE(pty->wait_for("size: 100 8"));
    EXPECT_TRUE(pty->wait_for("forty columns"));
    EXPECT_TRUE(pty->wait_until([&] { return pty->lines().size() == 8; })) << pty->screen();
}

TEST_F(TheTerminal, ShowsThePartAroundTheCursorWhenTheScreenIsTooSmall) {
    auto pty = start({40, 5});
    type(*pty, "status bottom\r", "bottom");
    pty->send("1\n2\n3\n4\n5\n6\n7\n8");
    EXPECT_TRUE(has_screen(*pty, "  5\n  6\n  7\n  8\nbottom\n")) << pty->screen();
    pty->send("\033[A\033[A\033[A\033[A\033[A");
    EXPECT_TRUE(pty->wait_until([&] { return pty->screen() == "> 1\n  2\n  3\n  4\nbottom\n"; }))
        << pty->screen();
}

TEST_F(TheTerminal, KeepsWhatIsTypedWhileOutputStreams) {
    auto pty = start();
    type(*pty, "stream\r", "unfinished");
    type(*pty, "typed ahead", "> typed ahead");
    type(*pty, "\x15quiet\r", "line: quiet");
}

}  // namespace
}  // namespace tenon::testing
