#include "host/ui/headless.h"

#include <gtest/gtest.h>

namespace tenon::ui {
namespace {

class JsonLinesTest : public ::testing::Test {
protected:
    std::vector<Json> written;
    JsonLines json{[this](std::string_view line) {
        written.push_back(Json::parse(line));
        return true;
    }};
};

TEST_F(JsonLinesTest, WritesOneLineForEachEventThatHasOne) {
    json.on_event(agent::SessionOpened{"s1", "/w", "m", "ask", {"bash"}, false});
    json.on_event(agent::TextDelta{"not a line"});
    json.on_event(agent::Answered{{{"role", "assistant"}, {"content", Json::array()}}});
    json.on_event(
        agent::UserMessageSent{Json::parse(R"([{"type":"tool_result","tool_use_id":"a"}])")});
    json.on_event(agent::RetryScheduled{1, 10, std::chrono::milliseconds(500), 529, "overloaded"});
    json.on_event(
        agent::RetryScheduled{2, 10, std::chrono::milliseconds(500), 0, "connection refused"});
    json.on_event(agent::JobChanged{"0000000a", "error", "false", 1});
    json.on_event(agent::JobChanged{"0000000b", "running", "true", std::nullopt});
    ASSERT_EQ(written.size(), 7U);
    EXPECT_EQ(
        written[0],
        Json::parse(R"({"type":"system","subtype":"init","session_id":"s1","cwd":"/w","model":"m",
        "permissionMode":"ask","tools":["bash"],"resumed":false})"));
    EXPECT_EQ(written[1],
              Json::parse(R"({"type":"assistant","message":{"role":"assistant","content":[]},
        "parent_tool_use_id":null,"session_id":"s1"})"));
    EXPECT_EQ(
        written[2],
        Json::parse(
            R"({"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]},
        "parent_tool_use_id":null,"session_id":"s1"})"));
    EXPECT_EQ(written[3],
              Json::parse(R"({"type":"system","subtype":"api_retry","attempt":1,"max_attempts":10,
        "retry_delay_ms":500,"error_status":529,"error":"overloaded","session_id":"s1"})"));
    EXPECT_EQ(written[4]["error_status"], nullptr);
    EXPECT_FALSE(written[3].contains("fallback"));
    EXPECT_EQ(
        written[5],
        Json::parse(
            R"({"type":"job","id":"0000000a","status":"error","command":"false","exit_code":1,"session_id":"s1"})"));
    EXPECT_EQ(written[6]["exit_code"], nullptr);
}

TEST_F(JsonLinesTest, WritesTheResultObjectOfTheContract) {
    RunReport report;
    report.subtype = "error_max_turns";
    report.text = "stopped \xFF";
    report.session_id = "s1";
    report.turns = 3;
    report.duration = std::chrono::milliseconds(1200);
    report.usage = {1, 2, 3, 4};
    report.model = {"openai", "gpt-x"};
    report.denials = {{"bash", {{"command", "rm x"}}}};
    report.jobs = {{"0000000a", "completed", 0}, {"0000000b", "lost", std::nullopt}};
    json.result(report);
    EXPECT_EQ(written.at(0),
              Json::parse(R"({"type":"result","subtype":"error_max_turns","is_error":true,
        "result":"stopped \uFFFD","session_id":"s1","num_turns":3,"duration_ms":1200,
        "usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation_input_tokens":4},
        "model":{"provider":"openai","name":"gpt-x"},
        "permission_denials":[{"tool_name":"bash","tool_input":{"command":"rm x"}}],
        "jobs":[{"id":"0000000a","status":"completed","exit_code":0},{"id":"0000000b","status":"lost","exit_code":null}]})"));
}

TEST(RunReport, HasTheCostWhereItIsKnown) {
    RunReport report;
    EXPECT_FALSE(to_json(report).contains("total_cost_usd"));
    report.cost_usd = 0.0;
    EXPECT_EQ(to_json(report)["total_cost_usd"], 0.0);
    report.cost_usd = 0.0105;
    EXPECT_NE(dump_json(to_json(report)).find(R"("total_cost_usd":0.0105)"), std::string::npos);
}

TEST_F(JsonLinesTest, NamesTheModelThatIsAskedInstead) {
    json.on_event(agent::RetryScheduled{10, 10, {}, 529, "overloaded", "b at http://b"});
    EXPECT_EQ(written.at(0)["subtype"], "api_retry");
    EXPECT_EQ(written.at(0)["fallback"], "b at http://b");
}

TEST(RunReport, HasTheDocumentAsTheModelWroteItOnTheSameLine) {
    RunReport report;
    report.document = "{\"b\": 1.0,\n \"a\": [123456789012345678901234567890, \"x y\\\" {\"]}";
    const std::string line = result_object(report);
    EXPECT_TRUE(line.ends_with(
        R"(,"structured_output":{"b":1.0,"a":[123456789012345678901234567890,"x y\" {"]}})"))
        << line;
    EXPECT_EQ(line.find('\n'), line.npos);
    EXPECT_EQ(Json::parse(line)["subtype"], "success");
}

TEST_F(JsonLinesTest, KeepsTheResultAsTheLastLine) {
    EXPECT_TRUE(json.result({}));
    json.on_event(agent::JobChanged{"0000000a", "cancelled", "true", std::nullopt});
    EXPECT_EQ(written.size(), 1U);
}

TEST(JsonLines, SayWhetherTheResultCouldBeWritten) {
    JsonLines json([](std::string_view) { return false; });
    json.on_event(agent::JobChanged{"0000000a", "running", "true", std::nullopt});
    EXPECT_FALSE(json.result({}));
}

TEST(Notices, SayWhatAPersonShouldKnow) {
    std::vector<std::string> said;
    Notices notices([&](std::string_view line) { said.emplace_back(line); });
    const agent::RetryScheduled retry{1, 10, std::chrono::milliseconds(2500), 529, "overloaded"};
    notices.on_event(agent::Notice{"a file is missing"});
    notices.on_event(retry);
    notices.on_event(
        agent::RetryScheduled{10, 10, {}, 529, "overloaded", "b at http://b"});  // a notice says it
    notices.on_event(agent::TextDelta{"an answer"});
    notices.on_event(agent::SubagentEvent{"t1", "look", agent::Notice{"a key is missing"}});
    notices.on_event(agent::SubagentEvent{"t1", "look", retry});
    EXPECT_EQ(said,
              (std::vector<std::string>{"a file is missing", "overloaded; attempt 2 of 10 in 2.5 s",
                                        "subagent 'look': a key is missing",
                                        "subagent 'look': overloaded; attempt 2 of 10 in 2.5 s"}));
}

}  // namespace
}  // namespace tenon::ui
