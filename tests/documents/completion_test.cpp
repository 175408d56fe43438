#include "host/cli/completion.h"

#include <gmock/gmock.h>
#include <map>

#include <gtest/gtest.h>

#include "host/config/key_texts.h"
#include "host/jobs/store.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::Process;
using tenon::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using Words = std::vector<std::string>;

/// A machine with one thing of each kind.
class OneOfEach : public Surroundings {
public:
    std::vector<Candidate> jobs(std::string_view, bool unended) override {
        if (unended) return {{"bbbbbbbb", "running: make"}};
        return {{"aaaaaaaa", "completed: make"}, {"bbbbbbbb", "running: make"}};
    }
    std::vector<Candidate> sessions(std::string_view, bool of_workspace) override {
        if (of_workspace) return {{"here", ""}};
        return {{"here", ""}, {"elsewhere", ""}};
    }
    std::vector<Candidate> tools() override { return {{"bash", "runs a command"}}; }
    std::vector<Candidate> plugins() override { return {{"weather", ""}}; }
    std::vector<Candidate> keys_of_plugins() override { return {{"plugins.weather.enabled=", ""}}; }
    std::vector<Candidate> plugin_files(std::string_view) override { return {{"x.so", ""}}; }
};

Completion completed(const Words& words) {
    OneOfEach around;
    return complete(TypedLine::of(words), around);
}

Words texts(const Words& words) {
    Words out;
    for (const Candidate& candidate : completed(words).candidates)
        out.push_back(candidate.text);
    return out;
}

TEST(Completion, OffersEveryCommandAndItsVerbs) {
    const Words offered = texts({""});
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.spec.name);
        const std::string word(command.spec.word());
        if (command.is_hidden()) {
            EXPECT_THAT(offered, Not(Contains(word)));
            continue;
        }
        EXPECT_THAT(offered, Contains(word));
        const Words verbs = texts({word, ""});
        for (const VerbSpec& verb : command.spec.verbs)
            EXPECT_THAT(verbs, Contains(std::string(verb.name)));
    }
}

TEST(Completion, OffersEveryOptionOfEveryCommand) {
    const auto shown = [](const OptionSpec& spec) {
        return spec.shown() + (spec.argument.empty() ? "" : "=");
    };
    for (const OptionSpec& spec : main_options())
        EXPECT_THAT(texts({"--"}), Contains(shown(spec)));
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.spec.name);
        const std::string word(command.spec.word());
        for (const OptionSpec& spec : options_of(command.spec))
            EXPECT_THAT(texts({word, "--"}), Contains(shown(spec)));
        for (const VerbSpec& verb : command.spec.verbs)
            for (const std::string_view option : verb.options)
                if (!option.empty())
                    EXPECT_THAT(texts({word, std::string(verb.name), "--" + std::string(option)}),
                                Contains(StartsWith("--" + std::string(option))));
    }
}

TEST(Completion, OffersEveryKeyAfterDAndEveryChoiceOfAValue) {
    for (const config::KeySpec& key : config::setting_keys()) {
        SCOPED_TRACE(key.key);
        const std::string begin = std::string(key.key) + "=";
        EXPECT_THAT(texts({"-D", std::string(key.key)}), Contains(begin));
        for (const std::string_view choice : config::listed_choices(key.choices))
            EXPECT_THAT(texts({"-D", begin}), Contains(begin + std::string(choice)));
        if (key.type == config::ValueType::kBoolean)
            EXPECT_THAT(texts({"-D", begin}), ElementsAre(begin + "true", begin + "false"));
    }
}

