// What the terminal is asked for and told, and what is put back.
#include "host/terminal/terminal_kind.h"
#include "tests/terminal/terminal_fixture.h"

namespace tenon::testing {
namespace {

using TheModes = ATerminal;
using terminal::terminal_kind;
using terminal::TerminalKind;

constexpr std::string_view kKittyOn = "\033[>5u", kKittyOff = "\033[<u";
constexpr std::string_view kModifiedOn = "\033[>4;1m", kModifiedOff = "\033[>4m";

bool has(Pty& pty, std::string_view bytes) {
    return pty.raw().find(bytes) != std::string::npos;
}

std::size_t times_in(const std::string& text, std::string_view bytes) {
    std::size_t count = 0;
    for (auto at = text.find(bytes); at != std::string::npos; at = text.find(bytes, at + 1))
        ++count;
    return count;
}

TEST(TerminalKind, IsReadFromTheEnvironment) {
    struct Row {
        std::map<std::string, std::string, std::less<>> variables;
        TerminalKind kind;
    };
    for (const auto& [variables, kind] : std::vector<Row>{
             {{}, {}},
             {{{"TERM", "dumb"}}, {}},
             {{{"TERM", "linux"}}, {}},
             {{{"TERM", "vt100"}}, {}},
             {{{"TERM", "xterm-256color"}}, {true, false, false}},
             {{{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "vscode"}}, {true, false, false}},
             {{{"TERM", "xterm-256color"}, {"WT_SESSION", "1"}}, {true, false, false, true}},
             {{{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "iTerm.app"}},
              {true, true, false, true}},
             {{{"TERM", "xterm-256color"}, {"LC_TERMINAL", "iTerm2"}}, {true, true, false, true}},
             {{{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "ghostty"}}, {true, true, false, true}},
             {{{"TERM", "xterm-kitty"}}, {true, true, false, true}},
             {{{"TERM", "xterm-kitty"}, {"TMUX", "/tmp/x,1,0"}}, {true, false, false, true, true}},
             {{{"TERM", "foot"}}, {true, true, false, true}},
             {{{"TERM", "tmux-256color"}}, {true, false, false, true, true}},
             {{{"TERM", "screen"}}, {true, false, false}},
             {{{"TERM", "xterm"}, {"TMUX", "/tmp/x,1,0"}}, {true, false, false, true, true}},
             {{{"TERM", "xterm"}, {"VTE_VERSION", "7600"}}, {true, false, false, true}},
             {{{"TERM", "xterm"}, {"VTE_VERSION", "7600"}, {"XTERM_VERSION", "XTerm(390)"}},
              {true, false, false, false}},
             {{{"TERM", "screen"}, {"VTE_VERSION", "7600"}, {"STY", "1.a"}},
              {true, false, false, false}},
             {{{"TERM", "xterm"}, {"TERM_PROGRAM", "WezTerm"}}, {true, true, true, true}},
         }) {
        SCOPED_TRACE(variables.empty() ? "" : variables.begin()->second);
        EXPECT_EQ(terminal_kind([&](std::string_view name) {
                      const auto found = variables.find(name);
                      return found == variables.end() ? "" : found->second;
                  }),
                  kind);
    }
}

TEST_F(TheModes, AskForKittysKeysWhereTheTerminalHasThem) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        auto pty = start(size);
        EXPECT_TRUE(has(*pty, "\033[?u"));
        EXPECT_FALSE(has(*pty, kKittyOn));
        pty->send("\033[?0u\033[>1;10;0c");
        EXPECT_TRUE(pty->wait_until([&] { return has(*pty, kKittyOn); }));
        type(*pty, "ab\033[13;2uc\033[100;5u\r", "line: ab|c");
        pty->send("\033[100;5u");
        EXPECT_EQ(pty->wait().code, 0);
        EXPECT_FALSE(has(*pty, kModifiedOn));
        EXPECT_EQ(times_in(pty->raw(), kKittyOn), 1U);
        EXPECT_EQ(times_in(pty->raw(), kKittyOff), 1U);
    }
}

