#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/base/mutex.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// Subagents of the real program, side by side, recorded, stopped and killed.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

ordered_json text(const std::string& said) {
    return {{"type", "text"}, {"text", said}};
}

/// Answers each conversation from a list of its own, and with "over" after the list's end. The name
/// of a subagent's conversation is its prompt; that of the session is "".
class ConversationScripts {
public:
    using Answers = std::map<std::string, std::vector<ordered_json>>;
    explicit ConversationScripts(Answers answers) : answers_(std::move(answers)) {}

    [[nodiscard]] ModelServer::Options options() {
        ModelServer::Options options;
        options.responder = [this](const Json& request) { return answer(request); };
        return options;
    }
    /// The bodies of the requests so far of one conversation.
    std::vector<std::string> requests(const std::string& conversation) {
        const Lock lock(mutex_);
        return requests_[conversation];
    }

private:
    Step answer(const Json& request) {
        const Lock lock(mutex_);
        std::string conversation;
        for (const Json& block : request["messages"][0]["content"]) {
            const std::string said = string_or(block, "text");
            if (answers_.count(said) > 0) conversation = said;
        }
        auto& asked = requests_[conversation];
        asked.push_back(request.dump());
        const auto& answers = answers_.at(conversation);
        Step step;
        step.content = asked.size() <= answers.size() ? answers[asked.size() - 1]
                                                      : ordered_json::array({text("over")});
        const bool calls = step.content.back()["type"] == "tool_use";
        step.stop_reason = calls ? "tool_use" : "end_turn";
        return step;
    }

    Answers answers_;
    Mutex mutex_;
    std::map<std::string, std::vector<std::string>> requests_ TENON_GUARDED_BY(mutex_);
};

std::vector<std::string> command(const std::vector<std::string>& more) {
    std::vector<std::string> words = {TENON_PROGRAM};
    for (const char* word : {"--yes", "--plugin-dir", TENON_RUN_PLUGINS, "-D",
                             "plugins.delegate.isolated=false", "--output-format", "stream-json"})
        words.emplace_back(word);
    words.insert(words.end(), {"--session", "s"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

void wait_for_files(const RunFolders& folders, const std::vector<std::string>& names) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (const std::string& name : names) {
        while (!fs::exists(folders.workspace() / name)) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << name;
            std::this_thread::yield();
        }
    }
}

ordered_json two_delegates() {
    return ordered_json::array({tool_use("t1", "delegate", {{"prompt", "one"}}),
                                tool_use("t2", "delegate", {{"prompt", "two"}})});
}
ordered_json words_and_command(const std::string& said, const std::string& command) {
    return ordered_json::array({text(said), command_use("a", command)});
}
ordered_json last(const std::string& said) {
    return ordered_json::array({text(said)});
}

std::size_t journals_of_subagents(const RunFolders& folders) {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(folders.state() / "sessions/s"))
        found += entry.path().extension() == ".jsonl" ? 1U : 0U;
    return found;
}

TEST(Subagents, ThatWereRecordedSideBySideCanBeReplayed) {
    const RunFolders folders;
    // Each command waits for the file of the other, so both must run at the same time.
    const std::string one = "echo 1 >one; until [ -e two ]; do sleep 0.01; done";
    const std::string two = "echo 2 >two; until [ -e one ]; do sleep 0.01; done";
    ConversationScripts model({{"", {two_delegates(), last("All done.")}},
                               {"one", {words_and_command("hm", one), last("one said 1")}},
                               {"two", {words_and_command("hm", two), last("two said 2")}}});
    const ModelServer server(std::vector<Step>(), model.options());
    const std::string file = folders.home / "run.jsonl";
    Process live(command({"-p", "go", "--record", file}), folders.environment(&server),
                 folders.workspace());
    EXPECT_EQ(live.wait().code, 0) << live.output << live.errors;
    EXPECT_EQ(journals_of_subagents(folders), 2U);

    const RunFolders elsewhere;
    Process again(command({"-p", "go", "--replay", file}), elsewhere.environment(),
                  elsewhere.workspace());
    EXPECT_EQ(again.wait().code, 0) << again.output << again.errors;
    for (const char* said : {"one said 1", "two said 2", "All done."})
        EXPECT_NE(again.output.find(said), std::string::npos) << said << "\n" << again.output;
    EXPECT_TRUE(fs::exists(elsewhere.workspace() / "one"));
    EXPECT_TRUE(fs::exists(elsewhere.workspace() / "two"));
}

