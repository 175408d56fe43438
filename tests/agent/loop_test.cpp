#include "host/agent/loop.h"

#include <gtest/gtest.h>

#include "tests/agent/loop_support.h"
#include "tests/support/file_size_limit.h"

namespace tenon::agent {
namespace {

class LoopTest : public LoopWorld {
protected:
    Loop loop() {
        Loop::Ports all = ports();
        all.prompts = &prompts;
        return Loop(all, options);
    }
    RunResult run(const std::string& prompt, std::stop_token stop = {}) {
        return loop().run(prompt, std::move(stop));
    }
    static ToolCall call(const std::string& id, const std::string& name) {
        return {id, name, Json::object(), {}};
    }
    Json last_message_of_request(std::size_t i) {
        return provider.requests.at(i).back()["content"];
    }

    testing::FakePrompts prompts;
    LoopOptions options;
};

TEST_F(LoopTest, AsksActsAndAsksAgainUntilThereIsNothingToDo) {
    toolbox.add("echo", true, [](const ToolCall& c, CallContext&) {
        return ToolResult{"ran " + c.id, false, {}};
    });
    provider.then_call({call("a", "echo"), call("b", "echo")});
    provider.then_say("done");
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kDone);
    EXPECT_EQ(result.text, "done");
    EXPECT_EQ(result.turns, 2);
    EXPECT_EQ(result.usage.input_tokens, 2);
    EXPECT_EQ(result.usage.cache_creation_input_tokens, 8);
    EXPECT_EQ(last_message_of_request(1),
              Json::parse(R"([{"type":"tool_result","tool_use_id":"a","content":"ran a"},)"
                          R"({"type":"tool_result","tool_use_id":"b","content":"ran b"}])"));
}

TEST_F(LoopTest, SendsRemindersBehindTheResultsAndKeepsThem) {
    toolbox.add("echo", true, [](const ToolCall& c, CallContext&) {
        return ToolResult{"ran " + c.id, false, {}};
    });
    words.reminders_to_come = {"", "Mind the gap."};
    provider.then_call({call("a", "echo")});
    provider.then_say("done");
    run("go");
    EXPECT_EQ(last_message_of_request(1),
              Json::parse(R"([{"type":"tool_result","tool_use_id":"a","content":"ran a"},)"
                          R"({"type":"text","text":"Mind the gap."}])"));
}

TEST_F(LoopTest, DeliversPromptsThatWaitBehindTheNextResults) {
    toolbox.add("echo", true, [&](const ToolCall& c, CallContext&) {
        if (c.id == "a") prompts.waiting = {"also this", "and that"};
        return ToolResult{"ran " + c.id, false, {}};
    });
    words.reminders_to_come = {"", "Mind the gap."};
    inbox.drains = {{}, {{"0000000a", "completed", "built"}}};
    provider.then_call({call("a", "echo"), call("b", "echo")});
    provider.then([&](const Request&, const std::stop_token&) {
        prompts.waiting = {"too late for results"};
        return Answer{"m",    "model", "end_turn", R"([{"type":"text","text":"done"}])",
                      "done", {},      {}};
    });
    EXPECT_EQ(run("go").text, "done");
    EXPECT_EQ(last_message_of_request(1),
              Json::parse(R"([{"type":"tool_result","tool_use_id":"a","content":"ran a"},)"
                          R"({"type":"tool_result","tool_use_id":"b","content":"ran b"},)"
                          R"({"type":"text","text":"also this"},)"
                          R"({"type":"text","text":"and that"},)"
                          R"({"type":"text","text":"<background-results>\n)"
                          R"([bg:0000000a] completed: built\n</background-results>"},)"
                          R"({"type":"text","text":"Mind the gap."}])"));
    EXPECT_EQ(prompts.waiting, std::vector<std::string>{"too late for results"});
    std::vector<std::string> shown;
    for (const PromptDelivered& prompt : events.all<PromptDelivered>())
        shown.push_back(prompt.typed);
    EXPECT_EQ(shown, (std::vector<std::string>{"go", "also this", "and that"}));
    const std::string journal = dir.read("s1.jsonl");
    EXPECT_NE(journal.find(R"("origin":"prompt","text":"go"})"), std::string::npos);
    EXPECT_NE(journal.find(R"("origin":"prompt","text":"also this","in_turn":true})"),
              std::string::npos);
}

