#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/loop.h"
#include "host/model/messages.h"
#include "host/model/retry.h"
#include "tests/model/support.h"
#include "tests/support/fakes.h"
#include "tests/support/model_server/server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_server.h"

/// Message threads: whole runs of the loop against a server that holds the conversation.
namespace tenon::model {
namespace {

using tenon::testing::ThreadServer;
using Fault = ThreadServer::Fault;

const std::string kBeta = "message-threads-2026-08-12";

agent::SessionHead thread_head() {
    return {"s1", "/w",       "anthropic",
            "m",  "You are.", R"([{"name":"echo","input_schema":{"type":"object"}}])",
            1};
}

class Threads : public ::testing::Test {
protected:
    Threads() {
        toolbox_.add("echo", true, [](const agent::ToolCall& call, agent::CallContext&) {
            return agent::ToolResult{"ran " + call.id, false, {}};
        });
    }
    agent::Session open() { return *agent::Session::open(dir.path(), thread_head()); }
    template <class Server>
    agent::RunResult run(agent::Session& session, const Server& server,
                         const std::string& prompt = "go", const HttpFields& headers = {}) {
        EndpointConfig config;
        config.api_key = "k";
        config.headers = headers;
        config.http.base_url = server.url();
        FormatOptions options;
        options.threads = true;
        RetryPolicy policy;
        policy.base_delay = std::chrono::milliseconds(0);
        Retry retry(*endpoint_of("anthropic", std::move(config), options), policy);
        inbox_.deliveries = &session.deliveries();
        agent::Loop loop({session, retry, toolbox_, gate_, inbox_, events_, secrets_, context_},
                         {});
        return loop.run(prompt, {});
    }
    static Json messages_of(const agent::Session& session) {
        Json all = Json::array();
        for (const agent::Message& message : session.conversation().messages())
            all.push_back(Json::parse(message.wire));
        return all;
    }
    /// What the server has had is the conversation without its last answer.
    static void expect_the_same(const agent::Session& session, const ThreadServer& server) {
        Json all = messages_of(session);
        ASSERT_FALSE(all.empty());
        all.erase(all.size() - 1);
        EXPECT_EQ(server.conversation(), all);
    }
    static std::vector<std::string> uses(const ThreadServer& server) {
        std::vector<std::string> all;
        for (const auto& seen : server.seen())
            all.push_back(seen.thread);
        return all;
    }

    testing::TempDir dir;

private:
    testing::FakeToolbox toolbox_;
    testing::FakeGate gate_;
    testing::FakeInbox inbox_;
    testing::EventLog events_;
    Secrets secrets_;
    testing::FakeContext context_;
};

TEST_F(Threads, CarryOnlyWhatIsNewAndStayOfTheSameSizeForAThousandTurns) {
    ThreadServer server(999);
    agent::Session session = open();
    const auto result = run(session, server);
    EXPECT_EQ(result.outcome, agent::Outcome::kDone) << result.error;
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 1000U);
    EXPECT_EQ(seen[0].thread, "create");
    EXPECT_EQ(seen[0].beta, kBeta);
    for (std::size_t i = 1; i < seen.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_EQ(seen[i].thread, "continue");
        EXPECT_EQ(seen[i].messages, 1U);
        EXPECT_LT(seen[i].bytes, 400U);
    }
    expect_the_same(session, server);
}

TEST_F(Threads, FallBackToAWholeRequestAtAnyTurnAfterAnyFailure) {
    const auto error = [](const std::string& code) {
        return R"({"type":"error","error":{"type":"invalid_request_error","message":"no",)"
               R"("details":{"error_code":")" +
               code + R"("}}})";
    };
    const std::vector<Fault> faults = {
        {404, error("thread_not_found")},
        {400, error("thread_already_continued")},
        {400, error("thread_continue_in_flight")},
        {400, error("thread_fingerprint_mismatch")},
        {400, error("thread_unsupported_request")},
        {409, R"({"error":{"message":"the thread is being continued"}})"},
        {400, "no"},
        {529, error("overloaded")},
        {200, "", true},
    };
    for (const Fault& fault : faults) {
        for (int turn = 2; turn <= 5; ++turn) {
            SCOPED_TRACE(fault.body + " at " + std::to_string(turn));
            testing::TempDir folder;
            ThreadServer server(4);
            server.faults[turn] = fault;
            agent::Session session = *agent::Session::open(folder.path(), thread_head());
            const auto result = run(session, server);
            EXPECT_EQ(result.outcome, agent::Outcome::kDone) << result.error;
            EXPECT_EQ(result.text, "answer 5");
            std::vector<std::string> expected(6, "continue");
            auto whole = static_cast<std::size_t>(turn);
            if (fault.body.find("fingerprint") != std::string::npos) {
                expected.emplace_back("continue");  // with system prompt and tools
                ++whole;
            }
            expected[0] = expected[whole] = "create";
            EXPECT_EQ(uses(server), expected);
            expect_the_same(session, server);
        }
    }
}

/// The strict server of the other tests compares system prompt, tools and model in each request.
TEST_F(Threads, HaveSystemPromptAndToolsWhereTheServerComparesThem) {
    constexpr int kCalls = 8;
    std::string script = "[";
    for (int i = 0; i < kCalls; ++i)
        script += R"({"content":[{"type":"tool_use","id":"a)" + std::to_string(i) +
                  R"(","name":"echo","input":{}}]},)";
    testing::ModelServer server(script + R"({"content":"done"}])");
    agent::Session session = open();
    EXPECT_EQ(run(session, server).text, "done");
    std::vector<std::string> refusals, sent;
    for (const auto& request : server.requests()) {
        const Json body = Json::parse(request.sent);
        refusals.push_back(request.refusal.substr(0, request.refusal.find(':')));
        sent.push_back(std::to_string(body["messages"].size()) +
                       (body.contains("system") ? " whole" : ""));
    }
    std::vector<std::string> refused_once(kCalls + 2), whole_but_once(kCalls + 2, "1 whole");
    refused_once[1] = "thread_fingerprint_mismatch";
    whole_but_once[1] = "1";
    EXPECT_EQ(refusals, refused_once);
    EXPECT_EQ(sent, whole_but_once);
}

