#include "host/agent/pruning.h"
#include "tests/agent/compaction_support.h"

namespace tenon::agent {
namespace {

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
