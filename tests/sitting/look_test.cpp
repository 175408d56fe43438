#include "tests/sitting/person.h"

/// What reaches the terminal.
namespace tenon::testing {
namespace {

const std::string kHostile = "\x1b]0;stolen\x07\x1b[31mred\x1b[2J\x1b]52;c;eA==\x07\xe2\x80\xae";

/// The numbers of the SGR sequences in `raw`, and whether any other sequence is there that
/// `kHostile` holds.
bool has_foreign_sequence(const std::string& raw) {
    for (const char* foreign : {"\x1b]0;", "\x1b[31mred", "\x1b[2J", "\x1b]52", "\xe2\x80\xae"}) {
        if (raw.find(foreign) != std::string::npos) return true;
    }
    return false;
}

TEST(InteractiveLook, EscapesOfModelsAndToolsNeverReachTheTerminal) {
    for (const char* term : {"xterm-256color", "dumb"}) {
        SCOPED_TRACE(term);
        Person person(
            {calls("t1", "bash",
                   {{"command",
                     "printf '\\033]0;stolen\\007\\033[31mred\\033[2J'; echo " + kHostile}}),
             says("Answer " + kHostile + " over.")},
            {.arguments = {}, .environment = {{"TERM", term}}});
        person.enters("go");
        EXPECT_TRUE(person.is_asked("bash wants to run")) << person.shown();
        person.types("y\r");
        EXPECT_TRUE(person.sees("over.")) << person.shown();
        EXPECT_FALSE(has_foreign_sequence(person.terminal().raw()));
    }
}

TEST(InteractiveLook, NoColorAndADumbTerminalArePlain) {
    struct Row {
        Environment environment;
        const char* absent;
    };
    for (const Row& row : {Row{{{"NO_COLOR", "1"}}, "\x1b[3"}, Row{{{"TERM", "dumb"}}, "\x1b"}}) {
        Person person({calls("t1", "bash", {{"command", "false"}}), says("**Bold** and `code`.")},
                      {.arguments = {"--yes"}, .environment = row.environment});
        person.enters("go");
        EXPECT_TRUE(person.sees("Bold and ")) << person.shown();
        EXPECT_EQ(person.terminal().raw().find(row.absent), std::string::npos);
        EXPECT_EQ(person.terminal().raw().find("\x1b[1m"), std::string::npos);
    }
}

TEST(InteractiveLook, ADumbTerminalHasAPromptOnlyWhereALineIsAwaited) {
    Person person(
        {calls("t1", "bash", {{"command", "echo one"}}), says("Said.\n\nTwice."), says("Again.")},
        {.arguments = {"--yes"}, .environment = {{"TERM", "dumb"}}});
    EXPECT_TRUE(person.sees("/help lists commands and keys.\n>")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("Twice.\n>")) << person.shown();
    person.enters("/plugins");
    EXPECT_TRUE(person.terminal().wait_until([&] {
        return person.shown().find("bash.so") != std::string::npos &&
               person.terminal().lines().back() == ">";
    })) << person.shown();
    person.enters("again");
    EXPECT_TRUE(person.sees("Again.\n>")) << person.shown();
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    EXPECT_EQ(person.shown().find(">\n"), std::string::npos) << person.shown();
}

TEST(InteractiveLook, ADumbTerminalKeepsNoPromptAboveTheEndOfAJob) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "background_run", {{"command", "cat gate"}}), says("Begun."),
                       says("Over.")},
                      {.arguments = {"--yes"}, .environment = {{"TERM", "dumb"}}, .size = size});
        // Other lines may come between.
        const auto has_prompt_after = [&](const std::string& text) {
            return person.sees(text) && person.terminal().wait_until([&] {
                const auto lines = person.terminal().lines();
                return !lines.empty() && lines.back() == ">";
            });
        };
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        EXPECT_TRUE(has_prompt_after("Begun.")) << person.shown();
        gate.wait();
        gate.open();
        EXPECT_TRUE(has_prompt_after("Over.")) << person.shown();
        person.enters("/exit");
        EXPECT_EQ(person.leaves(), 0) << person.shown();
        EXPECT_EQ(person.shown().find(">\n"), std::string::npos) << person.shown();
        EXPECT_EQ(person.terminal().raw().find('\033'), std::string::npos);
    }
}

TEST(InteractiveLook, ARewrittenFileIsShownByItsChanges) {
    Person person(
        {calls("t1", "write_file", {{"path", "a.txt"}, {"content", "one\nTWO\nthree\n"}}),
         calls("t2", "write_file", {{"path", "b.txt"}, {"content", "new\n"}}), says("Written.")},
        {.arguments = {"--yes"}});
    person.sandbox.home.write("w/a.txt", "one\ntwo\nthree\n");
    person.enters("go");
    EXPECT_TRUE(person.sees("Written.")) << person.shown();
    EXPECT_TRUE(person.sees("● write_file a.txt (+1 -1)")) << person.shown();
    EXPECT_TRUE(person.sees("2 - two\n  2 + TWO\n")) << person.shown();
    EXPECT_TRUE(person.sees("● write_file b.txt (+1 -0)")) << person.shown();
}

TEST(InteractiveLook, KnownKeysAreNotShown) {
    Person person({says("The key is test-key-0123456789, is it not?"),
                   calls("t1", "bash", {{"command", "touch test-key-0123456789"}}), says("Done.")});
    person.enters("which key?");
    EXPECT_TRUE(person.sees("is it not?")) << person.shown();
    person.enters("print it");
    EXPECT_TRUE(person.is_asked("bash wants to run")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_EQ(person.terminal().raw().find("test-key-0123456789"), std::string::npos);
    EXPECT_NE(person.shown().find("[redacted]"), std::string::npos);
}

}  // namespace
}  // namespace tenon::testing
