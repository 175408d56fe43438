#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/runs/machine_etc.h"
#include "tests/sitting/person.h"

/// Interactive sessions on a machine whose administrator has locked settings.
namespace tenon::testing {
namespace {

TEST(LockedSitting, QuestionsTakeYesAndNoOnlyWhereRulesAreLocked) {
    const MachineEtc etc;
    if (!etc.works()) GTEST_SKIP() << "this system permits no bind mount on /etc";
    etc.write("tenon.xml", "<tenon><permissions><allow final=\"true\"/></permissions></tenon>");
    for (const char* term : {"xterm-256color", "dumb"}) {
        SCOPED_TRACE(term);
        Person person({calls("t1", "bash", {{"command", "touch one"}}),
                       calls("t2", "bash", {{"command", "touch one"}}), says("Done.")},
                      {.environment = {{"TERM", term}},
                       .size = {100, 30},
                       .program = etc.command({TENON_PROGRAM})});
        person.enters("go");
        ASSERT_TRUE(person.is_asked("touch one")) << person.shown();
        EXPECT_TRUE(
            person.sees("no rule can be added: permissions.allow is locked by "
                        "/etc/tenon/tenon.xml:1"))
            << person.shown();
        EXPECT_EQ(person.shown().find("always"), std::string::npos) << person.shown();
        EXPECT_EQ(person.shown().find("permanently"), std::string::npos) << person.shown();
        const bool dumb = std::string(term) == "dumb";  // there an answer is a line
        for (const char* answer : {"a", "always", "p"}) {
            if (!dumb) break;
            person.enters(answer);
            ASSERT_TRUE(person.terminal().wait_until([&] {
                return person.terminal().screen().find(std::string("? ") + answer +
                                                       "\nNot an answer, and not sent.") !=
                       std::string::npos;
            })) << person.shown();
            ASSERT_TRUE(person.takes_keys()) << "the prompt comes after that";
        }
        const std::string yes = dumb ? "y\r" : "y";
        person.types(yes);
        ASSERT_TRUE(person.terminal().wait_until([&] {
            const std::string all = person.shown();
            const auto first = all.find("`touch one`: yes");
            return first != std::string::npos &&
                   all.find("wants to run `touch one`", first + 1) != std::string::npos;
        })) << "the answer was for once: "
            << person.shown();
        ASSERT_TRUE(person.takes_keys()) << person.shown();
        person.types(yes);
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_TRUE(std::filesystem::exists(person.sandbox.workspace() / "one"));
        EXPECT_FALSE(
            std::filesystem::exists(person.sandbox.home / ".config/tenon/allowed.properties"));
    }
}

TEST(LockedSitting, ModelIsNotChangedWhereItIsLocked) {
    const MachineEtc etc;
    if (!etc.works()) GTEST_SKIP() << "this system permits no bind mount on /etc";
    etc.write("tenon.properties", "model.name=ours\nfinal=model.name\n");
    Person person({says("One.")}, {.program = etc.command({TENON_PROGRAM})});
    person.enters("/model other-model");
    EXPECT_TRUE(
        person.sees("model.name is locked by /etc/tenon/tenon.properties:2; the model stays"))
        << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("One.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().json()["model"], "ours");
}

TEST(LockedSitting, ShiftTabLeavesOutLooserModesAndSaysWhy) {
    const MachineEtc etc;
    if (!etc.works()) GTEST_SKIP() << "this system permits no bind mount on /etc";
    etc.write("tenon.properties", "permissions.mode=ask\nfinal=permissions.mode\n");
    Person person({}, {.size = {200, 24}, .program = etc.command({TENON_PROGRAM})});
    const auto status_is = [&](const std::string& line) {
        return person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            return !lines.empty() && lines.back() == line;
        });
    };
    person.types("\x1b[Z");
    EXPECT_TRUE(status_is("plan · test-model")) << person.shown();
    EXPECT_TRUE(
        person.sees("left out: acceptEdits: permissions.mode is locked by "
                    "/etc/tenon/tenon.properties:2 to 'ask' or a stricter mode"))
        << person.shown();
    person.types("\x1b[Z");
    EXPECT_TRUE(status_is("test-model")) << person.shown();
    person.enters("/permissions acceptEdits");
    EXPECT_TRUE(person.sees("permissions.mode is locked by /etc/tenon/tenon.properties:2"))
        << person.shown();
    person.enters("/permissions");
    EXPECT_TRUE(person.sees("ask  (locked by /etc/tenon/tenon.properties:2)")) << person.shown();
}

TEST(LockedSitting, ReloadReadsTheLocksAgain) {
    const MachineEtc etc;
    if (!etc.works()) GTEST_SKIP() << "this system permits no bind mount on /etc";
    etc.write("tenon.properties", "plugins.plain.enabled=false\nfinal=plugins.plain.enabled\n");
    Person person({says("One.")}, {.program = etc.command({TENON_PROGRAM})});
    const auto folder = person.sandbox.home / ".local/share/tenon/plugins";
    std::filesystem::create_directories(folder);
    std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / "plain.so",
                               folder / "plain.so");
    person.sandbox.home.write(".config/tenon/tenon.properties",
                              "plugins.plain.enabled=true\nplugins.plain.isolated=false\n");
    person.enters("/reload");
    EXPECT_TRUE(person.sees("Nothing to load")) << person.shown();
    etc.write("tenon.properties", "\n");
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded plain")) << person.shown();
}

}  // namespace
}  // namespace tenon::testing
