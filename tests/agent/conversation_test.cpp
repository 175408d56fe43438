#include "host/agent/conversation.h"

#include <gtest/gtest.h>

#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

std::vector<std::string> wires(const Conversation& conversation) {
    std::vector<std::string> out;
    for (const Message& message : conversation.messages())
        out.push_back(message.wire);
    return out;
}

ToolCall tool_call(const std::string& id) {
    return {id, "tool", Json::object(), {}};
}

TEST(Conversation, SendsResultsInTheOrderOfTheCallsAndTextBehindThem) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}])",
                            {tool_call("a"), tool_call("b")});
    EXPECT_FALSE(conversation.awaits_answer());
    EXPECT_TRUE(conversation.add_result("b", {"second", false, {}}));
    ASSERT_EQ(conversation.unanswered().size(), 1U);
    EXPECT_EQ(conversation.unanswered()[0].id, "a");
    EXPECT_TRUE(conversation.add_result("a", {"first", false, {}}));
    conversation.add_text("note");
    EXPECT_EQ(
        wires(conversation),
        (std::vector<std::string>{
            R"({"role":"user","content":[{"type":"text","text":"go"}]})",
            R"({"role":"assistant","content":[{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}]})",
            R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"first"},)"
            R"({"type":"tool_result","tool_use_id":"b","content":"second"},{"type":"text","text":"note"}]})"}));
}

TEST(Conversation, HoldsItsMessagesInHardlyMoreMemoryThanTheirText) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}])",
                            {tool_call("a"), tool_call("b")});
    EXPECT_TRUE(conversation.add_result("a", {std::string(50'000, 'x'), false, {}}));
    EXPECT_TRUE(conversation.add_result("b", {"short", false, {}}));
    conversation.add_text("note");
    conversation.add_answer(R"([{"type":"text","text":"done"}])", {});
    for (const Message& message : conversation.messages())
        EXPECT_LT(message.wire.capacity(), message.wire.size() + 1'000);
}

TEST(Conversation, GivesTheThinkingOfTwoModelsInOneMessageToNeitherOfThem) {
    const std::string paused =
        R"([{"type":"thinking","thinking":"","signature":"s"},{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}])";
    Conversation c;
    c.add_text("go");
    c.add_answer(paused, {}, "anthropic a");
    c.add_answer(R"([{"type":"text","text":"so"}])", {}, "anthropic a");
    EXPECT_EQ(c.messages().back().origin, "anthropic a");
    Conversation other;
    other.add_text("go");
    other.add_answer(paused, {}, "anthropic a");
    other.add_answer(R"([{"type":"text","text":"so"}])", {}, "anthropic b");
    EXPECT_TRUE(has_foreign_thinking(other.messages().back(), "anthropic a"));
    EXPECT_TRUE(has_foreign_thinking(other.messages().back(), "anthropic b"));
}

TEST(Conversation, RemovesWhatAServerHasNotEndedWhenTextFollowsAPausedAnswer) {
    const std::string go = R"({"role":"user","content":[{"type":"text","text":"go"}]})";
    const std::string more = R"({"role":"user","content":[{"type":"text","text":"more"}]})";
    const std::string words = R"({"type":"text","text":"so"})";
    const std::string thought = R"({"type":"thinking","thinking":"","signature":"s"})";
    const std::string call = R"({"type":"server_tool_use","id":"s1","name":"web","input":{}})";
    const std::string other = R"({"type":"server_tool_use","id":"s2","name":"web","input":{}})";
    const std::string end = R"({"type":"web_tool_result","tool_use_id":"s1","content":[]})";
    struct Case {
        const char* what;
        std::string blocks;
        std::string kept;  // empty: the answer is gone
    };
    for (const Case& c : {Case{"only an open call", call, ""},
                          Case{"thinking and an open call", thought + "," + call, ""},
                          Case{"text before it", words + "," + call, words},
                          Case{"two open calls", words + "," + call + "," + other, words},
                          Case{"one call ended", call + "," + end + "," + other, call + "," + end},
                          Case{"all calls ended", call + "," + end, call + "," + end}}) {
        SCOPED_TRACE(c.what);
        Conversation conversation;
        conversation.add_text("go");
        conversation.add_answer("[" + c.blocks + "]", {});
        conversation.add_text(" ");
        EXPECT_EQ(wires(conversation).size(), 2U) << "blank text is none";
        conversation.add_text("more");
        const auto messages = wires(conversation);
        if (c.kept.empty()) {
            EXPECT_EQ(
                messages,
                std::vector<std::string>{
                    R"({"role":"user","content":[{"type":"text","text":"go"},{"type":"text","text":"more"}]})"});
        } else {
            EXPECT_EQ(messages,
                      (std::vector<std::string>{
                          go, R"({"role":"assistant","content":[)" + c.kept + "]}", more}));
        }
        std::size_t bytes = 0;
        for (const std::string& message : messages)
            bytes += message.size();
        EXPECT_EQ(conversation.bytes(), bytes);
    }
}

TEST(Conversation, TakesOneResultForACallAndNoneForAnUnknownOne) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}])",
                            {tool_call("a"), tool_call("b")});
    EXPECT_FALSE(conversation.add_result("c", {"x", false, {}}));
    EXPECT_TRUE(conversation.add_result("a", {"x", false, {}}));
    EXPECT_FALSE(conversation.add_result("a", {"y", false, {}}));
}

