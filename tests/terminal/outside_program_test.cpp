#include "host/terminal/outside_program.h"

#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using AnOutsideProgram = ATerminal;

TEST_F(AnOutsideProgram, HasTheTerminalUntilItEnds) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "status here\r", "here");
        type(*pty, "program echo wai''ts; read x; :\r", "waits");
        EXPECT_NE(pty->modes().c_lflag & ICANON, 0U);
        EXPECT_EQ(pty->lines().back(), "waits");
        pty->send("for it\n");
        EXPECT_TRUE(pty->wait_for("program: 0"));
        EXPECT_EQ(pty->modes().c_lflag & (ICANON | ECHO | ISIG), 0U);
        EXPECT_TRUE(pty->wait_until([&] { return pty->lines().back() == "here"; }));
        type(*pty, "more\r", "line: more");
    }
}

TEST_F(AnOutsideProgram, EndsWithItsExitCodeOrSignal) {
    auto pty = start();
    type(*pty, "program exit 3;\r", "program: 3");
    type(*pty, "program kill -9 $$;\r", "program: 137");
    type(*pty, "program no-such-program\r", "program: 127");
}

TEST_F(AnOutsideProgram, StartsWithACleanSignalMaskAndThreeDescriptors) {
    auto pty = start();
    type(*pty,
         "program grep -E \"Sig(Blk|Ign)\" /proc/self/status | cut -c 17-24 >state; "
         "ls /proc/self/fd >fds;\r",
         "program: 0");
    // The C library keeps two signals for itself, 32 and 33.
    EXPECT_EQ(folder.read("state"), "00000000\n80000000\n");
    EXPECT_EQ(folder.read("fds"), "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST_F(AnOutsideProgram, GetsCtrlCAlone) {
    auto pty = start();
    pty->send("program trap 'echo caught; exit 4' INT; echo wai''ts; read x; :\r");
    ASSERT_TRUE(pty->wait_for("waits"));
    pty->send("\x03");
    EXPECT_TRUE(pty->wait_for("program: 4"));
    type(*pty, "afterwards\r", "line: afterwards");
    EXPECT_EQ(pty->everything().find("interrupt"), std::string::npos) << pty->everything();
}

TEST_F(AnOutsideProgram, IsFollowedByWhatWasPrintedMeanwhile) {
    auto pty = start();
    type(*pty, "stream\r", "unfinished");
    pty->send("program echo wai''ts; read x; :\r");
    ASSERT_TRUE(pty->wait_for("waits"));
    const std::size_t begun = pty->raw().size();
    pty->send("for it\n");
    EXPECT_TRUE(pty->wait_for("program: 0"));
    const std::string after = pty->raw().substr(begun);
    EXPECT_LT(after.find("for it"), after.find("answer line"));
    pty->send("quiet\r");
    EXPECT_TRUE(pty->wait_for("line: quiet"));
}

TEST_F(AnOutsideProgram, HidesAQuestionUntilItEnds) {
    auto pty = start();
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    type(*pty, "at fifo ask\r", "line: at fifo");
    pty->send("program echo wai''ts; read x; :\r");
    ASSERT_TRUE(pty->wait_for("waits"));
    let_go("fifo");
    EXPECT_EQ(pty->screen().find("May it run?"), std::string::npos) << pty->screen();
    pty->send("it\n");
    EXPECT_TRUE(pty->wait_for("May it run?")) << pty->screen();
    EXPECT_EQ(pty->raw().find('\a'), std::string::npos);  // Terminal::call is the caller's
}

TEST_F(AnOutsideProgram, LeavesTheModesThatWereThereBeforeIt) {
    Pty pty({"/bin/bash", "-c",
             "stty -a >before; " TERMINAL_CHILD " 2>/dev/null; echo \"ended $?\"; stty -a >after"},
            environment, folder.path(), {80, 24});
    ASSERT_TRUE(pty.wait_for("ready"));
    type(pty, "program stty -opost -echo;\r", "program: 0");
    pty.send("leave\r");
    EXPECT_TRUE(pty.wait_for("ended 0")) << pty.screen();
    pty.wait();
    EXPECT_EQ(folder.read("after"), folder.read("before"));
}

TEST_F(AnOutsideProgram, EndsWhenTheTerminalCloses) {
    auto pty = start();
    pty->send("program trap '' HUP TERM; echo wai''ts; while :; do read x; done; :\r");
    ASSERT_TRUE(pty->wait_for("waits"));
    pty->send_signal(SIGTERM);
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_TRUE(pty->everything().find("program: 137") != std::string::npos) << pty->everything();
}

TEST_F(AnOutsideProgram, PutsItsScreenBackWhenTheTerminalCloses) {
    auto pty = start();
    pty->send("program trap 'echo put ba''ck; exit 3' TERM; echo wai''ts; read x; :\r");
    ASSERT_TRUE(pty->wait_for("waits"));
    pty->send_signal(SIGTERM);
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_NE(pty->everything().find("put back"), std::string::npos) << pty->everything();
    EXPECT_NE(pty->everything().find("program: 3"), std::string::npos) << pty->everything();
}

TEST_F(AnOutsideProgram, StopsTogetherWithTheTerminal) {
    Pty pty({"/bin/bash", "--norc", "-i"}, environment, folder.path(), {80, 24});
    pty.send("PS1='shell$ '\r" TERMINAL_CHILD "\r");
    ASSERT_TRUE(pty.wait_for("ready"));
    pty.send("program echo wai''ts; read x; echo \"got $x\"; :\r");
    ASSERT_TRUE(pty.wait_for("waits"));
    type(pty, "\x1a", "Stopped");
    ASSERT_TRUE(pty.wait_until([&] { return pty.lines().back() == "shell$"; }));
    // The program that stops may still read one character.
    type(pty, " echo $((40+2))\r", "42");
    pty.send("fg\r");
    ASSERT_TRUE(pty.wait_until([&] {
        return pty.screen().find("fg\n") != std::string::npos && pty.lines().size() > 9 &&
               (pty.modes().c_lflag & ICANON) != 0;
    }));
    pty.send("a line\r");
    EXPECT_TRUE(pty.wait_for("got a line")) << pty.screen();
    EXPECT_TRUE(pty.wait_for("program: 0")) << pty.screen();
    type(pty, "more\r", "line: more");
}

}  // namespace
}  // namespace tenon::testing
