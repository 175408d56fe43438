#include <set>

#include <gtest/gtest.h>

#include "tests/agent/session_support.h"
#include "tests/support/temp_dir.h"

/// Journals that hold what no endpoint takes back: an older version wrote it down as it came.
namespace tenon::agent {
namespace {

/// The journal of a session whose records are these, each without its braces.
Session read_journal(const testing::TempDir& dir, const std::vector<std::string>& records) {
    { EXPECT_TRUE(Session::open(dir.path(), head())); }
    std::string text = dir.read("s1.jsonl");
    int seq = 2;
    for (const std::string& record : records)
        text += R"({"v":1,"seq":)" + std::to_string(seq++) + "," + record + "}\n";
    dir.write("s1.jsonl", text);
    auto session = Session::open(dir.path(), head());
    EXPECT_TRUE(session) << session.error().message;
    return std::move(*session);
}

std::string user(const std::string& text) {
    return R"("type":"user","origin":"prompt","text":")" + text + "\"";
}
std::string assistant(const std::string& blocks) {
    return R"("type":"assistant","id":"m","model":"m","stop_reason":"end_turn","content":[)" +
           blocks + "]";
}
std::string tool_use(const std::string& id, const std::string& name = "x") {
    return R"({"type":"tool_use",)" + (id.empty() ? "" : "\"id\":" + id + ",") + R"("name":")" +
           name + R"(","input":{"b":1.0,"a":2}})";
}
std::string result_of(const std::string& id, const std::string& text) {
    return R"("type":"tool_result","tool_use_id":")" + id + R"(","is_error":false,"text":")" +
           text + "\"";
}
const std::string kThought = R"({"type":"thinking","thinking":"","signature":"s"})";
const std::string kWords = R"({"type":"text","text":"so"})";

TEST(Session, ReadsAnswersThatEndInThinkingWithoutIt) {
    struct Case {
        const char* what;
        std::string blocks;
        std::string kept;  // empty: the answer is gone
    };
    for (const Case& c :
         {Case{"thinking alone", kThought, ""},
          Case{"much thinking", kThought + "," + kThought, ""},
          Case{"thinking at the end", kWords + "," + kThought, kWords},
          Case{"thinking before the text", kThought + "," + kWords, kThought + "," + kWords}}) {
        SCOPED_TRACE(c.what);
        const testing::TempDir dir;
        const Session session = read_journal(dir, {user("go"), assistant(c.blocks), user("more")});
        expect_valid(session);
        const auto messages = wires(session);
        ASSERT_EQ(messages.size(), c.kept.empty() ? 1U : 3U);
        if (c.kept.empty()) {
            EXPECT_NE(messages[0].find("go"), std::string::npos);
            EXPECT_NE(messages[0].find("more"), std::string::npos);
        } else {
            EXPECT_EQ(messages[1], R"({"role":"assistant","content":[)" + c.kept + "]}");
        }
        EXPECT_TRUE(session.conversation().awaits_answer());
    }
}

TEST(Session, KeepsCallsAndResultsWhoseIdsNoEndpointTakes) {
    const testing::TempDir dir;
    const std::vector<std::string> records = {
        user("go"),
        assistant(tool_use("\"call_0\"") + "," + tool_use("\"functions.bash:0\"")),
        result_of("call_0", "one"),
        result_of("functions.bash:0", "two"),
        assistant(tool_use("\"call_0\"") + "," + tool_use("null") + "," + tool_use("", "y.z")),
        result_of("call_0", "three"),
        result_of("", "four"),
        result_of("", "five"),
        assistant(kThought + "," + tool_use("\"call_0\""))};
    const Session session = read_journal(dir, records);
    EXPECT_TRUE(session.warnings().empty()) << session.warnings().front();
    expect_valid(session);
    std::set<std::string> ids;
    std::vector<std::string> results;
    for (const std::string& wire : wires(session)) {
        const Json message = json_or_null(wire);
        for (const Json& block : message["content"]) {
            if (block["type"] == "tool_use") {
                EXPECT_TRUE(is_call_id(string_or(block, "id"))) << block;
                EXPECT_TRUE(ids.insert(string_or(block, "id")).second) << block;
            }
            if (block["type"] == "tool_result") results.push_back(string_or(block, "content"));
            EXPECT_NE(block["type"], "thinking") << "it is bound to what is now different";
        }
    }
    EXPECT_EQ(ids.size(), 6U);
    EXPECT_EQ(ids.count("call_0"), 1U) << "the first keeps its id";
    EXPECT_EQ(results, (std::vector<std::string>{"one", "two", "three", "four", "five"}));
    EXPECT_NE(wires(session)[1].find(R"("input":{"b":1.0,"a":2})"), std::string::npos)
        << "all other bytes stay";
    EXPECT_NE(wires(session)[3].find(R"("name":"y_z")"), std::string::npos);
    EXPECT_EQ(session.recorded_id(session.conversation().unanswered().at(0).id), "call_0")
        << "a job knows its call by that";
}

