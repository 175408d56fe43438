#include <gmock/gmock.h>
#include <sstream>

#include <gtest/gtest.h>

#include "host/agent/session.h"
#include "host/cli/commands.h"
#include "host/jobs/store.h"
#include "tests/config/world.h"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SessionsCommand : public ::testing::Test {
protected:
    SessionsCommand() { std::filesystem::create_directories(world_.state() / "sessions"); }

    agent::Session open(const std::string& id, const std::string& workspace = "") {
        agent::SessionHead head;
        head.id = id;
        head.workspace = workspace.empty() ? (world_.dir / "ws").string() : workspace;
        head.model = "m1";
        head.system = "be good";
        head.tools = "[]";
        auto opened = agent::Session::open(world_.state() / "sessions", head);
        EXPECT_TRUE(opened);
        return *std::move(opened);
    }
    static void answer(agent::Session& session, const std::string& content,
                       std::vector<agent::ToolCall> calls = {}) {
        agent::Answer answer;
        answer.content = content;
        answer.calls = std::move(calls);
        EXPECT_TRUE(session.add_answer(answer));
    }
    /// A short conversation with two calls at once.
    void converse(agent::Session& session) {
        EXPECT_TRUE(session.add_text("the environment", "environment"));
        EXPECT_TRUE(session.add_text("do it\nwell", "prompt"));
        answer(session,
               R"([{"type":"text","text":"I look."},)"
               R"({"type":"tool_use","id":"a","name":"read_file","input":{"path":"x.txt"}},)"
               R"({"type":"tool_use","id":"b","name":"grep","input":{"pattern":"p","path":"y"}}])",
               {{"a", "read_file", {}, {}}, {"b", "grep", {}, {}}});
        EXPECT_TRUE(session.add_result("b", {"no such folder", true, {}}));
        EXPECT_TRUE(session.add_result("a", {"1\n2\n3\n4\n5\n6\n7\n", false, {}}));
        answer(session, R"([{"type":"text","text":"Done \u001b[2J."}])");
    }
    int run(std::vector<std::string> words) {
        out_.str("");
        err_.str("");
        Options options;
        options.command = "sessions";
        options.rest = std::move(words);
        return run_sessions(options, world_.sources, {out_, err_});
    }
    std::vector<Json> lines() const {
        std::vector<Json> found;
        std::istringstream in(out_.str());
        for (std::string line; std::getline(in, line);)
            found.push_back(Json::parse(line));
        return found;
    }

    config::World world_;
    std::ostringstream out_, err_;
};

TEST_F(SessionsCommand, ExportsAMarkdownDocument) {
    {
        agent::Session session = open("a");
        converse(session);
    }
    EXPECT_EQ(run({"export", "a", "--markdown"}), 0);
    EXPECT_THAT(out_.str(), StartsWith("# Session a\n\n- workspace: `"));
    EXPECT_THAT(out_.str(), HasSubstr("\n## Prompt\n\n> do it\n> well\n"));
    EXPECT_THAT(out_.str(), HasSubstr("\nResult of `grep` (error)\n\n```\nno such folder\n```\n"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
    EXPECT_EQ(run({"export", "b", "--markdown"}), 1);
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), HasSubstr("there is no session 'b'"));
}

TEST_F(SessionsCommand, ShowSaysWhatTheSessionAndItsSubagentsHaveUsed) {
    const auto spend = [](agent::Session& session, const agent::Usage& usage) {
        EXPECT_TRUE(session.add_text("go", "prompt"));
        agent::Answer answer;
        answer.content = R"([{"type":"text","text":"x"}])";
        answer.usage = usage;
        EXPECT_TRUE(session.add_answer(answer));
    };
    {
        agent::Session session = open("s1");
        spend(session, {1'000'000, 20, 3, 4});
        std::filesystem::create_directories(world_.state() / "sessions/s1");
        agent::SessionHead head = session.head();
        head.id = "agent-1";
        auto subagent = agent::Session::open(world_.state() / "sessions/s1", head);
        ASSERT_TRUE(subagent);
        spend(*subagent, {1'000'000, 0, 0, 0});
    }
    const std::string tokens = "input 2000000, output 20, cache read 3, cache written 4";
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("tokens:     " + tokens + " (subagents included)\n"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("cost:")));
    EXPECT_EQ(run({"show", "s1", "--json"}), 0);
    EXPECT_EQ(lines().at(0)["usage"], (Json{{"input_tokens", 2'000'000},
                                            {"output_tokens", 20},
                                            {"cache_read_input_tokens", 3},
                                            {"cache_creation_input_tokens", 4}}));
    EXPECT_FALSE(lines().at(0).contains("total_cost_usd"));

    world_.user_says("model.price.input=0.5\nmodel.price.output=1000000\n");
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("cost:       $21.000004\n"));
    EXPECT_EQ(run({"show", "s1", "--json"}), 0);
    EXPECT_EQ(lines().at(0)["total_cost_usd"], 21.0000035);
}