TEST_F(LoopTest, LeavesWaitingPromptsAloneWhenTheTurnIsStoppedOrHasNoTurnsLeft) {
    for (const bool stopped : {true, false}) {
        SCOPED_TRACE(stopped);
        std::stop_source stop;
        toolbox.add("echo", false, [&](const ToolCall& c, CallContext&) {
            prompts.waiting = {"later"};
            if (stopped) stop.request_stop();
            return ToolResult{"ran " + c.id, false, {}};
        });
        options.max_turns = 1;
        provider.then_call({call(stopped ? "a" : "b", "echo")});
        run("go", stop.get_token());
        EXPECT_EQ(prompts.waiting, std::vector<std::string>{"later"});
    }
}

TEST_F(LoopTest, PutsAPromptBackThatCouldNotBeJournalled) {
    std::optional<testing::FileSizeLimit> full;
    toolbox.add("echo", false, [&](const ToolCall&, CallContext&) {
        prompts.waiting = {"one", std::string(3000, 'x'), "three"};
        full.emplace(std::filesystem::file_size(dir / "s1.jsonl") + 2000);
        return ToolResult{"ran", false, {}};
    });
    provider.then_call({call("a", "echo")});
    EXPECT_EQ(run("go").outcome, Outcome::kFailed);
    full.reset();
    EXPECT_EQ(prompts.waiting, (std::vector<std::string>{std::string(3000, 'x'), "three"}));
    EXPECT_EQ(events.all<PromptDelivered>().size(), 2U) << "the first of them is delivered";
    provider.then_say("done");
    EXPECT_EQ(run("again").outcome, Outcome::kDone);
    EXPECT_EQ(last_message_of_request(1),
              Json::parse(R"([{"type":"tool_result","tool_use_id":"a","content":"ran"},)"
                          R"({"type":"text","text":"one"},{"type":"text","text":"again"}])"));
}

TEST_F(LoopTest, WakesOnlyWhenThereIsAnEndToDeliver) {
    provider.then_say("done");
    run("go");
    EXPECT_EQ(loop().wake({}).turns, 0);
    inbox.drains = {{{"0000000a", "completed", "built"}}};
    provider.then_say("good");
    EXPECT_EQ(loop().wake({}).text, "good");
    EXPECT_EQ(provider.requests.size(), 2U);
}

TEST_F(LoopTest, DeliversEndedJobsAfterTheResultsAndEachOnce) {
    toolbox.add("check", true, [](const ToolCall&, CallContext& context) {
        context.deliver("0000000b");
        return ToolResult{"b ended", false, {}};
    });
    provider.then_call({call("a", "check")});
    provider.then_say("done");
    inbox.drains = {
        {}, {{"0000000a", "completed", "out"}, {"0000000b", "completed", "delivered by the tool"}}};
    run("go");
    EXPECT_EQ(
        last_message_of_request(1),
        Json::parse(
            R"([{"type":"tool_result","tool_use_id":"a","content":"b ended"},{"type":"text","text":)"
            R"("<background-results>\n[bg:0000000a] completed: out\n</background-results>"}])"));
    EXPECT_TRUE(session.deliveries().is_delivered("0000000a"));
    EXPECT_TRUE(session.deliveries().is_delivered("0000000b"));
    EXPECT_TRUE(inbox.undelivered().empty());
}

