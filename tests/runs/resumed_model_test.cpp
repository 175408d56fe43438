#include <fstream>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// Sessions of the real program that are opened again after the configuration of the model or its
/// server has changed.
namespace tenon::testing {
namespace {

using nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ResumedModel : public ::testing::Test {
protected:
    static Step says(const std::string& text) {
        Step step;
        step.content = ordered_json::array({{{"type", "text"}, {"text", text}}});
        step.stop_reason = "end_turn";
        step.repeat = 0;
        return step;
    }
    /// A run with nothing in its environment but `variables`.
    CommandResult run(const Environment& variables, std::vector<std::string> words) {
        Environment environment = folders_.environment();
        for (const auto& [name, value] : variables)
            environment[name] = value;
        words.insert(words.begin(), {TENON_PROGRAM, "-p", "go"});
        Process process(words, environment, folders_.workspace());
        const auto exit = process.wait();
        return {exit.code, process.output, process.errors};
    }
    static Environment openai_at(const ModelServer& server) {
        return {{"OPENAI_BASE_URL", server.url() + "/v1"},
                {"OPENAI_API_KEY", "test-key-0123456789"}};
    }
    static Environment with(Environment variables, const Environment& more) {
        variables.insert(more.begin(), more.end());
        return variables;
    }
    static Environment anthropic_at(const ModelServer& server) {
        return {{"ANTHROPIC_BASE_URL", server.url()},
                {"ANTHROPIC_API_KEY", "test-key-0123456789"},
                {"TENON_MODEL", "configured"}};
    }

    RunFolders folders_;
    ModelServer first_{{says("of the first")}};
    ModelServer second_{{says("of the second")}};
};

TEST_F(ResumedModel, ASessionNeedsNoOptionsThatItsJournalHas) {
    const Environment variables = openai_at(first_);
    const CommandResult begun =
        run(variables, {"--provider", "openai", "--model", "m", "--session", "s"});
    ASSERT_EQ(begun.code, 0) << begun.errors;
    for (const auto& again : {std::vector<std::string>{"--session", "s"}, {"--continue"}}) {
        const CommandResult ran = run(variables, again);
        EXPECT_EQ(ran.code, 0) << ran.errors;
        EXPECT_THAT(ran.errors, AllOf(HasSubstr("the session keeps its provider openai, at " +
                                                first_.url() + "/v1"),
                                      Not(HasSubstr("goes on"))));
        EXPECT_EQ(first_.requests().back().json()["model"], "m");
    }
    EXPECT_EQ(first_.requests().size(), 3U);
    EXPECT_EQ(first_.refusals(), 0);
}

TEST_F(ResumedModel, AnotherServerOfTheProviderIsAnnounced) {
    ASSERT_EQ(run(anthropic_at(first_), {"--session", "s"}).code, 0);
    const CommandResult same =
        run(with({{"ANTHROPIC_BASE_URL", first_.url() + "/v1/messages"}}, anthropic_at(first_)),
            {"--session", "s"});
    ASSERT_EQ(same.code, 0) << same.errors;
    EXPECT_THAT(same.errors, Not(HasSubstr("goes on"))) << "the same server in other words";
    const CommandResult other = run(anthropic_at(second_), {"--session", "s"});
    ASSERT_EQ(other.code, 0) << other.errors;
    EXPECT_THAT(other.errors, HasSubstr("the session goes on at " + second_.url() +
                                        "/v1; until now it was at " + first_.url() + "/v1"));
    const CommandResult again = run(anthropic_at(second_), {"--session", "s"});
    EXPECT_THAT(again.errors, Not(HasSubstr("goes on"))) << "said once";
}

TEST_F(ResumedModel, AProviderIsNotKeptAtAServerThatTheSessionNeverHad) {
    ASSERT_EQ(
        run(openai_at(first_), {"--provider", "openai", "--model", "m", "--session", "s"}).code, 0);
    // The provider of the session would now be asked at `second_`, with its key.
    const CommandResult ran =
        run(with(openai_at(second_), anthropic_at(first_)), {"--session", "s"});
    ASSERT_EQ(ran.code, 0) << ran.errors;
    EXPECT_EQ(second_.requests().size(), 0U);
    EXPECT_EQ(first_.requests().back().json()["model"], "configured");
    EXPECT_THAT(ran.errors, HasSubstr("the session goes on with the provider anthropic and the "
                                      "model configured, after openai and m"));
}

TEST_F(ResumedModel, AServerThatIsNamedForNoProviderGetsThatOfTheSession) {
    const Environment key = {{"OPENAI_API_KEY", "test-key-0123456789"}};
    ASSERT_EQ(run(key, {"--session", "s", "--provider", "openai", "--model", "m", "-D",
                        "model.baseUrl=" + first_.url() + "/v1"})
                  .code,
              0);
    const CommandResult ran =
        run(key, {"--continue", "-D", "model.baseUrl=" + second_.url() + "/v1"});
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_EQ(second_.requests().back().json()["model"], "m");
    EXPECT_THAT(ran.errors, HasSubstr("until now it was at " + first_.url()));
}

TEST_F(ResumedModel, WithoutAKeyTheErrorSaysWhereTheSessionWas) {
    const Environment key = {{"OPENAI_API_KEY", "test-key-0123456789"}};
    const std::vector<std::string> there = {
        "--session", "s", "--provider", "openai", "-D", "model.baseUrl=" + first_.url() + "/v1"};
    std::vector<std::string> begins = there;
    begins.insert(begins.end(), {"--model", "m"});
    ASSERT_EQ(run(key, begins).code, 0);
    const CommandResult ran = run(key, {"--session", "s"});
    EXPECT_EQ(ran.code, 2);
    const std::string way = "--provider openai -D model.baseUrl=" + first_.url() + "/v1";
    EXPECT_THAT(ran.errors, AllOf(HasSubstr("ANTHROPIC_API_KEY"), HasSubstr(way)));
    const CommandResult gone_on = run(key, there);
    EXPECT_EQ(gone_on.code, 0) << gone_on.errors;
    EXPECT_EQ(first_.requests().back().json()["model"], "m");
}

}  // namespace
}  // namespace tenon::testing
