#include <filesystem>

#include <gtest/gtest.h>

#include "host/base/atomic_file.h"
#include "tests/sitting/person.h"

/// The permission mode of an open session: Shift-Tab and /permissions.
namespace tenon::testing {
namespace {

constexpr const char* kShiftTab = "\x1b[Z";
constexpr Pty::Size kModeSizes[] = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

bool status_has(Person& person, const std::string& part, bool is_there = true) {
    return person.terminal().wait_until([&] {
        const auto lines = person.terminal().lines();
        return !lines.empty() && (lines.back().find(part) != std::string::npos) == is_there;
    });
}

bool was_made(Person& person, const char* name) {
    return std::filesystem::exists(person.sandbox.workspace() / name);
}

Json writes(const std::string& id, const std::string& path) {
    return calls(id, "write_file", {{"path", path}, {"content", "x"}});
}

TEST(PermissionModes, ShiftTabGoesThroughThemAndTheGateHonoursThem) {
    for (const Pty::Size size : kModeSizes) {
        SCOPED_TRACE(size.columns);
        Person person({writes("t1", "a"), says("First."), writes("t2", "b"), says("Second."),
                       writes("t3", "c"), says("Third.")},
                      {.size = size});
        person.types(kShiftTab);
        ASSERT_TRUE(status_has(person, "acceptEdits")) << person.shown();
        person.enters("go");
        ASSERT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
        EXPECT_TRUE(was_made(person, "a"));
        person.types(kShiftTab);
        ASSERT_TRUE(status_has(person, "plan")) << person.shown();
        person.enters("go");
        ASSERT_TRUE(person.sees("Second.") && person.turn_is_over()) << person.shown();
        EXPECT_FALSE(was_made(person, "b"));
        person.types(kShiftTab);
        ASSERT_TRUE(status_has(person, "plan", false)) << person.shown();
        person.enters("go");
        ASSERT_TRUE(person.is_asked("c")) << person.shown();
        person.types("y");
        ASSERT_TRUE(person.sees("Third.")) << person.shown();
        EXPECT_TRUE(was_made(person, "c"));
    }
}

TEST(PermissionModes, ShiftTabDoesNotAnswerAQuestion) {
    for (const Pty::Size size : kModeSizes) {
        SCOPED_TRACE(size.columns);
        Person person({writes("t1", "a"), says("Done.")}, {.size = size});
        person.enters("go");
        ASSERT_TRUE(person.is_asked("write_file wants")) << person.shown();
        person.types(kShiftTab);
        ASSERT_TRUE(person.terminal().wait_for("waits for quiet")) << person.shown();
        ASSERT_TRUE(person.takes_keys()) << person.shown();
        EXPECT_FALSE(was_made(person, "a"));
        person.types("n");
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_FALSE(was_made(person, "a"));
    }
}

TEST(PermissionModes, TheModelIsToldOfPlanModeAndOfItsEnd) {
    Person person({expecting(says("First."), "The permission mode is plan"), says("Second."),
                   expecting(says("Third."), "The permission mode is no longer plan"),
                   says("Fourth.")});
    const auto count = [&](const std::string& text) {
        const std::string body = person.server().requests().back().body;
        std::size_t found = 0;
        for (auto at = body.find(text); at != std::string::npos; at = body.find(text, at + 1))
            ++found;
        return found;
    };
    person.enters("/permissions plan");
    ASSERT_TRUE(person.sees("The mode is plan.")) << person.shown();
    person.enters("go");
    ASSERT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    const Json first = person.server().requests().back().json();
    person.enters("go");
    ASSERT_TRUE(person.sees("Second.") && person.turn_is_over()) << person.shown();
    EXPECT_EQ(count("The permission mode is plan"), 1U) << "it is said once";
    person.enters("/permissions ask");
    ASSERT_TRUE(person.sees("The mode is ask.")) << person.shown();
    person.enters("go");
    ASSERT_TRUE(person.sees("Third.") && person.turn_is_over()) << person.shown();
    person.enters("go");
    ASSERT_TRUE(person.sees("Fourth.") && person.turn_is_over()) << person.shown();
    EXPECT_EQ(count("The permission mode is no longer plan"), 1U);
    const Json last = person.server().requests().back().json();
    EXPECT_EQ(last["system"], first["system"]);
    EXPECT_EQ(last["tools"], first["tools"]);
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(PermissionModes, CommandsOfPlanModeWriteNothing) {
    Person person({calls("t1", "bash", {{"command", "ls"}}), says("Done.")},
                  {.arguments = {"--session", "s1"}});
    person.enters("/permissions plan");
    person.enters("go");
    ASSERT_TRUE(person.sees("Done.") && person.turn_is_over()) << person.shown();
    std::size_t confined = 0;
    for (const auto& job : std::filesystem::directory_iterator(person.sandbox.state() / "jobs")) {
        const auto record = read_whole_file(job.path() / "job.json", 1 << 20);
        if (record && record->find("read-only") != std::string::npos) ++confined;
    }
    EXPECT_EQ(confined, 1U);
}

TEST(PermissionModes, PlanModeIsNotAboutThePersonsOwnCommands) {
    Person person({});
    person.enters("/permissions plan");
    person.enters("!touch made; echo ma''de it");
    ASSERT_TRUE(person.sees("made it")) << person.shown();
    EXPECT_TRUE(was_made(person, "made")) << person.shown();
    for (const auto& job : std::filesystem::directory_iterator(person.sandbox.state() / "jobs")) {
        const auto record = read_whole_file(job.path() / "job.json", 1 << 20);
        EXPECT_TRUE(!record || record->find("read-only") == std::string::npos);
    }
}

TEST(PermissionModes, ASessionWithoutQuestionsComesBackToThat) {
    for (const Pty::Size size : kModeSizes) {
        SCOPED_TRACE(size.columns);
        Person person({writes("t1", "a"), says("Done.")}, {.arguments = {"--yes"}, .size = size});
        ASSERT_TRUE(status_has(person, "no questions")) << person.shown();
        person.types(kShiftTab);
        ASSERT_TRUE(status_has(person, "no questions", false)) << person.shown();
        person.enters("go");
        ASSERT_TRUE(person.is_asked("a")) << person.shown();
        person.types("n");
        ASSERT_TRUE(person.sees("Done.") && person.turn_is_over()) << person.shown();
        for (const char* mode : {"acceptEdits", "plan", "no questions"}) {
            person.types(kShiftTab);
            ASSERT_TRUE(status_has(person, mode)) << person.shown();
        }
    }
}

TEST(PermissionModes, FromDontAskShiftTabOnlyGoesToPlan) {
    Person person({}, {.arguments = {"-D", "permissions.mode=dontAsk"}, .size = {200, 24}});
    ASSERT_TRUE(status_has(person, "dontAsk")) << person.shown();
    person.types(kShiftTab);
    ASSERT_TRUE(status_has(person, "plan")) << person.shown();
    EXPECT_TRUE(person.sees("left out: ask, acceptEdits: the session began with dontAsk"))
        << person.shown();
    person.types(kShiftTab);
    EXPECT_TRUE(status_has(person, "dontAsk")) << person.shown();
}

TEST(PermissionRules, AreShownWithTheirOriginAndThoseOfTheSessionCanBeRemoved) {
    for (const Pty::Size size : kModeSizes) {
        SCOPED_TRACE(size.columns);
        Person person({calls("t1", "bash", {{"command", "touch one"}}), says("First."),
                       calls("t2", "bash", {{"command", "touch one"}}), says("Second.")},
                      {.arguments = {"--allow", "Bash(true)"},
                       .size = size,
                       .settings = "permissions.deny=Bash(false)\n"});
        const auto sees_words = [&](const std::string& words) {
            return person.terminal().wait_until([&] {
                std::string text;
                for (const char c : person.shown())
                    if (c != '\n' && c != ' ') text += c;
                return text.find(words) != std::string::npos;
            });
        };
        person.enters("go");
        ASSERT_TRUE(person.is_asked("touch one")) << person.shown();
        person.types("a");
        ASSERT_TRUE(person.terminal().wait_for("Enter ")) << person.shown();
        person.types("\r");
        ASSERT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
        person.enters("/permissions");
        EXPECT_TRUE(sees_words("Bash(true)(--allow)")) << person.shown();
        EXPECT_TRUE(sees_words("tenon.properties:permissions.deny)")) << person.shown();
        EXPECT_TRUE(sees_words("thebuilt-inlist")) << person.shown();
        EXPECT_TRUE(sees_words("Bash(touchone)(thissession)")) << person.shown();
        person.enters("/permissions remove");
        EXPECT_TRUE(sees_words("Whichrule?")) << person.shown();
        person.enters("/permissions remove 2");
        EXPECT_TRUE(sees_words("Thereisnorule2ofthissession")) << person.shown();
        person.enters("/permissions remove 1");
        ASSERT_TRUE(sees_words("Removed:Bash(touchone)")) << person.shown();
        person.enters("again");
        ASSERT_TRUE(person.is_asked("touch one")) << person.shown();
        person.types("n");
        EXPECT_TRUE(person.sees("Second.")) << person.shown();
    }
}

TEST(PermissionModes, OfASessionAreValidUntilTheHostEndsAlsoWhenAnotherWasOpenInBetween) {
    const Json touches = {{"command", "touch one"}};
    Person person({calls("t1", "bash", touches), says("First."), calls("t2", "bash", touches),
                   says("Second."), calls("t3", "bash", touches), says("Third.")},
                  {.arguments = {"--session", "s2"}});
    person.types("\x04");
    ASSERT_EQ(person.leaves(), 0);
    person.sit_down({.arguments = {"--session", "s1"}});
    person.enters("go");
    ASSERT_TRUE(person.is_asked("touch one")) << person.shown();
    person.types("a");
    ASSERT_TRUE(person.terminal().wait_for("Enter ")) << person.shown();
    person.types("\r");
    ASSERT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    person.enters("/resume s2");
    ASSERT_TRUE(person.sees("session s2")) << person.shown();
    person.enters("go");
    ASSERT_TRUE(person.is_asked("touch one")) << "the rule is the other session's";
    person.types("n");
    ASSERT_TRUE(person.sees("Second.") && person.turn_is_over()) << person.shown();
    person.types(kShiftTab);
    ASSERT_TRUE(status_has(person, "acceptEdits")) << person.shown();
    person.types(std::string(kShiftTab));
    ASSERT_TRUE(status_has(person, "plan")) << person.shown();
    person.enters("/resume s1");
    ASSERT_TRUE(status_has(person, "plan", false)) << person.shown();
    std::filesystem::remove(person.sandbox.workspace() / "one");
    person.enters("go");
    ASSERT_TRUE(person.sees("Third.") && person.turn_is_over()) << person.shown();
    EXPECT_TRUE(was_made(person, "one")) << "nobody was asked";
    person.enters("/resume s2");
    EXPECT_TRUE(status_has(person, "plan")) << person.shown();
}

TEST(PermissionRules, ThatWereAddedPermanentlyHoldInASessionThatIsOpenedLaterToo) {
    const Json touches = {{"command", "touch one"}};
    Person person({calls("t1", "bash", touches), says("First."), calls("t2", "bash", touches),
                   says("Second.")},
                  {.arguments = {"--session", "s2"}});
    person.types("\x04");
    ASSERT_EQ(person.leaves(), 0);
    person.sit_down({.arguments = {"--session", "s1"}});
    person.enters("go");
    ASSERT_TRUE(person.is_asked("touch one")) << person.shown();
    person.types("p");
    ASSERT_TRUE(person.terminal().wait_for("Enter ")) << person.shown();
    person.types("\r");
    ASSERT_TRUE(person.sees("First.") && person.turn_is_over()) << person.shown();
    std::filesystem::remove(person.sandbox.workspace() / "one");
    person.enters("/resume s2");
    ASSERT_TRUE(person.sees("session s2")) << person.shown();
    person.enters("go");
    ASSERT_TRUE(person.sees("Second.") && person.turn_is_over()) << person.shown();
    EXPECT_TRUE(was_made(person, "one")) << "nobody was asked";
}

TEST(PermissionRules, AWrongModeIsRefusedWithTheModesThatExist) {
    for (const char* term : {"xterm-256color", "dumb"}) {
        SCOPED_TRACE(term);
        Person person({}, {.environment = {{"TERM", term}}, .size = {120, 24}});
        person.enters("/permissions yolo");
        EXPECT_TRUE(person.sees("There is no mode 'yolo'; the modes are ask, acceptEdits, plan"))
            << person.shown();
        person.enters("/permissions bypassPermissions");
        EXPECT_TRUE(person.sees("Only the start of a session can do without questions: --yes"))
            << person.shown();
        person.enters("/permissions remove 1");
        EXPECT_TRUE(person.sees("This session has added no rule.")) << person.shown();
        person.enters("/permissions plan");
        EXPECT_TRUE(person.sees("The mode is plan.")) << person.shown();
    }
}

}  // namespace
}  // namespace tenon::testing
