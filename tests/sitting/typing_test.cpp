#include "tests/sitting/person.h"

/// What helps a person to type: the menu, the history.
namespace tenon::testing {
namespace {

constexpr Pty::Size kSizes[] = {{20, 5}, {40, 12}, {80, 24}, {200, 50}};

TEST(TheMenuOfCommands, HasCommandsAndSkillsWithTheirHelp) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("Done.")},
                      {.size = size,
                       .files = {{"skills/zip/SKILL.md",
                                  "---\nname: zip\ndescription: For zip.\n---\nUse unzip."}}});
        person.types("/");
        EXPECT_TRUE(person.terminal().wait_for("  /help")) << person.shown();
        person.types("PL");
        EXPECT_TRUE(person.terminal().wait_for(size.columns > 20 ? "the plugins" : "the"))
            << person.shown();
        person.types("\x15/zi");
        EXPECT_TRUE(person.terminal().wait_for("  /zip  For zip.")) << person.shown();
        person.types("\033[B");
        EXPECT_TRUE(person.terminal().wait_for("› /zip")) << person.shown();
        person.types("\r");
        EXPECT_TRUE(person.sees("> /zip")) << person.shown();
        EXPECT_TRUE(person.sees("Done.")) << person.shown();
        EXPECT_NE(person.server().requests().back().body.find("Use unzip."), std::string::npos);
    }
}

TEST(TheMenuOfCommands, StaysWithinTheScreenWhenThatIsResized) {
    Person person({});
    person.types("/");
    EXPECT_TRUE(person.terminal().wait_for("… +")) << person.shown();
    for (const Pty::Size size : {Pty::Size{20, 5}, {200, 50}, {40, 12}, {80, 24}}) {
        SCOPED_TRACE(size.columns);
        person.terminal().resize(size);
        person.types("x");
        EXPECT_TRUE(person.terminal().wait_for("> /x")) << person.terminal().screen();
        person.types("\x7f");
        EXPECT_TRUE(person.terminal().wait_until([&] {
            const auto lines = person.terminal().lines();
            const auto input = std::find(lines.begin(), lines.end(), "> /");
            return input != lines.end() && lines.end() - input > 1 &&
                   (input + 1)->starts_with("  /help") && lines.back().starts_with("test-model");
        })) << person.terminal().screen();
    }
}

TEST(TheHistory, IsThatOfTheWorkspace) {
    for (const Pty::Size size : kSizes) {
        SCOPED_TRACE(size.columns);
        Person person({says("One."), says("Two.")}, {.size = size});
        person.enters("first");
        EXPECT_TRUE(person.sees("One.")) << person.shown();
        person.types("\x04");
        EXPECT_EQ(person.leaves(), 0);
        const auto other = person.sandbox.workspace() / "other";
        std::filesystem::create_directory(other);
        person.sit_down({.arguments = {"--workspace", other.string()}, .size = size});
        person.enters("second");
        EXPECT_TRUE(person.sees("Two.")) << person.shown();
        person.types("\033[A");
        EXPECT_TRUE(person.terminal().wait_for("> second"));
        person.types("\033[A\033[B");
        person.types(
            "\x12"
            "fir");
        EXPECT_TRUE(person.terminal().wait_for("> first")) << person.terminal().screen();
    }
}

TEST(TheHistory, HasNothingOfAHeadlessRun) {
    Person person({says("One.")});
    person.enters("/tasks");
    EXPECT_TRUE(person.sees("No tasks.")) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    const auto history = person.sandbox.state() / "history";
    const auto size = std::filesystem::file_size(history);
    Process run({TENON_PROGRAM, "-p", "hello"}, person.sandbox.environment(&person.server()),
                person.sandbox.workspace());
    EXPECT_EQ(run.wait().code, 0);
    EXPECT_EQ(std::filesystem::file_size(history), size);
}

}  // namespace
}  // namespace tenon::testing
