#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGINT
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/base/unique_fd.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

using tenon::testing::Process;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct ToolRun {
    int code = -1;
    std::string out, err;
};

/// The real program and its plugins, with neither a key nor the name of a model.
class ToolCommand : public ::testing::Test {
protected:
    ToolCommand() { std::filesystem::create_directories(dir_ / "w"); }
    ~ToolCommand() override {
        (void)tenon({"jobs", "cancel", "--all"});
        // A supervisor lives on for a moment when its job's end is on record.
        for (const pid_t pid : tenon::testing::processes_with("TENON_TEST_MARK", mark_)) {
            const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
            pollfd end{process.get(), POLLIN, 0};
            if (process) EXPECT_EQ(::poll(&end, 1, 60'000), 1) << pid;
        }
    }

    [[nodiscard]] Process start(std::vector<std::string> words) const {
        words.insert(words.begin(), TENON_PROGRAM);
        return Process(words, environment_, dir_ / "w");
    }
    [[nodiscard]] ToolRun tenon(const std::vector<std::string>& words,
                                const std::string& input = {}) const {
        Process program = start(words);
        program.write(input);
        const int code = program.wait().code;
        return {code, program.output, program.errors};
    }
    [[nodiscard]] ToolRun tool(std::vector<std::string> words,
                               const std::string& input = {}) const {
        words.insert(words.begin(), "tool");
        return tenon(words, input);
    }
    /// The words that call `name` with every permission.
    [[nodiscard]] static std::vector<std::string> allowed(const std::string& name,
                                                          const Json& arguments) {
        return {name, dump_json(arguments), "--yes"};
    }
    /// Of the jobs of the store, the only one.
    [[nodiscard]] Json only_job() const {
        const auto jobs = parse_json(tenon({"jobs", "list", "--json"}).out);
        EXPECT_TRUE(jobs && jobs->size() == 1);
        return jobs && jobs->size() == 1 ? jobs->at(0) : Json();
    }

    tenon::testing::TempDir dir_;
    std::string mark_ = random_hex(16);
    tenon::testing::Environment environment_ = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                {"HOME", dir_.path()},
                                                {"LANG", "C.UTF-8"},
                                                {"TENON_STATE_DIR", dir_ / "state"},
                                                {"TENON_TEST_MARK", mark_}};
};

TEST_F(ToolCommand, PrintsTheResultOfAToolAndNothingElse) {
    dir_.write("w/a.txt", "one\ntwo\n");
    const ToolRun ran = tool({"read_file", R"({"path":"a.txt"})"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("one"), EndsWith("two\n")));
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(tool({"read_file", "-"}, R"({"path":"a.txt"})").out, ran.out);
    EXPECT_EQ(tool({"task_list"}).out, "No tasks.\n") << "without JSON there are no arguments";
}

TEST_F(ToolCommand, WritesNoJournal) {
    EXPECT_EQ(tool(allowed("todo", {{"items", Json::array()}})).out, "(0/0 completed)\n");
    EXPECT_EQ(tool(allowed("bash", {{"command", "true"}})).code, 0);
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "state/sessions"));
}

