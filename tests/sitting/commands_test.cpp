#include <chrono>
#include <ctime>
#include <fstream>
#include <sys/resource.h>

#include "host/base/ids.h"
#include "tests/sitting/person.h"

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

TEST(SlashCommands, MisspeltOnesNameTheOneThatWasMeant) {
    Person person({says("Unused.")});
    person.enters("/Hepl");
    EXPECT_TRUE(person.sees("There is no command /Hepl; did you mean /help?")) << person.shown();
    person.enters("/HELP");
    EXPECT_TRUE(person.sees("this list, and the keys")) << person.shown();
    EXPECT_TRUE(person.server().requests().empty());
}

TEST(SlashCommands, ExitHasOtherNamesAndNeedsNoSlash) {
    for (const char* line : {"/exit", "/quit", "/q", "/EXIT", "exit", "quit"}) {
        SCOPED_TRACE(line);
        Person person({says("Unused.")});
        person.enters(line);
        EXPECT_EQ(person.leaves(), 0) << person.shown();
        EXPECT_TRUE(person.server().requests().empty());
    }
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
        if (is_job_id(job.path().filename().string())) id = job.path().filename().string();
    person.enters("/jobs " + id);
    EXPECT_TRUE(person.sees("sleep 1000")) << person.shown();
    person.enters("/jobs cancel " + id);
    EXPECT_TRUE(person.sees("It was cancelled.")) << person.shown();
    EXPECT_TRUE(person.sees("job " + id + " cancelled")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, JobsShowsLocalTimesAndNoSession) {
    // A zone that no machine has: 12 hours and 34 minutes east of Greenwich.
    Person person(
        {calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started.")},
        {.arguments = {"--yes"}, .environment = {{"TZ", "XXX-12:34"}}, .size = {200, 40}});
    const auto begin = std::chrono::system_clock::now();
    person.enters("go");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    person.enters("/jobs");
    EXPECT_TRUE(person.sees("STARTED  COMMAND")) << person.shown();
    for (const auto& job : std::filesystem::directory_iterator(person.sandbox.state() / "jobs")) {
        if (is_job_id(job.path().filename().string()))
            person.enters("/jobs " + job.path().filename().string());
    }
    const std::time_t there = std::chrono::system_clock::to_time_t(begin + std::chrono::hours(12) +
                                                                   std::chrono::minutes(34));
    std::tm parts{};
    ::gmtime_r(&there, &parts);
    char date_and_hour[32];
    std::strftime(date_and_hour, sizeof date_and_hour, "submitted:     %Y-%m-%d %H:", &parts);
    EXPECT_TRUE(person.sees(date_and_hour)) << person.shown();
}

TEST(SlashCommands, PluginsNamesFilesToolsAndVersions) {
    Person person({says("Unused.")}, {.arguments = {}, .environment = {}, .size = {200, 40}});
    person.enters("/plugins");
    EXPECT_TRUE(person.sees("bash 1.0.0: bash, background_run")) << person.shown();
    EXPECT_TRUE(person.sees("lib/tenon/plugins/bash.so")) << person.shown();
    EXPECT_TRUE(person.sees("skill 1.0.0: no tools\n")) << person.shown();
}

TEST(SlashCommands, ErrorsAreSentencesAtEverySize) {
    for (const Pty::Size size : {Pty::Size{20, 5}, {40, 12}, {80, 24}, {200, 50}}) {
        SCOPED_TRACE(size.columns);
        Person person({says("Unused.")}, {.size = size});
        person.enters("/resume nosuch");
        EXPECT_TRUE(person.sees(size.columns == 20 ? "There is no session\n'nosuch'."
                                                   : "There is no session 'nosuch'."))
            << person.shown();
        person.enters("/jobs foo bar");
        EXPECT_TRUE(person.sees("Unknown word foo.")) << person.shown();
    }
}

/// A directory of plugins that the session searches, with the fixtures that a test puts there.
class MorePlugins {
public:
    explicit MorePlugins(const Person& person) : folder_(person.sandbox.workspace() / "more") {}
    /// As an installation does it: under another name first.
    void put(const std::string& fixture, const std::string& as) const {
        std::filesystem::create_directories(folder_);
        std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / (fixture + ".so"),
                                   folder_ / "new");
        std::filesystem::rename(folder_ / "new", folder_ / as);
    }
    void remove(const std::string& name) const { std::filesystem::remove(folder_ / name); }

private:
    std::filesystem::path folder_;
};

TEST(SlashCommands, AFileThatChangesIsReportedWhileTheSessionIsIdleAndReloadTakesItUp) {
    Person person({says("Unused.")},
                  {.arguments = {"-D", "plugins.plain.isolated=false", "-D", "plugins.path.1=more"},
                   .size = {200, 60}});
    const MorePlugins more(person);
    more.put("plain", "plain.so");
    EXPECT_TRUE(person.sees("more/plain.so has appeared; /reload or the next session loads it"))
        << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded plain 0.1.0")) << person.shown();
    more.put("plain_again", "plain.so");
    EXPECT_TRUE(person.sees("more/plain.so has changed; /reload")) << person.shown();
    person.enters("/plugins");
    EXPECT_TRUE(person.sees("plain 0.1.0: plain")) << person.shown() << "nothing loads itself";
    person.enters("/reload");
    EXPECT_TRUE(person.sees("the tools have changed")) << person.shown();
    person.enters("/plugins");
    EXPECT_TRUE(person.sees("plain 0.1.0: again")) << person.shown();
    more.remove("plain.so");
    EXPECT_TRUE(person.sees("more/plain.so was removed; ")) << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("unloaded plain: ")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, APluginThatCameWithTenonIsReportedToBeLoadedWhenTenonStartsAgain) {
    namespace fs = std::filesystem;
    const fs::path built = fs::path(TENON_PROGRAM).parent_path().parent_path();
    const TempDir dir;
    for (const char* folder : {"bin", "lib/tenon/plugins", "libexec/tenon"})
        fs::create_directories(dir / folder);
    for (const char* file : {"bin/tenon", "lib/tenon/plugins/bash.so", "libexec/tenon/tenon-shim"})
        fs::copy_file(built / file, dir / file);
    dir.write("lib/tenon/plugins/manifest.json", R"({"v":1,"plugins":["bash.so"]})");
    Person person({says("Unused.")},
                  {.size = {200, 60}, .program = {(dir / "bin/tenon").string()}});
    const fs::path file = dir / "lib/tenon/plugins/bash.so";
    // As a package does it: under another name first.
    fs::copy_file(file, dir / "lib/tenon/plugins/bash.so.new");
    fs::rename(dir / "lib/tenon/plugins/bash.so.new", file);
    EXPECT_TRUE(person.sees("plugins/bash.so has changed; it is loaded when tenon starts again"))
        << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("bash has changed; it is loaded when tenon starts again"))
        << person.shown();
    fs::remove(file);
    EXPECT_TRUE(person.sees("bash.so was removed; what it offers stays until the end of the "))
        << person.shown();
    // Another file of this directory is none of Tenon's.
    fs::copy_file(fs::path(TENON_FIXTURES) / "plain.so", dir / "lib/tenon/plugins/plain.so");
    EXPECT_TRUE(person.sees("plain.so has appeared; /reload or the next session loads it"))
        << person.shown();
}