TEST(Conversation, KeepsOneUserMessageOpenUntilItIsAnswered) {
    Conversation conversation;
    conversation.add_text("one");
    conversation.add_text(" \n");
    conversation.add_text("two");
    EXPECT_EQ(
        wires(conversation),
        (std::vector<std::string>{
            R"({"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})"}));
}

TEST(Conversation, WhatStandsInFrontAsksForNothing) {
    Conversation conversation;
    conversation.add_introduction("<environment/>");
    conversation.add_introduction(" ");
    conversation.add_introduction("<instructions/>");
    EXPECT_FALSE(conversation.awaits_answer());
    conversation.add_text("go");
    conversation.add_introduction("no longer in front");
    EXPECT_TRUE(conversation.awaits_answer());
    EXPECT_EQ(conversation.introduction(),
              (std::vector<std::string>{"<environment/>", "<instructions/>"}));
    EXPECT_EQ(conversation.unanswered_texts(),
              (std::vector<std::string>{"go", "no longer in front"}));
    conversation.add_answer(R"([{"type":"text","text":"yes"}])", {});
    EXPECT_TRUE(conversation.unanswered_texts().empty());
}

TEST(Conversation, ARestartAsksForNothingUnlessThereWasAQuestion) {
    struct Case {
        std::vector<std::string> behind;
        bool asks, expected;
    };
    const Case cases[] = {{{}, false, false}, {{}, true, true}, {{"go"}, false, true}};
    for (const Case& c : cases) {
        Conversation conversation;
        conversation.add_text("gone");
        conversation.restart({"front"}, "summary", c.behind, c.asks);
        EXPECT_EQ(conversation.awaits_answer(), c.expected);
        EXPECT_EQ(conversation.introduction(), std::vector<std::string>{"front"});
        EXPECT_EQ(conversation.unanswered_texts(), c.behind);
        EXPECT_EQ(conversation.messages().size(), 1U);
    }
}

TEST(Conversation, ShortResultsKeepTheirPlaceAndSayWhetherTheyWereErrors) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(
        R"([{"type":"tool_use","id":"a","name":"look","input":{}},{"type":"tool_use","id":"b","name":"tell","input":{}}])",
        {tool_call("a"), tool_call("b")});
    EXPECT_TRUE(conversation.add_result("a", {"long", true, {}}));
    EXPECT_TRUE(conversation.add_result("b", {"stays", false, {}}));
    conversation.add_text("note");
    conversation.redact({"a", "unknown"});
    EXPECT_EQ(
        wires(conversation).back(),
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"[Previous: used look]",)"
        R"("is_error":true},{"type":"tool_result","tool_use_id":"b","content":"stays"},{"type":"text","text":"note"}]})");
}

TEST(Conversation, StripsThinkingAndJoinsWhatAnEmptiedAnswerSeparated) {
    Conversation conversation;
    conversation.add_text("one");
    conversation.add_answer(R"([{"type":"thinking","thinking":"","signature":"s"}])", {});
    conversation.add_text("two");
    conversation.add_answer(
        R"([{"type":"redacted_thinking","data":"d"},{"type":"text","text":"hi"}])", {});
    conversation.strip_thinking();
    EXPECT_EQ(
        wires(conversation),
        (std::vector<std::string>{
            R"({"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})",
            R"({"role":"assistant","content":[{"type":"text","text":"hi"}]})"}));
}

}  // namespace
}  // namespace tenon::agent
