#include "tests/ui/terminal_fixture.h"

namespace tenon::testing {
namespace {

struct ADumbTerminal : ATerminal {
    ADumbTerminal() { environment["TERM"] = "dumb"; }
};

TEST_F(ADumbTerminal, TakesLinesAndWritesNoEscapeSequence) {
    auto pty = start();
    int row = 0;
    for (const std::string line :
         {"status not shown", "tail not shown", "two\\", "lines", "ask", "what", "y", "leave"}) {
        // The kernel shows what is typed at once, also before the prompt.
        EXPECT_TRUE(pty->wait_until([&] {
            return pty->cursor().column == 2 && pty->cursor().row > row;
        })) << pty->screen();
        row = pty->cursor().row;
        pty->send(line + "\n");
    }
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_EQ(pty->raw().find('\033'), std::string::npos);
    EXPECT_EQ(pty->screen(),
              "ready\n> status not shown\nline: status not shown\n> tail not shown\n"
              "line: tail not shown\n> two\\\n  lines\nline: two|lines\n> ask\nline: ask\n"
              "May it run?\n[y]es [n]o\n? what\nMay it run?\n[y]es [n]o\n? y\nanswer: y\n> leave\n"
              "line: leave\ngone\n");
}

TEST_F(ADumbTerminal, IsNotAnsweredByWhatWasTypedBefore) {
    auto pty = start();
    pty->send("ask\ny");
    ASSERT_TRUE(pty->wait_for("[y]es [n]o"));
    type(*pty, "n\n", "answer: n");
    type(*pty, "es\n", "line: yes");
}

TEST_F(ADumbTerminal, TellsOfInterruptsAndCtrlB) {
    auto pty = start();
    type(*pty, "\x03", "interrupt");
    type(*pty, "half\x02", "to background");
    type(*pty, " a line\n", "line: half a line");
    pty->send("\x04");
    EXPECT_EQ(pty->wait().code, 0);
    EXPECT_NE(pty->screen().find("end of input\n"), std::string::npos);
}

TEST_F(ADumbTerminal, IsWhatAPipeGets) {
    environment["TERM"] = "xterm";
    Process program({TERMINAL_CHILD}, environment, folder.path());
    program.write("print one\nlast");
    EXPECT_EQ(program.wait().code, 0);
    EXPECT_EQ(program.output,
              "ready\n> line: print one\none\n> \nline: last\nend of input\ngone\n");
}

TEST_F(ADumbTerminal, EndsWhenTheTerminalIsGone) {
    auto pty = start();
    pty->hang_up();
    EXPECT_EQ(pty->wait().code, 129);
}

}  // namespace
}  // namespace tenon::testing