TEST(SlashCommands, ReloadKeepsTheOldVersionWhenTheNewFileIsNoPlugin) {
    Person person({says("Unused.")},
                  {.arguments = {"-D", "plugins.plain.isolated=false", "-D", "plugins.path.1=more"},
                   .size = {200, 60}});
    const MorePlugins more(person);
    more.put("plain", "plain.so");
    EXPECT_TRUE(person.sees("more/plain.so has appeared")) << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded plain 0.1.0")) << person.shown();
    std::ofstream(person.sandbox.workspace() / "more/plain.so") << "no library";
    EXPECT_TRUE(person.sees("more/plain.so has changed")) << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("more/plain.so keeps its old version: ")) << person.shown();
    person.enters("/plugins");
    EXPECT_TRUE(person.sees("plain 0.1.0: plain")) << person.shown();
}

TEST(SlashCommands, ReloadLoadsAPluginThatAppearedAndOffersItsTools) {
    Person person({says("Before."), says("After.")},
                  {.arguments = {"-D", "plugins.good.isolated=false", "-D", "plugins.path.1=more"},
                   .size = {200, 40}});
    person.enters("/reload");
    EXPECT_TRUE(person.sees("Nothing to load")) << person.shown();
    std::filesystem::create_directories(person.sandbox.workspace() / "more");
    std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / "good.so",
                               person.sandbox.workspace() / "more/good.so");
    person.enters("go");
    EXPECT_TRUE(person.sees("good.so has appeared; /reload")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("\"greet\""), std::string::npos);
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded good ")) << person.shown();
    person.enters("again");
    EXPECT_TRUE(person.sees("After.")) << person.shown();
    EXPECT_NE(person.server().requests().back().body.find("\"greet\""), std::string::npos);
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, ReloadGivesAPluginItsChangedConfiguration) {
    const auto settings = [](const std::string& greeting) {
        return "plugins.changing.isolated=false\nplugins.changing.greeting=" + greeting + "\n";
    };
    Person person({calls("t1", "salute", Json::object()), expecting(says("Heard it."), "Servus")},
                  {.arguments = {"--yes", "-D", "plugins.path.1=more"},
                   .size = {200, 40},
                   .settings = settings("Moin")});
    const auto change = [&](const std::string& greeting) {
        person.sandbox.home.write(".config/tenon/tenon.properties", settings(greeting));
        person.enters("/reload");
    };
    std::filesystem::create_directories(person.sandbox.workspace() / "more");
    std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / "changing.so",
                               person.sandbox.workspace() / "more/changing.so");
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded changing ")) << person.shown();
    change("Servus");
    EXPECT_TRUE(person.sees("changing has its new configuration")) << person.shown();
    change("Psst");
    EXPECT_TRUE(person.sees("changing keeps its configuration: it does not whisper"))
        << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("Heard it.")) << person.shown();
    person.sandbox.home.write(".config/tenon/tenon.properties", "no.such.key=1\n");
    person.enters("/reload");
    EXPECT_TRUE(person.sees("the configuration stays as it was: ")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, ResumeListsEarlierSessionsAndOpensTheOneChosen) {
    Person person({says("First session."), says("Second session."), says("Back again.")});
    person.enters("the very first prompt");
    EXPECT_TRUE(person.sees("First session.")) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    person.sit_down();
    person.enters("another prompt");
    EXPECT_TRUE(person.sees("Second session.")) << person.shown();
    person.enters("/resume");
    EXPECT_TRUE(person.sees("ago  the very first prompt")) << person.shown();
    person.enters("1");
    EXPECT_TRUE(person.sees("resumed after 1 turn")) << person.shown();
    person.enters("and on");
    EXPECT_TRUE(person.sees("Back again.")) << person.shown();
    const std::string body = person.server().requests().back().body;
    EXPECT_NE(body.find("the very first prompt"), std::string::npos);
    EXPECT_EQ(body.find("another prompt"), std::string::npos);
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, CommandsGetTheLimitOfDescriptorsThatTenonHadAlsoAfterResume) {
    constexpr rlim_t kMoreThanTheHostNeeds = 5000;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit ours{std::min(kMoreThanTheHostNeeds, before.rlim_max), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &ours), 0);
    const std::string expected = "limit-is-" + std::to_string(ours.rlim_cur) + "-";
    const Json limit = {{"command", "echo limit-is-$(ulimit -Sn)-"}};
    Person person(
        {says("First session."), calls("t1", "bash", limit), expecting(says("Before."), expected),
         calls("t2", "bash", limit), expecting(says("After."), expected)},
        {.arguments = {"--yes"}});
    person.enters("first");
    EXPECT_TRUE(person.sees("First session.")) << person.shown();
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    person.sit_down({.arguments = {"--yes"}});
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    person.enters("before");
    EXPECT_TRUE(person.sees("Before.") && person.turn_is_over()) << person.shown();
    person.enters("/resume");
    EXPECT_TRUE(person.sees("ago  first")) << person.shown();
    person.enters("1");
    EXPECT_TRUE(person.sees("resumed after 1 turn")) << person.shown();
    person.enters("after");
    EXPECT_TRUE(person.sees("After.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, ResumeAsksWhatBecomesOfTheJobsOfTheSessionItLeaves) {
    Person person({says("First session."),
                   calls("t1", "background_run", {{"command", "sleep 1000"}}), says("Started.")},
                  {.arguments = {"--yes"}});
    person.enters("first");
    EXPECT_TRUE(person.sees("First session.")) << person.shown();
    EXPECT_TRUE(person.turn_is_over()) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    person.sit_down({.arguments = {"--yes"}});
    person.enters("start");
    EXPECT_TRUE(person.sees("Started.")) << person.shown();
    person.enters("/resume");
    EXPECT_TRUE(person.sees("ago  first")) << person.shown();
    person.enters("1");
    EXPECT_TRUE(person.is_asked_how_to_leave()) << person.shown();
    person.types("c");
    EXPECT_TRUE(person.sees("resumed after 1 turn")) << person.shown();
    person.types("\x04");
    EXPECT_EQ(person.leaves(), 0);
    EXPECT_EQ(person.sandbox.processes(), std::vector<pid_t>());
}

TEST(SlashCommands, ResumeOfWhatIsNotThereLeavesTheSessionAlone) {
    Person person({says("Still here.")});
    for (const char* id : {"nothing-of-that-name", "../../etc/passwd", "7"}) {
        SCOPED_TRACE(id);
        person.enters("/resume " + std::string(id));
    }
    person.enters("go");
    EXPECT_TRUE(person.sees("Still here.")) << person.shown();
}

TEST(SlashCommands, CompactPutsASummaryInPlaceOfTheConversation) {
    Person person({says("A long story."), says("SUMMARY of it."), says("Going on.")});
    person.enters("tell me");
    EXPECT_TRUE(person.sees("A long story.")) << person.shown();
    person.enters("/compact the story");
    EXPECT_TRUE(person.sees("conversation summed up, but not shorter")) << person.shown();
    person.enters("and then");
    EXPECT_TRUE(person.sees("Going on.")) << person.shown();
    const std::string body = person.server().requests().back().body;
    EXPECT_NE(body.find("SUMMARY of it."), std::string::npos);
    EXPECT_EQ(body.find("A long story."), std::string::npos);
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(SlashCommands, TasksDrawsTheTasksOfTheWorkspace) {
    Person person({says("Unused.")});
    person.sandbox.home.write(
        "w/.tasks/task_1.json",
        R"({"id":1,"subject":"paint the shed","description":"","status":"pending","blockedBy":[],"blocks":[],"owner":""})");
    person.enters("/tasks");
    EXPECT_TRUE(person.sees("[ ] 1: paint the shed")) << person.shown();
}

}  // namespace
}  // namespace tenon::testing
