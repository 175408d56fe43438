#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

// The Responses API as a server speaks it that refuses what OpenAI refuses.
namespace tenon::model::responses_server {
namespace {

using tenon::testing::ModelServer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLoop = R"([
  {"content":[{"type":"thinking","thinking":"let me see"},{"type":"text","text":"Looking."},
              {"type":"tool_use","id":"call_1","name":"bash","input":{"command":"ls"}},
              {"type":"tool_use","id":"call_2","name":"bash","input":{"command":"pwd"}}],
   "usage":{"input_tokens":7,"output_tokens":11}, "piece":3},
  {"content":[{"type":"thinking","thinking":"and now"},
              {"type":"tool_use","id":"call_3","name":"bash","input":{}}],"expect":"file.txt"},
  {"content":"Done.","expect":"third"},
  {"content":"Bye."}])";

std::unique_ptr<Endpoint> endpoint_at(const ModelServer& server, const std::string& effort = "") {
    EndpointConfig config;
    config.api_key = "sk-test-key";
    config.key_field = KeyField::kBearer;
    config.http.base_url = server.url();
    FormatOptions options;
    options.reasoning_effort = effort;
    return std::move(*endpoint_of("openai-responses", std::move(config), options));
}

/// Goes through the loop; the failure of the first turn that failed.
std::string go_through(Endpoint& endpoint, Talk& talk) {
    const std::vector<std::vector<std::string>> results = {
        {result_block("call_1", "file.txt"), result_block("call_2", "/")},
        {result_block("call_3", "third")},
        {text_block("thanks")},
        {}};
    for (const auto& result : results) {
        Watcher watcher;
        const auto answer = endpoint.ask(talk.request(), watcher, {});
        if (!answer) return answer.error().message;
        EXPECT_EQ(answer->by, (agent::ModelName{"openai-responses", "claude-test"}));
        talk.assistant(answer->content);
        talk.messages.back().origin = answer->by.words();
        if (!result.empty()) talk.user(result);
    }
    return "";
}

TEST(ResponsesServer, GetsItsReasoningBackInAToolLoop) {
    ModelServer::Options options;
    options.strict.api_key = "sk-test-key";
    options.strict.reasoning_model = true;
    ModelServer server(kLoop, options);
    Talk talk;
    const auto endpoint = endpoint_at(server, "low");
    EXPECT_EQ(go_through(*endpoint, talk), "");
    EXPECT_EQ(server.refusals(), 0);
    EXPECT_EQ(server.connections(), 1) << "kept alive";
    ASSERT_EQ(server.requests().size(), 4U);
    const auto last = server.requests().back();
    EXPECT_EQ(last.path, "/v1/responses");
    EXPECT_EQ(last.fields.at("authorization"), "Bearer sk-test-key");
    EXPECT_THAT(last.sent, HasSubstr("encrypted_content"));
    EXPECT_THAT(last.sent, HasSubstr("let me see"));
}

TEST(ResponsesServer, IsAskedWithoutEncryptedReasoningThatItRefuses) {
    ModelServer::Options options;
    options.strict.no_encrypted_reasoning = true;
    ModelServer server(kLoop, options);
    Talk talk;
    const auto endpoint = endpoint_at(server);
    EXPECT_EQ(go_through(*endpoint, talk), "");
    EXPECT_EQ(server.refusals(), 1);
    ASSERT_EQ(server.requests().size(), 5U);
    for (std::size_t i = 1; i < 5; ++i)
        EXPECT_THAT(server.requests()[i].sent, Not(HasSubstr("include")));
}

TEST(ResponsesServer, IsAskedWithoutReasoningThatItCannotReadAnyMore) {
    std::string script = kLoop;
    script.insert(script.rfind(R"({"content":"Done.")"),
                  R"({"status":400,"body":{"error":{"message":"The encrypted content gAAA could )"
                  R"(not be verified.","code":"invalid_encrypted_content"}}},)");
    ModelServer server(script);
    Talk talk;
    const auto endpoint = endpoint_at(server);
    EXPECT_EQ(go_through(*endpoint, talk), "");
    ASSERT_EQ(server.requests().size(), 5U);
    EXPECT_THAT(server.requests()[2].sent, HasSubstr("let me see"));
    EXPECT_THAT(server.requests()[3].sent, Not(HasSubstr("let me see")));
    EXPECT_THAT(server.requests()[3].sent, HasSubstr("file.txt"));
}

TEST(ResponsesServer, IsAskedWithoutASummaryThatItRefuses) {
    ModelServer::Options options;
    options.strict.reasoning_model = true;
    ModelServer server(R"([
      {"status":400,"body":{"error":{"message":"Your organization must be verified to generate )"
                       R"(reasoning summaries.","param":"reasoning.summary"}}},
      {"content":"ok"}])",
                       options);
    Watcher watcher;
    const auto answer = endpoint_at(server, "high")->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(server.requests().size(), 2U);
    const Json body = Json::parse(server.requests().at(1).sent);
    EXPECT_EQ(body["reasoning"], (Json{{"effort", "high"}}));
    EXPECT_EQ(body["include"], Json::array({"reasoning.encrypted_content"}));
}

TEST(ResponsesServer, SaysWhyItRefusesARequest) {
    ModelServer server(
        R"([
      {"status":429,"body":{"error":{"message":"You exceeded your current quota","type":)"
        R"("insufficient_quota","code":"insufficient_quota"}}},
      {"status":400,"body":{"error":{"message":"Your input exceeds the context window of this )"
        R"(model.","type":"invalid_request_error","code":"context_length_exceeded"}}},
      {"status":401,"body":{"error":{"message":"Incorrect API key","type":"invalid_request_error"}}}])");
    const auto endpoint = endpoint_at(server);
    Watcher watcher;
    const auto quota = endpoint->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(quota);
    EXPECT_FALSE(quota.error().retryable);
    EXPECT_THAT(quota.error().message, HasSubstr("/v1/responses"));
    EXPECT_THAT(quota.error().message, HasSubstr("current quota"));
    const auto length = endpoint->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(length);
    EXPECT_EQ(length.error().length, agent::Length::kTooLong);
    const auto key = endpoint->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().http_status, 401);
    EXPECT_FALSE(key.error().retryable);
}

}  // namespace
}  // namespace tenon::model::responses_server
