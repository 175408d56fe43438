#include "host/model/endpoint.h"

#include <gmock/gmock.h>

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <gtest/gtest.h>

#include "host/model/response_failure.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

namespace tenon::model {
namespace {

using std::chrono::milliseconds;
using tenon::testing::ModelServer;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Endpoint, AsksAStrictServerInSeveralTurns) {
    ModelServer server(R"([
      {"content":[{"type":"thinking","thinking":"let me see"},{"type":"text","text":"Looking."},
                  {"type":"tool_use","id":"toolu_1","name":"bash","input":{"command":"ls"},
                   "caller":{"type":"direct"}}],
       "usage":{"input_tokens":7,"output_tokens":11}, "piece":3},
      {"content":[{"type":"thinking","thinking":""},{"type":"text","text":"Done."}],"expect":"file.txt"},
      {"content":"Bye."}])");
    const auto provider = provider_for(server.url());
    Talk talk;
    Watcher watcher;
    const auto first = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(watcher.text(), "Looking.");
    EXPECT_EQ(watcher.thinking, "let me see");
    EXPECT_GT(watcher.texts.size(), 1U);
    EXPECT_EQ(first->stop_reason, "tool_use");
    EXPECT_EQ(first->model, "claude-test");
    EXPECT_EQ(first->usage.output_tokens, 11);
    ASSERT_EQ(first->calls.size(), 1U);
    EXPECT_EQ(first->calls[0].input, (Json{{"command", "ls"}}));

    talk.assistant(first->content);
    talk.user({result_block("toolu_1", "file.txt")});
    const auto second = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->text, "Done.");
    talk.assistant(second->content);
    talk.user({text_block("thanks")});
    const auto third = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(third) << third.error().message;

    EXPECT_EQ(server.refusals(), 0);
    EXPECT_EQ(server.connections(), 1) << "kept alive";
    const auto fields = server.requests()[0].fields;
    EXPECT_EQ(fields.at("x-api-key"), "sk-test-key");
    EXPECT_EQ(fields.at("anthropic-version"), "2023-06-01");
    EXPECT_EQ(fields.at("content-type"), "application/json");
    EXPECT_EQ(fields.at("accept-encoding"), "identity");
}

TEST(Endpoint, AddsItsPathToAnyBaseUrl) {
    struct Case {
        const char* base;
        const char* path;
    };
    for (const Case& c : {Case{"", "/v1/messages"}, Case{"/", "/v1/messages"},
                          Case{"/gateway/anthropic/", "/gateway/anthropic/v1/messages"},
                          Case{"/v1", "/v1/messages"}, Case{"/v1/messages", "/v1/messages"},
                          Case{"/a/messages/", "/a/v1/messages"}}) {
        SCOPED_TRACE(c.base);
        ModelServer server(R"([{"content":"ok"}])");
        Watcher watcher;
        const auto answer = provider_for(server.url() + c.base)->ask(Talk().request(), watcher, {});
        EXPECT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(server.requests().at(0).path, c.path);
    }
}

TEST(Endpoint, RefusesAConfigurationThatCannotWork) {
    struct Case {
        std::function<void(EndpointConfig&)> change;
        const char* message;
    };
    const std::vector<Case> cases = {
        {[](auto& c) { c.api_key = ""; }, "no API key"},
        {[](auto& c) { c.api_key = "a\r\nx: y"; }, "API key"},
        {[](auto& c) {
             c.headers = {{"x-a", "b\nc"}};
         },
         "header field x-a"},
        {[](auto& c) { c.http.base_url = "localhost:1"; }, "base URL"},
        {[](auto& c) { c.http.proxy = "https://p:1"; }, "proxy"},
        {[](auto& c) { c.http.https_proxy = "http://"; }, "proxy"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.message);
        EndpointConfig config;
        config.api_key = "key";
        c.change(config);
        const auto made = endpoint_of("anthropic", config);
        ASSERT_FALSE(made);
        EXPECT_THAT(made.error().message, HasSubstr(c.message));
    }
}

TEST(Endpoint, RefusesAFormatThatCannotWork) {
    EXPECT_THAT(make_wire_format("anthropic", {""}).error().message, HasSubstr("API version"));
    EXPECT_THAT(make_wire_format("nobodys", {}).error().message, HasSubstr("nobodys"));
}

