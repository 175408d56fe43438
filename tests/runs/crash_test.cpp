#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"
#include "tests/support/file_size_limit.h"

/// The real program, interrupted and killed at different moments.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kStream = {TENON_PROGRAM, "--yes",           "--session",
                                          "s1",          "--output-format", "stream-json"};

std::vector<std::string> with_prompt(std::vector<std::string> command, const std::string& prompt) {
    command.insert(command.end(), {"-p", prompt});
    return command;
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++n;
    return n;
}

/// The background jobs in the store, with the contents of their status.json (null: none).
std::map<std::string, Json> background_jobs(const RunFolders& folders) {
    std::map<std::string, Json> jobs;
    for (const auto& entry : fs::directory_iterator(folders.state() / "jobs")) {
        const Json asked = Json::parse(std::ifstream(entry.path() / "job.json"), nullptr, false);
        if (!asked.is_object()) continue;  // the host was killed before it had recorded the job
        if (asked.value("kind", "") != "background") continue;
        jobs[entry.path().filename().string()] =
            fs::exists(entry.path() / "status.json")
                ? Json::parse(std::ifstream(entry.path() / "status.json"))
                : Json();
    }
    return jobs;
}

std::string step_with_calls(const std::string& calls) {
    return R"({"content":[{"type":"thinking","thinking":""},)" + calls + "]}";
}
std::string call_text(const std::string& id, const std::string& command,
                      const std::string& tool = "bash") {
    return command_use(id, command, tool).dump();
}
const std::string kAnswers = R"({"content":"ok","repeat":0})";

TEST(Interrupt, DuringAnAnswerEndsTheRunWithItsResultObject) {
    struct Case {
        int signal, exit;
    };
    for (const Case& c : {Case{SIGINT, 130}, Case{SIGTERM, 143}, Case{SIGHUP, 129}}) {
        SCOPED_TRACE(c.signal);
        const RunFolders folders;
        const ModelServer server(R"([{"content":"late","delay_ms":600000}])");
        Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                      folders.workspace());
        tenon.close_input();
        ASSERT_TRUE(server.wait_for_requests(1));
        tenon.send_signal(c.signal);
        EXPECT_EQ(tenon.wait().code, c.exit);
        EXPECT_EQ(last_line(tenon.output)["subtype"], "error_interrupted");
        EXPECT_EQ(folders.processes(), std::vector<pid_t>());
    }
}

TEST(Interrupt, EndsForegroundAndBackgroundCommandsAndLeavesAValidConversation) {
    const RunFolders folders;
    const ModelServer server("[" + step_with_calls(call_text("a", "sleep 300", "background_run")) +
                             "," +
                             step_with_calls(call_text("b", "touch begun; sleep 300") + "," +
                                             call_text("c", "echo quick")) +
                             "," + kAnswers + "]");
    Process tenon(with_prompt(kStream, "go"), folders.environment(&server), folders.workspace());
    tenon.close_input();
    ASSERT_TRUE(server.wait_for_requests(2));
    while (!fs::exists(folders.workspace() / "begun"))
        std::this_thread::yield();
    tenon.send_signal(SIGINT);
    EXPECT_EQ(tenon.wait().code, 130) << tenon.errors;
    EXPECT_EQ(last_line(tenon.output)["jobs"][0]["status"], "cancelled")
        << tenon.output << tenon.errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());

    Process next(with_prompt(kStream, "again"), folders.environment(&server), folders.workspace());
    next.close_input();
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(server.refusals(), 0) << server.requests().back().refusal;
    const std::string last = server.requests().back().body;
    EXPECT_NE(last.find("quick"), std::string::npos);
    EXPECT_EQ(count(last, "[bg:" + background_jobs(folders).begin()->first + "] cancelled"), 1U)
        << last;
}

