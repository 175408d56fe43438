#include "host/agent/compaction.h"

#include <gtest/gtest.h>

#include "host/agent/compact_tool.h"
#include "host/agent/loop.h"
#include "host/agent/pruning.h"
#include "tests/support/fakes.h"
#include "tests/support/temp_dir.h"

namespace tenon::agent {
namespace {

ToolCall call(const std::string& id, const std::string& name = "look") {
    return {id, name, Json::object(), {}};
}

const std::string kLong(400, 'x');

/// A run whose tool `look` answers with 400 characters, in a session with an environment.
class CompactionTest : public ::testing::Test {
protected:
    CompactionTest() : session(*Session::open(dir.path(), head())) {
        inbox.deliveries = &session.deliveries();
        EXPECT_TRUE(session.add_text("<environment/>", Session::kIntroductionOrigin));
        toolbox.add("look", true, [](const ToolCall& c, CallContext&) {
            return ToolResult{c.id + kLong, false, {}};
        });
        toolbox.add("compact", false, [](const ToolCall& c, CallContext& context) {
            return CompactTool().call(c, context);
        });
        allow_tokens(1'000);
    }

    static SessionHead head() { return {"s1", "/w", "replay", "m", "You are.", "[]", 1}; }
    Loop loop() {
        return Loop({session, provider, toolbox, gate, inbox, events, secrets, words}, options);
    }
    RunResult run(const std::string& prompt, std::stop_token stop = {}) {
        return loop().run(prompt, std::move(stop));
    }
    void allow_tokens(std::int64_t threshold) {
        options.compaction.threshold = [=](const AskedModel&) { return threshold; };
    }
    /// A turn after which the provider has counted so many tokens.
    void then_look(const std::string& id, std::int64_t tokens) {
        provider.then_call({call(id)}, {tokens, 0, 0, 0});
    }
    void then_summarize(const std::string& text) { provider.then_say(text); }

    /// What a tool_result of the request says.
    std::string result_in(std::size_t request, const std::string& id) {
        for (const Json& message : provider.requests.at(request)) {
            for (const Json& block : message["content"]) {
                if (block.value("tool_use_id", "") == id) return block["content"];
            }
        }
        return "(none)";
    }
    std::vector<std::string> wires() {
        std::vector<std::string> out;
        for (const Message& message : session.conversation().messages())
            out.push_back(message.wire);
        return out;
    }
    /// The texts of the only message of a request.
    std::vector<std::string> texts_of(std::size_t request) {
        std::vector<std::string> texts;
        EXPECT_EQ(provider.requests.at(request).size(), 1U);
        for (const Json& block : provider.requests.at(request)[0]["content"])
            texts.push_back(block["text"]);
        return texts;
    }
    std::string compressed(const std::string& text, int number = 1) {
        return "[Conversation compressed. Transcript: " + transcript(number).string() + "]\n" +
               text;
    }
    std::filesystem::path transcript(int number = 1) {
        return dir / ("s1/transcript-" + std::to_string(number) + ".jsonl");
    }

    testing::TempDir dir;
    Session session;
    testing::ScriptedProvider provider;
    testing::FakeToolbox toolbox;
    testing::FakeGate gate;
    testing::FakeInbox inbox;
    testing::EventLog events;
    Secrets secrets;
    testing::FakeContext words;
    LoopOptions options;
};

TEST(TokenEstimate, CountsWhatTheProviderCountedAndFourBytesATokenForTheRest) {
    TokenEstimate estimate;
    EXPECT_EQ(estimate.of(4'000), 1'000);
    estimate.counted({}, 4'000);
    EXPECT_EQ(estimate.of(4'000), 1'000) << "a provider that counts nothing";
    estimate.counted({100, 200, 300, 1'400}, 4'000);
    EXPECT_EQ(estimate.of(4'000), 2'000);
    EXPECT_EQ(estimate.of(4'400), 2'100);
    EXPECT_EQ(estimate.of(2'000), 1'000) << "half of it went";
}

TEST(PrunableResults, AreLongSeenAndOlderThanTheNewest) {
    Conversation conversation;
    conversation.add_text("go");
    const auto turn = [&](const std::vector<std::pair<std::string, std::string>>& results) {
        std::string content;
        std::vector<ToolCall> calls;
        for (const auto& [id, text] : results) {
            content += (content.empty() ? "" : ",") + (R"({"type":"tool_use","id":")" + id) +
                       R"(","name":"look","input":{}})";
            calls.push_back(call(id));
        }
        conversation.add_answer("[" + content + "]", calls);
        for (const auto& [id, text] : results)
            EXPECT_TRUE(conversation.add_result(id, {text, false, {}}));
    };
    std::string characters;
    for (int i = 0; i < 100; ++i)
        characters += "\xC3\xA4";
    turn({{"a", kLong}, {"b", characters}, {"c", characters + "."}});
    turn({{"d", kLong}});
    turn({{"e", kLong}, {"f", kLong}});
    struct Case {
        std::size_t keep_recent;
        std::vector<std::string> expected;
    };
    const Case cases[] = {{0, {"a", "c", "d"}},
                          {1, {"a", "c", "d"}},
                          {2, {"a", "c", "d"}},
                          {3, {"a", "c"}},
                          {4, {"a"}},
                          {5, {"a"}},
                          {6, {}},
                          {100, {}}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.keep_recent);
        EXPECT_EQ(prunable_results(conversation, c.keep_recent), c.expected);
    }
}

// ---------------------------------------------------------------- old results

TEST_F(CompactionTest, MakesOldResultsShortInOneBatchWhenTheThresholdIsNear) {
    options.compaction.keep_recent = 2;
    then_look("a", 500);
    then_look("b", 600);
    then_look("c", 650);
    then_look("d", 790);
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(result_in(3, "a"), "a" + kLong) << "not near yet";
    EXPECT_EQ(result_in(4, "a"), "[Previous: used look]");
    EXPECT_EQ(result_in(4, "b"), "[Previous: used look]");
    EXPECT_EQ(result_in(4, "c"), "c" + kLong);
    EXPECT_EQ(result_in(4, "d"), "d" + kLong);
    EXPECT_TRUE(events.all<Compacted>().empty());
}

TEST_F(CompactionTest, LeavesOldResultsWhenLittleIsToBeHad) {
    allow_tokens(10'000);
    options.compaction.keep_recent = 1;
    then_look("a", 8'100);
    provider.then_call({call("b")}, {8'200, 0, 0, 0});
    for (int i = 0; i < 20; ++i) {  // so that one result is a small part of all
        ASSERT_TRUE(session.add_text(kLong + kLong, "prompt"));
    }
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(result_in(2, "a"), "a" + kLong);
}

TEST_F(CompactionTest, StripsTheThinkingBehindTheFirstShortResultAndNoneBefore) {
    options.compaction.keep_recent = 0;
    int n = 0;
    const auto think_and_look = [&](std::int64_t tokens) {
        provider.then([=, number = n++](const Request&, const std::stop_token&) {
            const std::string id = "t" + std::to_string(number);
            const std::string content = R"([{"type":"thinking","thinking":"","signature":"sig)" +
                                        std::to_string(number) + R"("},{"type":"tool_use","id":")" +
                                        id + R"(","name":"look","input":{}}])";
            return Answer{"m", "m", "tool_use", content, "", {call(id)}, {tokens, 0, 0, 0}};
        });
    };
    think_and_look(500);
    think_and_look(790);
    provider.then_say("done");
    run("go");
    EXPECT_EQ(result_in(2, "t0"), "[Previous: used look]");
    EXPECT_EQ(result_in(2, "t1"), "t1" + kLong) << "the model has not seen it";
    const std::string request = provider.requests.at(2).dump();
    EXPECT_NE(request.find("sig0"), std::string::npos);
    EXPECT_EQ(request.find("sig1"), std::string::npos);
}

// ---------------------------------------------------------------- the summary

TEST_F(CompactionTest, PutsASummaryInThePlaceOfTheConversation) {
    inbox.jobs_table = "Background jobs:\n| 0000000a | running | make |";
    words.carried = "Open todos:\n[ ] test";
    then_look("a", 2'000);
    then_summarize("All is well.");
    provider.then_say("done");
    const RunResult result = run("go");
    EXPECT_EQ(result.text, "done");
    EXPECT_EQ(result.turns, 2);
    EXPECT_EQ(result.usage.input_tokens, 2'002) << "the summary is paid for";
    EXPECT_EQ(texts_of(2),
              (std::vector<std::string>{
                  "<environment/>", compressed("All is well.\n\n"
                                               "Background jobs:\n| 0000000a | running | make |\n\n"
                                               "Open todos:\n[ ] test")}));
    const auto compactions = events.all<Compacted>();
    ASSERT_EQ(compactions.size(), 1U);
    EXPECT_EQ(compactions[0].trigger, "auto");
    EXPECT_GT(compactions[0].tokens_before, 2'000);
    EXPECT_LT(compactions[0].tokens_after, 200);
    const auto shown = events.all<UserMessageSent>();
    ASSERT_EQ(shown.size(), 2U);
    EXPECT_EQ(shown[0].content[0]["tool_use_id"], "a") << "watchers see every result";
}

TEST_F(CompactionTest, SavesTheWholeConversationFirst) {
    secrets.add("sk-secret-value");
    ASSERT_TRUE(session.add_text("go", "prompt"));
    ASSERT_TRUE(session.add_answer({"m",
                                    "m",
                                    "end_turn",
                                    R"([{"type":"text","text":"sk-secret-value"}])",
                                    "",
                                    {},
                                    {2'000, 0, 0, 0}}));
    const auto before = wires();
    then_summarize("So far sk-secret-value.");
    provider.then_say("done");
    run("more");
    EXPECT_EQ(dir.read("s1/transcript-1.jsonl"),
              before[0] + "\n" +
                  R"({"role":"assistant","content":[{"type":"text","text":"[redacted]"}]})"
                  "\n"
                  R"({"role":"user","content":[{"type":"text","text":"more"}]})"
                  "\n");
    EXPECT_EQ(std::filesystem::status(transcript()).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(std::filesystem::status(transcript().parent_path()).permissions(),
              std::filesystem::perms::owner_all);
    EXPECT_EQ(texts_of(1)[1], compressed("So far [redacted]."));
}

TEST_F(CompactionTest, KeepsWhatNobodyHasAnsweredWordForWordBehindTheSummary) {
    ASSERT_TRUE(session.add_text("first", "prompt"));
    ASSERT_TRUE(session.add_answer({"m",
                                    "m",
                                    "tool_use",
                                    R"([{"type":"tool_use","id":"a","name":"look","input":{}}])",
                                    "",
                                    {call("a")},
                                    {2'000, 0, 0, 0}}));
    ASSERT_TRUE(session.add_result("a", {"seen", false, {}}));
    ASSERT_TRUE(session.add_text("[bg:0000000a] \"told\"\n", "notification", {"0000000a"}));
    inbox.drains = {{{"0000000b", "completed", "later"}}};
    then_summarize("S.");
    provider.then_say("done");
    run("second \xC3\xA4");
    EXPECT_EQ(texts_of(1),
              (std::vector<std::string>{
                  "<environment/>", compressed("S."), "[bg:0000000a] \"told\"\n", "second \xC3\xA4",
                  "<background-results>\n[bg:0000000b] completed: later\n</background-results>"}));
    EXPECT_TRUE(session.deliveries().is_delivered("0000000a"));
    EXPECT_TRUE(session.deliveries().is_delivered("0000000b"));
}

TEST_F(CompactionTest, AsksForTheSummaryWithTheConversationAsItIsAndNoToolAllowed) {
    ASSERT_TRUE(session.change_tools(R"([{"name":"look"}])"));
    then_look("a", 2'000);
    provider.then([&](const Request& request, const std::stop_token&) {
        EXPECT_TRUE(request.forbid_tools);
        EXPECT_EQ(request.tools, R"([{"name":"look"}])");
        EXPECT_EQ(request.system, "You are.");
        return Answer{"m", "m", "end_turn", "[]", "S.", {}, {}};
    });
    provider.then_say("done");
    run("go");
    const Json asked = provider.requests.at(1);
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[2]["content"][0]["tool_use_id"], "a");
    EXPECT_NE(asked[2]["content"][1]["text"].get<std::string>().find("next steps"),
              std::string::npos);
    EXPECT_EQ(wires().size(), 2U);
    EXPECT_EQ(wires()[0].find("next steps"), std::string::npos) << "the wish for it is not kept";
}

TEST_F(CompactionTest, TheWordsOfASummaryAreNotShown) {
    class Chatty : public testing::ScriptedProvider {
    public:
        Result<Answer, ModelFailure> ask(const Request& request, EventSink& sink,
                                         std::stop_token stop) override {
            sink.on_event(TextDelta{"delta"});
            sink.on_event(RetryScheduled{});
            return ScriptedProvider::ask(request, sink, std::move(stop));
        }
    };
    Chatty chatty;
    chatty.then_call({call("a")}, {2'000, 0, 0, 0});
    chatty.then_say("S.");
    chatty.then_say("done");
    Loop({session, chatty, toolbox, gate, inbox, events, secrets, words}, options).run("go", {});
    EXPECT_EQ(events.all<TextDelta>().size(), 2U);
    EXPECT_EQ(events.all<RetryScheduled>().size(), 3U);
}

TEST_F(CompactionTest, LeavesAConversationWithoutAnswersAlone) {
    allow_tokens(10);
    provider.then_say("done");
    EXPECT_EQ(run(kLong).text, "done");
    EXPECT_EQ(provider.requests.size(), 1U);
}

TEST_F(CompactionTest, AFollowingSummaryKeepsTheFrontAndGetsATranscriptOfItsOwn) {
    then_look("a", 2'000);
    then_summarize("One.");
    then_look("b", 600);
    provider.then_say("three", "end_turn", {2'000, 0, 0, 0});
    then_summarize("Two.");
    provider.then_say("done");
    run("go");
    EXPECT_EQ(run("again").text, "done");
    EXPECT_EQ(texts_of(5),
              (std::vector<std::string>{"<environment/>", compressed("Two.", 2), "again"}));
    EXPECT_NE(dir.read("s1/transcript-2.jsonl").find("One."), std::string::npos);
}

// ---------------------------------------------------------------- what does not work

TEST_F(CompactionTest, AFailedSummaryLeavesTheConversationAndTheRunGoesOn) {
    struct Case {
        const char* name;
        std::function<void(testing::ScriptedProvider&)> summary;
    };
    const Case cases[] = {
        {"error", [](auto& p) { p.then_fail("POST: HTTP 500", 500); }},
        {"empty", [](auto& p) { p.then_say(""); }},
        {"blank", [](auto& p) { p.then_say(" \n"); }},
        {"cut", [](auto& p) { p.then_say("half", "max_tokens"); }},
        {"refused", [](auto& p) { p.then_say("no", "refusal"); }},
    };
    int number = 0;
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        SessionHead fresh = head();
        fresh.id = "t" + std::to_string(number++);
        auto opened = *Session::open(dir.path(), fresh);
        testing::ScriptedProvider asked;
        testing::EventLog log;
        asked.then_call({call("a")}, {2'000, 0, 0, 0});
        c.summary(asked);
        asked.then_say("done");
        const RunResult result =
            Loop({opened, asked, toolbox, gate, inbox, log, secrets, words}, options).run("go", {});
        EXPECT_EQ(result.outcome, Outcome::kDone);
        EXPECT_EQ(asked.requests.at(2).size(), 3U);
        ASSERT_EQ(log.all<Notice>().size(), 1U);
        EXPECT_TRUE(log.all<Compacted>().empty());
        EXPECT_FALSE(std::filesystem::exists(opened.folder()));
    }
}

TEST_F(CompactionTest, TwoFailuresInARowStopTheRun) {
    then_look("a", 2'000);
    provider.then_fail("POST: HTTP 500", 500);
    then_look("b", 2'500);
    provider.then_fail("POST: HTTP 500", 500);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_NE(result.error.find("HTTP 500"), std::string::npos) << result.error;
    EXPECT_NE(result.error.find("agent.compaction.tokenThreshold"), std::string::npos);
    EXPECT_EQ(provider.requests.size(), 4U);
    EXPECT_TRUE(session.conversation().unanswered().empty());
}

TEST_F(CompactionTest, ASuccessBetweenTwoFailuresStartsTheCountAnew) {
    then_look("a", 2'000);
    provider.then_fail("POST: HTTP 500", 500);
    then_look("b", 2'500);
    then_summarize("S.");
    then_look("c", 600);
    then_look("d", 2'000);
    provider.then_fail("POST: HTTP 500", 500);
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
}

TEST_F(CompactionTest, TwoSummariesThatLeaveTooMuchStopTheRun) {
    allow_tokens(60);  // less than what stays in any case
    then_look("a", 2'000);
    then_summarize(kLong);
    then_look("b", 2'000);
    then_summarize(kLong);
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(provider.requests.size(), 4U);
    EXPECT_EQ(events.all<Compacted>().size(), 2U);
}

TEST_F(CompactionTest, TheProviderCountsWhetherASummaryWasOfUse) {
    then_look("a", 2'000);
    then_summarize("One.");
    then_look("b", 1'500);
    then_summarize("Two.");
    then_look("c", 1'500);
    EXPECT_EQ(run("go").outcome, Outcome::kFailed);
    EXPECT_EQ(provider.requests.size(), 5U) << "no third summary";
}

TEST_F(CompactionTest, AnInterruptedSummaryLeavesTheConversation) {
    std::stop_source stop;
    then_look("a", 2'000);
    provider.then([&](const Request&, const std::stop_token&) {
        stop.request_stop();
        return Answer{"m", "m", "end_turn", "[]", "S.", {}, {}};
    });
    EXPECT_EQ(run("go", stop.get_token()).outcome, Outcome::kInterrupted);
    EXPECT_EQ(session.conversation().messages().size(), 3U);
    EXPECT_FALSE(std::filesystem::exists(session.folder()));
}

// ---------------------------------------------------------------- prompt is too long

constexpr const char* kTooLong =
    "POST x: HTTP 400 invalid_request_error: prompt is too long: 210000 tokens > 200000 maximum";

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
        options.compaction.knows_window = [&](const AskedModel&) { return c.known; };
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

TEST_F(CompactionTest, TheToolSumsUpWhenItsTurnIsOver) {
    ToolCall asks = call("c", "compact");
    asks.input = {{"focus", "the colour"}};
    provider.then_call({asks, call("a")});
    then_summarize("Blue.");
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_NE(provider.requests.at(1).dump().find("Above all keep: the colour"), std::string::npos);
    EXPECT_EQ(result_in(1, "a"), "a" + kLong);
    EXPECT_EQ(texts_of(2)[1], compressed("Blue."));
    ASSERT_EQ(events.all<Compacted>().size(), 1U);
    EXPECT_EQ(events.all<Compacted>()[0].trigger, "manual");
}

TEST_F(CompactionTest, ARefusedCallOfTheToolDoesNothing) {
    gate.refused = "compact";
    provider.then_call({call("c", "compact")});
    provider.then_say("done");
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(provider.requests.size(), 2U);
}

TEST_F(CompactionTest, OnAPersonsWishNothingIsAskedAfterwards) {
    provider.then_say("hello");
    run("go");
    then_summarize("S.");
    Loop mine = loop();
    const RunResult result = mine.compact("names", {});
    EXPECT_EQ(result.outcome, Outcome::kDone);
    EXPECT_EQ(result.usage.output_tokens, 2);
    EXPECT_NE(provider.requests.at(1).dump().find("Above all keep: names"), std::string::npos);
    EXPECT_EQ(mine.wake({}).turns, 0);
    EXPECT_EQ(provider.requests.size(), 2U);
    provider.then_say("yes");
    EXPECT_EQ(mine.run("there?", {}).text, "yes");
    EXPECT_EQ(texts_of(2),
              (std::vector<std::string>{"<environment/>", compressed("S."), "there?"}));
}

TEST_F(CompactionTest, OnAPersonsWishFailureSaysWhy) {
    EXPECT_EQ(loop().compact("", {}).error, "there is nothing to sum up yet");
    provider.then_say("hello");
    run("go");
    provider.then_fail("POST: HTTP 500", 500);
    const RunResult result = loop().compact("", {});
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.error, "POST: HTTP 500");
    EXPECT_EQ(session.conversation().messages().size(), 2U);
}

TEST(CompactTool, TakesAFocusAndNothingElse) {
    CompactTool tool;
    struct Case {
        Json input;
        const char* complaint;
    };
    const Case cases[] = {{Json::object(), nullptr},
                          {{{"focus", "names"}}, nullptr},
                          {{{"focus", 1}}, "'focus' must be a string"},
                          {{{"depth", 1}}, "'depth' is unknown"}};
    for (const Case& c : cases) {
        SCOPED_TRACE(c.input.dump());
        const auto wrong = tool.check({"id", "compact", c.input, {}});
        EXPECT_EQ(wrong.has_value(), c.complaint != nullptr);
        if (wrong) EXPECT_NE(wrong->find(c.complaint), std::string::npos) << *wrong;
    }
}

}  // namespace
}  // namespace tenon::agent
