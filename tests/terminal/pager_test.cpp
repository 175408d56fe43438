#include "host/terminal/pager.h"

#include <gtest/gtest.h>

#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using terminal::PagedText;
using ThePager = ATerminal;

TEST(PagedText, FindsEveryLineOfALongText) {
    PagedText text;
    std::string more;
    for (int i = 0; i < 1000; ++i)
        more += std::to_string(i) + "\n";
    text.add(more);
    text.add("");
    text.add("the last, without a line feed");
    EXPECT_EQ(text.line_count(), 1001U);
    for (const std::size_t first : {0U, 1U, 63U, 64U, 500U, 998U})
        EXPECT_EQ(text.lines(first, 2),
                  (std::vector{std::to_string(first), std::to_string(first + 1)}));
    EXPECT_EQ(text.lines(1000, 5), std::vector<std::string>{"the last, without a line feed"});
    EXPECT_TRUE(text.lines(1001, 1).empty());
    EXPECT_TRUE(text.is_complete());
}

TEST(PagedText, BreaksALineThatIsTooLongToShow) {
    PagedText text;
    const std::string line = std::string(PagedText::kLongestLine - 1, 'a') + "\xc3\xa9" + "b";
    text.add(line + "\n\nc\n");
    EXPECT_EQ(text.lines(0, 9), (std::vector<std::string>{line.substr(0, line.size() - 3),
                                                          "\xc3\xa9"
                                                          "b",
                                                          "", "c"}));
}

struct Keys {
    std::string keys;
    std::string first_row;
};

TEST_F(ThePager, MovesByScreensRowsAndSearches) {
    struct Row {
        Pty::Size size;
        std::vector<Keys> steps;
    };
    const std::string up = "\033[A", down = "\033[B";
    for (const Row& row : std::vector<Row>{
             {{20, 5}, {{" ", "row 5"}, {"b", "row 1"}, {"G", "row 97"}, {"g", "row 1"}}},
             {{40, 10}, {{"\r", "row 2"}, {down, "row 3"}, {up + up, "row 1"}, {up, "row 1"}}},
             {{80, 24}, {{"/w 5\r", "row 5"}, {"n", "row 50"}, {"N", "row 5"}, {"G", "row 78"}}},
             {{200, 24}, {{"/ROW\r", "row 1"}, {"  ", "row 47"}, {"    ", "row 78"}}}}) {
        SCOPED_TRACE(row.size.columns);
        auto pty = start(row.size);
        type(*pty, "page 100\r", "1-" + std::to_string(row.size.rows - 1) + " of 100");
        for (const Keys& step : row.steps) {
            SCOPED_TRACE(step.keys);
            pty->send(step.keys);
            EXPECT_TRUE(pty->wait_until([&] { return pty->lines()[0] == step.first_row; }))
                << pty->screen();
        }
        pty->send("q");
        EXPECT_TRUE(has_screen(*pty, "ready\nline: page 100\nprinted meanwhile\n>\n"))
            << pty->screen();
        EXPECT_EQ(pty->everything(), "ready\nline: page 100\nprinted meanwhile\n>\n");
    }
}

/// As different terminals send them, also with Num Lock, in kitty's protocol, and of the keypad.
TEST_F(ThePager, MovesWithPageKeysHomeAndEnd) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {80, 24}, {200, 24}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        const std::string page = std::to_string(size.rows - 1);
        type(*pty, "page 100\r", "1-" + page + " of 100");
        const std::string second = "row " + std::to_string(size.rows), top = "row 1";
        const std::string last = "row " + std::to_string(100 - size.rows + 2);
        for (const auto& [keys, first_row] : std::vector<Keys>{{"\033[6~", second},
                                                               {"\033[5~", top},
                                                               {"\033[6;129~", second},
                                                               {"\033[5;1:1~", top},
                                                               {"\033[57422u", second},
                                                               {"\033[57421u", top},
                                                               {"\033[F", last},
                                                               {"\033[H", top},
                                                               {"\033OF", last},
                                                               {"\033OH", top},
                                                               {"\033[4~", last},
                                                               {"\033[1~", top},
                                                               {"\033[8~", last},
                                                               {"\033[7~", top},
                                                               {"\033[1;129F", last},
                                                               {"\033[1;129:1H", top},
                                                               {"\033[57424u", last},
                                                               {"\033[57423u", top},
                                                               {"\033[6~\033[5~\033[6~", second}}) {
            SCOPED_TRACE(keys.substr(1));
            pty->send(keys);
            EXPECT_TRUE(pty->wait_until([&] { return pty->lines()[0] == first_row; }))
                << pty->screen();
        }
    }
}