TEST(Interrupt, WhileWaitingForJobsCancelsThem) {
    const RunFolders folders;
    const ModelServer server("[" + step_with_calls(call_text("a", "sleep 300", "background_run")) +
                             "," + kAnswers + "]");
    Process tenon(with_prompt(kStream, "go"), folders.environment(&server), folders.workspace());
    tenon.close_input();
    ASSERT_TRUE(tenon.wait_for_output("\"ok\""));
    tenon.send_signal(SIGTERM);
    EXPECT_EQ(tenon.wait().code, 143);
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST(Interrupt, OrDeathDuringASummaryLeavesTheConversationAsItWas) {
    for (const int signal : {SIGINT, SIGKILL}) {
        SCOPED_TRACE(signal);
        const RunFolders folders;
        const ModelServer server(
            R"([{"content":[{"type":"thinking","thinking":""},{"type":"tool_use","id":"a","name":"bash",)"
            R"("input":{"command":"echo found"}}],"usage":{"input_tokens":9000}},)"
            R"({"content":"late","delay_ms":600000},)"
            R"({"content":"The summary.","expect":["found","again"]},)"
            R"({"content":"done","expect":["The summary.","again"]}])");
        const auto run = [&](const std::string& prompt) {
            auto command = with_prompt(kStream, prompt);
            command.insert(command.end(), {"-D", "agent.compaction.tokenThreshold=6000"});
            auto program = std::make_unique<Process>(command, folders.environment(&server),
                                                     folders.workspace());
            program->close_input();
            return program;
        };
        const auto first = run("go");
        ASSERT_TRUE(server.wait_for_requests(2));
        first->send_signal(signal);
        (void)first->wait();
        EXPECT_EQ(folders.home.read("state/sessions/s1.jsonl").find("compaction"),
                  std::string::npos);
        const auto next = run("again");
        EXPECT_EQ(next->wait().code, 0) << next->output << next->errors;
        EXPECT_EQ(last_line(next->output)["result"], "done");
        EXPECT_EQ(server.refusals(), 0) << server.requests().back().refusal;
        EXPECT_EQ(server.requests().size(), 4U);
    }
}

TEST(Kill, BetweenTheFirstRecordsLosesNothingOfTheFirstMessage) {
    const RunFolders folders;
    folders.home.write("w/AGENTS.md", "Speak like a carpenter.");
    const ModelServer server("[" + kAnswers + "]");
    const auto run = [&] {
        Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                      folders.workspace());
        tenon.close_input();
        EXPECT_EQ(tenon.wait().code, 0) << tenon.output << tenon.errors;
    };
    run();
    std::ostringstream whole;
    whole << std::ifstream(folders.state() / "sessions/s1.jsonl").rdbuf();
    const std::string first = server.requests().back().body;
    ASSERT_EQ(count(first, "Speak like a carpenter."), 1U);
    std::string kept;
    std::istringstream in(whole.str());
    for (std::string line; std::getline(in, line) && kept.find("carpenter") == std::string::npos;) {
        kept += line + "\n";
        SCOPED_TRACE(kept.substr(kept.size() - line.size() - 1, 80));
        std::ofstream(folders.state() / "sessions/s1.jsonl") << kept;
        run();
        EXPECT_EQ(server.requests().back().body, first);
    }
}

