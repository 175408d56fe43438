// The key Esc, keys with Alt, and reports of the terminal itself, with a real terminal.
#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using TheEscapeKey = ATerminal;

constexpr Pty::Size kSizes[] = {{20, 5}, {40, 10}, {80, 24}, {200, 50}};

TEST_F(TheEscapeKey, ArrivesAloneAndTakesNoOtherKeyWithIt) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "\033", "escape");
        pty->send("\033");
        pty->send("a");
        EXPECT_TRUE(pty->wait_for("> a")) << pty->screen();
        type(*pty, "\033\xc3\xa9", "> a\xc3\xa9");
        type(*pty, "\033q\r", "line: a\xc3\xa9q");
        type(*pty, "\033[27u", "escape");
    }
}

TEST_F(TheEscapeKey, WithACharacterOfTheEditorIsAlt) {
    auto pty = start();
    type(*pty, "one two\033bX\r", "line: one Xtwo");
    type(*pty, "one two\033[98;3uX\r", "line: one Xtwo");
    type(*pty, "one two\033\x7fX\r", "line: one X");
    EXPECT_EQ(pty->everything().find("escape"), std::string::npos) << pty->everything();
}

TEST_F(TheEscapeKey, IsNotSeenInAltWhereTheTerminalSaysWhichItIs) {
    auto pty = start();
    type(*pty, "one\033[122;3u\033[27;3;122~ two\r", "line: one two");
    EXPECT_EQ(pty->everything().find("escape"), std::string::npos) << pty->everything();
    EXPECT_NE(pty->raw().find('\a'), std::string::npos);
}

TEST_F(TheEscapeKey, ClosesTheCandidatesFirst) {
    auto pty = start();
    type(*pty, "/j\t", "/jobs");
    pty->send("\033");
    EXPECT_TRUE(pty->wait_until([&] { return pty->screen().find("/jobs") == std::string::npos; }));
    EXPECT_EQ(pty->everything().find("escape"), std::string::npos);
    type(*pty, "\033", "escape with text");
}

TEST_F(TheEscapeKey, ChangesTheModeOfViFirst) {
    std::ofstream(folder / ".editrc") << "bind -v\n";
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        type(*pty, "abc\033", "> abc");
        EXPECT_TRUE(pty->wait_until([&] { return pty->cursor().column == 4; })) << pty->screen();
        EXPECT_EQ(pty->everything().find("escape"), std::string::npos);
        type(*pty, "\033", "escape");
        type(*pty, "xa!\033", "> ab!");
        EXPECT_TRUE(pty->wait_until([&] { return pty->cursor().column == 4; })) << pty->screen();
        type(*pty, "\r", "line: ab!");
    }
}

TEST_F(TheEscapeKey, IsNotSeenInReportsOfTheTerminal) {
    auto pty = start();
    for (const std::string_view report :
         {"\033[I", "\033[O", "\033[?1u", "\033[>41;366;0c", "\033[?62;22c",
          "\033]11;rgb:1e1e/1e1e/1e1e\033\\", "\033P1+r544e\033\\", "\033[?2026;2$y"}) {
        pty->send(report);
        for (const char byte : report)
            pty->send({&byte, 1});
    }
    type(*pty, "the end\r", "line: the end");
    EXPECT_EQ(pty->everything(), "ready\nline: the end\n>\n");
}

/// It may still begin a key or a report, whatever came before it. The clock stands meanwhile.
TEST_F(TheEscapeKey, IsAwaitedBehindAReportToo) {
    environment["CLOCK_FILE"] = folder.write("clock", "0").string();
    auto pty = start();
    type(*pty, "one\r", "line: one");
    folder.write("clock", "1000");
    pty->send("\033[I\033");
    pty->resize({80, 20});  // its line is drawn when the keys before it have been read
    ASSERT_TRUE(pty->wait_for("size: 80 20"));
    pty->send("[O");
    type(*pty, "the end\r", "line: the end");
    EXPECT_EQ(pty->everything(), "ready\nline: one\nsize: 80 20\nline: the end\n>\n");
}

}  // namespace
}  // namespace tenon::testing
