#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/response_failure.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

// What servers of OpenAI's formats refuse, and what is made of it.
namespace tenon::model::chat_errors {
namespace {

using tenon::testing::ModelServer;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ChatErrors, AreReadInEveryShape) {
    struct Case {
        int status;
        const char* body;
        bool retryable;
        const char* message;
    };
    for (
        const Case& one : std::vector<Case>{
            {400,
             R"({"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}})",
             false, "HTTP 400 invalid_request_error: bad"},
            {429,
             R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota",)"
             R"("code":"insufficient_quota"}})",
             false, "HTTP 429 insufficient_quota: You exceeded"},
            {429, R"({"error":{"message":"no more","code":"insufficient_quota"}})", false,
             "HTTP 429 insufficient_quota: no more"},
            {429, R"({"error":{"message":"slow down","type":"requests"}})", true, "slow down"},
            {500, R"({"error":{"code":500,"message":"busy","type":"server_error"}})", true,
             "HTTP 500 server_error: busy"},
            {500,
             R"({"error":{"code":500,"message":"Jinja Exception: Conversation roles must alternate",)"
             R"("type":"server_error"}})",
             false, "roles must alternate"},
            {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
             true, "Loading model"},
            {402, R"({"error":{"code":402,"message":"Insufficient credits"}})", false,
             "HTTP 402: Insufficient credits"},
            {502,
             R"({"error":{"code":502,"message":"Provider returned error",)"
             R"("metadata":{"raw":"out of memory","provider_name":"P"}}})",
             true, "Provider returned error (P: out of memory)"},
            {422,
             R"({"detail":[{"loc":["body","messages",0,"role"],"msg":"field required",)"
             R"("type":"value_error.missing"}]})",
             false, "HTTP 422: body.messages.0.role: field required"},
            {404, R"({"detail":"Not Found"})", false, "HTTP 404: Not Found"},
            {400, R"({"object":"error","message":"no parser","type":"BadRequestError","code":400})",
             false, "HTTP 400 BadRequestError: no parser"},
            {404, R"([{"error":{"code":404,"message":"no model","status":"NOT_FOUND"}}])", false,
             "HTTP 404: no model"},
            {502, "upstream gone\n", true, "HTTP 502: upstream gone"},
            {502, "<html><h1>Bad Gateway</h1></html>", true, "<h1>Bad Gateway</h1>"},
            {200, R"({"error":{"message":"overloaded","code":503}})", true, "overloaded"},
            {200, R"({"error":{"message":"bad model","code":400}})", false, "bad model"}}) {
        SCOPED_TRACE(one.body);
        const auto failure = failure_of_response({one.status, {}}, one.body);
        EXPECT_EQ(failure.retryable, one.retryable);
        EXPECT_THAT(failure.message, HasSubstr(one.message));
    }
}

TEST(ChatErrors, AreOverflowsWhereTheyAreMeantSo) {
    struct Case {
        int status;
        const char* body;
        std::optional<std::int64_t> window;
    };
    for (
        const Case& one : std::vector<Case>{
            {400,
             R"({"error":{"message":"This model's maximum context length is 128000 tokens. However, )"
             R"(your messages resulted in 130001 tokens. Please reduce the length of the messages.",)"
             R"("type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
             128000},
            {400,
             R"({"error":{"code":400,"message":"the request exceeds the available context size",)"
             R"("type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}})",
             8192},
            {400,
             R"({"object":"error","message":"'max_tokens' or 'max_completion_tokens' is too large: )"
             R"(8192. This model's maximum context length is 4096 tokens and your request has 100 )"
             R"(input tokens","type":"BadRequestError","code":400})",
             4096},
            {400,
             R"({"error":"Trying to keep the first 9000 tokens when the context overflows. However, )"
             R"(the model is loaded with context length of only 4096 tokens"})",
             4096}}) {
        SCOPED_TRACE(one.body);
        const auto failure = failure_of_response({one.status, {}}, one.body);
        EXPECT_EQ(failure.length, agent::Length::kTooLong);
        EXPECT_EQ(failure.window, one.window);
        EXPECT_FALSE(failure.retryable);
    }
}

TEST(ChatErrors, ThatNameAPartOfTheRequestAreAnsweredWithoutIt) {
    struct Case {
        const char* refusal;
        const char* first;
        const char* then_not;
    };
    for (const Case& one : std::vector<Case>{
             {"stream_options is not supported", "stream_options", "stream_options"},
             {"Unsupported parameter: 'max_tokens' is not supported with this model. Use "
              "'max_completion_tokens' instead.",
              "\"max_tokens\"", "\"max_tokens\""},
             {"parallel_tool_calls: Extra inputs are not permitted", "parallel_tool_calls",
              "parallel_tool_calls"}}) {
        SCOPED_TRACE(one.refusal);
        ModelServer server(
            "[{\"status\":400,\"body\":{\"error\":{\"message\":" + json_quote(one.refusal) +
            "}}},{\"content\":\"one\"},{\"content\":\"two\"}]");
        const auto provider = provider_for(server.url(), {}, "openai");
        Talk talk;
        Watcher watcher;
        for (const char* text : {"one", "two"}) {
            const auto answer = provider->ask(talk.request(), watcher, {});
            ASSERT_TRUE(answer) << answer.error().message;
            EXPECT_EQ(answer->text, text);
            EXPECT_EQ(answer->by, (agent::ModelName{"openai", "claude-test"}));
        }
        const auto requests = server.requests();
        ASSERT_EQ(requests.size(), 3U);
        EXPECT_EQ(requests[0].path, "/v1/chat/completions");
        EXPECT_THAT(requests[0].sent, HasSubstr(one.first));
        EXPECT_THAT(requests[1].sent, Not(HasSubstr(one.then_not)));
        EXPECT_THAT(requests[2].sent, Not(HasSubstr(one.then_not)));
    }
}

TEST(ChatErrors, AboutTheWindowDoNotChangeTheNameOfTheTokenLimit) {
    ModelServer server(
        R"([{"status":400,"body":{"object":"error","message":"'max_tokens' or )"
        R"('max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 )"
        R"(tokens"}},{"content":"never"}])");
    Watcher watcher;
    const auto answer =
        provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().window, 4096);
    EXPECT_EQ(server.requests().size(), 1U);
}

}  // namespace
}  // namespace tenon::model::chat_errors
