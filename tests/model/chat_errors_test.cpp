#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/response_failure.h"
#include "host/model/retry.h"
#include "host/model/server_error.h"
#include "tests/model/server_formats.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

// What servers of OpenAI's formats refuse, and what is made of it.
namespace tenon::model::chat_errors {
namespace {

using std::chrono::milliseconds;
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
            {500,
             R"({"error":{"code":500,"message":"\nWhile executing FilterExpression at line 120, )"
             R"(column 73 in source:\n…|items %}…\nError: Unknown (built-in) filter 'items' for )"
             R"(type String","type":"server_error"}})",
             false, "Unknown (built-in) filter"},
            {500, R"({"error":"While executing CallExpression at line 1, column 2 in source"})",
             false, "CallExpression"},
            {500,
             R"({"error":{"code":500,"message":"Value is not callable: null at row 1, column 72:\n)"
             R"({%- for x in y %}","type":"server_error"}})",
             false, "Value is not callable"},
            {500, R"({"error":"bad value at row 1, column 72: \"x\""})", true, "bad value"},
            {500, R"({"error":"failed while executing the query at line 3"})", true, "the query"},
            {400, R"({"error":{"error":{"message":"deep"}}})", false, "HTTP 400: deep"},
            {400, R"({"error":{"msg":"emsg"}})", false, "HTTP 400: emsg"},
            {400, R"({"error":{"reason":"quota reason text","code":"X1"}})", false,
             "HTTP 400 X1: quota reason text"},
            {503, R"({"error":{"details":"model is warming up"}})", true,
             "HTTP 503: model is warming up"},
            {400, R"({"error":{"errors":[{},{"message":"inner list"}]}})", false,
             "HTTP 400: inner list"},
            {400, R"({"error":{"message":["first","second"]}})", false, "HTTP 400: first"},
            {400, R"({"error":{"message":{"en":"words"}}})", false,
             R"(HTTP 400: {"message":{"en":"words"}})"},
            {400, R"({"error":{"type":"x_error","code":"c","message":""}})", false,
             "HTTP 400 x_error: (no message)"},
            {400, R"({"type":"some_error","message":{"text":"words"}})", false, "words"},
            {400, R"({"statusCode":400,"error":"Bad Request","message":["no such field"]})", false,
             "HTTP 400: Bad Request: no such field"},
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
            {400,
             R"({"error":{"code":"content_filter","message":"The prompt was filtered",)"
             R"("param":"prompt","type":null,"status":400,"innererror":{)"
             R"("code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}})",
             false, "HTTP 400 ResponsibleAIPolicyViolation: The prompt was filtered"},
            {404,
             R"({"error":{"code":"404","innererror":{"innererror":{"message":"no deployment"}}}})",
             false, "HTTP 404: no deployment"},
            {401, R"({"statusCode":401,"message":"Access denied: wrong subscription key"})", false,
             "HTTP 401: Access denied: wrong subscription key"},
            {500, R"({"error":"out of memory"})", true, "HTTP 500: out of memory"},
            {401,
             R"({"timestamp":1,"status":401,"error":"Unauthorized","message":"The key is old",)"
             R"("path":"/v1"})",
             false, "HTTP 401: Unauthorized: The key is old"},
            {401, R"({"error":"invalid_token","error_description":"It has expired"})", false,
             "HTTP 401: invalid_token: It has expired"},
            {400, R"({"detail":{"error":"no such field"}})", false, "HTTP 400: no such field"},
            {200, R"({"error":{"message":"overloaded","code":503}})", true, "overloaded"},
            {200, R"({"error":{"message":"bad model","code":400}})", false, "bad model"}}) {
        SCOPED_TRACE(one.body);
        const auto failure = failure_of_response({one.status, {}}, one.body);
        EXPECT_EQ(failure.retryable, one.retryable);
        EXPECT_THAT(failure.message, HasSubstr(one.message));
    }
}