TEST_F(Threads, AreNotUsedAnyMoreWhenTheServerRefusesThem) {
    ThreadServer server(2);
    server.knows_threads = false;
    agent::Session session = open();
    EXPECT_EQ(run(session, server).text, "answer 3");
    EXPECT_EQ(uses(server), (std::vector<std::string>{"create", "", "", ""}));
    EXPECT_EQ(server.seen().back().beta, "");
    EXPECT_EQ(session.conversation().thread(), "");
}

TEST_F(Threads, AreContinuedWhenASessionIsResumed) {
    ThreadServer server(1);
    {
        agent::Session session = open();
        (void)run(session, server);
    }
    agent::Session session = open();
    EXPECT_EQ(session.conversation().thread(), "msg_2");
    EXPECT_EQ(run(session, server, "again").outcome, agent::Outcome::kDone);
    EXPECT_EQ(uses(server), (std::vector<std::string>{"create", "continue", "continue"}));
    expect_the_same(session, server);
}

TEST_F(Threads, AreNotContinuedAfterARecordThatDoesNotNameThem) {
    ThreadServer server(1);
    {
        agent::Session session = open();
        (void)run(session, server);
    }
    std::string journal = dir.read("s1.jsonl");
    for (auto at = journal.find(R"("thread":true,)"); at != journal.npos;
         at = journal.find(R"("thread":true,)"))
        journal.erase(at, 14);
    dir.write("s1.jsonl", journal);
    agent::Session session = open();
    EXPECT_EQ(run(session, server, "again").outcome, agent::Outcome::kDone);
    EXPECT_EQ(uses(server), (std::vector<std::string>{"create", "continue", "create"}));
    expect_the_same(session, server);
}

TEST_F(Threads, EndWhenTheConversationIsRewritten) {
    const std::vector<std::function<void(agent::Session&)>> rewritings = {
        [](agent::Session& session) { ASSERT_TRUE(session.redact({"toolu_1"})); },
        [](agent::Session& session) { ASSERT_TRUE(session.change_tools("[{\"name\":\"echo\"}]")); },
        [](agent::Session& session) {
            ASSERT_TRUE(session.change_model({"anthropic", "other"}, ""));
        },
        [](agent::Session& session) {
            ASSERT_TRUE(session.compress({"auto", "t", "Summary."}));
        },
        [](agent::Session& session) { ASSERT_TRUE(session.clear()); },
    };
    for (std::size_t i = 0; i < rewritings.size(); ++i) {
        SCOPED_TRACE(i);
        testing::TempDir folder;
        ThreadServer server(1);
        agent::Session session = *agent::Session::open(folder.path(), thread_head());
        (void)run(session, server);
        EXPECT_EQ(session.conversation().thread(), "msg_2");
        rewritings[i](session);
        EXPECT_EQ(session.conversation().thread(), "");
        (void)run(session, server, "again");
        EXPECT_EQ(uses(server)[2], "create");
    }
}

TEST_F(Threads, EndAtADamagedRecord) {
    ThreadServer server(1);
    {
        agent::Session session = open();
        (void)run(session, server);
    }
    std::string journal = dir.read("s1.jsonl");
    const auto at = journal.find(R"("type":"tool_result")");
    ASSERT_NE(at, journal.npos);
    journal[at] = '{';
    dir.write("s1.jsonl", journal);
    EXPECT_EQ(open().conversation().thread(), "");
}

TEST_F(Threads, JoinTheirBetaToTheConfiguredOnes) {
    ThreadServer server(1);
    agent::Session session = open();
    EXPECT_EQ(run(session, server, "go", {{"Anthropic-Beta", "one,two"}}).text, "answer 2");
    EXPECT_EQ(server.seen()[1].beta, "one,two," + kBeta);
}

TEST(ThreadRequests, ContinueOnlyTheLastAnswerOfTheModelThatGaveIt) {
    const MessagesFormat with("v", MessagesFormat::Options{.threads = true}), without("v");
    ServerTraits traits({Part::kThreads});
    Talk talk;
    agent::Request request = talk.request();
    EXPECT_EQ(without.thread_use(request, traits), ThreadUse::kNone);
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kCreate);
    talk.assistant(R"([{"type":"text","text":"a"}])");
    request = talk.request();
    request.thread = "msg_1";
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kNone) << "a paused answer goes on";
    talk.messages.back().origin = "anthropic claude-test";
    talk.user({text_block("b")});
    request = talk.request();
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kCreate);
    request.thread = "msg_1";
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kContinue);
    std::string body;
    const RequestText pieces = with.body(request, traits);
    for (const auto piece : pieces.pieces())
        body += piece;
    EXPECT_EQ(body, R"({"model":"claude-test","max_tokens":8192,"stream":true,)"
                    R"("thread":{"type":"continue","previous_message_id":"msg_1"},)"
                    R"("messages":[{"role":"user","content":[{"type":"text","text":"b"}]}]})");
    request.forbid_tools = true;
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kNone);
    request.forbid_tools = false;
    request.model = "other";
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kCreate);
    EXPECT_TRUE(traits.change(Part::kThreads, true));
    EXPECT_EQ(with.thread_use(request, traits), ThreadUse::kNone);
}

}  // namespace
}  // namespace tenon::model