TEST_F(SessionsCommand, ListsThoseOfTheWorkspaceOrAll) {
    {
        auto session = open("s1");
        converse(session);
        open("s2", "/elsewhere");
    }
    namespace fs = std::filesystem;
    fs::last_write_time(world_.state() / "sessions/s1.jsonl",
                        fs::file_time_type::clock::now() - std::chrono::hours(60));
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_EQ(out_.str(),
              "ID  LAST    TURNS  MODEL  OPEN  FIRST PROMPT\n"
              "s1  2d ago  2      m1     -     do it well\n");
    EXPECT_EQ(run({"list", "--all", "--json"}), 0);
    EXPECT_EQ(Json::parse(out_.str()).size(), 2U);
    EXPECT_EQ(run({"list", "--json"}), 0);
    const Json session = Json::parse(out_.str())[0];
    EXPECT_EQ(session["id"], "s1");
    EXPECT_EQ(session["turns"], 2);
    EXPECT_EQ(session["open"], false);
    EXPECT_EQ(session["first_prompt"], "do it\nwell");
}

TEST_F(SessionsCommand, ShowsAConversationAlsoWhileAHostHasIt) {
    auto session = open("s1");
    converse(session);
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("open:       in a running host\n"));
    EXPECT_EQ(out_.str().substr(out_.str().find("\n\n")),
              "\n\n> do it\n  well\n"
              "\nI look.\n"
              "\n* grep {\"path\":\"y\",\"pattern\":\"p\"}\n    Error: no such folder\n"
              "\n* read_file x.txt\n    1\n    2\n    3\n    4\n    5\n    (2 more lines)\n"
              "\nDone \\x1b[2J.\n");
    EXPECT_EQ(run({"show", "s1", "--json"}), 0);
    EXPECT_EQ(lines()[0]["messages"].size(), 4U);
    EXPECT_EQ(lines()[0]["open"], true);
}

TEST_F(SessionsCommand, ShowsCallsThatHaveNoResultAndWhatWasCleared) {
    auto session = open("s1");
    EXPECT_TRUE(session.add_text("one", "prompt"));
    answer(session, R"([{"type":"text","text":"two"}])");
    EXPECT_TRUE(session.clear());
    EXPECT_TRUE(session.add_text("three", "prompt"));
    answer(session, R"([{"type":"tool_use","id":"a","name":"bash","input":{"command":"make"}}])",
           {{"a", "bash", {}, {}}});
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("\n> one\n\ntwo\n\n--- cleared ---\n\n> three\n\n"
                                      "* bash make\n    (no result)\n"));
}

TEST_F(SessionsCommand, ShowsTheJobsOfASession) {
    open("s1");
    auto store = jobs::Store::open(world_.state() / "jobs");
    for (const char* session : {"s1", "s2"}) {
        jobs::JobSpec spec;
        spec.session = session;
        spec.workspace = spec.cwd = world_.dir / "ws";
        spec.command = "make " + std::string(session);
        spec.kind = jobs::JobKind::kBackground;
        ASSERT_TRUE(store->create(spec));
    }
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("queued: make s1\n"));
    EXPECT_THAT(out_.str(), Not(HasSubstr("make s2")));
}

