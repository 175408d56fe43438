#include "tests/support/pty.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::testing {
namespace {

const Environment kEnvironment = {{"PATH", "/usr/bin:/bin"}, {"TERM", "xterm-256color"}};

/// Runs bash text in a terminal of 20 × 4.
struct PtyOfAScript : ::testing::Test {
    Pty run(const std::string& script) {
        return Pty({"/bin/bash", "-c", script}, kEnvironment, folder.path(), {20, 4});
    }
    TempDir folder;
};

TEST_F(PtyOfAScript, ShowsTheScreenAndItsScrollback) {
    Pty pty = run(R"(printf 'a\nb\nc\nd\n\033[1mb\303\266ld\033[0m \344\270\255x')");
    EXPECT_EQ(pty.wait().code, 0);
    EXPECT_EQ(pty.scrollback(), "a\n");
    EXPECT_EQ(pty.screen(), "b\nc\nd\nböld 中x\n");
    EXPECT_EQ(pty.cursor(), (Pty::Cursor{3, 8}));
    EXPECT_NE(pty.raw().find("\033[1mb"), std::string::npos);
}

TEST_F(PtyOfAScript, ShowsASynchronizedUpdateWhenItHasEnded) {
    Pty pty = run(R"(stty -echo; printf 'a\033[?2026hb'; read x; printf 'c\033[?2026l'; read x)");
    ASSERT_TRUE(pty.wait_until([&] { return pty.raw().ends_with('b'); }));
    EXPECT_EQ(pty.screen(), "a\n");
    pty.send("\r");
    EXPECT_TRUE(pty.wait_for("abc")) << pty.screen();
}

TEST_F(PtyOfAScript, ShowsWhatAProgramThatEndsHasLeftOfAnUpdate) {
    Pty pty = run(R"(printf 'a\033[?2026hb')");
    EXPECT_EQ(pty.wait().code, 0);
    EXPECT_EQ(pty.screen(), "ab\n");
}

TEST_F(PtyOfAScript, TypesMoreThanTheTerminalHolds) {
    Pty pty = run("stty raw -echo; echo ready; head -c 100000 | wc -c");
    ASSERT_TRUE(pty.wait_for("ready"));
    pty.send(std::string(100000, 'x'));
    EXPECT_TRUE(pty.wait_for("100000")) << pty.screen();
    EXPECT_EQ(pty.wait().code, 0);
}

TEST_F(PtyOfAScript, GivesTheProgramItsSize) {
    Pty pty = run("trap 'stty size; exit 3' WINCH; stty size; while :; do read -t 1 x; done");
    ASSERT_TRUE(pty.wait_for("4 20"));
    pty.resize({30, 5});
    EXPECT_TRUE(pty.wait_for("5 30"));
    EXPECT_EQ(pty.wait().code, 3);
}

TEST_F(PtyOfAScript, HangsUp) {
    Pty pty = run("trap 'exit 4' HUP; echo ready; while :; do read -t 1 x; done");
    ASSERT_TRUE(pty.wait_for("ready"));
    pty.hang_up();
    EXPECT_EQ(pty.wait().code, 4);
}

TEST_F(PtyOfAScript, GetsTheAnswersOfTheTerminal) {
    Pty pty = run(R"(stty raw -echo; printf 'ab\033[6n'; IFS= read -r -d R x; echo "${x#?}")");
    EXPECT_EQ(pty.wait().code, 0);
    EXPECT_NE(pty.screen().find("[1;3"), std::string::npos) << pty.screen();
}

}  // namespace
}  // namespace tenon::testing