TEST(JournalWithoutRoom, EndsTheRunWithTheResultsAndTheEndOfItsJobs) {
    const RunFolders folders;
    const ModelServer server(
        "[" + step_with_calls(call_text("a", "sleep 300", "background_run")) + "," +
        step_with_calls(call_text("b", "touch begun; until [ -e go ]; do :; done; echo out")) +
        "]");
    Process tenon(with_prompt(kStream, "go"), folders.environment(&server), folders.workspace());
    tenon.close_input();
    while (!fs::exists(folders.workspace() / "begun"))
        std::this_thread::yield();
    const FileSizeLimit full(fs::file_size(folders.state() / "sessions/s1.jsonl"), tenon.pid());
    std::ofstream(folders.workspace() / "go") << "x";
    EXPECT_EQ(tenon.wait().code, 1) << tenon.errors;
    const Json result = last_line(tenon.output);
    EXPECT_EQ(result["subtype"], "error_api");
    EXPECT_EQ(result["jobs"][0]["status"], "cancelled") << tenon.output;
    EXPECT_NE(tenon.output.find(R"("content":"out\n")"), std::string::npos) << tenon.output;
    EXPECT_NE(tenon.errors.find("s1.jsonl"), std::string::npos) << tenon.errors;
    EXPECT_NE(tenon.errors.find("1 job of the session was cancelled"), std::string::npos)
        << tenon.errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST(JournalWithoutRoom, ThatStopsASessionFromOpeningEndsTheJobsThatItHasTakenOver) {
    const RunFolders folders;
    const ModelServer server("[" + step_with_calls(call_text("a", "sleep 300", "background_run")) +
                             "," + step_with_calls(call_text("b", "touch begun; sleep 300")) + "]");
    {
        Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                      folders.workspace());
        tenon.close_input();
        while (!fs::exists(folders.workspace() / "begun"))
            std::this_thread::yield();
        tenon.send_signal(SIGKILL);
        (void)tenon.wait();
    }
    // The journal has no room for the result of the open call.
    const auto size = fs::file_size(folders.state() / "sessions/s1.jsonl");
    std::vector<std::string> limited = {"/usr/bin/prlimit", "--fsize=" + std::to_string(size)};
    for (const std::string& word : with_prompt(kStream, "again"))
        limited.push_back(word);
    Process next(limited, folders.environment(&server), folders.workspace());
    next.close_input();
    EXPECT_EQ(next.wait().code, 1) << next.output << next.errors;
    EXPECT_EQ(last_line(next.output)["subtype"], "error_api") << next.output;
    EXPECT_NE(next.errors.find("cancelled"), std::string::npos) << next.errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST(Kill, OfTheHostInTheMiddleOfACommandLetsItContinueAsAJob) {
    const RunFolders folders;
    const ModelServer server(
        "[" +
        step_with_calls(
            call_text("a", "touch begun; until [ -e go ]; do :; done; echo finished; exit 4")) +
        "," + kAnswers + "]");
    {
        Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                      folders.workspace());
        tenon.close_input();
        while (!fs::exists(folders.workspace() / "begun"))
            std::this_thread::yield();
        tenon.send_signal(SIGKILL);
        EXPECT_EQ(tenon.wait().signal, SIGKILL);
    }
    Process next(with_prompt(kStream, "again"), folders.environment(&server), folders.workspace());
    next.close_input();
    ASSERT_TRUE(server.wait_for_requests(2));
    std::ofstream(folders.workspace() / "go") << "x";
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(server.refusals(), 0);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U);
    const std::string id = background_jobs(folders).begin()->first;
    EXPECT_NE(requests[1].body.find("interrupted; continues as job " + id), std::string::npos)
        << requests[1].body;
    EXPECT_EQ(count(requests[2].body, "[bg:" + id + "] error: finished\\n  [exit code: 4]"), 1U)
        << requests[2].body;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST(Kill, OfTheHostAfterACommandHasEndedGivesItsTrueResult) {
    const RunFolders folders;
    // The other call keeps the answer open until the host is killed.
    const ModelServer server("[" +
                             step_with_calls(call_text("a", "echo mine; exit 5") + "," +
                                             call_text("b", "until [ -e go ]; do :; done")) +
                             "," + kAnswers + "]");
    {
        Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                      folders.workspace());
        tenon.close_input();
        const auto journalled = [&] {
            std::ostringstream text;
            text << std::ifstream(folders.state() / "sessions/s1.jsonl").rdbuf();
            return text.str().find("mine\\n[exit code: 5]") != std::string::npos;
        };
        while (!journalled())
            std::this_thread::yield();
        tenon.send_signal(SIGKILL);
        tenon.wait();
    }
    std::ofstream(folders.workspace() / "go") << "x";
    Process next(with_prompt(kStream, "again"), folders.environment(&server), folders.workspace());
    next.close_input();
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(server.refusals(), 0);
    EXPECT_NE(server.requests()[1].body.find("mine\\n[exit code: 5]"), std::string::npos);
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