TEST(Endpoint, SendsKeyAndFieldsAsConfigured) {
    ModelServer::Options options;
    options.strict.needs_key = false;
    ModelServer server(R"([{"content":"hello"}])", options);
    EndpointConfig config;
    config.api_key = "k";
    config.key_field = KeyField::kBearer;
    config.headers = {{"X-Team", "a b"}, {"User-Agent", "mine"}};
    config.http.base_url = server.url();
    auto provider = endpoint_of("anthropic", config);
    ASSERT_TRUE(provider) << provider.error().message;
    Watcher watcher;
    (void)(*provider)->ask(Talk().request(), watcher, {});
    const auto fields = server.requests().at(0).fields;
    EXPECT_EQ(fields.at("authorization"), "Bearer k");
    EXPECT_EQ(fields.count("x-api-key"), 0U);
    EXPECT_EQ(fields.at("x-team"), "a b");
    EXPECT_EQ(fields.at("user-agent"), "mine");
}

TEST(Endpoint, AsksAgainWithoutThePartThatTheServerRefuses) {
    ModelServer server(R"([
      {"status":400,"body":{"error":{"message":"cache_control: Extra inputs are not permitted"}}},
      {"content":"one"}, {"content":"two"},
      {"status":400,"body":{"error":{"message":"cache_control: still not"}}}])");
    const auto provider = provider_for(server.url());
    Watcher watcher;
    for (const char* text : {"one", "two"}) {
        const auto answer = provider->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, text);
    }
    EXPECT_FALSE(provider->ask(Talk().request(), watcher, {}).ok()) << "only once";
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_THAT(requests[0].body, HasSubstr("cache_control"));
    for (int i = 1; i < 4; ++i)
        EXPECT_THAT(requests[static_cast<std::size_t>(i)].body, Not(HasSubstr("cache_control")));
}

TEST(Endpoint, NeedsAKeyOnlyAtItsOwnAddress) {
    struct Case {
        const char* base_url;
        bool own;
    };
    for (const Case& c :
         {Case{"", true}, Case{"https://api.anthropic.com", true},
          Case{"https://API.Anthropic.com/v1/", true}, Case{"http://127.0.0.1:8080", false},
          Case{"https://api.anthropic.com.example", false}}) {
        SCOPED_TRACE(c.base_url);
        EndpointConfig config;
        config.http.base_url = c.base_url;
        EXPECT_EQ(is_vendors_own("anthropic", c.base_url), c.own);
        EXPECT_EQ(endpoint_of("anthropic", config).ok(), !c.own);
    }
}

TEST(Endpoint, SendsNoKeyWhereNoneIsConfigured) {
    ModelServer::Options options;
    options.strict.needs_key = false;
    ModelServer server(R"([{"content":"hello"}])", options);
    EndpointConfig config;
    config.http.base_url = server.url();
    auto provider = endpoint_of("anthropic", config);
    ASSERT_TRUE(provider) << provider.error().message;
    Watcher watcher;
    const auto answer = (*provider)->ask(Talk().request(), watcher, {});
    EXPECT_TRUE(answer) << answer.error().message;
}

TEST(Endpoint, AsksForTheListOfModels) {
    struct Case {
        const char* key;
        const char* prefix;
        int status;
    };
    for (const Case& c : {Case{"right", "", 200}, Case{"right", "/v1", 200}, Case{"wrong", "", 401},
                          Case{"right", "/elsewhere", 200}}) {
        SCOPED_TRACE(std::string(c.key) + c.prefix);
        ModelServer::Options options;
        options.strict.api_key = "right";
        ModelServer server(R"([{"content":"hello"}])", options);
        EndpointConfig config;
        config.api_key = c.key;
        config.http.base_url = server.url() + c.prefix;
        auto provider = endpoint_of("anthropic", config);
        ASSERT_TRUE(provider) << provider.error().message;
        const auto head = (*provider)->ask_for_models(
            [](const HttpHead&, std::string_view) { return false; }, {});
        ASSERT_TRUE(head) << head.error().message;
        EXPECT_EQ(head->status, c.status);
        EXPECT_EQ(server.lookups().at(0).method, "GET");
        EXPECT_FALSE(server.lookups().at(0).fields.contains("content-length"));
    }
}