TEST_F(SessionsCommand, ExportsTheWholeAsMessages) {
    {
        auto session = open("s1");
        converse(session);
        EXPECT_TRUE(session.clear());
        EXPECT_TRUE(session.add_text("anew", "prompt"));
    }
    EXPECT_EQ(run({"export", "s1"}), 0);
    EXPECT_THAT(out_.str(), StartsWith(R"({"v":1,"type":"session","id":"s1",)"));
    EXPECT_THAT(out_.str(), HasSubstr(R"([{"type":"text","text":"I look."},{"type":"tool_use",)"))
        << "blocks as the endpoint wrote them";
    const auto all = lines();
    ASSERT_EQ(all.size(), 7U);
    EXPECT_EQ(all[0]["system"], "be good");
    EXPECT_EQ(all[1]["role"], "user");
    EXPECT_EQ(all[1]["content"].size(), 2U);
    EXPECT_EQ(all[2]["role"], "assistant");
    EXPECT_EQ(all[3]["content"],
              Json::parse(R"([{"type":"tool_result","tool_use_id":"b","content":"no such folder",
                               "is_error":true},
                              {"type":"tool_result","tool_use_id":"a",
                               "content":"1\n2\n3\n4\n5\n6\n7\n"}])"));
    EXPECT_EQ(all[4]["content"][0]["text"], "Done \x1b[2J.");
    EXPECT_EQ(all[5], (Json{{"type", "clear"}}));
    EXPECT_EQ(all[6], Json::parse(R"({"role":"user","content":[{"type":"text","text":"anew"}]})"));
}

TEST_F(SessionsCommand, SkipsUnknownRecords) {
    {
        auto session = open("s1");
        EXPECT_TRUE(session.add_text("one", "prompt"));
    }
    const auto journal = "home/.local/state/tenon/sessions/s1.jsonl";
    world_.dir.write(journal, world_.dir.read(journal) +
                                  "{\"v\":1,\"seq\":2,\"type\":\"redaction\",\"text\":\"x\"}\n"
                                  "damaged\n"
                                  "{\"v\":1,\"seq\":4,\"type\":\"compaction\",\"text\":\"short\"}\n"
                                  "{\"v\":1,\"seq\":5,\"type\":\"user\",\"ori");
    EXPECT_EQ(run({"export", "s1"}), 0);
    ASSERT_EQ(lines().size(), 3U);
    EXPECT_EQ(lines()[2], (Json{{"type", "compaction"}, {"text", "short"}}));
    EXPECT_EQ(run({"show", "s1"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("\n> one\n\n--- summarised ---\nshort\n"));
}

TEST_F(SessionsCommand, TakesKnownKeysOutOfWhatItShows) {
    world_.sources.credentials.anthropic = "key-0123456789";
    {
        auto session = open("s1");
        EXPECT_TRUE(session.add_text("use key-0123456789", "prompt"));
    }
    const std::vector<std::vector<std::string>> all = {
        {"list"}, {"list", "--json"}, {"show", "s1"}, {"show", "s1", "--json"}, {"export", "s1"}};
    for (const auto& words : all) {
        SCOPED_TRACE(words[0]);
        EXPECT_EQ(run(words), 0);
        EXPECT_THAT(out_.str(), HasSubstr("use [redacted]"));
    }
}

TEST_F(SessionsCommand, RefusesWrongUsageAndUnknownSessions) {
    const struct {
        std::vector<std::string> words;
        int code;
        const char* error;
    } rows[] = {
        {{}, 2, "usage: tenon sessions list, show or export"},
        {{"shw"}, 2, "did you mean show?"},
        {{"show"}, 2, "usage: tenon sessions show ID"},
        {{"show", "a", "b"}, 2, "unexpected argument \"b\""},
        {{"show", "../a"}, 2, "is not a session id"},
        {{"export", ""}, 2, "is not a session id"},
        {{"export", "a", "--json"}, 2, "--json does not go with 'tenon sessions export'"},
        {{"show", "a", "--all"}, 2, "--all does not go with 'tenon sessions show'"},
        {{"show", "a"}, 1, "there is no session 'a'"},
        {{"export", "a"}, 1, "there is no session 'a'"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.error);
        EXPECT_EQ(run(row.words), row.code);
        EXPECT_THAT(err_.str(), HasSubstr(row.error));
        EXPECT_EQ(out_.str(), "");
    }
    EXPECT_EQ(run({"list"}), 0);
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("tenon sessions export ID"));
}

}  // namespace
}  // namespace tenon::cli