TEST(Kill, OfTheHostAtAnyLineOfItsOutputLosesNothingAndDeliversNothingTwice) {
    const std::string calls = call_text("a", "echo one", "background_run") + "," +
                              call_text("b", "echo two; exit 2", "background_run") + "," +
                              call_text("c", "echo fore") + "," +
                              call_text("d", "echo three", "background_run");
    for (int lines = 1; lines < 12; ++lines) {
        SCOPED_TRACE("killed after line " + std::to_string(lines));
        const RunFolders folders;
        const ModelServer server("[" + step_with_calls(calls) + "," + kAnswers + "]");
        {
            Process tenon(with_prompt(kStream, "go"), folders.environment(&server),
                          folders.workspace());
            tenon.close_input();
            while (count(tenon.output, "\n") < static_cast<std::size_t>(lines) &&
                   tenon.wait_for_more_output()) {
            }
            tenon.send_signal(SIGKILL);
            tenon.wait();
        }
        Process next(with_prompt(kStream, "again"), folders.environment(&server),
                     folders.workspace());
        next.close_input();
        EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
        for (const Received& request : server.requests())
            EXPECT_EQ(request.refusal, "") << request.body;
        const std::string last = server.requests().back().body;
        for (const auto& [id, status] : background_jobs(folders)) {
            EXPECT_EQ(count(last, "[bg:" + id + "]"), 1U) << id << " in " << last;
            const bool failing = last.find("[bg:" + id + "] error: two") != std::string::npos;
            EXPECT_EQ(status.value("status", "none"), failing ? "error" : "completed");
            EXPECT_EQ(status.value("exit_code", -1), failing ? 2 : 0);
        }
        EXPECT_EQ(folders.processes(), std::vector<pid_t>());
    }
}

TEST(Session, IsUsedByOneHostAtATime) {
    const RunFolders folders;
    const ModelServer server(R"([{"content":"late","delay_ms":600000}])");
    Process first(with_prompt(kStream, "go"), folders.environment(&server), folders.workspace());
    first.close_input();
    ASSERT_TRUE(server.wait_for_requests(1));
    Process second(with_prompt(kStream, "go"), folders.environment(&server), folders.workspace());
    second.close_input();
    EXPECT_EQ(second.wait().code, 1);
    EXPECT_NE(second.errors.find("another tenon"), std::string::npos) << second.errors;
    first.send_signal(SIGTERM);
    EXPECT_EQ(first.wait().code, 143);
}

TEST(NoWait, LeavesRunningJobsAndTheNextRunDeliversTheirEnd) {
    const RunFolders folders;
    const ModelServer server(
        "[" +
        step_with_calls(call_text("a", "touch begun; until [ -e go ]; do :; done; echo later",
                                  "background_run")) +
        "," + kAnswers + "]");
    auto command = kStream;
    command.emplace_back("--no-wait");
    Process tenon(with_prompt(command, "go"), folders.environment(&server), folders.workspace());
    tenon.close_input();
    EXPECT_EQ(tenon.wait().code, 0) << tenon.errors;
    EXPECT_EQ(last_line(tenon.output)["jobs"][0]["status"], "running");
    while (!fs::exists(folders.workspace() / "begun"))
        std::this_thread::yield();
    EXPECT_FALSE(folders.processes().empty());
    std::ofstream(folders.workspace() / "go") << "x";
    Process next(with_prompt(kStream, "again"), folders.environment(&server), folders.workspace());
    next.close_input();
    EXPECT_EQ(next.wait().code, 0) << next.errors;
    const std::string id = background_jobs(folders).begin()->first;
    EXPECT_EQ(count(server.requests().back().body, "[bg:" + id + "] completed: later"), 1U);
    EXPECT_EQ(server.refusals(), 0);
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
}

}  // namespace
}  // namespace tenon::testing
