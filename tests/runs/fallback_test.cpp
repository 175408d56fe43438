#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <thread>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"
#include "tests/support/sanitizers.h"

/// The real program with two model servers, of which the first is not always there.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Step says(const std::string& text) {
    Step step;
    step.content = ordered_json::array({{{"type", "text"}, {"text", text}}});
    step.stop_reason = "end_turn";
    return step;
}

Step calls(const std::string& command, bool thinks = false) {
    Step step;
    step.content = ordered_json::array();
    if (thinks) step.content.push_back({{"type", "thinking"}, {"thinking", "I think so"}});
    step.content.push_back(command_use("t1", command));
    step.stop_reason = "tool_use";
    return step;
}

Step overloaded() {
    Step step;
    step.status = 529;
    return step;
}

Step always(Step step) {
    step.repeat = 0;
    return step;
}

CommandResult run_command(const std::vector<std::string>& words, const Environment& environment,
                          const fs::path& workspace) {
    Process process(words, environment, workspace);
    const auto exit = process.wait();
    return {exit.code, process.output, process.errors};
}

struct Ran {
    CommandResult command;
    Json result;
};

/// The first model is asked in the wire format of the parameter, the second in that of Anthropic.
class FallbackModels : public ::testing::TestWithParam<const char*> {
protected:
    static Ran run(const RunFolders& folders, const ModelServer& first, const ModelServer& second,
                   const std::vector<std::string>& more = {});
    static Json first_model() { return {{"provider", GetParam()}, {"name", "test-model"}}; }
    static Json second_model() { return {{"provider", "anthropic"}, {"name", "second-model"}}; }
    static std::string provider() { return std::string("model.provider=") + GetParam(); }
};