TEST(Completion, KnowsWhichWordIsBeingTyped) {
    struct Case {
        Words words;
        Words offered;
    };
    const Case cases[] = {
        {{"jo"}, {"jobs"}},
        {{"jobs", "sh"}, {"show"}},
        {{"--workspace", "/tmp", "jobs", "sh"}, {"show"}},
        {{"--workspace=/tmp", "jobs", "sh"}, {"show"}},
        {{"-D", "a=b", "jobs", "sh"}, {"show"}},
        {{"jobs", "show", ""}, {"aaaaaaaa", "bbbbbbbb"}},
        {{"jobs", "show", "a"}, {"aaaaaaaa"}},
        {{"jobs", "show", "aaaaaaaa", ""}, {}},
        {{"jobs", "logs", "-f", "b"}, {"bbbbbbbb"}},
        {{"jobs", "list", ""}, {}},
        {{"jobs", "cancel", ""}, {"bbbbbbbb"}},
        {{"jobs", "cancel", "bbbbbbbb", ""}, {}},
        {{"jobs", "wait", "--timeout", ""}, {}},
        {{"jobs", "wait", "--timeout", "5m", ""}, {"bbbbbbbb"}},
        {{"jobs", "cancel", "--al"}, {"--all", "--allow="}},
        {{"jobs", "show", "--al"}, {"--allow="}},  // --all is for another verb
        {{"jobs", "--json", "list", "--js"}, {}},  // it is there already
        {{"sessions", "show", ""}, {"here", "elsewhere"}},
        {{"--session", ""}, {"here"}},
        {{"--session=h"}, {"--session=here"}},
        {{"tool", ""}, {"bash"}},
        {{"tool", "bash", ""}, {}},
        {{"plugin", "info", ""}, {"weather", "x.so"}},
        {{"plugin", "verify", ""}, {"x.so"}},
        {{"plugin", "call", "x.so", ""}, {}},
        {{"plugin", "new", "x", "--lang", ""}, {"c", "cpp", "rust"}},
        {{"plugin", "new", "x", "--lang=c"}, {"--lang=c", "--lang=cpp"}},
        {{"--output-format", "j"}, {"json"}},
        {{"--sandbox=r"}, {"--sandbox=read-only"}},
        {{"--provider", "r"}, {"replay"}},
        {{"-D", "model.na"}, {"model.name="}},
        {{"-Dmodel.na"}, {"-Dmodel.name="}},
        {{"--define=model.na"}, {"--define=model.name="}},
        {{"-D", "agent.wake=t"}, {"agent.wake=true"}},
        {{"-Dagent.wake=t"}, {"-Dagent.wake=true"}},
        {{"-D", "plugins.w"}, {"plugins.weather.enabled="}},
        {{"-D", "plugins.weather.enabled="},
         {"plugins.weather.enabled=true", "plugins.weather.enabled=false"}},
        {{"-D", "plugi"}, {"plugins.path=", "plugins.require=", "plugins."}},
        {{"-D"}, {"-D"}},
        {{"bogus", ""}, {}},
        {{"jobs", "bogus", ""}, {}},
        {{"--bogus", "jo"}, {"jobs"}},
        {{"--bogus="}, {}},
    };
    for (const auto& [words, offered] : cases) {
        SCOPED_TRACE(::testing::PrintToString(words));
        EXPECT_EQ(texts(words), offered);
    }
}

TEST(Completion, SaysWhereTheShellMayOfferFilesOrDirectories) {
    using Rest = Completion::Rest;
    const std::pair<Words, Rest> cases[] = {
        {{"--config", ""}, Rest::kFiles},
        {{"--config=/e"}, Rest::kFiles},
        {{"--workspace", ""}, Rest::kFolders},
        {{"jobs", "run", "--cwd="}, Rest::kFolders},
        {{"jobs", "run", "--", "m"}, Rest::kFiles},
        {{"-D", "log.file="}, Rest::kFiles},
        {{"-D", "plugins.path.1="}, Rest::kFolders},
        {{"--model", ""}, Rest::kNothing},
        {{""}, Rest::kNothing},
    };
    for (const auto& [words, rest] : cases) {
        SCOPED_TRACE(::testing::PrintToString(words));
        EXPECT_EQ(completed(words).rest, rest);
    }
}

// ---------------------------------------------------------------- the real program

/// `tenon __complete` on directories of its own.
class CompleteCommand : public ::testing::Test {
protected:
    CompleteCommand() { std::filesystem::create_directories(dir_ / "w"); }

    [[nodiscard]] std::string run(Words words, int code = 0) const {
        words.insert(words.begin(), TENON_PROGRAM);
        Process program(words, environment_, dir_ / "w");
        EXPECT_EQ(program.wait().code, code) << program.errors;
        EXPECT_EQ(program.errors, "");
        return program.output;
    }
    [[nodiscard]] std::string complete(Words words) const {
        words.insert(words.begin(), "__complete");
        return run(std::move(words));
    }
    [[nodiscard]] static jobs::JobId created(const jobs::Store& store, const jobs::JobSpec& spec) {
        auto job = store.create(spec);
        if (!job) throw std::runtime_error(job.error().message);
        return job->id;
    }
    /// Every file below the directory, with its content and its time.
    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> out;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
            const auto name = entry.path().lexically_relative(dir_.path());
            out[name.string()] =
                std::to_string(entry.last_write_time().time_since_epoch().count()) +
                (entry.is_regular_file() ? dir_.read(name) : "");
        }
        return out;
    }

    TempDir dir_;
    tenon::testing::Environment environment_ = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                {"HOME", dir_.path()},
                                                {"LANG", "C.UTF-8"},
                                                {"TENON_STATE_DIR", dir_ / "state"}};
};

