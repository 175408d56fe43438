#include <gtest/gtest.h>

#include "host/agent/answer_tool.h"
#include "host/agent/loop.h"
#include "tests/agent/loop_support.h"

/// Runs whose answer must be one JSON document: here an object with `n`, or an array.
namespace tenon::agent {
namespace {

class TestForm final : public AnswerForm {
public:
    explicit TestForm(bool wraps) : wraps_(wraps) {}
    [[nodiscard]] std::string_view schema() const override { return R"({"the":"schema"})"; }
    [[nodiscard]] Json input_schema() const override { return {{"type", "object"}}; }
    [[nodiscard]] bool wraps() const override { return wraps_; }
    [[nodiscard]] std::optional<std::string> flaw(const Json& document) const override {
        if (wraps_ ? document.is_array() : document.contains("n")) return std::nullopt;
        return wraps_ ? "the document must be an array" : "n is missing";
    }

private:
    bool wraps_;
};

class StructuredAnswers : public LoopWorld {
protected:
    StructuredAnswers() {
        toolbox.add("echo", true, [](const ToolCall&, CallContext&) {
            return ToolResult{"ran", false, {}};
        });
    }
    RunResult run(LoopOptions options = {}) {
        Loop::Ports all = ports();
        all.answer_form = &form();
        return Loop(all, std::move(options)).run("go", {});
    }
    const AnswerForm& form() { return wraps ? wrapped_ : plain_; }
    /// The toolbox has the real tool.
    void add_answer_tool() { toolbox.add_tool(std::make_unique<AnswerTool>(form())); }
    void then_answer_by_tool(const std::string& id, const std::string& input) {
        then_answer_by_calls({{id, input}});
    }
    /// One answer with several calls: ids and inputs.
    void then_answer_by_calls(const std::vector<std::pair<std::string, std::string>>& inputs) {
        std::string blocks;
        std::vector<ToolCall> calls;
        for (const auto& [id, input] : inputs) {
            blocks += (blocks.empty() ? "" : ",");
            blocks += R"({"type":"tool_use","id":")" + id +
                      R"(","name":"structured_output","input":)" + input + "}";
            calls.push_back({id, "structured_output", Json::parse(input), {}});
        }
        provider.then([=](const Request&, const std::stop_token&) {
            return Answer{"m", "model", "tool_use", "[" + blocks + "]", "", calls, {1, 2, 3, 4}};
        });
    }
    /// The texts of the last message of a request.
    std::string last_texts(std::size_t request) {
        std::string all;
        for (const Json& block : provider.requests.at(request).back()["content"])
            all += block.value("text", "") + block.value("content", "") + "\n";
        return all;
    }

    bool wraps = false;

private:
    TestForm plain_{false};
    TestForm wrapped_{true};
};

TEST_F(StructuredAnswers, AreAskedForInEachRequestAndTakenWhenTheyFit) {
    provider.then([](const Request& request, const std::stop_token&) {
        EXPECT_EQ(request.answer_schema, R"({"the":"schema"})");
        const std::string content = R"([{"type":"tool_use","id":"a","name":"echo","input":{}}])";
        return Answer{"m",         "model", "tool_use",
                      content,     "",      {{"a", "echo", Json::object(), {}}},
                      {1, 2, 3, 4}};
    });
    provider.then([](const Request& request, const std::stop_token&) {
        EXPECT_EQ(request.answer_schema, R"({"the":"schema"})");
        return Answer{
            "m", "model", "end_turn", R"([{"type":"text","text":"x"}])", " {\"n\": 1.0}\n", {}, {}};
    });
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_EQ(result.document, R"({"n": 1.0})");
    EXPECT_EQ(result.text, R"({"n": 1.0})");
    EXPECT_NE(last_texts(0).find("the tool structured_output"), std::string::npos);
    EXPECT_EQ(last_texts(1).find("structured_output"), std::string::npos) << "said once a run";
}

