#include "host/agent/plain_conversation.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PlainConversationTest : public ::testing::Test {
protected:
    void user(const std::string& text) { add(Role::kUser, text_block(text)); }
    void answer(const std::string& text) { add(Role::kAssistant, text_block(text)); }
    void look(const std::string& result) {
        add(Role::kAssistant, R"({"type":"tool_use","id":"a","name":"look","input":{"n":1}})");
        add(Role::kUser, tool_result_block("a", ToolResult{result, false, {}}));
    }
    [[nodiscard]] std::string text(std::size_t most) const {
        return PlainConversation(messages_).text(most);
    }

private:
    void add(Role role, const std::string& block) {
        messages_.push_back(empty_message(role));
        append_block(messages_.back(), block);
    }
    std::vector<Message> messages_;
};

TEST_F(PlainConversationTest, IsWholeWhereItFits) {
    user("the task");
    look("seen");
    answer("All well.");
    EXPECT_EQ(text(1'000),
              "User: the task\n\nAssistant calls look: {\"n\":1}\n\nResult: seen\n\n"
              "Assistant: All well.\n\n");
}

TEST_F(PlainConversationTest, LongResultsAreCutFirstInTheMiddle) {
    user("THE TASK " + std::string(2'000, 'u'));
    look("begin" + std::string(50'000, 'r') + "end");
    look("begin" + std::string(20'000, 's') + "end");
    answer("ANSWER " + std::string(2'000, 'a'));
    const std::string some = text(12'000);
    EXPECT_LE(some.size(), 12'400U);
    EXPECT_GE(some.size(), 11'000U) << "as much as fits";
    EXPECT_THAT(some,
                AllOf(HasSubstr("THE TASK " + std::string(2'000, 'u')),
                      HasSubstr("ANSWER " + std::string(2'000, 'a')), HasSubstr("Result: beginrrr"),
                      HasSubstr("rrrend"), HasSubstr("Result: beginsss"), HasSubstr("sssend"),
                      HasSubstr(" bytes are left out]")));
}

TEST_F(PlainConversationTest, TheOldestAnswersAndResultsAreLeftOutBeforeAWordOfTheUser) {
    user("THE TASK");
    for (int i = 0; i < 500; ++i) {
        look("result " + std::to_string(i));
        answer("answer " + std::to_string(i) + ".");
    }
    user("AND MORE");
    look("the newest");
    const std::string some = text(4'000);
    EXPECT_LE(some.size(), 4'400U);
    EXPECT_THAT(some, AllOf(HasSubstr("User: THE TASK"), HasSubstr("User: AND MORE"),
                            HasSubstr("Result: the newest"), HasSubstr("answer 499."),
                            HasSubstr("answers, calls and results are left out"),
                            Not(HasSubstr("answer 1."))));
}

TEST_F(PlainConversationTest, HasTheFirstAndTheLastOfWhatTheUserSaysWhereThatIsTooLong) {
    for (int i = 0; i < 1'000; ++i)
        user("number " + std::to_string(i) + "\xC3\xA4");
    const std::string some = text(1'000);
    EXPECT_LE(some.size(), 1'200U);
    EXPECT_THAT(some, AllOf(HasSubstr("User: number 0"), HasSubstr("User: number 999")));
}

}  // namespace
}  // namespace tenon::agent
