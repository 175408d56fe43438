#include "host/session/subagent_journal.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tool_facts.h"

namespace tenon::session {
namespace {

/// Of a tool that answers with the words of its subagent.
const agent::ToolFacts kAnswers = testing::facts_of("agent");

const std::string kHead =
    R"({"v":1,"seq":0,"type":"session","id":"agent-1","parent_call":"t1","created_ms":5,"tools":[]})"
    "\n";
const std::string kCall =
    R"({"v":1,"seq":1,"type":"assistant","stop_reason":"tool_use","content":[{"type":"text","text":"hm"},)"
    R"({"type":"tool_use","id":"a","name":"bash","input":{}}]})"
    "\n";
const std::string kResult =
    R"({"v":1,"seq":2,"type":"tool_result","tool_use_id":"a","is_error":false,"text":"x"})"
    "\n";

std::string said(const std::string& text, const std::string& stop_reason) {
    return R"({"v":1,"seq":3,"type":"assistant","stop_reason":")" + stop_reason +
           R"(","content":[{"type":"text","text":")" + text + "\"}]}\n";
}

agent::ToolCall call_of(const std::string& tool, const std::string& id) {
    return {id, tool, Json::object(), {}};
}

TEST(SubagentJournal, RecoversTheResultOfACallWhoseHostHasEnded) {
    struct Case {
        std::string lines;
        std::string text;
        bool is_error;
    };
    for (const Case& c : std::vector<Case>{
             {"", "interrupted", true},
             {kCall, "interrupted; the subagent had said:\nhm", true},
             {kCall + kResult, "interrupted; the subagent had said:\nhm", true},
             {kCall + kResult + said("cut", "max_tokens"),
              "interrupted; the subagent had said:\nhm\n\ncut", true},
             {kCall + kResult + said("found", "end_turn"), "found", false},
             {kCall + kResult + said(" ", "end_turn"), "(no output)", false},
             {kCall + kResult + "damaged\n" + said("found", "end_turn"), "found", false}}) {
        SCOPED_TRACE(c.lines);
        const testing::TempDir dir;
        dir.write("agent-1.jsonl", kHead + c.lines);
        const auto call = recover_subagent(dir.path(), call_of("agent", "t1"), kAnswers, {});
        ASSERT_TRUE(call);
        EXPECT_EQ(call->text, c.text);
        EXPECT_EQ(call->is_error, c.is_error);
        EXPECT_FALSE(recover_subagent(dir.path(), call_of("agent", "t2"), kAnswers, {}))
            << "another call";
        EXPECT_TRUE(recover_subagent(dir.path(), call_of("other", "t1"), {}, {})->is_error)
            << "whose result may be another text";
    }
}

TEST(SubagentJournal, ReadsRecordsBesideTheNulsThatACrashLeaves) {
    const std::string nuls(64, '\0');
    const testing::TempDir dir;
    dir.write("agent-1.jsonl", nuls + kHead + kCall + kResult + nuls + said("found", "end_turn"));
    const auto call = recover_subagent(dir.path(), call_of("agent", "t1"), kAnswers, {});
    ASSERT_TRUE(call);
    EXPECT_EQ(call->text, "found");
    EXPECT_FALSE(call->is_error);
}

TEST(SubagentJournal, IsNotFoundForACallThatStartedNoSubagent) {
    const testing::TempDir dir;
    EXPECT_FALSE(recover_subagent(dir / "none", call_of("agent", "t1"), kAnswers, {}));
}

TEST(SubagentJournal, LeavesNoPieceOfAKeyWhereItCuts) {
    Secrets secrets;
    secrets.add("key-0123456789");
    const testing::TempDir dir;
    dir.write("a.jsonl",
              kHead + said(std::string(24'993, 'x') + "key-0123456789" + std::string(40'000, 'y'),
                           "end_turn"));
    const auto words = read_subagent(dir / "a.jsonl", secrets);
    ASSERT_TRUE(words);
    EXPECT_EQ(words->all.find("key-"), std::string::npos);
}

TEST(SubagentJournal, ReadsRecordsNestedAsDeepAsArgumentsMayBe) {
    const testing::TempDir dir;
    const std::string deep = std::string(255, '[') + std::string(255, ']');
    dir.write("a.jsonl",
              kHead +
                  R"({"v":1,"seq":1,"type":"assistant","content":[{"type":"text","text":"hm"},)"
                  R"({"type":"tool_use","id":"a","name":"bash","input":{"a":)" +
                  deep + "}}]}\n");
    EXPECT_EQ(read_subagent(dir / "a.jsonl", {})->all, "hm");
}

TEST(SubagentJournal, CutsLongTextsInTheMiddle) {
    const testing::TempDir dir;
    dir.write("a.jsonl", kHead + said(std::string(60'000, 'x'), "end_turn"));
    const auto words = read_subagent(dir / "a.jsonl", {});
    ASSERT_TRUE(words) << words.error().message;
    EXPECT_NE(words->all.find("[10000 characters omitted]"), std::string::npos);
    EXPECT_EQ(words->last.size(), 60'000U);
}

}  // namespace
}  // namespace tenon::session