TEST(Endpoint, SaysWhatAnErrorResponseMeans) {
    struct Case {
        int status;
        std::vector<std::pair<std::string, std::string>> fields;
        std::string body;
        bool retryable;
        std::string message;
        std::string type;
        std::optional<milliseconds> retry_after;
    };
    using tenon::testing::error_body;
    const std::string spent =
        R"({"type":"error","error":{"type":"rate_limit_error","message":"limit","details":)"
        R"({"error_code":"enforced_spend_limit_reached"}},"request_id":"req_9"})";
    const std::vector<Case> cases = {
        {400,
         {},
         error_body(400, "bad"),
         false,
         "HTTP 400 invalid_request_error: bad",
         "invalid_request_error",
         {}},
        {401, {}, error_body(401, "k"), false, "HTTP 401", "authentication_error", {}},
        {402, {}, error_body(402, "k"), false, "HTTP 402", "billing_error", {}},
        {403, {}, error_body(403, "k"), false, "HTTP 403", "permission_error", {}},
        {404, {}, error_body(404, "k"), false, "HTTP 404", "not_found_error", {}},
        {408, {}, error_body(408, "k"), true, "HTTP 408", "timeout_error", {}},
        {409, {}, error_body(409, "k"), true, "HTTP 409", "conflict_error", {}},
        {413, {}, error_body(413, "k"), false, "HTTP 413", "request_too_large", {}},
        {429,
         {{"Retry-After", "7"}},
         error_body(429, "k"),
         true,
         "HTTP 429",
         "rate_limit_error",
         milliseconds(7000)},
        {429, {}, spent, false, "limit", "rate_limit_error", {}},
        {429, {{"x-should-retry", "true"}}, spent, false, "limit", "rate_limit_error", {}},
        {500, {}, error_body(500, "k"), true, "HTTP 500", "api_error", {}},
        {503,
         {},
         "<html>\n<b>Bad \x01 \xFF\r\n gateway</b>",
         true,
         "HTTP 503: <html> <b>Bad \xEF\xBF\xBD gateway</b>",
         "",
         {}},
        {504, {}, "", true, "HTTP 504: (empty body)", "", {}},
        {529,
         {{"retry-after-ms", "250"}, {"retry-after", "9"}},
         error_body(529, "k"),
         true,
         "HTTP 529",
         "overloaded_error",
         milliseconds(250)},
        {500, {{"x-should-retry", "false"}}, error_body(500, "k"), false, "", "api_error", {}},
        {400,
         {{"x-should-retry", "true"}},
         error_body(400, "k"),
         true,
         "",
         "invalid_request_error",
         {}},
        {503, {{"retry-after", "soon"}}, "", true, "", "", {}},
        {503, {{"retry-after", "-5"}}, "", true, "", "", milliseconds(0)},
        {503, {{"retry-after", "1e99"}}, "", true, "", "", milliseconds(7LL * 24 * 3600 * 1000)},
        {503,
         {{"retry-after", "Mon, 01 Jan 2001 00:00:00 GMT"}},
         "",
         true,
         "",
         "",
         milliseconds(0)},
        {302, {{"location", "https://elsewhere"}}, "", false, "redirects are not followed", "", {}},
        {200,
         {{"content-type", "text/html"}},
         "<p>log in",
         false,
         "not a stream of events",
         "",
         {}},
        {500, {}, R"({"error":"text"})", true, "HTTP 500: text", "", {}},
        {500, {}, R"({"error":{"type":7,"message":[]}})", true, "(no message)", "", {}},
        {500, {}, std::string(100'000, '['), true, "HTTP 500: [[[", "", {}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::to_string(c.status) + " " + c.body.substr(0, 100));
        const auto failure = failure_of_response({c.status, c.fields}, c.body);
        EXPECT_EQ(failure.http_status, c.status);
        EXPECT_EQ(failure.retryable, c.retryable);
        EXPECT_THAT(failure.message, HasSubstr(c.message));
        EXPECT_LT(failure.message.size(), 1000U);
        EXPECT_EQ(failure.type, c.type);
        EXPECT_EQ(failure.retry_after, c.retry_after);
    }
}

TEST(Endpoint, SaysWhatToTryWhereTheServerMayNotSpeakTheFormat) {
    struct Case {
        const char *format, *path;
        int status;
        const char *body, *said;  ///< empty: nothing of the kind; @ stands for its address
    };
    const char* kPage = "<!DOCTYPE html><title>Welcome</title>";
    const std::vector<Case> cases = {
        {"anthropic", "", 404, "404 page not found",
         "POST @/v1/messages: HTTP 404: 404 page not found; the server may not speak the wire "
         "format anthropic at this address: try --provider openai -D model.baseUrl=@, or "
         "model.baseUrl with the path below which the server has its API"},
        {"anthropic", "/v1/messages", 405, R"({"detail":"Method Not Allowed"})",
         "try --provider openai -D model.baseUrl=@/v1/messages, or model.baseUrl=@"},
        {"anthropic", "", 501, "", "try --provider openai"},
        {"anthropic", "/api", 404, "", "or model.baseUrl=@"},
        {"anthropic", "", 404, R"({"error":{"message":"Invalid URL"}})", "try --provider openai"},
        {"openai", "", 404, R"({"type":"error","error":{"type":"not_found_error","message":"x"}})",
         "try --provider anthropic -D model.baseUrl=@"},
        {"openai", "/api", 404, "", "or model.baseUrl=@/api/v1"},
        {"openai-responses", "/v1", 404, R"({"detail":"Not Found"})",
         "HTTP 404: Not Found; the server may not speak the wire format openai-responses at this "
         "address: try --provider openai -D model.baseUrl=@/v1, or model.baseUrl with the path"},
        {"anthropic", "", 200, kPage, "(not a stream of events); the server may not speak"},
        {"openai", "", 200, R"({"status":"ok"})", "(not a stream of events); the server may not"},
        {"anthropic", "", 404,
         R"({"type":"error","error":{"type":"not_found_error","message":"x"}})", ""},
        {"openai", "", 404, R"({"error":{"message":"The model 'x' does not exist"}})", ""},
        {"openai", "", 200, R"({"error":{"message":"out of order"}})", ""},
        {"openai", "", 400, "what?", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.format) + c.path + " " + std::to_string(c.status) + c.body);
        tenon::testing::Step step;
        step.raw = "HTTP/1.1 " + std::to_string(c.status) +
                   " X\r\ncontent-type: text/html\r\ncontent-length: " +
                   std::to_string(std::string_view(c.body).size()) + "\r\n\r\n" + c.body;
        const ModelServer server(std::vector<tenon::testing::Step>{step}, {});
        HttpConfig config;
        Watcher watcher;
        const auto answer = provider_for(server.url() + c.path, config, c.format)
                                ->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        const agent::ModelFailure& failure = answer.error();
        std::string said = c.said;
        for (auto at = said.find('@'); at != said.npos; at = said.find('@'))
            said.replace(at, 1, server.url());
        EXPECT_EQ(failure.wrong_address, !said.empty());
        if (said.empty()) EXPECT_THAT(failure.message, Not(HasSubstr("may not speak")));
        EXPECT_THAT(failure.message, HasSubstr(said));
        EXPECT_FALSE(failure.wrong_address && failure.retryable);
    }
}

TEST(Endpoint, TakesNoPageForAStreamWhateverItsType) {
    for (const char* type : {"", "content-type: text/event-stream\r\n"}) {
        for (const std::string body : {"<html>log in</html>\n\n", "\n [1]\n\n", "{}\n\n"}) {
            SCOPED_TRACE(type + body);
            tenon::testing::Step step;
            step.raw = "HTTP/1.1 200 OK\r\n" + std::string(type) + "\r\n" + body;
            const ModelServer server(std::vector<tenon::testing::Step>{step}, {});
            Watcher watcher;
            const auto answer = provider_for(server.url())->ask(Talk().request(), watcher, {});
            ASSERT_FALSE(answer);
            EXPECT_THAT(answer.error().message,
                        HasSubstr("(not a stream of events); the server may"));
            EXPECT_FALSE(answer.error().retryable);
        }
    }
}

TEST(Endpoint, FindsTheAnswerInAnySuccessfulResponse) {
    const std::string events =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n";
    const std::string whole =
        R"({"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]})";
    struct Case {
        const char* head;
        std::string body;
    };
    for (const Case& one :
         {Case{"200 OK\r\ncontent-type: text/plain", events},
          Case{"200 OK\r\ncontent-type: application/json", events},
          Case{"200 OK\r\ncontent-type: application/octet-stream", "\n: hello\n\n" + events},
          Case{"201 Created\r\ncontent-type: text/event-stream", events},
          Case{"200 OK\r\ncontent-type: text/event-stream", "data: " + whole + "\ndata: [DONE]"},
          Case{"201 Created\r\ncontent-type: application/json", whole},
          Case{"200 OK\r\ncontent-type: text/event-stream", " \n" + whole}}) {
        SCOPED_TRACE(one.head + one.body);
        tenon::testing::Step step;
        step.raw = "HTTP/1.1 " + std::string(one.head) +
                   "\r\ncontent-length: " + std::to_string(one.body.size()) + "\r\n\r\n" + one.body;
        ModelServer server(std::vector<tenon::testing::Step>{step}, {});
        Watcher watcher;
        const auto answer =
            provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, "Hello");
    }
}

