#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

struct ADumbTerminal : ATerminal {
    ADumbTerminal() { environment["TERM"] = "dumb"; }
};

constexpr const char* kAsked = "May it run?\n  $ the command\n";
constexpr const char* kChoices =
    "  y  yes, this once\n  a  always\n    a1  this exact command\n      Bash(the command)\n"
    "    a2  the prefix\n      Bash(the *)\n  n  no\n"
    "  n WORDS  no, and say what to do instead\n";

/// The prompt of a question that takes lines.
bool is_ready(Pty& pty) {
    return pty.wait_until([&] {
        const auto lines = pty.lines();
        return !lines.empty() && lines.back() == "?";
    });
}

TEST_F(ADumbTerminal, TakesLinesAndWritesNoEscapeSequence) {
    auto pty = start({80, 60});
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
    EXPECT_EQ(
        pty->everything(),
        std::string("ready\n> status not shown\nline: status not shown\n> tail not shown\n"
                    "line: tail not shown\n> two\\\n  lines\nline: two|lines\n> ask\nline: ask\n") +
            kAsked + kChoices +
            "(waits for quiet: until nothing is typed for a second)\n? what\n"
            "Not an answer, and not sent.\n" +
            kChoices + "? y\nanswer: y\n> leave\nline: leave\ngone\n");
}

TEST_F(ADumbTerminal, IsNotAnsweredByALineThatWasBegunBefore) {
    auto pty = start();
    pty->send("ask\ny");
    ASSERT_TRUE(is_ready(*pty)) << pty->screen();
    type(*pty, "n\n", "answer: n");
    type(*pty, "!\n", "line: y!");
}

TEST_F(ADumbTerminal, KeepsTheRestOfALineThatIsTypedAfterAPause) {
    auto pty = start();
    pty->send("ask\nup");
    ASSERT_TRUE(is_ready(*pty)) << pty->screen();
    type(*pty, "date\n", "Not an answer; kept for your line.");
    ASSERT_TRUE(is_ready(*pty)) << pty->screen();
    type(*pty, "n\n", "answer: n");
    type(*pty, "!\n", "line: update!");
}

/// The test sets the clock; the program reads it again within a second.
struct ADumbTerminalWithAClock : ADumbTerminal {
    ADumbTerminalWithAClock() { environment["CLOCK_FILE"] = (folder / "clock").string(); }
    void passes(const std::string& milliseconds) const {
        std::ofstream(folder / "clock.new") << milliseconds;
        std::filesystem::rename(folder / "clock.new", folder / "clock");
    }
};

TEST_F(ADumbTerminalWithAClock, IsNotAnsweredByALineThatIsTypedOnAsItComesUp) {
    auto pty = start();
    pty->send("ask\nok");
    ASSERT_TRUE(pty->wait_for("waits for quiet"));
    type(*pty, "ay\n", "line: okay");
    passes("1000");
    ASSERT_TRUE(is_ready(*pty)) << pty->screen();
    EXPECT_EQ(pty->screen().find("answer"), std::string::npos);
    type(*pty, "yes\n", "answer: y");
}

TEST_F(ADumbTerminalWithAClock, DropsAnAnswerThatComesTooEarly) {
    auto pty = start();
    pty->send("ask\n");
    ASSERT_TRUE(pty->wait_for("waits for quiet"));
    for (const std::string early : {"yes", "a2", "A1", "n use make", "no use make", "yes please"}) {
        pty->send(early + "\n");
        EXPECT_TRUE(pty->wait_until([&] {
            const std::string screen = pty->screen();
            const auto at = screen.rfind(early + "\n");
            return at != std::string::npos && screen.find("Too early", at) != std::string::npos;
        })) << early;
    }
    type(*pty, "a better name\n", "line: a better name");
    passes("1000");
    ASSERT_TRUE(is_ready(*pty)) << pty->screen();
    EXPECT_EQ(pty->screen().find("answer: "), std::string::npos);
    EXPECT_EQ(pty->screen().find("line: n"), std::string::npos);
    EXPECT_EQ(pty->screen().find("line: yes"), std::string::npos);
    type(*pty, "n\n", "answer: n");
}

TEST_F(ADumbTerminal, TakesKeysWordsVariantsAndARefusalWithWords) {
    struct Case {
        std::string line, answer;
    };
    for (const auto& [line, answer] :
         std::vector<Case>{{"YES", "answer: y"},
                           {"No", "answer: n"},
                           {"a", "answer: a"},
                           {"a2", "answer: a2"},
                           {"no use pnpm", "answer: n with use pnpm"}}) {
        SCOPED_TRACE(line);
        auto pty = start();
        pty->send("ask\n");
        ASSERT_TRUE(is_ready(*pty)) << pty->screen();
        for (const std::string wrong : {"a3", "yes please", "ye", "always"}) {
            pty->send(wrong + "\n");
            EXPECT_TRUE(pty->wait_until([&] {
                const auto lines = pty->lines();
                return !lines.empty() && lines.back() == "?";
            }));
        }
        type(*pty, line + "\n", answer);
    }
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