TEST_F(TheModes, AskForModifiedKeysOfXterm) {
    auto pty = start();
    pty->send("\033[>41;366;0c");
    EXPECT_TRUE(pty->wait_until([&] { return has(*pty, kModifiedOn); }));
    type(*pty, "ab\033[27;2;13~c\r", "line: ab|c");
    type(*pty, "leave\r", "gone");
    EXPECT_EQ(times_in(pty->raw(), kModifiedOff), 1U);
    EXPECT_FALSE(has(*pty, kKittyOn));
}

TEST_F(TheModes, AreLeftAloneWhereTheTerminalDoesNotSay) {
    auto pty = start();
    type(*pty, "leave\r", "gone");
    EXPECT_FALSE(has(*pty, kKittyOn) || has(*pty, kKittyOff) || has(*pty, kModifiedOn));
}

TEST_F(TheModes, AreNotAskedForOnAConsole) {
    environment["TERM"] = "linux";
    auto pty = start();
    type(*pty, "title x\r", "line: title x");
    type(*pty, "call x\r", "line: call x");
    type(*pty, "leave\r", "gone");
    for (const std::string_view sent : {"\033[?u", "\033[>c", "\033[?1004h", "\033]2", "\033]9"})
        EXPECT_FALSE(has(*pty, sent)) << sent.substr(1);
    EXPECT_TRUE(has(*pty, "\a"));
}

TEST_F(TheModes, ArePutBackAtACrashAndForOtherPrograms) {
    for (const std::string line : {"crash", "exit", "program :"}) {
        SCOPED_TRACE(line);
        auto pty = start();
        type(*pty, "title a title\r", "line: title");
        pty->send("\033[?0u");
        EXPECT_TRUE(pty->wait_until([&] { return has(*pty, kKittyOn); }));
        EXPECT_TRUE(has(*pty, "\033[22;2t"));
        EXPECT_TRUE(has(*pty, "\033]2;a title\033\\"));
        EXPECT_TRUE(has(*pty, "\033[?1004h"));
        pty->send(line + "\r");
        const bool comes_back = line[0] == 'p';
        if (comes_back) {
            EXPECT_TRUE(pty->wait_for("program: 0"));
            EXPECT_EQ(times_in(pty->raw(), kKittyOn), 2U);
            EXPECT_EQ(times_in(pty->raw(), "\033]2;a title"), 2U);
            type(*pty, "leave\r", "gone");
        } else {
            pty->wait();
        }
        for (const std::string_view off :
             {kKittyOff, std::string_view("\033[?1004l"), std::string_view("\033[23;2t")})
            EXPECT_EQ(times_in(pty->raw(), off), comes_back ? 2U : 1U) << off.substr(1);
    }
}

TEST_F(TheModes, ArePutBackAtEverySignal) {
    for (const int signal : {SIGTERM, SIGQUIT, SIGSEGV}) {
        SCOPED_TRACE(signal);
        auto pty = start();
        pty->send("\033[?0u");
        EXPECT_TRUE(pty->wait_until([&] { return has(*pty, kKittyOn); }));
        pty->send_signal(signal);
        pty->wait();
        for (const std::string_view off :
             {kKittyOff, std::string_view("\033[?1004l"), std::string_view("\033[23;2t")})
            EXPECT_EQ(times_in(pty->raw(), off), 1U) << off.substr(1);
    }
}

TEST_F(TheModes, CallThePersonUnlessTheTerminalHasTheFocus) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 10}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        environment["TERM_PROGRAM"] = "iTerm.app";
        auto pty = start(size);
        type(*pty, "call one\r", "line: call one");
        EXPECT_TRUE(pty->wait_until([&] { return has(*pty, "\a\033]9;one\033\\"); }));
        pty->send("\033[I");
        type(*pty, "call two\r", "line: call two");
        pty->send("\033[O");
        type(*pty, "call three\r", "line: call three");
        EXPECT_TRUE(pty->wait_until([&] { return has(*pty, "\a\033]9;three\033\\"); }));
        EXPECT_EQ(times_in(pty->raw(), "\a"), 2U);
    }
}

}  // namespace
}  // namespace tenon::testing