TEST_F(CompleteCommand, OffersJobsOfTheStoreAndForCancelOnlyThoseThatHaveNotEnded) {
    const auto store = jobs::Store::open(dir_ / "state/jobs");
    ASSERT_TRUE(store);
    jobs::JobSpec spec;
    spec.cwd = spec.workspace = (dir_ / "w").string();
    spec.command = "make\tall\nmore";
    const auto queued = created(*store, spec);
    spec.name = "the build";
    const auto ended = created(*store, spec);
    ASSERT_TRUE(store->cancel(ended, "a test"));
    const auto before = files();
    const std::string all = complete({"jobs", "show", ""});
    EXPECT_THAT(all, HasSubstr(ended + "\tcancelled: the build\n"));
    EXPECT_THAT(all, HasSubstr(queued + "\tqueued: make"));
    EXPECT_THAT(all, ::testing::EndsWith(":none\n"));
    for (const char* verb : {"cancel", "wait"}) {
        const std::string unended = complete({"jobs", verb, ""});
        EXPECT_THAT(unended, AllOf(HasSubstr(queued), Not(HasSubstr(ended))));
    }
    EXPECT_EQ(files(), before) << "completion wrote something";
}

/// The store's own reading would record such a job as lost, and end what is left of it.
TEST_F(CompleteCommand, ChangesNothingAboutAJobWhoseSupervisorIsGone) {
    const auto store = jobs::Store::open(dir_ / "state/jobs");
    ASSERT_TRUE(store);
    jobs::JobSpec spec;
    spec.cwd = spec.workspace = (dir_ / "w").string();
    spec.command = "make";
    const auto job = created(*store, spec);
    dir_.write("state/jobs/" + job + "/started", "{}");
    const auto before = files();
    EXPECT_THAT(complete({"jobs", "show", ""}), HasSubstr(job));
    EXPECT_EQ(files(), before);
    EXPECT_FALSE(store->has_ended(job));
}

TEST_F(CompleteCommand, MakesNoStateDirectory) {
    for (const Words& words : {Words{""}, Words{"jobs", "show", ""}, Words{"sessions", "show", ""},
                               Words{"plugin", "info", ""}, Words{"-D", "plugins."}})
        EXPECT_THAT(complete(words), Not(IsEmpty()));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state"));
}

TEST_F(CompleteCommand, KnowsToolsPluginsAndTheirKeysWithoutRunningThem) {
    std::filesystem::create_directories(dir_ / "plugins");
    std::filesystem::copy_file(std::string(TENON_FIXTURES) + "/plain.so",
                               dir_ / "plugins/plain.so");
    const std::string option = "--plugin-dir=" + (dir_ / "plugins").string();
    EXPECT_THAT(complete({option, "plugin", "info", "pla"}),
                HasSubstr("plain\t" + (dir_ / "plugins/plain.so").string() + "\n"));
    EXPECT_THAT(complete({option, "-D", "plugins.plain.en"}),
                HasSubstr("plugins.plain.enabled=\t"));
    // Tools of the plugins that come with Tenon are known from the build.
    EXPECT_THAT(complete({"tool", "read_"}), HasSubstr("read_file\t"));
    // Those of others are known once they have been loaded: nothing was loaded here.
    EXPECT_THAT(complete({option, "tool", "pla"}), Not(HasSubstr("plain")));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state"));
    EXPECT_THAT(run({"tool", "plain", "--yes", option}), Not(IsEmpty()));
    EXPECT_THAT(complete({option, "tool", "pla"}), HasSubstr("plain\t"));
}

TEST_F(CompleteCommand, OffersPluginFilesAndDirectoriesOfTheTypedDirectory) {
    dir_.write("w/lib/a.so", "");
    dir_.write("w/lib/b.txt", "");
    dir_.write("w/lib/.hidden.so", "");
    std::filesystem::create_directories(dir_ / "w/lib/sub");
    EXPECT_EQ(complete({"plugin", "verify", "l"}), "lib/\t\n:none\n");
    EXPECT_THAT(complete({"plugin", "verify", "lib/"}),
                AllOf(HasSubstr("lib/a.so\t\n"), HasSubstr("lib/sub/\t\n"), Not(HasSubstr("b.txt")),
                      Not(HasSubstr("hidden"))));
    EXPECT_THAT(complete({"plugin", "verify", "~/w/lib/a"}), HasSubstr("~/w/lib/a.so\t\n"));
}

TEST_F(CompleteCommand, IsSilentWhateverIsWrong) {
    dir_.write(".config/tenon/tenon.xml", "<tenon><broken");
    dir_.write("state", "a file");
    for (const Words& words :
         {Words{"jobs", "show", ""}, Words{"--workspace", "/nowhere", "sessions", "show", ""},
          Words{"--config=/nowhere", "plugin", "info", ""}, Words{"-D", "x", "jobs", "cancel", ""},
          Words{"--session=//", "--max-turns", "x", "--session", ""}, Words{}})
        EXPECT_THAT(complete(words), ::testing::EndsWith(":none\n"));
    environment_.erase("HOME");
    environment_.erase("TENON_STATE_DIR");
    EXPECT_THAT(complete({"jobs", ""}), HasSubstr("list\t"));
}

TEST_F(CompleteCommand, IsNotShown) {
    EXPECT_THAT(run({"--help"}), Not(HasSubstr("__complete")));
}

}  // namespace
}  // namespace tenon::cli