TEST_F(StructuredAnswers, MayStandInACodeFenceThatHoldsNothingElse) {
    const struct {
        const char* text;
        bool fits;
    } cases[] = {
        {"```json\n{\"n\":1}\n```", true},
        {"```\n{\"n\":1}\n```\n", true},
        {"{\"n\":1}", true},
        {" \xEF\xBB\xBF{\"n\":1}", true},
        {"\xEF\xBB\xBF```json\n{\"n\":1}\n```", true},
        {"Here:\n```json\n{\"n\":1}\n```", false},
        {"```python\n{\"n\":1}\n```", false},
        {"```json\n{\"n\":1}\n```\nDone.", false},
        {"{\"n\":1} {\"n\":2}", false},
        {"The answer is {\"n\":1}", false},
        {"```json\n{\"n\":1}", false},
        {"```json```", false},
        {"", false},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.text);
        StructuredAnswer answer(&form());
        EXPECT_EQ(answer.take_text(row.text), row.fits);
        if (row.fits) {
            EXPECT_EQ(answer.document(), R"({"n":1})");
        } else {
            EXPECT_EQ(answer.document(), std::nullopt);
        }
    }
}

TEST_F(StructuredAnswers, AreAskedForAgainWithWhatWasWrong) {
    provider.then_say("I think it is 7.");
    provider.then_say(R"({"m":7})");
    provider.then_say(R"({"n":7})");
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kDone);
    EXPECT_EQ(result.document, R"({"n":7})");
    EXPECT_EQ(result.turns, 3);
    EXPECT_NE(last_texts(1).find("it is not one JSON document"), std::string::npos);
    EXPECT_NE(last_texts(2).find("n is missing"), std::string::npos);
}

TEST_F(StructuredAnswers, AreAskedForAtMostThreeTimesMore) {
    for (int i = 0; i < 5; ++i)
        provider.then_say("no");
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kUnfitAnswer);
    EXPECT_EQ(result.document, std::nullopt);
    EXPECT_EQ(provider.requests.size(), 4U);
    EXPECT_NE(result.error.find("it is not one JSON document"), std::string::npos) << result.error;
}

TEST_F(StructuredAnswers, CountEmptyAnswersAsTries) {
    for (int i = 0; i < 5; ++i)
        provider.then_say("");
    EXPECT_EQ(run().outcome, Outcome::kUnfitAnswer);
    EXPECT_EQ(provider.requests.size(), 4U);
}

TEST_F(StructuredAnswers, AreTheArgumentsOfTheToolWhichEndsTheRun) {
    add_answer_tool();
    provider.then_call({{"a", "echo", Json::object(), {}}});
    then_answer_by_tool("b", R"({"n": 123456789012345678901234567890})");
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_EQ(result.document, R"({"n": 123456789012345678901234567890})");
    EXPECT_EQ(result.turns, 2);
    const auto messages = session.conversation().messages();
    EXPECT_NE(messages.back().wire.find("The answer is accepted."), std::string::npos);
    EXPECT_EQ(events.all<UserMessageSent>().size(), 2U) << "watchers see both results";
    expect_valid(session);
    // The next run goes on behind the result.
    provider.then_say(R"({"n":2})");
    EXPECT_EQ(run().document, R"({"n":2})");
    expect_valid(session);
}

TEST_F(StructuredAnswers, OfTheToolThatDoNotFitGetAnErrorAndCountAsTries) {
    add_answer_tool();
    then_answer_by_tool("a", R"({"m":1})");
    provider.then_say("no");
    then_answer_by_tool("b", R"({})");
    then_answer_by_tool("c", R"({"m":2})");
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kUnfitAnswer);
    EXPECT_EQ(provider.requests.size(), 4U);
    EXPECT_NE(last_texts(1).find("invalid arguments for structured_output: n is missing"),
              std::string::npos)
        << last_texts(1);
    EXPECT_NE(result.error.find("n is missing"), std::string::npos) << result.error;
    expect_valid(session);
}

TEST_F(StructuredAnswers, OfSeveralCallsAtOnceCountAsOneTry) {
    add_answer_tool();
    then_answer_by_calls({{"a", "{}"}, {"b", "{}"}, {"c", "{}"}, {"d", "{}"}});
    then_answer_by_calls({{"e", "{}"}, {"f", "{}"}, {"g", "{}"}, {"h", "{}"}});
    then_answer_by_tool("i", R"({"n":1})");
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_EQ(result.document, R"({"n":1})");
    EXPECT_EQ(result.turns, 3);
}

