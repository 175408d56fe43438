#include "tests/agent/compaction_support.h"

/// Requests that do not fit into the window of the model.
namespace tenon::agent {
namespace {

TEST_F(CompactionTest, ARefusedConversationIsSummedUpAsPlainTextAndAskedOnceMore) {
    then_look("a", 10);
    provider.then_fail(kTooLong, 400);
    provider.then([&](const Request& request, const std::stop_token&) {
        EXPECT_FALSE(request.forbid_tools);
        EXPECT_EQ(request.tools, "[]");
        return Answer{"m", "m", "end_turn", "[]", "S.", {}, {}};
    });
    provider.then_say("done");
    words.reminders_to_come = {"", "Mind the gap."};
    EXPECT_EQ(run("go").text, "done");
    const std::string plain = texts_of(2)[0];
    EXPECT_NE(plain.find("User: go\n\nAssistant calls look: {}\n\nResult: a" + kLong + "\n\n"),
              std::string::npos)
        << plain;
    EXPECT_EQ(texts_of(3),
              (std::vector<std::string>{"<environment/>", compressed("S."), "Mind the gap."}));
}

TEST_F(CompactionTest, WhatTheWindowCutOffLeavesNoTraceAndIsAskedAgain) {
    then_look("a", 10);
    provider.then_say("half", "model_context_window_exceeded");
    then_summarize("S.");
    provider.then_say("done");
    const RunResult result = run("go");
    EXPECT_EQ(result.text, "done");
    EXPECT_EQ(result.turns, 2);
    EXPECT_EQ(texts_of(3).size(), 2U);
}

TEST_F(CompactionTest, TooLongAgainAfterTheSummaryEndsTheRun) {
    then_look("a", 10);
    provider.then_fail(kTooLong, 400);
    then_summarize("S.");
    provider.then_fail(kTooLong, 400);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_NE(result.error.find("prompt is too long"), std::string::npos);
    EXPECT_EQ(provider.requests.size(), 4U);
}

TEST_F(CompactionTest, ALonePromptThatIsTooLongEndsTheRun) {
    provider.then_fail(kTooLong, 400);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.error, kTooLong);
    EXPECT_TRUE(result.failed_request) << "the advice for the person needs it";
    EXPECT_EQ(provider.requests.size(), 1U);
}

TEST_F(CompactionTest, SendsLessAndLessOfAConversationThatDoesNotFit) {
    allow_tokens(200);
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(session.add_text("\xC3\xA4" + kLong, "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m", "m", "end_turn", R"([{"type":"text","text":"the newest"}])", "", {}, {10, 0, 0, 0}}));
    provider.then_fail(kTooLong, 400);
    provider.then_fail(kTooLong, 400);
    provider.then_fail(kTooLong, 400);
    then_summarize("S.");
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    std::size_t before = 1'000;
    for (std::size_t request = 1; request <= 3; ++request) {
        SCOPED_TRACE(request);
        const std::string plain = texts_of(request)[0];
        EXPECT_LT(plain.size(), before);
        EXPECT_NE(plain.find("bytes are left out]"), std::string::npos);
        EXPECT_NE(plain.find("Assistant: the newest"), std::string::npos);
        before = plain.size();
    }
}

TEST_F(CompactionTest, ASummaryThatDoesNotFitAsItIsIsAskedForInPlainText) {
    then_look("a", 2'000);
    provider.then_fail(kTooLong, 400);
    then_summarize("S.");
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(texts_of(2).size(), 2U);
    EXPECT_EQ(texts_of(3)[1], compressed("S."));
}

TEST_F(CompactionTest, WordsThatNobodyKnowsCountAsTooLongWhenTheConversationIsLong) {
    then_look("a", 600);  // of 1,000: half of it is long
    provider.then_refuse(Length::kNotSaid);
    then_summarize("S.");
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(texts_of(3)[1], compressed("S."));
}

TEST_F(CompactionTest, AWindowThatIsFullAgainIsNoReasonToRaiseTheLimitOfAnAnswer) {
    then_look("a", 10);
    provider.then_say("half", "model_context_window_exceeded");
    then_summarize("S.");
    provider.then_say("half", "model_context_window_exceeded");
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_NE(result.error.find("the model's context window is full"), std::string::npos)
        << result.error;
    EXPECT_EQ(result.error.find("maxTokens"), std::string::npos) << result.error;
}

TEST_F(CompactionTest, ASummaryOfNothingButBlanksDoesNotTakeTheConversationsPlace) {
    ASSERT_TRUE(session.add_text("go", "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m", "m", "end_turn", R"([{"type":"text","text":"the newest"}])", "", {}, {}}));
    const auto before = wires();
    then_summarize("\xC2\xA0\n");
    EXPECT_EQ(loop().compact("", {}).error, "the model wrote no summary");
    EXPECT_EQ(wires(), before);
}

