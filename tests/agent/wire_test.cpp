#include "host/agent/wire.h"

#include <gtest/gtest.h>

namespace tenon::agent {
namespace {

TEST(Wire, SplitsAnArrayWithoutChangingItsElements) {
    const std::string array = R"( [ {"a":"]},{\"["} ,{"b":[1,{"c":2}]}, {} ] )";
    EXPECT_EQ(split_blocks(array),
              (std::vector<std::string_view>{R"({"a":"]},{\"["})", R"({"b":[1,{"c":2}]})", "{}"}));
    EXPECT_TRUE(split_blocks("[]").empty());
}

TEST(Wire, FindsAMemberByItsKeyAtTheTopOnly) {
    const std::string object =
        R"({"x":{"content":1},"y":"\"content\":2","content" :[3,{"a":","}],"z":4})";
    EXPECT_EQ(raw_member(object, "content"), R"([3,{"a":","}])");
    EXPECT_EQ(raw_member(object, "z"), "4");
    EXPECT_EQ(raw_member(object, "x"), R"({"content":1})");
    EXPECT_EQ(raw_member(object, "none"), "");
    EXPECT_EQ(raw_member(R"({"a":"content","content":5})", "content"), "5");
}

TEST(Wire, AppendsBlocksAndKnowsWhereMarksMayStand) {
    Message message = empty_message(Role::kAssistant);
    append_block(message, R"({"type":"thinking","thinking":"","signature":"s"})");
    append_block(message, R"({"type":"text","text":"a"})");
    EXPECT_EQ(
        message.wire,
        R"({"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"s"},{"type":"text","text":"a"}]})");
    ASSERT_EQ(message.block_ends.size(), 2U);
    EXPECT_EQ(message.wire.substr(message.block_ends[1]), "}]}");
    EXPECT_EQ(message.can_mark, (std::vector<bool>{false, true}));
}

TEST(Wire, FindsTheCallsOfAnAnswer) {
    const std::string call = R"({"id":"a","type": "tool_use","input":{"type":"text"}})";
    const std::string escaped = R"({"type":"tool\u005fuse","id":"b"})";
    Message message = empty_message(Role::kAssistant);
    append_block(message, R"({"type":"text","text":"a \"type\":\"tool_use\" in a text"})");
    EXPECT_TRUE(call_blocks(message).empty());
    append_block(message, R"({"type":"server_tool_use","input":{"type":"tool_use"}})");
    EXPECT_TRUE(call_blocks(message).empty());
    append_block(message, call);
    append_block(message, escaped);
    EXPECT_EQ(call_blocks(message), (std::vector<std::string_view>{call, escaped}));
    EXPECT_TRUE(call_blocks(empty_message(Role::kAssistant)).empty());
}

TEST(Wire, TakesNoMoreMemoryForALongBlockThanItNeeds) {
    const std::string block = text_block(std::string(50'000, 'x'));
    Message message = empty_message(Role::kUser);
    append_block(message, block);
    EXPECT_LT(message.wire.capacity(), block.size() + 1'000);
}

TEST(Wire, LeavesOutTheTextOfABlankResult) {
    EXPECT_EQ(tool_result_block("t1", {" \n", false, {}}),
              R"({"type":"tool_result","tool_use_id":"t1"})");
    EXPECT_EQ(tool_result_block("t1", {"no", true, {}}),
              R"({"type":"tool_result","tool_use_id":"t1","content":"no","is_error":true})");
    EXPECT_EQ(tool_result_block("t1", {" \t\r\n\f\v", false, {}}),
              R"({"type":"tool_result","tool_use_id":"t1"})");
}

TEST(Wire, TakesATextThatIsQuotedAlreadyAsItStands) {
    EXPECT_EQ(tool_result_block("t1", R"("\u00e4")", false),
              R"({"type":"tool_result","tool_use_id":"t1","content":"\u00e4"})");
    EXPECT_EQ(tool_result_block("t1", R"("\n\u0001")", false),
              R"({"type":"tool_result","tool_use_id":"t1","content":"\n\u0001"})");
    EXPECT_EQ(tool_result_block("t1", R"("")", true),
              R"({"type":"tool_result","tool_use_id":"t1","is_error":true})");
}

}  // namespace
}  // namespace tenon::agent
