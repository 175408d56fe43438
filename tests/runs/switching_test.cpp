#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// Sessions of the real program that go on with another model, on each wire format, in the middle
/// of a tool loop. The server refuses what the real ones refuse.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Model {
    std::string provider, name;
};

struct Switch {
    Model from, to;
};

std::string name_of(const ::testing::TestParamInfo<Switch>& info) {
    std::string name = info.param.from.provider + "_to_" + info.param.to.provider;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class Switching : public ::testing::TestWithParam<Switch> {
protected:
    static Step thinks_and_calls(const std::string& command) {
        Step step;
        step.content = ordered_json::array({{{"type", "thinking"}, {"thinking", "a secret idea"}},
                                            {{"type", "text"}, {"text", "I look around."}},
                                            command_use("t1", command)});
        step.stop_reason = "tool_use";
        return step;
    }
    static Step says(const std::string& text) {
        Step step;
        step.content = ordered_json::array({{{"type", "text"}, {"text", text}}});
        step.stop_reason = "end_turn";
        return step;
    }
    static Step refuses() {
        Step step;
        step.status = 403;
        return step;
    }

    std::unique_ptr<Process> start(const ModelServer& server, const Model& model,
                                   const std::string& prompt) {
        Environment variables = folders_.environment(&server);
        variables["OPENAI_BASE_URL"] = server.url() + "/v1";
        variables["OPENAI_API_KEY"] = "test-key-0123456789";
        return std::make_unique<Process>(
            std::vector<std::string>{TENON_PROGRAM, "-p", prompt, "--yes", "--session", "s",
                                     "--provider", model.provider, "--model", model.name,
                                     "--output-format", "json"},
            variables, folders_.workspace());
    }
    CommandResult run(const ModelServer& server, const Model& model, const std::string& prompt) {
        const auto process = start(server, model, prompt);
        const auto exit = process->wait();
        return {exit.code, process->output, process->errors};
    }

    static void expect_notice(const CommandResult& ran, const Model& from, const Model& to) {
        const std::string notice = "the session goes on with the provider " + to.provider +
                                   " and the model " + to.name + ", after " + from.provider +
                                   " and " + from.name;
        if (from.provider == to.provider) {
            EXPECT_THAT(ran.errors, Not(HasSubstr("the session goes on with")));
        } else {
            EXPECT_THAT(ran.errors, HasSubstr(notice));
        }
    }

    RunFolders folders_;
};

TEST_P(Switching, InAToolLoopLeavesOutNothingButThinking) {
    const auto& [from, to] = GetParam();
    const ModelServer server({thinks_and_calls("echo marvel"), refuses(), says("of the second"),
                              says("of the first again")});
    EXPECT_EQ(run(server, from, "go").code, 1) << "the request with the results fails";

    const CommandResult second = run(server, to, "go on");
    EXPECT_EQ(second.code, 0) << second.errors;
    expect_notice(second, from, to);
    EXPECT_EQ(last_line(second.output)["model"],
              (Json{{"provider", to.provider}, {"name", to.name}}));
    const std::string other = server.requests().at(2).body;
    EXPECT_THAT(other, AllOf(HasSubstr("I look around."), HasSubstr("echo marvel"),
                             HasSubstr("marvel\\n"), HasSubstr("go on")));
    EXPECT_THAT(other, Not(HasSubstr("a secret idea")));

    const CommandResult back = run(server, from, "and back");
    EXPECT_EQ(back.code, 0) << back.errors;
    expect_notice(back, to, from);
    const std::string same = server.requests().at(3).body;
    EXPECT_THAT(same, AllOf(HasSubstr("of the second"), HasSubstr("and back")));
    if (from.provider == "anthropic") {
        EXPECT_THAT(same, HasSubstr("a secret idea")) << "it comes back to its own model";
    } else if (from.provider == "openai-responses") {
        EXPECT_THAT(same, HasSubstr(R"("type":"reasoning")"));
    }
    EXPECT_EQ(server.refusals(), 0);
}

TEST_P(Switching, InAToolLoopLetsTheOtherModelGoOnWithItsOwnCalls) {
    const auto& [from, to] = GetParam();
    const ModelServer server({thinks_and_calls("echo marvel"), refuses(),
                              thinks_and_calls("echo wonder"), thinks_and_calls("echo delight"),
                              says("all done")});
    EXPECT_EQ(run(server, from, "go").code, 1) << "the request with the results fails";

    const CommandResult second = run(server, to, "go on");
    EXPECT_EQ(second.code, 0) << second.errors;
    EXPECT_EQ(last_line(second.output)["result"], "all done");
    EXPECT_EQ(last_line(second.output)["num_turns"], 3);
    const std::string last = server.requests().back().body;
    EXPECT_THAT(last, AllOf(HasSubstr("marvel\\n"), HasSubstr("echo wonder"),
                            HasSubstr("wonder\\n"), HasSubstr("delight\\n")));
    EXPECT_EQ(server.requests().size(), 5U) << "none is sent twice";
    EXPECT_EQ(server.refusals(), 0);
}

TEST_P(Switching, AfterAKillAnswersTheOpenCallForTheOtherModel) {
    const auto& [from, to] = GetParam();
    // The command may end before or after the second run looks at it.
    Step done = says("done");
    done.repeat = 0;
    const ModelServer server({thinks_and_calls("touch began; cat later"), done});
    const fs::path later = folders_.workspace() / "later";
    ASSERT_EQ(::mkfifo(later.c_str(), 0600), 0);
    const auto first = start(server, from, "go");
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!fs::exists(folders_.workspace() / "began")) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        std::this_thread::yield();
    }
    first->send_signal(SIGKILL);
    EXPECT_EQ(first->wait().signal, SIGKILL);
    std::ofstream(later) << "marvel\n";  // waits for the command

    const CommandResult second = run(server, to, "go on");
    EXPECT_EQ(second.code, 0) << second.errors << second.output;
    expect_notice(second, from, to);
    const std::string last = server.requests().back().body;
    EXPECT_THAT(last, AllOf(HasSubstr("I look around."), HasSubstr("touch began"),
                            HasSubstr("marvel\\n"), HasSubstr("go on")));
    EXPECT_THAT(last, Not(HasSubstr("a secret idea")));
    EXPECT_EQ(server.refusals(), 0);
}

std::vector<Switch> all_switches() {
    const std::vector<std::string> formats = {"anthropic", "openai", "openai-responses"};
    std::vector<Switch> all;
    for (const std::string& from : formats)
        for (const std::string& to : formats)
            all.push_back({{from, "one"}, {to, "two"}});
    return all;
}

INSTANTIATE_TEST_SUITE_P(OfModels, Switching, ::testing::ValuesIn(all_switches()), name_of);

}  // namespace
}  // namespace tenon::testing
