#include "host/base/limits.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"
#include "tests/support/sanitizers.h"

/// Runs of the real program with few descriptors or processes, without a launcher, or with time
/// limits.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

/// A model that calls these tools, one answer after the other, and then says "done" to everything.
std::string script_of(const std::vector<ordered_json>& answers) {
    ordered_json steps = ordered_json::array();
    for (const ordered_json& answer : answers)
        steps.push_back({{"content", answer}});
    for (int i = 0; i < 200; ++i)
        steps.push_back({{"content", "done"}});
    return steps.dump();
}

/// Each tool result of a request by the id of its call.
std::map<std::string, std::string> results_of(const Json& request) {
    std::map<std::string, std::string> results;
    for (const Json& message : request["messages"]) {
        if (!message["content"].is_array()) continue;
        for (const Json& block : message["content"]) {
            if (string_or(block, "type") != "tool_result") continue;
            const Json& content = block["content"];
            results[block["tool_use_id"]] =
                content.is_string() ? content.get<std::string>() : string_or(content[0], "text");
        }
    }
    return results;
}

class Limits : public ::testing::Test {
protected:
    /// Runs tenon under `limits`, a list of bash's ulimit options, until it ends.
    int run(const ModelServer& server, const std::string& limits,
            const std::vector<std::string>& more = {}) {
        std::vector<std::string> command = starter_;
        command.insert(command.end(),
                       {"/bin/bash", "-c", "ulimit " + limits + " && exec \"$@\"", "bash",
                        TENON_PROGRAM, "-p", "go", "--yes", "--output-format", "json"});
        command.insert(command.end(), more.begin(), more.end());
        Process tenon(command, folders.environment(&server), folders.workspace());
        const auto exit = tenon.wait(std::chrono::seconds(300));
        output = tenon.output;
        errors = tenon.errors;
        return exit.code;
    }
    /// The results of the calls so far.
    static std::map<std::string, std::string> results(const ModelServer& server) {
        return results_of(server.requests().back().json());
    }
    /// From now on `run` runs as a user whom the limit of processes concerns, which root is not.
    /// Returns how many processes that user has.
    std::size_t become_another_user() {
        if (::getuid() == 0) {
            const uid_t user = 100'000 + static_cast<uid_t>(::getpid()) % 100'000;
            const std::string id = std::to_string(user);
            starter_ = {"/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"};
            for (const auto& entry : fs::recursive_directory_iterator(folders.home.path()))
                EXPECT_EQ(::chown(entry.path().c_str(), user, user), 0);
            EXPECT_EQ(::chown(folders.home.path().c_str(), user, user), 0);
            return 0;
        }
        rlimit before{};
        ::getrlimit(RLIMIT_NPROC, &before);
        constexpr rlim_t kCountable = 8000;
        const rlimit countable{std::min(kCountable, before.rlim_max), before.rlim_max};
        ::setrlimit(RLIMIT_NPROC, &countable);
        const std::size_t left = processes_left().value_or(countable.rlim_cur);
        ::setrlimit(RLIMIT_NPROC, &before);
        return countable.rlim_cur - left;
    }

    const RunFolders folders;
    std::string output, errors;

private:
    std::vector<std::string> starter_;
};

TEST_F(Limits, OfDescriptorsMakeForegroundCommandsWaitForTheirTurn) {
    constexpr int kCalls = 40;
    ordered_json calls = ordered_json::array();
    for (int i = 0; i < kCalls; ++i)
        calls.push_back(command_use("c" + std::to_string(i), "echo out-" + std::to_string(i)));
    const ModelServer server(script_of({calls}));
    ASSERT_EQ(run(server, "-n 64"), 0) << errors;
    const auto answers = results(server);
    for (int i = 0; i < kCalls; ++i)
        EXPECT_EQ(answers.at("c" + std::to_string(i)), "out-" + std::to_string(i) + "\n");
    EXPECT_EQ(errors, "");
}

TEST_F(Limits, OfDescriptorsChangeNoEndOfABackgroundJob) {
    constexpr int kJobs = 140;
    ordered_json calls = ordered_json::array();
    for (int i = 0; i < kJobs; ++i)
        calls.push_back(tool_use("c" + std::to_string(i), "background_run",
                                 {{"command", "sleep 0.2; exit " + std::to_string(i)}}));
    const ModelServer server(script_of({calls}));
    // A failed job is not a failure of the run.
    ASSERT_EQ(run(server, "-n 256", {"-D", "jobs.maxRunning=256"}), 0) << errors;
    std::multiset<int> codes, expected;
    const auto result = Json::parse(output);
    for (const Json& job : result["jobs"])
        codes.insert(job["exit_code"].is_number() ? job["exit_code"].get<int>() : -1);
    for (int i = 0; i < kJobs; ++i)
        expected.insert(i);
    EXPECT_EQ(codes, expected) << output;
}

TEST_F(Limits, LetAThousandCommandsOfOneAnswerRun) {
    constexpr int kCalls = 1000;
    ordered_json calls = ordered_json::array();
    for (int i = 0; i < kCalls; ++i)
        calls.push_back(command_use("c" + std::to_string(i), "echo out-" + std::to_string(i)));
    const ModelServer server(script_of({calls}));
    ASSERT_EQ(run(server, "-n 256"), 0) << errors;
    const auto answers = results(server);
    for (int i = 0; i < kCalls; ++i)
        EXPECT_EQ(answers.at("c" + std::to_string(i)), "out-" + std::to_string(i) + "\n");
}