TEST_F(LoopTest, GoesOnWithoutAPromptWhenAJobEndsAfterTheAnswer) {
    provider.then_say("started");
    provider.then_say("it ended");
    inbox.drains = {{}, {{"0000000a", "completed", "out"}}};
    inbox.waits = {true};
    const RunResult result = run("go");
    EXPECT_EQ(result.text, "it ended");
    EXPECT_EQ(provider.requests.size(), 2U);
}

TEST_F(LoopTest, AsksNothingWhenWhatEndedHasBeenDeliveredAlready) {
    ASSERT_TRUE(session.add_text("before", "prompt", {"0000000a"}));
    provider.then_say("done");
    inbox.drains = {{}, {{"0000000a", "completed", "out"}}};
    inbox.waits = {true};
    EXPECT_EQ(run("go").outcome, Outcome::kDone);
    EXPECT_EQ(provider.requests.size(), 1U);
}

TEST_F(LoopTest, DoesNotRepeatARequestThatGotAnEmptyAnswer) {
    provider.then_say("");
    provider.then_say("after the job");
    inbox.waits = {true, true};
    inbox.drains = {{}, {}, {{"0000000a", "completed", "out"}}};
    EXPECT_EQ(run("go").text, "after the job");
    EXPECT_EQ(provider.requests.size(), 2U);
}

/// The results in the last user message that watchers have seen, by call.
std::map<std::string, std::string> shown_results(testing::EventLog& events) {
    std::map<std::string, std::string> results;
    const auto sent = events.all<UserMessageSent>();
    if (sent.empty()) return results;
    for (const Json& block : sent.back().content) {
        if (block["type"] == "tool_result") results[block["tool_use_id"]] = block["content"];
    }
    return results;
}

TEST_F(LoopTest, SendsResultsThatCouldNotBeJournalledWhenThereIsRoomAgain) {
    for (const bool reopened : {true, false}) {
        SCOPED_TRACE(reopened);
        std::optional<testing::FileSizeLimit> full;
        const auto journal = dir / "s1.jsonl";
        toolbox.add("echo", false, [&](const ToolCall& c, CallContext& context) {
            if (c.id.starts_with("b")) {
                full.emplace(std::filesystem::file_size(journal) + 20);
                context.deliver("0000000b");
            }
            return ToolResult{"ran " + c.id, false, {}};
        });
        const std::string n = reopened ? "2" : "1";
        provider.then_call({call("a" + n, "echo"), call("b" + n, "echo"), call("c" + n, "echo")});
        Loop loop = this->loop();
        const RunResult failed = loop.run("go", {});
        EXPECT_EQ(failed.outcome, Outcome::kFailed);
        EXPECT_NE(failed.error.find("s1.jsonl"), std::string::npos) << failed.error;
        const std::map<std::string, std::string> results = {
            {"a" + n, "ran a" + n}, {"b" + n, "ran b" + n}, {"c" + n, "ran c" + n}};
        EXPECT_EQ(shown_results(events), results) << "every call that watchers saw has its result";
        EXPECT_EQ(session.deliveries().is_delivered("0000000b"), false);
        EXPECT_EQ(loop.run("still full", {}).outcome, Outcome::kFailed);
        full.reset();
        provider.then_say("done");
        EXPECT_EQ((reopened ? this->loop().run("again", {}) : loop.run("again", {})).outcome,
                  Outcome::kDone);
        const Json last = provider.requests.back().back()["content"];
        ASSERT_EQ(last.size(), 4U) << last;
        EXPECT_EQ(last[0]["content"], "ran a" + n);
        EXPECT_EQ(last[1]["content"], reopened ? "interrupted" : "ran b" + n);
        EXPECT_EQ(last[2]["content"], reopened ? "interrupted" : "ran c" + n);
        EXPECT_EQ(last[3]["text"], "again");
        EXPECT_EQ(session.deliveries().is_delivered("0000000b"), !reopened);
        testing::TempDir other;
        other.write("s1.jsonl", dir.read("s1.jsonl"));
        const auto read = Session::open(other.path(), head());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->warnings(), std::vector<std::string>());
        EXPECT_EQ(read->conversation().bytes(), session.conversation().bytes());
    }
}