TEST(Subagents, EndWithTheirCommandsWhenTheRunIsInterrupted) {
    const RunFolders folders;
    ConversationScripts model({{"", {two_delegates()}},
                               {"one", {words_and_command("begun", "touch one; sleep 300")}},
                               {"two", {words_and_command("begun", "touch two; sleep 300")}}});
    const ModelServer server(std::vector<Step>(), model.options());
    Process tenon(command({"-p", "go"}), folders.environment(&server), folders.workspace());
    tenon.close_input();
    wait_for_files(folders, {"one", "two"});
    tenon.send_signal(SIGINT);
    EXPECT_EQ(tenon.wait().code, 130) << tenon.errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());

    Process next(command({"-p", "again"}), folders.environment(&server), folders.workspace());
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(server.refusals(), 0);
    EXPECT_NE(model.requests("").back().find("interrupted"), std::string::npos);
}

TEST(Subagents, OfAKilledHostAreInterruptedCallsOfTheNextAndTheirCommandsEnd) {
    const RunFolders folders;
    ConversationScripts model(
        {{"", {two_delegates()}},
         {"one", {words_and_command("one has begun", "touch one; sleep 300")}},
         {"two", {words_and_command("two has begun", "touch two; sleep 300")}}});
    const ModelServer server(std::vector<Step>(), model.options());
    {
        Process tenon(command({"-p", "go"}), folders.environment(&server), folders.workspace());
        tenon.close_input();
        wait_for_files(folders, {"one", "two"});
        tenon.send_signal(SIGKILL);
        EXPECT_EQ(tenon.wait().signal, SIGKILL);
    }
    Process next(command({"-p", "again"}), folders.environment(&server), folders.workspace());
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
    EXPECT_EQ(server.refusals(), 0);
    ASSERT_EQ(model.requests("").size(), 2U);
    const std::string request = model.requests("").back();
    for (const char* said : {"interrupted; the subagent had said:\\none has begun",
                             "interrupted; the subagent had said:\\ntwo has begun"})
        EXPECT_NE(request.find(said), std::string::npos) << said << "\n" << request;
    EXPECT_EQ(request.find("[bg:"), std::string::npos) << "their commands are no background jobs";
    EXPECT_EQ(model.requests("one").size() + model.requests("two").size(), 2U)
        << "no subagent goes on";
}

TEST(Subagents, ThatHadFinishedGiveTheirResultAlsoWhenTheHostIsKilled) {
    const RunFolders folders;
    const ordered_json agents = ordered_json::array({tool_use("t1", "agent", {{"prompt", "one"}}),
                                                     command_use("t2", "touch begun; sleep 300")});
    ConversationScripts model({{"", {agents}}, {"one", {last("one is done")}}});
    const ModelServer server(std::vector<Step>(), model.options());
    std::string journal;
    {
        Process tenon(command({"-p", "go"}), folders.environment(&server), folders.workspace());
        tenon.close_input();
        ASSERT_TRUE(tenon.wait_for_output("one is done"));
        wait_for_files(folders, {"begun"});
        tenon.send_signal(SIGKILL);
        tenon.wait();
    }
    // As if the host had been killed before it could write the result.
    const fs::path file = folders.state() / "sessions/s.jsonl";
    {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);)
            if (line.find(R"("tool_result")") == std::string::npos) journal += line + "\n";
    }
    std::ofstream(file) << journal;
    Process next(command({"-p", "again", "--no-wait"}), folders.environment(&server),
                 folders.workspace());
    EXPECT_EQ(next.wait().code, 0) << next.output << next.errors;
    EXPECT_EQ(server.refusals(), 0);
    const Json messages = Json::parse(model.requests("").back())["messages"];
    EXPECT_EQ(messages[2]["content"][0]["content"], "one is done") << messages.dump();
    EXPECT_EQ(model.requests("one").size(), 1U);
    Process end({TENON_PROGRAM, "jobs", "cancel", "--all"}, folders.environment(),
                folders.workspace());
    EXPECT_EQ(end.wait().code, 0);
}

}  // namespace
}  // namespace tenon::testing