/// Errors under status 200, in a body or an event, and whether they last.
TEST(ChatErrors, WithoutATypeAndAStatusAreJudgedByTheirWords) {
    struct Case {
        const char* error;
        const char* message;
        bool is_lasting;
    };
    for (const Case& one : std::vector<Case>{
             {R"({"error":"model 'x' not found"})", "model 'x' not found", true},
             {R"({"error":"Invalid API key"})", "Invalid API key", true},
             {R"({"error":"Unauthorized"})", "Unauthorized", true},
             {R"({"error":"x does not support tools"})", "x does not support tools", true},
             {R"({"error":{"message":"The model x does not exist"}})", "The model x", true},
             {R"({"error":{"innererror":{"message":"Unsupported data type"}}})", "Unsupported",
              true},
             {R"({"error":{"message":"no","innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
              "no", true},
             {R"({"error":{"code":"model_not_found_here","message":"no"}})", "no", true},
             {R"({"message":"No API key found in request"})", "No API key found", true},
             {R"({"message":"Wait","statusCode":401})", "Wait", true},
             {R"({"detail":"Not Found"})", "Not Found", true},
             {R"({"detail":[{"loc":["body","n"],"msg":"field required"}]})",
              "body.n: field required", true},
             {R"({"error":"out of memory"})", "out of memory", false},
             {R"({"error":"model x not found on any worker, try again"})",
              "model x not found on any worker, try again", false},
             {R"({"error":{"message":"invalid response from upstream"}})", "invalid response",
              false},
             {R"({"error":{"type":"server_error","message":"tool not found"}})", "tool not found",
              false},
             {R"({"message":"Something went wrong"})", "Something went wrong", false},
             {R"({"message":"Invalid state","statusCode":503})", "Invalid state", false},
             {R"({"detail":"The queue is full"})", "The queue is full", false},
         }) {
        const std::string quoted = json_quote(one.error);
        for (const std::string& step : {"{\"status\":200,\"body\":" + std::string(one.error) + "}",
                                        "{\"events\":[[\"\"," + quoted + "]]}",
                                        "{\"events\":[[\"error\"," + quoted + "]]}"}) {
            for (const std::string_view format : server_formats()) {
                SCOPED_TRACE(std::string(format) + " " + step);
                ModelServer server("[" + step + R"(,{"content":"after all"}])");
                RetryWorld without_waits = RetryWorld::real();
                without_waits.sleep = [](milliseconds, const std::stop_token&) {};
                Retry provider(provider_for(server.url(), {}, format), {}, without_waits);
                Watcher watcher;
                const auto answer = provider.ask(Talk().request(), watcher, {});
                EXPECT_EQ(server.requests().size(), one.is_lasting ? 1U : 2U);
                ASSERT_EQ(answer.ok(), !one.is_lasting);
                const std::string said =
                    answer ? watcher.retries.at(0).reason : answer.error().message;
                EXPECT_THAT(said, HasSubstr("POST " + server.url()));
                EXPECT_THAT(said, HasSubstr(": " + std::string(one.message)));
                EXPECT_THAT(said, Not(HasSubstr("{")));
            }
        }
    }
}

TEST(ChatErrors, AreNotTheMessagesOfEventsWithANameOfTheirOwn) {
    const Json message = {{"message", "Model not found in memory: it is being fetched"}};
    EXPECT_FALSE(find_error_in_event("status", message));
    EXPECT_TRUE(find_error_in_event("message", message));
    EXPECT_TRUE(find_error_in_event("error", message));
    EXPECT_TRUE(find_error_in_event("status", {{"error", "no"}}));
    for (const char* data :
         {R"({"choices":[],"message":"wait"})", R"({"type":"x","message":"m"})",
          R"({"message":""})", R"({"message":{"content":[]}})", R"({"choices":[],"error":""})"})
        EXPECT_FALSE(find_error_in_event("message", json_or_null(data))) << data;
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
             R"({"error":{"message":"You passed 20000 input tokens and requested 8192 output )"
             R"(tokens. However, the model's context length is only 16384 tokens, resulting in a )"
             R"(maximum input length of 8192 tokens.","type":"BadRequestError","code":400}})",
             16384},
            {422,
             R"({"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= )"
             R"(8192. Given: 2043 `inputs` tokens and 8192 `max_new_tokens`"})",
             8192},
            {400,
             R"({"error":"Trying to keep the first 9000 tokens when the context overflows. However, )"
             R"(the model is loaded with context length of only 4096 tokens"})",
             4096}}) {
        SCOPED_TRACE(one.body);
        const auto failure = failure_of_response({one.status, {}}, one.body);
        EXPECT_EQ(failure.length, agent::Length::kTooLong);
        EXPECT_EQ(failure.window, one.window);
        EXPECT_FALSE(failure.retryable);

        ModelServer server("[{\"events\":[[\"\"," + json_quote(one.body) + "]]}]");
        Watcher watcher;
        const auto answer =
            provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().length, agent::Length::kTooLong) << "in a stream";
        EXPECT_EQ(answer.error().window, one.window);
        EXPECT_FALSE(answer.error().retryable);
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