TEST_F(LoopTest, DeliversAnEndThatCouldNotBeJournalledWhenThereIsRoomAgain) {
    provider.then_say("started");
    EXPECT_EQ(run("go").outcome, Outcome::kDone);
    inbox.drains = {{{"0000000a", "completed", "out"}}};
    Loop loop = this->loop();
    {
        const testing::FileSizeLimit full(std::filesystem::file_size(dir / "s1.jsonl") + 100);
        EXPECT_EQ(loop.wake({}).outcome, Outcome::kFailed);
        EXPECT_EQ(loop.run("lost?", {}).prompt_recorded, false);
    }
    EXPECT_FALSE(session.deliveries().is_delivered("0000000a"));
    provider.then_say("seen");
    EXPECT_EQ(loop.wake({}).text, "seen");
    EXPECT_EQ(last_message_of_request(1),
              Json::parse(R"([{"type":"text","text":"<background-results>\n)"
                          R"([bg:0000000a] completed: out\n</background-results>"}])"));
    EXPECT_TRUE(session.deliveries().is_delivered("0000000a"));
    EXPECT_EQ(loop.wake({}).turns, 0) << "once";
}

TEST_F(LoopTest, KeepsAReminderThatCouldNotBeJournalled) {
    words.reminders_to_come = {"Mind the gap."};
    Loop loop = this->loop();
    {
        // The prompt has room, the reminder has not.
        const testing::FileSizeLimit full(std::filesystem::file_size(dir / "s1.jsonl") + 80);
        const RunResult failed = loop.run("go", {});
        EXPECT_EQ(failed.outcome, Outcome::kFailed);
        EXPECT_TRUE(failed.prompt_recorded);
    }
    provider.then_say("done");
    loop.run("again", {});
    EXPECT_EQ(last_message_of_request(0),
              Json::parse(R"([{"type":"text","text":"go"},{"type":"text","text":"again"},)"
                          R"({"type":"text","text":"Mind the gap."}])"));
}

TEST_F(LoopTest, ShowsTheResultsOfTheLastTurnHoweverTheRunEnds) {
    struct Case {
        const char* what;
        Outcome outcome;
    };
    for (const Case& c : {Case{"turns", Outcome::kMaxTurns}, Case{"stop", Outcome::kInterrupted},
                          Case{"refused request", Outcome::kFailed}}) {
        SCOPED_TRACE(c.what);
        testing::EventLog seen;
        std::stop_source stop;
        const std::string id = std::string(c.what).substr(0, 4);
        toolbox.add("echo", true, [&](const ToolCall&, CallContext&) {
            if (c.outcome == Outcome::kInterrupted) stop.request_stop();
            return ToolResult{"ran", false, {}};
        });
        options.max_turns.reset();
        if (c.outcome == Outcome::kMaxTurns) options.max_turns = 1;
        provider.then_call({call(id, "echo")});
        if (c.outcome == Outcome::kFailed) provider.then_fail("no", 400);
        Loop loop({session, provider, toolbox, gate, inbox, seen, secrets, words}, options);
        EXPECT_EQ(loop.run("go", stop.get_token()).outcome, c.outcome);
        EXPECT_EQ(seen.all<UserMessageSent>().size(), 1U);
        EXPECT_EQ(shown_results(seen), (std::map<std::string, std::string>{{id, "ran"}}));
    }
}

TEST_F(LoopTest, RedactsAKeyThatTwoAnswersHoldInParts) {
    secrets.add("key-0123456789");
    provider.then_say("it is key-012", "max_tokens");
    provider.then_say("3456789.");
    EXPECT_EQ(run("go").text, "it is [redacted].");
}

