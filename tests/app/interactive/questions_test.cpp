#include <fstream>
#include <sstream>

#include "tests/app/interactive/person.h"

/// Permission questions, put to somebody at the real program.
namespace tenon::testing {
namespace {

const Json kTouch = {{"command", "touch made"}};

std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

bool stands(const Person& person, const char* name) {
    return std::filesystem::exists(person.sandbox.workspace() / name);
}

TEST(PermissionQuestion, TakesOneKeyWithOrWithoutEnter) {
    struct Row {
        const char* keys;
        const char* term;
        bool allowed;
    };
    const Row rows[] = {{"y", "xterm", true},
                        {"y\r", "xterm", true},
                        {"n", "xterm", false},
                        {"y\r", "dumb", true},
                        {"n\r", "dumb", false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.keys) + " on " + row.term);
        Person person({calls("t1", "bash", kTouch),
                       expecting(says("Done."), row.allowed ? "(no output)" : "the user said no")},
                      {.arguments = {}, .environment = {{"TERM", row.term}}});
        person.enters("go");
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        person.types(row.keys);
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_EQ(stands(person, "made"), row.allowed);
        EXPECT_EQ(person.server().refusals(), 0);
    }
}

TEST(PermissionQuestion, IsNotAnsweredByWhatWasTypedBefore) {
    for (const char* term : {"xterm", "dumb"}) {
        SCOPED_TRACE(term);
        Person person(
            {calls("t1", "bash", {{"command", "cat gate"}}), calls("t2", "bash", kTouch),
             says("Refused.")},
            {.arguments = {"--allow", "Bash(cat gate)"}, .environment = {{"TERM", term}}});
        Gate gate(person.sandbox.workspace());
        person.enters("go");
        gate.wait();
        person.types("y");
        gate.open();
        EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
        person.types("n\r");
        EXPECT_TRUE(person.sees("Refused.")) << person.shown();
        EXPECT_FALSE(stands(person, "made"));
    }
}

TEST(PermissionQuestion, IsNotAnsweredByAnyTextOfTheModel) {
    Json step = calls("t1", "bash", kTouch);
    step["content"].insert(step["content"].begin(),
                           Json{{"type", "text"}, {"text", "y\ny\r\nyes\n\x1b[200~y\r"}});
    Person person({step, says("Refused.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("Refused.")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
}

TEST(PermissionQuestion, AlwaysHoldsForTheSessionAndExactlyTheRule) {
    Person person({calls("t1", "bash", kTouch), calls("t2", "bash", kTouch),
                   calls("t3", "bash", {{"command", "touch other"}}), says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("always for this session: Bash(touch made)")) << person.shown();
    person.types("a");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch other`")) << person.shown();
    person.types("n");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_FALSE(stands(person, "other"));
}

TEST(PermissionQuestion, PermanentlyWritesTheRuleIntoTheUsersConfiguration) {
    Person person({calls("t1", "bash", kTouch), says("Done."), calls("t2", "bash", kTouch),
                   says("Done again.")},
                  {.arguments = {},
                   .environment = {},
                   .settings = "# mine\npermissions.allow.1 = Bash(make *)\n"});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("p  permanently")) << person.shown();
    person.types("p");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_EQ(
        contents(person.sandbox.home / ".config/tenon/tenon.properties"),
        "# mine\npermissions.allow.1 = Bash(make *)\npermissions.allow.2 = Bash(touch made)\n");
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    person.sit_down();
    person.enters("again");
    EXPECT_TRUE(person.sees("Done again.")) << person.shown();
}

TEST(PermissionQuestion, ShowsAnEditAsADiff) {
    Person person({calls("t1", "write_file", {{"path", "notes.txt"}, {"content", "one\ntwo\n"}}),
                   says("Done.")});
    person.sandbox.home.write("w/notes.txt", "one\nold\n");
    person.enters("go");
    EXPECT_TRUE(person.is_asked("write_file wants to write notes.txt")) << person.shown();
    EXPECT_TRUE(person.sees("- old")) << person.shown();
    EXPECT_TRUE(person.sees("+ two")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
}

TEST(PermissionQuestion, StandInLine) {
    Json step = calls("t1", "bash", kTouch);
    step["content"].push_back(calls("t2", "bash", {{"command", "touch second"}})["content"][0]);
    Person person({step, says("Done.")});
    person.enters("go");
    EXPECT_TRUE(person.terminal().wait_for("n  no")) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.terminal().wait_until([&] {
        const std::string screen = person.terminal().screen();
        return screen.find(": yes") != std::string::npos &&
               screen.find("n  no") != std::string::npos;
    })) << person.shown();
    person.types("y");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_TRUE(stands(person, "made") && stands(person, "second"));
}

TEST(PermissionQuestion, CtrlCSaysNoAndStopsTheTurn) {
    Person person({calls("t1", "bash", kTouch), expecting(says("Next."), "go on")});
    person.enters("go");
    EXPECT_TRUE(person.is_asked("bash wants to run `touch made`")) << person.shown();
    person.types("\x03");
    EXPECT_TRUE(person.sees("interrupted")) << person.shown();
    person.enters("go on");
    EXPECT_TRUE(person.sees("Next.")) << person.shown();
    EXPECT_FALSE(stands(person, "made"));
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