TEST_F(StructuredAnswers, AreTheCallThatFitsAmongOthersOfTheSameAnswer) {
    add_answer_tool();
    then_answer_by_calls({{"a", R"({"n":1})"}, {"b", "{}"}, {"c", "{}"}, {"d", "{}"}, {"e", "{}"}});
    const RunResult result = run();
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_EQ(result.document, R"({"n":1})");
    EXPECT_EQ(result.turns, 1);
}

TEST_F(StructuredAnswers, OfAnotherTypeThanAnObjectAreWrappedInTheTool) {
    wraps = true;
    add_answer_tool();
    then_answer_by_tool("a", R"([1])");
    then_answer_by_tool("b", R"({"answer":1})");
    then_answer_by_tool("c", R"({"answer":[1],"more":1})");
    then_answer_by_tool("d", R"({"answer": [1.0, 2]})");
    const RunResult result = run();
    EXPECT_EQ(result.document, "[1.0, 2]") << result.error;
    EXPECT_NE(last_texts(0).find("'answer'"), std::string::npos);
}

TEST_F(StructuredAnswers, ComeAgainAfterTheEndOfAJobAndTheLastOneCounts) {
    inbox.drains = {{}, {{"0000000a", "completed", "built"}}};
    inbox.waits = {true};
    provider.then_say(R"({"n":1})");
    provider.then_say("The job has ended.");
    provider.then_say(R"({"n":2})");
    const RunResult result = run();
    EXPECT_EQ(result.document, R"({"n":2})") << result.error;
    EXPECT_EQ(result.turns, 3);
}

TEST_F(StructuredAnswers, StayWhenThereIsNothingToAddToTheEndOfAJob) {
    for (const bool by_tool : {false, true}) {
        SCOPED_TRACE(by_tool);
        add_answer_tool();
        inbox.drains = {{}, {{by_tool ? "0000000b" : "0000000a", "completed", "built"}}};
        inbox.waits = {true};
        if (by_tool) {
            then_answer_by_tool("t", R"({"n":1})");
        } else {
            provider.then_say(R"({"n":1})");
        }
        provider.then_say("");
        const RunResult result = run();
        EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
        EXPECT_EQ(result.document, R"({"n":1})");
        EXPECT_EQ(result.text, R"({"n":1})");
    }
}

TEST_F(StructuredAnswers, EndAtTheLimitOfTurnsAsUsual) {
    provider.then_say("no");
    LoopOptions options;
    options.max_turns = 1;
    const RunResult result = run(options);
    EXPECT_EQ(result.outcome, Outcome::kMaxTurns);
    EXPECT_EQ(result.document, std::nullopt);
}

TEST_F(StructuredAnswers, ThatWereCutOffAreCheckedWhenTheyAreWhole) {
    provider.then_say(R"({"n":)", "max_tokens");
    provider.then_say("1}");
    EXPECT_EQ(run().document, R"({"n":1})");
}

TEST_F(StructuredAnswers, HoldNoKnownKeys) {
    secrets.add("sk-secret-0123456789");
    provider.then_say(R"({"n":"sk-secret-0123456789"})");
    EXPECT_EQ(run().document, R"({"n":"[redacted]"})");
}

TEST_F(StructuredAnswers, ThatDoNotFitWithoutAKnownKeyAreNone) {
    secrets.add("1234567890");
    add_answer_tool();
    const char* documents[] = {R"({"n": 1234567890})", R"({"a":0,"n":-1234567890.5})"};
    for (const std::string document : documents) {
        for (const bool by_tool : {false, true}) {
            SCOPED_TRACE(document + (by_tool ? " by the tool" : ""));
            if (by_tool) {
                then_answer_by_tool("t" + std::to_string(document.size()), document);
            } else {
                provider.then_say(document);
            }
            const RunResult result = run();
            EXPECT_EQ(result.outcome, Outcome::kUnfitAnswer);
            EXPECT_EQ(result.document, std::nullopt);
            EXPECT_NE(result.error.find("holds a secret value"), std::string::npos) << result.error;
            EXPECT_EQ(result.error.find("1234567890"), std::string::npos) << result.error;
        }
    }
}

}  // namespace
}  // namespace tenon::agent
