#include "host/sitting/own_command.h"

#include "tests/sitting/person.h"

/// `!COMMAND`, with the real program.
namespace tenon::testing {
namespace {

TEST(OwnCommand, IsALineThatBeginsWithAnExclamationMark) {
    using sitting::own_command;
    EXPECT_EQ(own_command("!ls -l"), "ls -l");
    EXPECT_EQ(own_command("  ! ls\t"), "ls");
    EXPECT_EQ(own_command("!"), "");
    EXPECT_EQ(own_command("!echo a\necho b"), "echo a\necho b");
    EXPECT_EQ(own_command("ls !"), std::nullopt);
    EXPECT_EQ(own_command(""), std::nullopt);
}

TEST(OwnCommand, RunsWithoutAQuestionAndIsPartOfTheNextRequest) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({says("I see it.")}, {.size = size});
        person.enters("!touch made; echo out$((40+2))");
        EXPECT_TRUE(person.sees("out42")) << person.shown();
        EXPECT_TRUE(std::filesystem::exists(person.sandbox.workspace() / "made"));
        EXPECT_TRUE(person.server().requests().empty()) << "no request by it alone";
        person.enters("what was it");
        EXPECT_TRUE(person.sees("I see it.")) << person.shown();
        const std::string body = person.server().requests().back().body;
        EXPECT_NE(
            body.find(
                R"(<user-command>\ntouch made; echo out$((40+2))\n</user-command>\n<user-command-output>\nout42\n)"),
            std::string::npos)
            << body;
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(OwnCommand, AloneItPrintsAHint) {
    Person person({says("Unused.")});
    person.enters("!");
    EXPECT_TRUE(person.sees("!COMMAND runs a command")) << person.shown();
}

TEST(OwnCommand, DenyRulesHold) {
    Person person({says("Fine.")}, {.arguments = {"--deny", "Bash(touch:*)"}});
    person.enters("!touch made");
    EXPECT_TRUE(person.sees("the rule Bash(touch:*)")) << person.shown();
    person.enters("!sudo true");
    EXPECT_TRUE(person.sees("forbids (sudo)")) << person.shown();
    EXPECT_FALSE(std::filesystem::exists(person.sandbox.workspace() / "made"));
    person.enters("go");
    EXPECT_TRUE(person.sees("Fine.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("touch made"), std::string::npos);
}

TEST(OwnCommand, CtrlCEndsItWithItsTree) {
    Person person({says("Unused.")});
    person.enters("!echo begun; sleep 1000 & sleep 1000; echo never");
    EXPECT_TRUE(person.terminal().wait_until([&] {
        return person.sandbox.processes().size() >= 5;
    })) << person.shown();
    person.types("\x03");
    EXPECT_TRUE(person.sees("nterrupted")) << person.shown();
    person.enters("/exit");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    EXPECT_TRUE(person.sandbox.processes().empty());
}

TEST(OwnCommand, CtrlBMovesItToTheBackground) {
    Person person({says("Its end came.")});
    Gate gate(person.sandbox.workspace());
    person.enters("!cat gate");
    gate.wait();
    person.types("\x02");
    EXPECT_TRUE(person.sees("1 command moved to the background")) << person.shown();
    person.enters("/jobs");
    EXPECT_TRUE(person.sees("running")) << person.shown();
    EXPECT_TRUE(person.sees("continues as job")) << person.shown();
    gate.open("late output\n");
    EXPECT_TRUE(person.sees("Its end came.")) << person.shown();
}

TEST(OwnCommand, DuringATurnItWaitsForItsEnd) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}}), says("Turn over.")},
                  {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("!echo mine$((1+1))");
    EXPECT_TRUE(person.sees("Queued: !echo mine")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("mine2")) << person.shown();
    const std::string shown = person.shown();
    EXPECT_LT(shown.find("Turn over."), shown.find("mine2")) << shown;
}

TEST(OwnCommand, ThatWaitsIsTakenBackByUpAndByCtrlC) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 24}, {80, 24}, {200, 24}}) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "cat gate"}})},
                      {.arguments = {"--yes"}, .size = size});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.enters("!touch mine");
        EXPECT_TRUE(person.terminal().wait_for("Queued: !touch mine")) << person.shown();
        person.types("\x1b[A");
        EXPECT_TRUE(person.terminal().wait_for("> !touch mine")) << person.shown();
        person.types("\r");
        EXPECT_TRUE(person.terminal().wait_for("Queued: !touch mine")) << person.shown();
        person.types("\x03");
        EXPECT_TRUE(person.sees("interrupted")) << person.shown();
        EXPECT_TRUE(person.terminal().wait_for("> !touch mine")) << person.shown();
        person.types("\x15!echo stopped\r");
        EXPECT_TRUE(person.sees("  stopped")) << person.shown();
        EXPECT_FALSE(std::filesystem::exists(person.sandbox.workspace() / "mine"));
    }
}

TEST(OwnCommand, ThatWaitsAmongPromptsIsNotRunAndNotJoinedWithThemAtCtrlC) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}})}, {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("!touch mine");
    person.enters("a prompt");
    EXPECT_TRUE(person.terminal().wait_for("Queued: a prompt")) << person.shown();
    person.types("\x03");
    EXPECT_TRUE(person.sees("Not run: !touch mine")) << person.shown();
    EXPECT_TRUE(person.terminal().wait_for("> a prompt")) << person.shown();
    person.types("\x15!echo stopped\r");
    EXPECT_TRUE(person.sees("  stopped")) << person.shown();
    EXPECT_FALSE(std::filesystem::exists(person.sandbox.workspace() / "mine"));
}

TEST(OwnCommand, ThatWaitsIsNotPutBeforeTextThatIsTakenBack) {
    Person person({calls("t1", "bash", {{"command", "cat gate"}})}, {.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("!touch mine");
    person.enters("a prompt");
    EXPECT_TRUE(person.terminal().wait_for("Queued: a prompt")) << person.shown();
    person.types("\x1b[A\x1b[A.");
    EXPECT_TRUE(person.terminal().wait_for("> a prompt.")) << person.shown();
    EXPECT_TRUE(person.terminal().wait_for("Queued: !touch mine")) << person.shown();
}

}  // namespace
}  // namespace tenon::testing