TEST_F(ThePager, SaysWhenNothingIsFoundAndTakesBackAPattern) {
    auto pty = start({40, 6});
    type(*pty, "page 9\r", "1-5 of 9");
    type(*pty, "/xyz", "/xyz");
    type(*pty, "\x7f\x7fq\r", "not found: xq");
    type(*pty, "/\x7f", "1-5 of 9");
    type(*pty, "x", "q: back");
    type(*pty, "\x03", "line: page 9");
}

TEST_F(ThePager, FollowsTheSizeOfTheScreenAndComesBackToAWholeOne) {
    auto pty = start({80, 24});
    type(*pty, "page 100\r", "1-23 of 100");
    for (const Pty::Size size : {Pty::Size{20, 5}, {200, 10}, {40, 12}}) {
        SCOPED_TRACE(size.columns);
        pty->resize(size);
        EXPECT_TRUE(pty->wait_for("1-" + std::to_string(size.rows - 1) + " of 100"))
            << pty->screen();
        EXPECT_EQ(static_cast<int>(pty->lines().size()), size.rows);
    }
    type(*pty, "q", "line: page 100");
    type(*pty, "abc", "> abc");
}

TEST_F(ThePager, ShowsWhatCameMeanwhileAfterwards) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {80, 24}, {200, 24}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "page 50\r", "of 50");
        type(*pty, " ", "row " + std::to_string(size.rows));
        EXPECT_EQ(pty->screen().find("meanwhile"), std::string::npos) << pty->screen();
        type(*pty, "q", "printed meanwhile");
        EXPECT_EQ(pty->everything(), "ready\nline: page 50\nprinted meanwhile\n>\n");
    }
}

TEST_F(ThePager, LetsAQuestionWait) {
    auto pty = start({80, 24});
    pty->send("ask\r");
    EXPECT_TRUE(pty->wait_for("May it run?"));
    pty->send("page 30\r");
    EXPECT_TRUE(pty->wait_for("A question waits")) << pty->screen();
    pty->send("y");  // no answer, and no text
    EXPECT_TRUE(pty->wait_for("A question waits")) << pty->screen();
    type(*pty, "q", "May it run?");
    EXPECT_EQ(pty->everything().find("answer:"), std::string::npos) << pty->everything();
}

TEST_F(ThePager, AsksForTheOlderTextWithCtrlO) {
    auto pty = start();
    type(*pty, "page 30\r", "of 30");
    type(*pty, "\x0f", "show folded");
}

TEST_F(ThePager, ClosesAtEscAndKeepsTheKeysBehindIt) {
    auto pty = start();
    type(*pty, "page 30\r", "of 30");
    type(*pty, "\033[120;3u ", "8-30 of 30");  // Alt is no Esc
    type(*pty, "\033xyz\r", "line: xyz");      // in one read
    type(*pty, "page 40\r", "of 40");
    type(*pty, "/row\033q", "line: page 40");  // Esc gives up the search first
}

/// Another text comes while Tenon's own pager shows the first one.
TEST_F(ThePager, GivesWayToALaterText) {
    environment["PAGER"] = "no-such-pager";
    auto pty = start();
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    type(*pty, "at fifo page 7\r", "line: at fifo");
    type(*pty, "page 30\r", "of 30");
    let_go("fifo");
    ASSERT_TRUE(pty->wait_for("1-7 of 7")) << pty->screen();
    pty->send("q");
    const std::string printed =
        "The pager of $PAGER cannot be run: no-such-pager\nprinted meanwhile\n";
    EXPECT_TRUE(pty->wait_until([&] {
        const std::string all = pty->everything();
        return all.rfind(printed) != all.find(printed);
    })) << pty->everything();
}

/// A text that is ready while an editor or another pager has the terminal.
TEST_F(ThePager, WaitsUntilAnotherProgramGivesTheTerminalBack) {
    for (const char* const pager : {"", "cat; echo behind"}) {
        SCOPED_TRACE(pager);
        environment["PAGER"] = pager;
        auto pty = start();
        ::mkfifo((folder / "fifo").c_str(), 0600);
        type(*pty, "at fifo page 3\r", "line: at fifo");
        pty->send("program echo wai''ts; read x; echo \"got $x\"; :\r");
        ASSERT_TRUE(pty->wait_for("waits"));
        let_go("fifo");
        EXPECT_NE(pty->modes().c_lflag & ICANON, 0U);
        pty->send("it\n");
        EXPECT_TRUE(pty->wait_for("row 3"));
        EXPECT_LT(pty->raw().find("got it"), pty->raw().find("row 1"));
        if (*pager == '\0') pty->send("q");
        EXPECT_TRUE(pty->wait_for("program: 0")) << pty->screen();
        type(*pty, "more\r", "line: more");
    }
}