TEST_F(CompactionTest, InAKnownWindowWordsThatNobodyKnowCountOnlyFromHalfTheThresholdOn) {
    struct Case {
        bool known;
        std::int64_t tokens;
        bool sums_up;
    };
    for (const Case& c : {Case{true, 6'000, false}, Case{true, 60'000, true},
                          Case{false, 6'000, true}, Case{false, 3'000, false}}) {
        SCOPED_TRACE(std::to_string(c.known) + " " + std::to_string(c.tokens));
        allow_tokens(116'000);
        options.compaction.window = [&](const AskedModel&) {
            return c.known ? std::optional<std::int64_t>(200'000) : std::nullopt;
        };
        ASSERT_TRUE(session.clear());
        provider.requests.clear();
        then_look("a" + std::to_string(c.known) + std::to_string(c.tokens), c.tokens);
        provider.then_refuse(Length::kNotSaid);
        if (c.sums_up) {
            then_summarize("S.");
            provider.then_say("done");
        }
        const RunResult result = run("go");
        EXPECT_EQ(result.outcome, c.sums_up ? Outcome::kDone : Outcome::kFailed) << result.error;
        EXPECT_EQ(provider.requests.size(), c.sums_up ? 4U : 2U);
    }
}

TEST_F(CompactionTest, InAKnownWindowASummaryIsAskedForOnlyWithWhatFits) {
    struct Case {
        std::int64_t window;
        bool in_plain_text;
        std::int64_t max_tokens;
    };
    for (const Case& c : {Case{100'000, false, 4'000}, Case{16'000, false, 3'400},
                          Case{14'000, true, 4'000}, Case{8'000, true, 4'000}}) {
        SCOPED_TRACE(c.window);
        allow_tokens(6'000);
        options.compaction.answer = [](const AskedModel&) { return 4'000; };
        options.compaction.window = [&](const AskedModel&) { return std::optional(c.window); };
        ASSERT_TRUE(session.clear());
        provider.requests.clear();
        then_look("a" + std::to_string(c.window), 11'800);
        std::int64_t max_tokens = 0;
        provider.then([&](const Request& request, const std::stop_token&) {
            max_tokens = request.max_tokens;
            return Answer{"m", "m", "end_turn", "[]", "S.", {}, {}};
        });
        provider.then_say("done");
        EXPECT_EQ(run("go").text, "done");
        const bool in_plain_text =
            provider.requests.at(1)[0].dump().find("<conversation>") != std::string::npos;
        EXPECT_EQ(in_plain_text, c.in_plain_text);
        EXPECT_NEAR(static_cast<double>(max_tokens), static_cast<double>(c.max_tokens), 250);
    }
}

TEST_F(CompactionTest, WordsThatNobodyKnowsEndTheRunWhenTheConversationIsShort) {
    then_look("a", 10);
    provider.then_refuse(Length::kNotSaid);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.error, "POST x: HTTP 400: no, thank you");
    EXPECT_EQ(provider.requests.size(), 2U);
}

TEST_F(CompactionTest, WordsThatNobodyKnowsAreNotTriedForEver) {
    allow_tokens(10'000);
    ASSERT_TRUE(session.add_text(std::string(20'000, 'x'), "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m", "m", "end_turn", R"([{"type":"text","text":"the newest"}])", "", {}, {}}));
    for (int i = 0; i < 10; ++i)
        provider.then_refuse(Length::kNotSaid);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_NE(result.error.find("HTTP 400: no, thank you"), std::string::npos) << result.error;
    EXPECT_EQ(provider.requests.size(), 4U) << "one request, and three for a summary";
    EXPECT_EQ(session.conversation().messages().size(), 3U) << "it stays as it was";
}

TEST_F(CompactionTest, ASummaryThatIsRefusedIsAskedForWithLess) {
    ASSERT_TRUE(session.add_text(std::string(20'000, 'x'), "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m", "m", "end_turn", R"([{"type":"text","text":"the newest"}])", "", {}, {}}));
    provider.then_refuse(Length::kNotSaid);  // of the summary as the conversation stands
    provider.then_refuse(Length::kTooLong);
    then_summarize("S.");
    const RunResult result = loop().compact("", {});
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    ASSERT_EQ(provider.requests.size(), 3U);
    EXPECT_LT(texts_of(2)[0].size(), texts_of(1)[0].size() * 3 / 4);
    EXPECT_NE(texts_of(2)[0].find("Assistant: the newest"), std::string::npos);
}

TEST_F(CompactionTest, AWindowThatIsStatedIsLearnedAndCountsForTheSummaryToo) {
    std::int64_t window = 100'000;
    std::vector<std::string> learned;
    options.compaction.threshold = [&](const AskedModel&) { return window / 2; };
    options.compaction.answer = [&](const AskedModel&) { return window / 4; };
    options.compaction.learn = [&](const AskedModel& model, std::int64_t tokens) {
        learned.push_back(std::string(model.session) + " " + std::to_string(tokens));
        window = tokens;
    };
    std::vector<std::int64_t> asked;
    const auto note = [&](const Result<Answer, ModelFailure>& answer) {
        provider.then([&asked, answer](const Request& request, const std::stop_token&) {
            asked.push_back(request.max_tokens);
            return answer;
        });
    };
    ASSERT_TRUE(session.add_text(std::string(20'000, 'x'), "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m", "m", "end_turn", R"([{"type":"text","text":"the newest"}])", "", {}, {}}));
    note(ModelFailure{"too long", 400, "", "", false, false, {}, {}, Length::kTooLong, {}, 8'000});
    note(Answer{"m", "m", "end_turn", "[]", "S.", {}, {}});
    note(Answer{"m", "m", "end_turn", R"([{"type":"text","text":"done"}])", "done", {}, {}});
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(learned, std::vector<std::string>{"m 8000"});
    EXPECT_EQ(asked, (std::vector<std::int64_t>{25'000, 2'000, 2'000}));
    EXPECT_LT(texts_of(1)[0].size(), 12'200U) << "three bytes a token of 4,000";
    EXPECT_NE(texts_of(1)[1].find("Write at most 666 words."), std::string::npos);
}

TEST_F(CompactionTest, APromptThatWasAnsweredIsReportedWithTheCountOfTheEndpoint) {
    std::vector<std::string> accepted;
    options.compaction.accepted = [&](const AskedModel& model, std::int64_t prompt) {
        accepted.push_back(std::string(model.session) + " " + std::to_string(prompt));
    };
    provider.then_call({call("a")}, {100, 7, 20, 3});
    provider.then_fail("no", 401);
    run("go");
    EXPECT_EQ(accepted, std::vector<std::string>{"m 123"});
}

TEST_F(CompactionTest, AnAnswerThatIsTooLongForTheWindowIsMadeShorterInstead) {
    std::int64_t window = 100'000;
    options.compaction.threshold = [&](const AskedModel&) { return window / 2; };
    options.compaction.answer = [&](const AskedModel&) { return window / 4; };
    options.compaction.learn = [&](const AskedModel&, std::int64_t tokens) { window = tokens; };
    provider.then_refuse(Length::kTooLong, 8'000, "max_tokens is too large");
    provider.then([](const Request& request, const std::stop_token&) {
        EXPECT_EQ(request.max_tokens, 2'000);
        return Answer{"m", "m", "end_turn", R"([{"type":"text","text":"done"}])", "done", {}, {}};
    });
    EXPECT_EQ(run("go").text, "done") << "the very first prompt: there is nothing to sum up";
    EXPECT_EQ(provider.requests[0], provider.requests[1]);
}

TEST_F(CompactionTest, ARefusalAfterEveryTurnEndsTheRun) {
    for (int i = 0; i < 10; ++i) {
        then_look("a" + std::to_string(i), 10);
        provider.then_fail(kTooLong, 400);
        then_summarize("S.");
    }
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_NE(result.error.find("prompt is too long"), std::string::npos) << result.error;
    EXPECT_NE(result.error.find("made shorter twice"), std::string::npos) << result.error;
    EXPECT_EQ(provider.requests.size(), 8U) << "three turns, three refusals, two summaries";
}

// ---------------------------------------------------------------- on demand

}  // namespace
}  // namespace tenon::agent