TEST_F(LoopTest, RedactsThePieceOfAKeyThatACutHasLeft) {
    secrets.add("key-0123456789");
    toolbox.add("flood", true, [](const ToolCall&, CallContext&) {
        ToolResult result{"x key-01234\n[9 more bytes left out]", false, {}};
        result.cut_at = 11;
        return result;
    });
    provider.then_call({call("a", "flood")});
    provider.then_say("done");
    run("go");
    EXPECT_EQ(last_message_of_request(1)[0]["content"], "x [redacted]\n[9 more bytes left out]");
}

TEST_F(LoopTest, RedactsThePiecesOfAKeyOnBothSidesOfACut) {
    secrets.add("key-0123456789");
    toolbox.add("flood", true, [](const ToolCall&, CallContext&) {
        ToolResult result{"x key-01234\n[9 characters omitted]\n56789 y", false, {}};
        result.cut_at = 11;
        result.resumes_at = 35;
        return result;
    });
    provider.then_call({call("a", "flood")});
    provider.then_say("done");
    run("go");
    EXPECT_EQ(last_message_of_request(1)[0]["content"],
              "x [redacted]\n[9 characters omitted]\n[redacted] y");
}

TEST_F(LoopTest, StopsAtTheTurnLimitWithAValidConversation) {
    options.max_turns = 1;
    toolbox.add("echo", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"x", false, {}};
    });
    provider.then_call({call("a", "echo")});
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kMaxTurns);
    EXPECT_EQ(result.turns, 1);
    EXPECT_TRUE(session.conversation().unanswered().empty());
}

TEST_F(LoopTest, KeepsTheConversationWhenTheModelFails) {
    provider.then([](const Request&, const std::stop_token&) -> Result<Answer, ModelFailure> {
        return ModelFailure{
            "POST http://x: 529 overloaded", 529, "overloaded_error", "req_1", true, false, {}};
    });
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.error, "POST http://x: 529 overloaded");
    EXPECT_EQ(session.conversation().messages().size(), 1U);
    provider.then_say("now");
    EXPECT_EQ(run("again").text, "now");
    EXPECT_EQ(last_message_of_request(1).size(), 2U) << "both prompts in one message";
}

TEST_F(LoopTest, DropsAnAnswerThatArrivesTogetherWithTheStop) {
    std::stop_source stop;
    provider.then([&](const Request&, const std::stop_token&) -> Result<Answer, ModelFailure> {
        stop.request_stop();
        return Answer{"m", "model", "end_turn", R"([{"type":"text","text":"x"}])", "x", {}, {}};
    });
    const RunResult result = run("go", stop.get_token());
    EXPECT_EQ(result.outcome, Outcome::kInterrupted);
    EXPECT_EQ(result.text, "");
    EXPECT_EQ(session.conversation().messages().size(), 1U);
}

TEST_F(LoopTest, JournalsResultsOfAStoppedTurn) {
    std::stop_source stop;
    toolbox.add("stops", false, [&](const ToolCall&, CallContext&) {
        stop.request_stop();
        return ToolResult{"kept", false, {}};
    });
    provider.then_call({call("a", "stops"), call("b", "stops")});
    EXPECT_EQ(run("go", stop.get_token()).outcome, Outcome::kInterrupted);
    EXPECT_TRUE(session.conversation().unanswered().empty());
    EXPECT_NE(session.conversation().messages().back().wire.find("kept"), std::string::npos);
}

TEST_F(LoopTest, AsksForTheRestOfAnAnswerThatWasCutOff) {
    provider.then_say("first ", "max_tokens");
    provider.then_say("second");
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kDone);
    EXPECT_EQ(result.text, "first second");
    for (int i = 0; i < 4; ++i)
        provider.then_say("again", "max_tokens");
    EXPECT_EQ(run("go").outcome, Outcome::kFailed);
}