/// When it opens between the two keys of an editor command, the second one is for the pager.
TEST_F(ThePager, GetsTheKeyThatAnEditorCommandWaitsFor) {
    auto pty = start();
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    type(*pty, "at fifo page 30\r", "line: at fifo");
    pty->send("text\x18");
    ASSERT_TRUE(pty->wait_for("> text"));
    pty->resize({80, 20});
    ASSERT_TRUE(pty->wait_for("size: 80 20"));  // so the keys have been read
    let_go("fifo");
    ASSERT_TRUE(pty->wait_for("of 30")) << pty->screen();
    type(*pty, "q", "> text");
}

/// As after SIGSTOP, while which another program has written to the screen.
TEST_F(ThePager, IsDrawnAgainWhenTheProgramGoesOn) {
    auto pty = start();
    type(*pty, "page 100\r", "1-23 of 100");
    pty->send_signal(SIGSTOP);
    std::ofstream("/proc/" + std::to_string(pty->pid()) + "/fd/1")
        << "\033[H\033[2Jjunk" << std::flush;
    ASSERT_TRUE(pty->wait_for("junk"));
    pty->send_signal(SIGCONT);
    ASSERT_TRUE(pty->wait_until([&] { return pty->lines()[0] == "row 1"; })) << pty->screen();
    EXPECT_TRUE(pty->wait_for("1-23 of 100")) << pty->screen();
    pty->send("q");
    EXPECT_TRUE(has_screen(*pty, "ready\nline: page 100\nprinted meanwhile\n>\n")) << pty->screen();
}

/// Ctrl-Z in the pager, another size, and on.
TEST_F(ThePager, ComesBackAtAnotherSizeAfterAStop) {
    Pty pty({"/bin/bash", "--norc", "-i"}, environment, folder.path(), {80, 24});
    pty.send("PS1='shell$ '\r" TERMINAL_CHILD "\r");
    ASSERT_TRUE(pty.wait_for("ready"));
    type(pty, "page 100\r", "1-23 of 100");
    pty.resize({60, 10});
    ASSERT_TRUE(pty.wait_for("1-9 of 100"));
    pty.send("\x1a");
    ASSERT_TRUE(pty.wait_until([&] { return pty.lines().back() == "shell$"; })) << pty.screen();
    EXPECT_EQ(pty.everything().find("row 1"), std::string::npos) << pty.screen();
    pty.resize({40, 12});
    pty.send("fg\r");
    EXPECT_TRUE(pty.wait_for("1-11 of 100")) << pty.screen();
    type(pty, "q", "size: 40 12");
    type(pty, "more\r", "line: more");
}

TEST_F(ThePager, RestoresTheScreenAtEveryEnd) {
    struct Row {
        const char* name;
        std::function<void(Pty&)> end;
    };
    for (const Row& row : {Row{"SIGTERM", [](Pty& pty) { pty.send_signal(SIGTERM); }},
                           Row{"SIGHUP", [](Pty& pty) { pty.send_signal(SIGHUP); }},
                           Row{"a crash", [](Pty& pty) { pty.send_signal(SIGABRT); }}}) {
        SCOPED_TRACE(row.name);
        auto pty = start();
        type(*pty, "page 300\r", "of 300");
        row.end(*pty);
        pty->wait();
        EXPECT_NE(pty->raw().rfind("\033[?1049l"), std::string::npos);
        EXPECT_GT(pty->raw().rfind("\033[?1049l"), pty->raw().rfind("\033[?1049h"));
        EXPECT_NE(pty->screen().find("line: page 300"), std::string::npos) << pty->screen();
    }
}

TEST_F(ThePager, OfADumbTerminalPrintsTheText) {
    environment["TERM"] = "dumb";
    auto pty = start();
    type(*pty, "page 30\r", "row 30");
    EXPECT_NE(pty->everything().find("row 1\nrow 2\nrow 3\n"), std::string::npos);
    EXPECT_EQ(pty->raw().find('\033'), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