TEST_F(Limits, OfProcessesMakeCommandsWaitForTheirTurn) {
    constexpr int kCalls = 40;
    ordered_json calls = ordered_json::array();
    for (int i = 0; i < kCalls; ++i)
        calls.push_back(command_use("c" + std::to_string(i), "echo out-" + std::to_string(i)));
    const ModelServer server(script_of({calls}));
    const std::size_t processes = become_another_user() + 40;
    ASSERT_EQ(run(server, "-u " + std::to_string(processes)), 0) << errors;
    const auto answers = results(server);
    for (int i = 0; i < kCalls; ++i)
        EXPECT_EQ(answers.at("c" + std::to_string(i)), "out-" + std::to_string(i) + "\n");
}

TEST_F(Limits, OfDescriptorsNeverEndARunWithoutAMessage) {
    if (kSanitizerNeedsDescriptors) GTEST_SKIP() << kWhySanitizerNeedsDescriptors;
    constexpr int kLoaderNeeds = 5, kEnough = 36;
    int refused = 0;
    for (int descriptors = kLoaderNeeds; descriptors <= kEnough; ++descriptors) {
        SCOPED_TRACE(descriptors);
        const ModelServer server(script_of({{command_use("c", "echo out")}}));
        const int code = run(server, "-n " + std::to_string(descriptors));
        // The system's loader opens the libraries before tenon's code runs.
        if (errors.find("error while loading shared libraries") != std::string::npos) continue;
        EXPECT_THAT(errors, Not(HasSubstr("left out")));
        EXPECT_THAT(errors, Not(HasSubstr("attempt")));
        if (code == 0) {
            EXPECT_THAT(results(server).at("c"),
                        ::testing::AnyOf("out\n", HasSubstr("Too many open files")));
            continue;
        }
        ++refused;
        EXPECT_EQ(code, 1);
        EXPECT_THAT(errors, HasSubstr("tenon: "));
        EXPECT_THAT(errors, HasSubstr("ulimit -n"));
    }
    EXPECT_GT(refused, 0);
    EXPECT_LT(refused, kEnough - kLoaderNeeds);
}

TEST_F(Limits, OfProcessesNeverEndARunWithoutAMessage) {
    const std::size_t before = become_another_user();
    for (std::size_t more = 1; more <= 14; ++more) {
        SCOPED_TRACE(more);
        const ModelServer server(script_of({{command_use("c", "echo out")}}));
        const int code = run(server, "-u " + std::to_string(before + more));
        if (code == 0) {
            const std::string answer = results(server).at("c");
            EXPECT_THAT(answer,
                        ::testing::AnyOf("out\n", HasSubstr("Resource temporarily unavailable")));
        } else {
            EXPECT_EQ(code, 1);
            EXPECT_THAT(errors, HasSubstr("tenon: "));
            EXPECT_THAT(errors, HasSubstr("ulimit -u"));
        }
    }
}

// ---------------------------------------------------------------- the launcher

constexpr char kLauncher[] = "$(cut -d' ' -f4 /proc/$PPID/stat)";

TEST_F(Limits, ALauncherThatWasKilledIsReplaced) {
    for (const char* signal : {"KILL", "STOP"}) {
        SCOPED_TRACE(signal);
        const std::string launcher = kLauncher;
        const ModelServer server(script_of(
            {{command_use("a" + std::string(signal),
                          "cat /proc/" + launcher + "/comm; kill -" + signal + " " + launcher)},
             {command_use("b" + std::string(signal), "cat /proc/" + launcher + "/comm")},
             {command_use("c" + std::string(signal), "cat /proc/" + launcher + "/comm")}}));
        ASSERT_EQ(run(server, "-n 256"), 0) << errors;
        const auto answers = results(server);
        for (const char* call : {"a", "b", "c"})
            EXPECT_EQ(answers.at(call + std::string(signal)), "tenon-launcher\n");
    }
}

// ---------------------------------------------------------------- time limits

TEST_F(Limits, OfTimeInACallApplyUpToTheLargestAllowed) {
    const ModelServer server(script_of(
        {{tool_use("long", "bash", {{"command", "sleep 1.5; echo done"}, {"timeout", 60}}),
          tool_use("short", "bash", {{"command", "sleep 60"}, {"timeout", 0.1}})},
         {tool_use("run", "background_run", {{"command", "sleep 60"}, {"timeout", 3600}})}}));
    ASSERT_EQ(run(server, "-n 256", {"-D", "jobs.timeout=1s", "-D", "jobs.maxTimeout=3s"}), 0)
        << errors;
    const auto answers = results(server);
    EXPECT_EQ(answers.at("long"), "done\n");
    EXPECT_THAT(answers.at("short"),
                HasSubstr("still running after 0.1 s; continues as background"));
    const auto result = Json::parse(output);
    ASSERT_EQ(result["jobs"].size(), 2U);
    for (const Json& job : result["jobs"])
        EXPECT_EQ(job["status"], "timeout");
}

}  // namespace
}  // namespace tenon::testing
