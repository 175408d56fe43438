#include "tests/sitting/person.h"

/// Esc, Ctrl-C and Ctrl-D: stopping a turn, and leaving.
namespace tenon::testing {
namespace {

constexpr const char* kEsc = "\x1b";
constexpr const char* kStop = "\x03";
constexpr const char* kLeaveHint = "Ctrl-C again";
constexpr Pty::Size kScreens[] = {{20, 5}, {40, 24}, {80, 24}, {200, 24}};

PersonOptions on(Pty::Size size) {
    PersonOptions options;
    options.arguments = {"--yes"};
    options.size = size;
    return options;
}

Json waits_at_gate() {
    return calls("t1", "bash", {{"command", "cat gate"}});
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

/// Waits until the hint on how to leave has been printed so many times.
bool has_hints(Person& person, std::size_t count) {
    return person.terminal().wait_until(
        [&] { return count_of(person.shown(), kLeaveHint) == count; });
}

/// The same as Person::is_asked_how_to_leave, also on the smallest screen, where the question
/// takes the place of the status.
bool is_asked_to_leave(Person& person, Pty::Size size) {
    return person.terminal().wait_until([&] {
        const std::string screen = person.terminal().screen();
        const bool has_keys = screen.find("c  cancel") != std::string::npos ||
                              screen.find("c cancel") != std::string::npos;
        return has_keys && screen.find("waits for quiet") == std::string::npos &&
               (size.rows == 5 || Person::states_a_question(person.terminal().lines().back()));
    });
}

TEST(Stopping, EscStopsTheTurnAndKeepsWhatIsTyped) {
    for (const Pty::Size size : kScreens) {
        SCOPED_TRACE(size.columns);
        Person person({waits_at_gate(), expecting(says("Going on."), "next")}, on(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types("ne");
        EXPECT_TRUE(person.terminal().wait_for("> ne")) << person.shown();
        person.types(kEsc);
        EXPECT_TRUE(person.sees("interrupted")) << person.shown();
        person.enters("xt");
        EXPECT_TRUE(person.sees("Going on.")) << person.shown();
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(Stopping, EscAndCtrlCStopTheTurnAtAQuestion) {
    for (const Pty::Size size : kScreens) {
        for (const char* key : {kEsc, kStop}) {
            SCOPED_TRACE(std::to_string(size.columns) + (key == kEsc ? " Esc" : " Ctrl-C"));
            Person person({calls("t1", "write_file", {{"path", "a"}, {"content", "x"}})},
                          {.size = size});
            person.enters("go");
            ASSERT_TRUE(person.is_asked("write_file wants")) << person.shown();
            person.types(key);
            EXPECT_TRUE(person.sees("interrupted") && person.turn_is_over()) << person.shown();
            EXPECT_FALSE(std::filesystem::exists(person.sandbox.workspace() / "a"));
        }
    }
}

TEST(Stopping, EscStopsTheTurnAtAQuestionThatWaitsForQuiet) {
    Person person({calls("t1", "write_file", {{"path", "a"}, {"content", "x"}})});
    person.enters("go");
    ASSERT_TRUE(person.terminal().wait_for("waits for quiet")) << person.shown();
    person.types(kEsc);
    EXPECT_TRUE(person.sees("interrupted") && person.turn_is_over()) << person.shown();
}

TEST(Stopping, EscLeavesTheRuleOfAQuestionAndThenStopsTheTurn) {
    Person person({calls("t1", "write_file", {{"path", "a"}, {"content", "x"}})});
    person.enters("go");
    ASSERT_TRUE(person.is_asked("write_file wants")) << person.shown();
    person.types("a");
    ASSERT_TRUE(person.terminal().wait_for("Esc  back")) << person.shown();
    person.types(kEsc);
    ASSERT_TRUE(person.terminal().wait_for("n  no")) << person.shown();
    EXPECT_EQ(person.shown().find("interrupted"), std::string::npos);
    person.types(kEsc);
    EXPECT_TRUE(person.sees("interrupted") && person.turn_is_over()) << person.shown();
}

TEST(Stopping, EscDoesNothingAtAnIdlePrompt) {
    Person person({expecting(says("Heard."), "whole line")});
    person.types("whole");
    EXPECT_TRUE(person.terminal().wait_for("> whole")) << person.shown();
    person.types(kEsc);
    // Followed at once by a key, it would be Alt and that key.
    (void)person.terminal().wait_until([] { return false; }, std::chrono::milliseconds(200));
    person.types(" line");
    EXPECT_TRUE(person.terminal().wait_for("> whole line")) << person.shown();
    person.enters("");
    EXPECT_TRUE(person.sees("Heard.")) << person.shown();
    EXPECT_EQ(person.shown().find("interrupted"), std::string::npos);
}

TEST(Stopping, CtrlCStopsTheTurnAndKeepsWhatIsTyped) {
    for (const Pty::Size size : kScreens) {
        SCOPED_TRACE(size.columns);
        Person person({waits_at_gate(), expecting(says("Going on."), "next")}, on(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types("ne");
        EXPECT_TRUE(person.terminal().wait_for("> ne")) << person.shown();
        person.types(kStop);
        EXPECT_TRUE(person.sees("interrupted")) << person.shown();
        person.enters("xt");
        EXPECT_TRUE(person.sees("Going on.")) << person.shown();
    }
}

TEST(Stopping, CtrlCTwiceLeavesOnlyAtAnEmptyPrompt) {
    for (const Pty::Size size : kScreens) {
        SCOPED_TRACE(size.columns);
        Person person({waits_at_gate()}, on(size));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types(kStop);  // stops the turn: not the first of two
        EXPECT_TRUE(person.sees("interrupted")) << person.shown();
        person.types("text");
        EXPECT_TRUE(person.terminal().wait_for("> text")) << person.shown();
        person.types(kStop);  // clears the line: neither
        EXPECT_TRUE(person.terminal().wait_until([&] {
            return person.terminal().screen().find("> text") == std::string::npos;
        })) << person.shown();
        EXPECT_EQ(count_of(person.shown(), kLeaveHint), 0U);
        person.types(kStop);
        EXPECT_TRUE(has_hints(person, 1)) << person.shown();
        person.types(kStop);
        EXPECT_EQ(person.leaves(), 130) << person.shown();
        EXPECT_EQ(person.sandbox.processes(), std::vector<pid_t>());
    }
}

TEST(Stopping, AnyKeyBetweenTwoCtrlCMakesTheSecondAFirstOne) {
    for (const std::string key : {"\r", "\x1b[A\x1b[B", "\x1b[D", "\x1b[200~\x1b[201~", "x\x7f",
                                  "\t", "\x1bOP", "\x1b[15~"}) {
        SCOPED_TRACE(key);
        Person person({});
        person.types(kStop);
        EXPECT_TRUE(has_hints(person, 1)) << person.shown();
        person.types(key);
        person.types(kStop);
        EXPECT_TRUE(has_hints(person, 2)) << person.shown();
        person.types(kStop);
        EXPECT_EQ(person.leaves(), 130) << person.shown();
    }
}

TEST(Stopping, ATurnBetweenTwoCtrlCMakesTheSecondAFirstOne) {
    Person person({calls("t1", "background_run", {{"command", "cat gate"}}), says("Started."),
                   says("Woken.")},
                  on({80, 24}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    EXPECT_TRUE(person.sees("Started.") && person.turn_is_over()) << person.shown();
    person.types(kStop);
    EXPECT_TRUE(has_hints(person, 1)) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("Woken.") && person.turn_is_over()) << person.shown();
    person.types(kStop);
    EXPECT_TRUE(has_hints(person, 2)) << person.shown();
    person.types(kStop);
    EXPECT_EQ(person.leaves(), 130) << person.shown();
}

TEST(Stopping, CtrlCTwiceAsksAboutRunningJobs) {
    struct Row {
        const char* key;
        bool runs_on;
    };
    for (const Row& row : {Row{"l", true}, Row{"c", false}}) {
        for (const Pty::Size size : kScreens) {
            SCOPED_TRACE(std::string(row.key) + " " + std::to_string(size.columns));
            Person person(
                {calls("t1", "background_run", {{"command", "cat gate"}}), says("Started.")},
                on(size));
            Gate gate(person.sandbox.workspace());
            person.enters("go");
            gate.wait();
            EXPECT_TRUE(person.sees("Started.") && person.turn_is_over()) << person.shown();
            person.types(kStop);
            EXPECT_TRUE(has_hints(person, 1)) << person.shown();
            person.types(kStop);
            EXPECT_TRUE(is_asked_to_leave(person, size)) << person.shown();
            person.types(kStop);  // goes back to the prompt
            EXPECT_TRUE(person.terminal().wait_until([&] {
                return person.terminal().screen().find(" cancel") == std::string::npos;
            })) << person.shown();
            person.types(kStop);
            EXPECT_TRUE(has_hints(person, 2)) << person.shown();
            person.types(kStop);
            EXPECT_TRUE(is_asked_to_leave(person, size)) << person.shown();
            person.types(row.key);
            EXPECT_EQ(person.leaves(), 130) << person.shown();
            EXPECT_EQ(!person.sandbox.processes().empty(), row.runs_on);
        }
    }
}

TEST(Stopping, SaysThatItStaysWhenTheWaitIsEndedAtEverySize) {
    for (const Pty::Size size : kScreens) {
        SCOPED_TRACE(size.columns);
        Person person(
            {calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started.")},
            on(size));
        person.enters("go");
        EXPECT_TRUE(person.sees("Started.") && person.turn_is_over()) << person.shown();
        person.types("\x04");
        EXPECT_TRUE(is_asked_to_leave(person, size)) << person.shown();
        person.types("w");
        EXPECT_TRUE(person.sees("Waiting for 1 job;")) << person.shown();
        person.types(kStop);
        EXPECT_TRUE(person.sees("Not leaving.\n")) << person.shown();
        person.types("\x04");
        EXPECT_TRUE(is_asked_to_leave(person, size)) << person.shown();
        person.types("c");
        EXPECT_EQ(person.leaves(), 0) << person.shown();
    }
}

TEST(Stopping, TheQuestionHowToLeaveCountsThePromptsThatWait) {
    for (const char* leave : {"\x04", "/exit\r"}) {
        SCOPED_TRACE(leave);
        Person person({waits_at_gate()}, on({80, 24}));
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.enters("later");
        EXPECT_TRUE(person.terminal().wait_for("Queued: later")) << person.shown();
        person.types(leave);
        EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
        EXPECT_NE(person.terminal().screen().find("1 prompt waits."), std::string::npos);
        person.types("l");
        EXPECT_EQ(person.leaves(), 0) << person.shown();
        EXPECT_NE(person.shown().find("Not sent: later"), std::string::npos) << person.shown();
        EXPECT_EQ(person.server().requests().size(), 1U);
    }
}

TEST(Stopping, WhatWaitsIsPrintedWhenAnotherSessionIsOpenedInstead) {
    Person person({says("First."), waits_at_gate()}, on({80, 24}));
    person.enters("begin");
    EXPECT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    person.sit_down({.arguments = {"--yes"}});
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    person.enters("a prompt");
    person.enters("!touch mine");
    EXPECT_TRUE(person.terminal().wait_for("Queued: !touch mine")) << person.shown();
    person.enters("/resume");
    EXPECT_TRUE(person.sees("Enter a number")) << person.shown();
    person.enters("1");
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    person.types("c");
    EXPECT_TRUE(person.sees("Not sent: a prompt\nNot run: !touch mine\n")) << person.shown();
    EXPECT_TRUE(person.sees("resumed after 1 turn")) << person.shown();
    EXPECT_FALSE(std::filesystem::exists(person.sandbox.workspace() / "mine"));
}

TEST(Stopping, ALineThatIsEnteredWhileOneSessionClosesIsForTheNext) {
    Person person({calls("t1", "background_run", {{"command", "trap '' TERM; sleep 1000"}}),
                   says("Started."), expecting(says("Heard."), "hello")},
                  {.arguments = {"--session", "s2"}});
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0) << person.shown();
    person.sit_down({.arguments = {"--yes", "--session", "s1"}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Started.") && person.turn_is_over()) << person.shown();
    person.enters("/resume s2");
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    person.types("c");
    EXPECT_TRUE(person.terminal().wait_for("leaving")) << person.shown();
    person.enters("hello");
    EXPECT_TRUE(person.sees("Heard.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

/// A turn that a job began here would get the answer to "next".
TEST(Stopping, AfterACommandOfTheirOwnWasStoppedNoJobBeginsATurn) {
    Person person({calls("t1", "background_run", {{"command", "cat gate"}}), says("Started."),
                   expecting(says("Going on."), "next")},
                  on({80, 24}));
    Gate gate(person.sandbox.workspace());
    person.enters("go");
    gate.wait();
    EXPECT_TRUE(person.sees("Started.") && person.turn_is_over()) << person.shown();
    person.enters("!echo be''gun; sleep 1000");
    EXPECT_TRUE(person.terminal().wait_for("begun")) << person.shown();
    person.types(kStop);
    EXPECT_TRUE(person.sees("✗ interrupted")) << person.shown();
    gate.open();
    EXPECT_TRUE(person.sees("completed: cat gate")) << person.shown();
    person.enters("next");
    EXPECT_TRUE(person.sees("Going on.")) << person.shown();
    EXPECT_EQ(person.server().requests().size(), 3U);
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