TEST(Session, GivesTheSameIdsWheneverItIsRead) {
    const testing::TempDir dir;
    std::vector<std::string> sent;
    {
        Session session =
            read_journal(dir, {user("go"), assistant(tool_use("\"a b\"")), result_of("a b", "one"),
                               assistant(tool_use("\"a b\""))});
        const auto open = session.conversation().unanswered();
        ASSERT_EQ(open.size(), 1U);
        ASSERT_TRUE(session.add_result(open[0].id, {"two", false, {}}));
        ASSERT_TRUE(session.redact({json_or_null(wires(session)[1])["content"][0]["id"]}));
        // Made with the repaired conversation before it: it stays whole.
        ASSERT_TRUE(session.add_answer(answer("[" + kThought + "," + kWords + "]")));
        sent = wires(session);
    }
    const auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ(wires(*session), sent);
    EXPECT_NE(sent.back().find("thinking"), std::string::npos);
    EXPECT_NE(sent[2].find("[Previous: used x]"), std::string::npos);
    EXPECT_NE(sent[4].find("two"), std::string::npos);
    EXPECT_EQ(journal::read_deliveries(dir / "s1.jsonl")->tool_use_ids,
              std::set<std::string>{"a b"})
        << "the id that its job knows";
}

TEST(Session, RedactsTheSameResultsWheneverItIsRead) {
    const testing::TempDir dir;
    std::vector<std::string> sent;
    {
        Session session = read_journal(
            dir, {user("go"), assistant(tool_use("\"call_0\"")), result_of("call_0", "one"),
                  assistant(tool_use("\"call_0\"", "y")), result_of("call_0", "two")});
        ASSERT_TRUE(session.redact({"call_0"}));
        sent = wires(session);
    }
    EXPECT_NE(sent.at(2).find("[Previous: used x]"), std::string::npos);
    EXPECT_NE(sent.at(4).find("two"), std::string::npos) << "another call";
    const auto session = Session::open(dir.path(), head());
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ(wires(*session), sent);
}

TEST(Session, RedactsWhatAnOlderVersionNamedByARecordedId) {
    const testing::TempDir dir;
    const Session session =
        read_journal(dir, {user("go"), assistant(tool_use("\"a b\"")), result_of("a b", "one"),
                           R"("type":"redaction","tool_use_ids":["a b"])"});
    EXPECT_NE(wires(session).at(2).find("[Previous: used x]"), std::string::npos);
}

TEST(Session, NeverGivesAnIdAgainThatItHasUsed) {
    const testing::TempDir dir;
    const Answer calls = answer(R"([{"type":"tool_use","id":"t1","name":"x","input":{}}])",
                                {{"t1", "x", Json::object(), {}}});
    {
        auto session = *Session::open(dir.path(), head());
        ASSERT_TRUE(session.add_text("go", "prompt"));
        ASSERT_TRUE(session.add_answer(calls));
        ASSERT_TRUE(session.add_result("t1", {"one", false, {}}));
        ASSERT_TRUE(session.compress({"auto", "/t", "A summary."}));
        EXPECT_NE(session.call_ids().assign("t1"), "t1") << "a job may know its call by that id";
    }
    const auto session = *Session::open(dir.path(), head());
    EXPECT_NE(session.call_ids().assign("t1"), "t1");
    EXPECT_EQ(session.call_ids().assign("t2"), "t2");
}

TEST(Session, ReadsBackAPausedAnswerAsTheOneItBecame) {
    const testing::TempDir dir;
    const std::string search = R"({"type":"server_tool_use","id":"s1","name":"web","input":{}})";
    std::vector<std::string> sent;
    {
        auto session = *Session::open(dir.path(), head());
        ASSERT_TRUE(session.add_text("go", "prompt"));
        Answer paused = answer("[" + search + "]");
        paused.stop_reason = "pause_turn";
        ASSERT_TRUE(session.add_answer(paused));
        ASSERT_TRUE(session.add_answer(answer("[" + kWords + "]")));
        sent = wires(session);
        ASSERT_EQ(sent.size(), 2U);
        EXPECT_EQ(sent[1], R"({"role":"assistant","content":[)" + search + "," + kWords + "]}");
    }
    const auto session = *Session::open(dir.path(), head());
    EXPECT_TRUE(session.warnings().empty());
    EXPECT_EQ(wires(session), sent);
}

}  // namespace
}  // namespace tenon::agent