/// Runs a prompt with `first` as the configured model and `second` as its fallback model.
Ran FallbackModels::run(const RunFolders& folders, const ModelServer& first,
                        const ModelServer& second, const std::vector<std::string>& more) {
    std::vector<std::string> words = {TENON_PROGRAM,
                                      "-p",
                                      "go",
                                      "--yes",
                                      "--output-format",
                                      "json",
                                      "-D",
                                      provider(),
                                      "-D",
                                      "model.retry.maxAttempts=2",
                                      "-D",
                                      "model.retry.baseDelayMs=1",
                                      "-D",
                                      "model.fallback.1.provider=anthropic",
                                      "-D",
                                      "model.fallback.1.baseUrl=" + second.url(),
                                      "-D",
                                      "model.fallback.1.name=second-model"};
    words.insert(words.end(), more.begin(), more.end());
    Ran ran;
    Environment variables = folders.environment(&first, GetParam());
    for (const char* key : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"})
        variables[key] = "test-key-0123456789";
    ran.command = run_command(words, variables, folders.workspace());
    ran.result = last_line(ran.command.output);
    EXPECT_EQ(folders.processes(), std::vector<pid_t>());
    return ran;
}

TEST_P(FallbackModels, AnswerWhileTheFirstModelStaysOverloaded) {
    const RunFolders folders;
    const ModelServer first({always(overloaded())});
    const ModelServer second({says("from the second")});
    const Ran ran = run(folders, first, second);
    EXPECT_EQ(ran.command.code, 0) << ran.command.errors;
    EXPECT_EQ(ran.result["result"], "from the second");
    EXPECT_EQ(ran.result["model"], second_model());
    EXPECT_THAT(ran.command.errors,
                AllOf(HasSubstr("test-model at " + first.url() + " does not answer"),
                      HasSubstr("; asking second-model at " + second.url())));
    EXPECT_EQ(first.requests().size(), 2U);
    ASSERT_EQ(second.requests().size(), 1U);
    EXPECT_EQ(second.requests()[0].json()["model"], "second-model");
}

TEST_P(FallbackModels, AreNamedByTheirSettingsWhereTheirServersMaySpeakAnotherFormat) {
    const RunFolders folders;
    Step strange;
    strange.raw = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nhere";
    const ModelServer second({strange});
    const Ran ran = run(folders, ModelServer({always(overloaded())}), second);
    EXPECT_EQ(ran.command.code, 1);
    EXPECT_THAT(ran.command.errors,
                HasSubstr("at this address: try model.fallback.1.provider=openai, "
                          "or model.fallback.1.baseUrl with the path"));
}

TEST_P(FallbackModels, AreNotAskedWhileTheFirstModelAnswersOrRefuses) {
    const RunFolders folders;
    const ModelServer second(std::vector<Step>{});
    const Ran answered = run(folders, ModelServer({says("from the first")}), second);
    EXPECT_EQ(answered.result["model"], first_model());
    Step refusal;
    refusal.status = 401;
    const Ran refused = run(folders, ModelServer({refusal}), second);
    EXPECT_EQ(refused.command.code, 1);
    EXPECT_EQ(refused.result["subtype"], "error_api");
    EXPECT_EQ(refused.result["model"], first_model()) << "the configured one";
    EXPECT_EQ(second.requests().size(), 0U);
}

TEST_P(FallbackModels, GiveTheToolLoopBackToTheFirstModelWithItsThinking) {
    for (const char* format : {"anthropic", "openai", "openai-responses"}) {
        SCOPED_TRACE(format);
        const RunFolders folders;
        ModelServer::Options options;
        options.strict.reasoning_details = true;  // so that reasoning comes back in every format
        const ModelServer first({calls("echo one", true), overloaded(), overloaded(), says("done")},
                                options);
        const ModelServer second({always(calls("echo two", true))});
        const Ran ran =
            run(folders, first, second, {"-D", std::string("model.fallback.1.provider=") + format});
        EXPECT_EQ(ran.command.code, 0) << ran.command.errors;
        EXPECT_EQ(ran.result["result"], "done");
        EXPECT_EQ(ran.result["model"], first_model());
        EXPECT_THAT(ran.command.errors,
                    HasSubstr("test-model at " + first.url() + " answers again"));
        EXPECT_EQ(first.refusals(), 0);
        EXPECT_EQ(second.refusals(), 0);
        ASSERT_GE(second.requests().size(), 1U);
        EXPECT_THAT(second.requests()[0].body,
                    AllOf(HasSubstr("echo one"), Not(HasSubstr("I think"))));
        const Json last = first.requests().back().json()["messages"];
        EXPECT_EQ(last[1]["content"][0]["thinking"], "I think so") << "it comes back";
        EXPECT_EQ(last[3]["content"].size(), 1U) << "the call alone";
        EXPECT_EQ(last[3]["content"][0]["input"]["command"], "echo two");
    }
}

TEST_P(FallbackModels, TheFailureOfAllNamesEach) {
    const RunFolders folders;
    const ModelServer first({always(overloaded())});
    Step broken;
    broken.status = 503;
    const ModelServer second({always(broken)});
    const Ran ran = run(folders, first, second);
    EXPECT_EQ(ran.command.code, 1);
    EXPECT_EQ(ran.result["subtype"], "error_api");
    EXPECT_THAT(ran.result["result"].get<std::string>(),
                AllOf(HasSubstr("HTTP 529"), HasSubstr("no other model answers: second-model at "),
                      HasSubstr("HTTP 503")));
    EXPECT_EQ(ran.result["model"], first_model());
}

TEST_P(FallbackModels, HaveWindowsOfTheirOwn) {
    const RunFolders folders;
    const ModelServer first({always(overloaded())});
    Step too_long;
    too_long.status = 400;
    too_long.body = error_body(400, "prompt is too long: 300000 tokens > 9000 maximum");
    const ModelServer second({too_long, says("done")});
    const Ran ran = run(folders, first, second);
    EXPECT_EQ(ran.command.code, 0) << ran.command.errors;
    std::ifstream file(folders.state() / "windows.json");
    const Json windows = Json::parse(file)["windows"];
    EXPECT_EQ(
        windows,
        Json::array({{{"server", second.url()}, {"model", "second-model"}, {"tokens", 9000}}}));
    EXPECT_LT(second.requests().back().json()["max_tokens"], 9000 / 2);
}

TEST_P(FallbackModels, HaveTheWindowThatTheirServerLists) {
    const RunFolders folders;
    const fs::path file = folders.state() / "windows.json";
    const ModelServer first({always(overloaded())});
    ModelServer::Options options;
    options.strict.props_window = 9'000;
    // The question runs beside the work, so the second answer waits for what it brings.
    options.responder = [&file, answers = 0](const Json&) mutable {
        if (answers++ == 0) return calls("true");
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!fs::exists(file) && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        return says("done");
    };
    const ModelServer second(std::vector<Step>(), options);
    const Ran ran = run(folders, first, second);
    EXPECT_EQ(ran.command.code, 0) << ran.command.errors;
    EXPECT_EQ(Json::parse(read_whole_file(file, 10'000).value_or(""), nullptr, false)["windows"],
              Json::array({{{"server", second.url()},
                            {"model", "second-model"},
                            {"tokens", 9000},
                            {"listed", true}}}));
    EXPECT_THAT(first.lookups(), ::testing::IsEmpty());
}

TEST_P(FallbackModels, AreAskedWhenTheFirstServerCannotBeReached) {
    const RunFolders folders;
    const ModelServer second({says("from the second")});
    std::string gone;
    {
        const ModelServer first(std::vector<Step>{});
        gone = first.url();
    }
    const Ran ran = run(folders, second, second,
                        {"-D", "model.baseUrl=" + gone, "-D", "model.headers.X-Own=1"});
    EXPECT_EQ(ran.command.code, 0) << ran.command.errors;
    EXPECT_EQ(ran.result["model"], second_model());
    ASSERT_EQ(second.requests().size(), 1U);
    EXPECT_EQ(second.requests()[0].fields.count("x-own"), 0U)
        << "header fields may hold keys of the first server";
}

TEST_P(FallbackModels, AKeyThatIsMissingIsReportedAtTheStart) {
    const RunFolders folders;
    const ModelServer first(std::vector<Step>{});
    const bool to_openai = std::string(GetParam()) == "anthropic";
    const CommandResult ran = run_command(
        {TENON_PROGRAM, "-p", "go", "-D", provider(), "-D",
         std::string("model.fallback.1.provider=") + (to_openai ? "openai" : "anthropic"), "-D",
         "model.fallback.1.name=other-model"},
        folders.environment(&first, GetParam()), folders.workspace());
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.errors, AllOf(HasSubstr("other-model"),
                                  HasSubstr(to_openai ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY")));
    EXPECT_EQ(first.requests().size(), 0U);
}

TEST_P(FallbackModels, ARecordedRunHasTheAnswersOfAll) {
    const RunFolders folders;
    const ModelServer first({calls("echo one"), always(overloaded())});
    const ModelServer second({says("from the second")});
    const std::string file = (folders.home / "recorded").string();
    const Ran ran = run(folders, first, second, {"--record", file});
    ASSERT_EQ(ran.command.code, 0) << ran.command.errors;
    const CommandResult replayed = run_command(
        {TENON_PROGRAM, "-p", "go", "--yes", "--replay", file, "--output-format", "json"},
        folders.environment(), folders.workspace());
    ASSERT_EQ(replayed.code, 0) << replayed.errors;
    const Json result = last_line(replayed.output);
    EXPECT_EQ(result["result"], "from the second");
    EXPECT_EQ(result["model"]["provider"], "replay");
}

INSTANTIATE_TEST_SUITE_P(All, FallbackModels,
                         ::testing::Values("anthropic", "openai", "openai-responses"),
                         [](const auto& row) { return name_of_format(row.param); });

}  // namespace
}  // namespace tenon::testing