TEST_F(ToolCommand, PrintsAResultThatIsAnErrorAndEndsWithOne) {
    const ToolRun ran = tool({"read_file", R"({"path":"none.txt"})"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.out, HasSubstr("none.txt"));
    const ToolRun agent = tool(allowed("agent", {{"prompt", "look"}}));
    EXPECT_EQ(agent.code, 1);
    EXPECT_THAT(agent.out, HasSubstr("a subagent needs a model"));
}

TEST_F(ToolCommand, RefusesWrongUsageWithTwo) {
    const struct {
        std::vector<std::string> words;
        const char* error;
    } rows[] = {
        {{}, "usage: tenon tool NAME [JSON]"},
        {{"read_file", "{}", "x"}, "unexpected argument \"x\""},
        {{"raed_file"}, "unknown tool \"raed_file\"; did you mean read_file?"},
        {{"zzzzzzzz"}, "the tools are bash, background_run,"},
        {{"compact"}, "unknown tool \"compact\""},
        {{"read_file", R"({"path":)"}, "not valid JSON: parse error at line 1, column 9"},
        {{"read_file", "[1]"}, "not a JSON object"},
        {{"read_file", ""}, "not valid JSON"},
        {{"read_file"}, "tenon: invalid arguments for read_file: "},
        {{"read_file", R"({"path":1})"}, "tenon: invalid arguments for read_file: "},
        {{"read_file", "{}", "--session", "s"}, "--session does not go with 'tenon tool'"},
        {{"read_file", "{}", "--plugin-dir", "/no/such"}, "--plugin-dir /no/such"},
        {{"read_file", "{}", "-D", "no.such=1"}, "no.such"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.error);
        const ToolRun ran = tool(row.words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_THAT(ran.err, HasSubstr(row.error));
        EXPECT_EQ(ran.out, "");
    }
    const ToolRun help = tool({"--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, StartsWith("Usage: tenon tool NAME [JSON]\n"));
}

TEST_F(ToolCommand, AsksNobodyAndNamesTheRuleThatIsMissing) {
    const std::string call = R"({"command":"touch made"})";
    const ToolRun refused = tool({"bash", call});
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("Bash(touch made)"));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "w/made"));
    EXPECT_EQ(tool({"bash", call, "--yes", "--deny", "Bash(touch *)"}).code, 1);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "w/made"));
    EXPECT_EQ(tool({"bash", call, "--allow", "Bash(touch *)"}).code, 0);
    EXPECT_TRUE(std::filesystem::exists(dir_ / "w/made"));
}

TEST_F(ToolCommand, TakesKnownKeysOutOfTheResult) {
    environment_["ANTHROPIC_API_KEY"] = "sk-ant-0123456789";
    dir_.write("w/a.txt", "key sk-ant-0123456789\n");
    EXPECT_THAT(tool({"read_file", R"({"path":"a.txt"})"}).out, HasSubstr("key [redacted]"));
}

TEST_F(ToolCommand, EndsItsCommandWhenItIsInterruptedAndPrintsTheOutput) {
    const auto begun = dir_ / "w/begun";
    ASSERT_EQ(::mkfifo(begun.c_str(), 0600), 0);
    const UniqueFd reader(::open(begun.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::vector<std::string> words =
        allowed("bash", {{"command", "echo first; echo > begun; exec sleep 1000"}});
    words.insert(words.begin(), "tool");
    Process program = start(words);
    pollfd ready{reader.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 60'000), 1);
    program.send_signal(SIGINT);
    EXPECT_EQ(program.wait().code, 130);
    EXPECT_EQ(program.output, "first\n[interrupted]\n") << program.errors;
}

TEST_F(ToolCommand, LeavesABackgroundJobThatBelongsToNoSession) {
    const ToolRun ran = tool(allowed("background_run", {{"command", "echo done; touch made"}}));
    EXPECT_EQ(ran.code, 0) << ran.err;
    const std::string id = string_or(only_job(), "id");
    EXPECT_EQ(ran.out, "Background job " + id + " started: echo done; touch made\n");
    EXPECT_EQ(tenon({"jobs", "wait", id}).code, 0);
    EXPECT_TRUE(std::filesystem::exists(dir_ / "w/made"));
    const auto shown = parse_json(tenon({"jobs", "show", id, "--json"}).out);
    ASSERT_TRUE(shown);
    EXPECT_EQ(member(*shown, "session"), nullptr);
    EXPECT_EQ(tool({"background_check"}).out, "(no background jobs)\n")
        << "a call knows no jobs but its own";
}

TEST_F(ToolCommand, LeavesACommandThatHasReachedItsForegroundTimeout) {
    const ToolRun ran = tool(allowed("bash", {{"command", "exec sleep 1000"}, {"timeout", 0.1}}));
    EXPECT_EQ(ran.code, 0) << ran.err;
    const Json job = only_job();
    const std::string id = string_or(job, "id");
    EXPECT_EQ(string_or(job, "status"), "running");
    EXPECT_THAT(ran.out, HasSubstr("continues as background job " + id));
    EXPECT_EQ(tenon({"jobs", "cancel", id}).code, 0);
}

}  // namespace
}  // namespace tenon::cli