TEST_F(LoopTest, SendsAPausedAnswerBackAsItIsAndSaysSoWhenItNeverEnds) {
    const auto pause = [this](const std::string& block) {
        provider.then([block](const Request&, const std::stop_token&) {
            return Answer{"m", "model", "pause_turn", "[" + block + "]", "", {}, {}};
        });
    };
    const std::string search = R"({"type":"server_tool_use","id":"s1","name":"web","input":{}})";
    pause(search);
    provider.then_say("found");
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kDone) << result.error;
    EXPECT_EQ(result.text, "found");
    EXPECT_EQ(provider.requests.back().back()["role"], "assistant");
    EXPECT_EQ(provider.requests.back().back()["content"][0]["id"], "s1");

    for (int i = 0; i < 10; ++i)
        pause(R"({"type":"text","text":"wait"})");
    const RunResult endless = run("again");
    EXPECT_EQ(endless.outcome, Outcome::kFailed);
    EXPECT_NE(endless.error.find("pause_turn"), std::string::npos) << endless.error;
    EXPECT_EQ(endless.error.find("maxTokens"), std::string::npos) << endless.error;
    EXPECT_EQ(provider.requests.back().back()["role"], "user") << "text is no place to go on from";
}

TEST_F(LoopTest, GoesOnBehindAnAnswerThatWasPausedForTheLastTime) {
    options.max_turns = 1;
    provider.then([](const Request&, const std::stop_token&) {
        return Answer{
            "m",
            "model",
            "pause_turn",
            R"([{"type":"text","text":"so"},{"type":"server_tool_use","id":"s1","name":"web","input":{}}])",
            "so",
            {},
            {}};
    });
    EXPECT_EQ(run("go").outcome, Outcome::kMaxTurns);
    provider.then_say("summed up");
    EXPECT_EQ(loop().compact("", {}).outcome, Outcome::kDone);
    EXPECT_EQ(provider.requests.back().dump().find("server_tool_use"), std::string::npos)
        << "the summary is asked for behind it";
    EXPECT_NE(provider.requests.back().dump().find("\"so\""), std::string::npos);
}

TEST_F(LoopTest, ReadsAConversationBehindAPausedAnswerAsItWasSent) {
    options.max_turns = 1;
    provider.then([](const Request&, const std::stop_token&) {
        return Answer{"m",
                      "model",
                      "pause_turn",
                      R"([{"type":"server_tool_use","id":"s1","name":"web","input":{}}])",
                      "",
                      {},
                      {}};
    });
    EXPECT_EQ(run("go").outcome, Outcome::kMaxTurns);
    provider.then_say("done");
    EXPECT_EQ(run("more").text, "done");
    EXPECT_EQ(provider.requests.back().size(), 1U);
    std::vector<std::string> sent;
    for (const Message& message : session.conversation().messages())
        sent.push_back(message.wire);
    std::filesystem::create_directory(dir.path() / "copy");
    dir.write("copy/s1.jsonl", dir.read("s1.jsonl"));
    const auto again = Session::open(dir.path() / "copy", session.head());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->warnings().empty());
    std::vector<std::string> read;
    for (const Message& message : again->conversation().messages())
        read.push_back(message.wire);
    EXPECT_EQ(read, sent);
}

TEST_F(LoopTest, LeavesNoTraceOfARefusedTurn) {
    provider.then_say("half", "refusal");
    EXPECT_EQ(run("go").outcome, Outcome::kFailed);
    EXPECT_EQ(session.conversation().messages().size(), 1U);
}

TEST_F(LoopTest, SaysWhatTheServerSaysInPlaceOfAnAnswer) {
    secrets.add("sk-secret-value");
    provider.then([](const Request&, const std::stop_token&) {
        Answer answer{"m", "model", "refusal", "[]", "No: sk-secret-value.", {}, {}};
        answer.refusal = "bio";
        return answer;
    });
    EXPECT_EQ(run("go").error,
              "the model refused to answer this request (stop reason: refusal); the server says: "
              "bio; the answer so far: No: [redacted].");
}

