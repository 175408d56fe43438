#include <gtest/gtest.h>

#include "host/agent/loop.h"
#include "host/agent/recorded_usage.h"
#include "tests/agent/loop_support.h"

namespace tenon::agent {
namespace {

/// Runs of a loop whose run has a budget of tokens.
class BudgetTest : public LoopWorld {
protected:
    BudgetTest() {
        toolbox.add("echo", true, [](const ToolCall& c, CallContext&) {
            return ToolResult{"ran " + c.id, false, {}};
        });
    }
    Loop loop(std::int64_t tokens) {
        spending = std::make_unique<Spending>(Prices{}, Budget{std::nullopt, tokens});
        Loop::Ports all = ports();
        all.spending = spending.get();
        return Loop(all, options);
    }
    static ToolCall echo(const std::string& id) { return {id, "echo", Json::object(), {}}; }
    static bool has(const std::string& text, std::string_view part) {
        return text.find(part) != text.npos;
    }

    LoopOptions options;
    std::unique_ptr<Spending> spending;
};

TEST_F(BudgetTest, EndsTheRunBeforeTheNextRequestAndKeepsTheResults) {
    provider.then_call({echo("a"), echo("b")}, {50, 30, 20, 10});
    const RunResult result = loop(100).run("go", {});
    EXPECT_EQ(result.outcome, Outcome::kMaxBudget);
    EXPECT_TRUE(has(result.error, "110 of 100 tokens")) << result.error;
    EXPECT_FALSE(result.failed_request);
    EXPECT_EQ(result.turns, 1);
    EXPECT_EQ(result.usage, (Usage{50, 30, 20, 10}));
    EXPECT_EQ(provider.requests.size(), 1U);
    EXPECT_TRUE(session.conversation().unanswered().empty());
    expect_valid(session);

    provider.then_say("done");
    EXPECT_EQ(loop(100).run("go on", {}).outcome, Outcome::kDone);
    const Json last = provider.requests.at(1).back()["content"];
    EXPECT_EQ(last[0]["content"], "ran a");
    EXPECT_EQ(last[1]["content"], "ran b");
    EXPECT_EQ(last[2]["text"], "go on");
}

TEST_F(BudgetTest, AnAnswerThatNeedsNoOtherRequestIsTheEndOfASuccessfulRun) {
    provider.then_say("done", "end_turn", {500, 500, 0, 0});
    Loop run = loop(100);
    EXPECT_EQ(run.run("go", {}).outcome, Outcome::kDone);
    const RunResult next = run.run("again", {});
    EXPECT_EQ(next.outcome, Outcome::kMaxBudget);
    EXPECT_TRUE(next.prompt_recorded);
    EXPECT_EQ(run.wake({}).outcome, Outcome::kMaxBudget);
    EXPECT_EQ(run.compact("", {}).outcome, Outcome::kMaxBudget);
    EXPECT_EQ(provider.requests.size(), 1U);
}

TEST_F(BudgetTest, AnAnswerThatWasCutIsNotContinuedBeyondIt) {
    provider.then_say("half", "max_tokens", {50, 60, 0, 0});
    const RunResult result = loop(100).run("go", {});
    EXPECT_EQ(result.outcome, Outcome::kMaxBudget);
    EXPECT_EQ(result.text, "half");
    expect_valid(session);
}

TEST_F(BudgetTest, SummariesCountAndAreNotAskedForBeyondIt) {
    options.compaction.threshold = [](const AskedModel&) { return 1'000; };
    provider.then_call({echo("a")}, {2'000, 10, 0, 0});
    provider.then_say("SUMMARY", "end_turn", {400, 100, 0, 0});
    const RunResult result = loop(2'500).run("go", {});
    EXPECT_EQ(result.outcome, Outcome::kMaxBudget);
    EXPECT_EQ(result.usage, (Usage{2'400, 110, 0, 0}));
    EXPECT_EQ(provider.requests.size(), 2U);
    EXPECT_EQ(events.all<Compacted>().size(), 1U);
    EXPECT_EQ(usage_of_session(dir / "s1.jsonl")->tokens, result.usage);
}

TEST_F(BudgetTest, EstimatesOfWhatServersDoNotStateAreTheSameEverywhere) {
    std::vector<std::int64_t> accepted;
    options.compaction.accepted = [&](const AskedModel&, std::int64_t prompt) {
        accepted.push_back(prompt);
    };
    provider.then_call({echo("a")}, {});
    provider.then_say("done", "end_turn", {0, 7, 0, 0});
    const RunResult result = loop(100'000).run("go", {});
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_GT(result.usage.input_tokens, 0);
    EXPECT_GT(result.usage.output_tokens, 7);
    EXPECT_EQ(spending->usage(), result.usage);
    EXPECT_EQ(*usage_of_session(dir / "s1.jsonl"), (RecordedUsage{result.usage, true}));
    // What is learnt about the length of the conversation is learnt from servers alone.
    EXPECT_EQ(accepted, (std::vector<std::int64_t>{0, 0}));
    EXPECT_EQ(session.last_usage(), (Usage{0, 7, 0, 0}));
}

TEST_F(BudgetTest, AFurtherAttemptAtASummaryIsNotMadeBeyondIt) {
    options.compaction.threshold = [](const AskedModel&) { return 1'000; };
    provider.then_call({echo("a")}, {2'000, 10, 0, 0});
    provider.then_say("", "model_context_window_exceeded", {600, 0, 0, 0});
    const RunResult result = loop(2'500).run("go", {});
    EXPECT_EQ(result.outcome, Outcome::kMaxBudget);
    EXPECT_EQ(provider.requests.size(), 2U);
    EXPECT_TRUE(events.all<Compacted>().empty());
    EXPECT_EQ(usage_of_session(dir / "s1.jsonl")->tokens, (Usage{2'600, 10, 0, 0}));
}

TEST_F(BudgetTest, TheJournalHasTheTokensOfAnswersThatItDoesNotHold) {
    provider.then_say("", "end_turn", {1, 0, 0, 0});
    provider.then_say("no", "refusal", {20, 1, 0, 0});
    Loop run = loop(1'000);
    EXPECT_EQ(run.run("go", {}).outcome, Outcome::kDone);
    EXPECT_EQ(run.run("bad", {}).outcome, Outcome::kFailed);
    std::stop_source stop;
    provider.then([&](const Request&, const std::stop_token&) {
        stop.request_stop();
        Answer late = answer(R"([{"type":"text","text":"late"}])");
        late.usage = {300, 2, 0, 0};
        return late;
    });
    const RunResult stopped = run.run("go on", stop.get_token());
    EXPECT_EQ(stopped.outcome, Outcome::kInterrupted);
    EXPECT_EQ(stopped.usage, (Usage{300, 2, 0, 0}));
    EXPECT_EQ(usage_of_session(dir / "s1.jsonl")->tokens, (Usage{321, 3, 0, 0}));
    EXPECT_EQ(session.conversation().messages().size(), 1U);
}

TEST_F(BudgetTest, AServerThatStatesNoUsageUsesItUpToo) {
    provider.then_call({echo("a")}, {});
    const RunResult result = loop(5).run(std::string(400, 'x'), {});
    EXPECT_EQ(result.outcome, Outcome::kMaxBudget);
    EXPECT_TRUE(has(result.error, "estimated")) << result.error;
    EXPECT_EQ(provider.requests.size(), 1U);
}

}  // namespace
}  // namespace tenon::agent
