#include "host/agent/conversation.h"

#include <gtest/gtest.h>

namespace tenon::agent {
namespace {

std::vector<std::string> wires(const Conversation& conversation) {
    std::vector<std::string> out;
    for (const Message& message : conversation.messages())
        out.push_back(message.wire);
    return out;
}

ToolCall call(const std::string& id) {
    return {id, "tool", Json::object(), {}};
}

TEST(Conversation, SendsResultsInTheOrderOfTheCallsAndTextBehindThem) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}])",
                            {call("a"), call("b")});
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

TEST(Conversation, TakesOneResultForACallAndNoneForAnUnknownOne) {
    Conversation conversation;
    conversation.add_text("go");
    conversation.add_answer(R"([{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}])",
                            {call("a"), call("b")});
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