TEST(Endpoint, UnderstandsARetryAfterThatIsADate) {
    const Poco::Timestamp in_an_hour = Poco::Timestamp() + Poco::Timespan(3600, 0);
    const auto date =
        Poco::DateTimeFormatter::format(in_an_hour, Poco::DateTimeFormat::HTTP_FORMAT);
    const auto failure = failure_of_response({429, {{"retry-after", date}}}, "");
    ASSERT_TRUE(failure.retry_after);
    EXPECT_GT(*failure.retry_after, std::chrono::minutes(50)) << date;
    EXPECT_LE(*failure.retry_after, std::chrono::minutes(60)) << date;
}

TEST(Endpoint, NamesEndpointAndRequestInAFailure) {
    ModelServer server(R"([{"status":529,"headers":{"retry-after":"3"}}])");
    Watcher watcher;
    const auto answer = provider_for(server.url())->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message,
              "POST " + server.url() +
                  "/v1/messages: HTTP 529 overloaded_error: scripted failure "
                  "(request-id req_test)");
    EXPECT_EQ(answer.error().request_id, "req_test");
    EXPECT_EQ(answer.error().retry_after, milliseconds(3000));
    EXPECT_TRUE(answer.error().retryable);
}

TEST(Endpoint, BoundsTheBodyOfAnErrorResponse) {
    auto steps = tenon::testing::read_script(R"([{"status":500},{"content":"fine"}])");
    steps->at(0).body = std::string(std::size_t{5} << 20U, 'x');
    ModelServer server(*steps);
    const auto provider = provider_for(server.url());
    Watcher watcher;
    const auto answer = provider->ask(Talk().request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_LT(answer.error().message.size(), 1000U);
    EXPECT_TRUE(provider->ask(Talk().request(), watcher, {})) << "and goes on afterwards";
}

TEST(Endpoint, FailsWithoutAnAnswerWhenTheStreamBreaksOff) {
    struct Case {
        const char* step;
        const char* message;
    };
    const std::vector<Case> cases = {
        {R"({"content":"hello world","cut_after":0})", "cut off"},
        {R"({"content":"hello world","cut_after":300})", "cut off"},
        {R"({"content":"hello world","cut_after":700,"reset":true})", ""},
        {R"({"content":"hello world","error_after":5})", "overloaded_error: Overloaded"},
        {R"({"events":[["message_start","{oops"]]})", "malformed event"},
        {R"({"raw":"HTTP/1.1 200 OK\r\n"})", ""},
        {R"({"raw":"SSH-2.0-what\r\n\r\n"})", ""},
        {R"({"raw":"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzzz"})",
         "cut off"},
        {R"({"raw":""})", "closed the connection"},
        {R"({"reset":true})", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.step);
        ModelServer server("[" + std::string(c.step) + "]");
        Watcher watcher;
        const auto answer = provider_for(server.url())->ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_FALSE(answer.error().stopped);
        EXPECT_THAT(answer.error().message, HasSubstr("POST " + server.url()));
        EXPECT_THAT(answer.error().message, HasSubstr(c.message));
    }
}

TEST(Endpoint, BoundsTheHeaderOfAResponse) {
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 5000; ++i)
        head += "x-" + std::to_string(i) + ": y\r\n";
    auto steps = tenon::testing::read_script("[{}]");
    steps->at(0).raw = head + "\r\n";
    ModelServer server(*steps);
    Watcher watcher;
    EXPECT_FALSE(provider_for(server.url())->ask(Talk().request(), watcher, {}));
}

TEST(Endpoint, ReadsAResponseThatComesByteByByte) {
    ModelServer server(R"([{"content":"dröps","drip":true}])");
    Watcher watcher;
    const auto answer = provider_for(server.url())->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "dröps");
}

TEST(Endpoint, SendsALargeConversation) {
    ModelServer server(R"([{"content":"read it"}])");
    Talk talk;
    talk.user({text_block(std::string(std::size_t{6} << 20U, 'x'))});
    talk.messages.erase(talk.messages.begin());
    Watcher watcher;
    const auto answer = provider_for(server.url())->ask(talk.request(), watcher, {});
    EXPECT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(server.requests()
                  .at(0)
                  .json()["messages"][0]["content"][0]["text"]
                  .get_ref<const std::string&>()
                  .size(),
              std::size_t{6} << 20U);
}

TEST(Endpoint, SaysWhyWhenTheBodyIsTooLarge) {
    ModelServer::Options options;
    options.strict.max_body = 1000;
    ModelServer server(R"([{"content":"never"}])", options);
    Talk talk;
    talk.system = std::string(5000, 'x');
    Watcher watcher;
    const auto answer = provider_for(server.url())->ask(talk.request(), watcher, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().http_status, 413);
    EXPECT_FALSE(answer.error().retryable);
}

}  // namespace
}  // namespace tenon::model
