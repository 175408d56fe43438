#include "tests/app/interactive/person.h"

/// The slash commands, typed at the real program.
namespace tenon::testing {
namespace {

TEST(SlashCommands, AreListedByHelp) {
    Person person({says("Unused.")}, {.arguments = {}, .environment = {}, .size = {80, 40}});
    person.enters("/help");
    for (const char* name : {"/jobs", "/tasks", "/model", "/compact", "/clear", "/resume",
                             "/plugins", "/reload", "/exit", "Ctrl-B"}) {
        EXPECT_TRUE(person.sees(name)) << person.shown();
    }
}

TEST(SlashCommands, UnknownOnesNameHelp) {
    Person person({says("Unused.")});
    person.enters("/nonsense");
    EXPECT_TRUE(person.sees("There is no command /nonsense; /help lists them.")) << person.shown();
    EXPECT_TRUE(person.server().requests().empty());
}

TEST(SlashCommands, APathIsAPrompt) {
    Person person({expecting(says("A folder."), "/etc/hosts what")});
    person.enters("/etc/hosts what is that?");
    EXPECT_TRUE(person.sees("A folder.")) << person.shown();
}

TEST(SlashCommands, ClearBeginsTheConversationAnewAndKeepsJobs) {
    Person person({calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started."),
                   says("Fresh.")},
                  {.arguments = {"--yes"}});
    person.enters("the old prompt");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    person.enters("/clear");
    EXPECT_TRUE(person.sees("The conversation begins anew.")) << person.shown();
    person.enters("the new prompt");
    EXPECT_TRUE(person.sees("Fresh.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("the old prompt"), std::string::npos);
    person.enters("/jobs");
    EXPECT_TRUE(person.sees("running")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, ModelChangesTheModelOfTheNextRequest) {
    Person person({says("One.")});
    person.enters("/model other-model");
    EXPECT_TRUE(person.sees("the model is other-model")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("One.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().json()["model"], "other-model");
}

TEST(SlashCommands, JobsShowsOneAndEndsOne) {
    Person person({calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started."),
                   says("It was cancelled.")},
                  {.arguments = {"--yes"}});
    person.enters("go");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    std::string id;
    for (const auto& job : std::filesystem::directory_iterator(person.sandbox.state() / "jobs"))
        id = job.path().filename().string();
    person.enters("/jobs " + id);
    EXPECT_TRUE(person.sees("sleep 1000")) << person.shown();
    person.enters("/jobs cancel " + id);
    EXPECT_TRUE(person.sees("It was cancelled.")) << person.shown();
    EXPECT_TRUE(person.sees("job " + id + " cancelled")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, PluginsNamesFilesToolsAndVersions) {
    Person person({says("Unused.")}, {.arguments = {}, .environment = {}, .size = {200, 40}});
    person.enters("/plugins");
    EXPECT_TRUE(person.sees("bash 1.0.0: bash, background_run")) << person.shown();
    EXPECT_TRUE(person.sees("lib/tenon/plugins/bash.so")) << person.shown();
}

}  // namespace
}  // namespace tenon::testing