TEST_F(LoopTest, EndsWhenEveryAnswerIsCutOffInTheMiddleOfACall) {
    const auto cut = [this](const std::vector<ToolCall>& calls) {
        provider.then([calls](const Request&, const std::stop_token&) {
            std::string blocks;
            for (const ToolCall& one : calls)
                blocks += (blocks.empty() ? "" : ",") + (R"({"type":"tool_use","id":")" + one.id +
                                                         R"(","name":"read_file","input":{}})");
            return Answer{"m", "model", "max_tokens", "[" + blocks + "]", "", calls, {}};
        });
    };
    toolbox.add("read_file", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"read", false, {}};
    });
    const auto broken = [](const std::string& id) {
        return ToolCall{id, "read_file", Json::object(), "it was cut off"};
    };
    const ToolCall whole{"w", "read_file", Json::object(), {}};
    cut({broken("a")});
    cut({whole, broken("b")});
    for (const char* id : {"c", "d", "e", "f"})
        cut({broken(id)});
    const RunResult result = run("go");
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.turns, 6);
    EXPECT_EQ(result.error,
              "each of the last 4 answers was cut off in the middle of a call (stop "
              "reason: max_tokens); a higher model.maxTokens may help");
    EXPECT_TRUE(session.conversation().unanswered().empty());
}

TEST_F(LoopTest, RedactsSecretsAndRepairsTextBeforeItIsKept) {
    secrets.add("sk-secret-value");
    toolbox.add("leak", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"a\xFF sk-secret-value", false, {}};
    });
    provider.then_call({call("a", "leak")});
    provider.then_say("done");
    run("my key is sk-secret-value");
    EXPECT_EQ(last_message_of_request(1)[0]["content"], "a\xEF\xBF\xBD [redacted]");
    EXPECT_EQ(dir.read("s1.jsonl").find("sk-secret-value"), std::string::npos);
}

TEST_F(LoopTest, AnswersTheCallsAnEarlierHostLeft) {
    ASSERT_TRUE(session.add_text("go", "prompt"));
    ASSERT_TRUE(session.add_answer(
        {"m",
         "model",
         "tool_use",
         R"([{"type":"tool_use","id":"a","name":"x","input":{}},{"type":"tool_use","id":"b","name":"x","input":{}}])",
         "",
         {call("a", "x"), call("b", "x")},
         {}}));
    inbox.recovered["b"] = {"true result", false, "0000000b"};
    ASSERT_TRUE(loop().recover());
    const Json content = Json::parse(session.conversation().messages().back().wire)["content"];
    EXPECT_EQ(content[0]["content"], "interrupted");
    EXPECT_EQ(content[0]["is_error"], true);
    EXPECT_EQ(content[1]["content"], "true result");
    EXPECT_TRUE(session.deliveries().is_delivered("0000000b")) << "the inbox does not hand it out";
}

TEST_F(LoopTest, WatchersSeeAnswersResultsAndRefusals) {
    toolbox.add("no", true, [](const ToolCall&, CallContext&) {
        return ToolResult{"", false, {}};
    });
    gate.refused = "no";
    provider.then_call({call("a", "no")});
    provider.then_say("done");
    const RunResult result = run("go");
    ASSERT_EQ(result.denied.size(), 1U);
    EXPECT_EQ(result.denied[0].id, "a");
    EXPECT_EQ(events.all<Answered>().size(), 2U);
    ASSERT_EQ(events.all<ToolFinished>().size(), 1U);
    EXPECT_TRUE(events.all<ToolFinished>()[0].denied);
    ASSERT_EQ(events.all<UserMessageSent>().size(), 1U);
    EXPECT_EQ(events.all<UserMessageSent>()[0].content[0]["tool_use_id"], "a");
}

}  // namespace
}  // namespace tenon::agent
