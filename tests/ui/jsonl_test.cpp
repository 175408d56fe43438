#include "host/ui/jsonl.h"

#include <csignal>
#include <fcntl.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace tenon::ui {
namespace {

class JsonLinesTest : public ::testing::Test {
protected:
    std::vector<Json> lines() {
        std::vector<Json> out;
        std::istringstream in(dir.read("out"));
        for (std::string line; std::getline(in, line);)
            out.push_back(Json::parse(line));
        return out;
    }
    testing::TempDir dir;
    UniqueFd fd{::open((dir / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    Output output{fd.get(), {}};
    JsonLines json{output};
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
    const auto written = lines();
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
    EXPECT_EQ(
        written[5],
        Json::parse(
            R"({"type":"job","id":"0000000a","status":"error","command":"false","exit_code":1,"session_id":"s1"})"));
    EXPECT_EQ(written[6]["exit_code"], nullptr);
}

TEST_F(JsonLinesTest, WritesTheResultObjectOfTheContract) {
    Report report;
    report.subtype = "error_max_turns";
    report.text = "stopped \xFF";
    report.session_id = "s1";
    report.turns = 3;
    report.duration = std::chrono::milliseconds(1200);
    report.usage = {1, 2, 3, 4};
    report.denials = {{"bash", {{"command", "rm x"}}}};
    report.jobs = {{"0000000a", "completed", 0}, {"0000000b", "lost", std::nullopt}};
    json.result(report);
    EXPECT_EQ(lines().at(0),
              Json::parse(R"({"type":"result","subtype":"error_max_turns","is_error":true,
        "result":"stopped \uFFFD","session_id":"s1","num_turns":3,"duration_ms":1200,
        "usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation_input_tokens":4},
        "permission_denials":[{"tool_name":"bash","tool_input":{"command":"rm x"}}],
        "jobs":[{"id":"0000000a","status":"completed","exit_code":0},{"id":"0000000b","status":"lost","exit_code":null}]})"));
}

TEST(JsonLines, GoesQuietWhenTheReaderIsGone) {
    ::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd out(ends[1]);
    ::close(ends[0]);
    Output output(out.get(), {});
    JsonLines json(output);
    json.on_event(agent::JobChanged{"0000000a", "running", "true", std::nullopt});
    EXPECT_FALSE(json.result({}));
}

TEST(JsonLines, GivesUpAReaderWhoReadsNothingOnceTheRunIsStopped) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd in(ends[0]);
    const UniqueFd out(ends[1]);
    std::stop_source stop;
    stop.request_stop();
    Output output(out.get(), stop.get_token());
    JsonLines json(output);
    json.on_event(
        agent::JobChanged{"0000000a", "running", std::string(1 << 20, 'x'), std::nullopt});
    EXPECT_FALSE(json.result({}));
}

TEST_F(JsonLinesTest, KeepsTheResultAsTheLastLine) {
    EXPECT_TRUE(json.result({}));
    json.on_event(agent::JobChanged{"0000000a", "cancelled", "true", std::nullopt});
    EXPECT_EQ(lines().size(), 1U);
}

}  // namespace
}  // namespace tenon::ui
