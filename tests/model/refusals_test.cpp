#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/chat_completions.h"
#include "host/model/refusal.h"
#include "tests/model/server_formats.h"
#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

// What Endpoint makes of a server that refuses a part of a request.
namespace tenon::model::refusals {
namespace {

using tenon::testing::ModelServer;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(int status, const std::string& message) {
    return "{\"status\":" + std::to_string(status) +
           ",\"body\":{\"error\":{\"message\":" + json_quote(message) + "}}}";
}

/// Chat Completions. While the first request is under way, another conversation learns that the
/// server does not take a part.
class WhileAnotherLearns : public ChatCompletionsFormat {
public:
    WhileAnotherLearns(std::shared_ptr<TraitsByModel> shared, Part part)
        : ChatCompletionsFormat({}), shared_(std::move(shared)), part_(part) {}
    [[nodiscard]] RequestText body(const agent::Request& request,
                                   const ServerTraits& traits) const override {
        RequestText text = ChatCompletionsFormat::body(request, traits);
        EXPECT_TRUE(shared_->of(request.model).change(part_, true));
        return text;
    }

private:
    std::shared_ptr<TraitsByModel> shared_;
    Part part_;
};

TEST(Refusals, OfWhatAnotherConversationHasJustLearnedAreNotFinal) {
    ModelServer server("[" + refusal(400, "stream_options is not supported") +
                       R"(,{"content":"one"},{"content":"never"}])");
    auto traits = std::make_shared<TraitsByModel>(first_traits("openai", server.url()));
    EndpointConfig config;
    config.api_key = "k";
    config.key_field = KeyField::kBearer;
    config.http.base_url = server.url();
    const auto format = std::make_shared<WhileAnotherLearns>(traits, Part::kStreamUsage);
    const auto endpoint = Endpoint::create(format, traits, config);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    Watcher watcher;
    const auto answer = (*endpoint)->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_THAT(requests[0].sent, HasSubstr("stream_options"));
    EXPECT_THAT(requests[1].sent, Not(HasSubstr("stream_options"))) << "not changed back";
}

TEST(Refusals, ChangeTheRequestsOfOneModel) {
    ModelServer server("[" +
                       refusal(400,
                               "Unsupported parameter: 'max_tokens' is not supported with this "
                               "model. Use 'max_completion_tokens' instead.") +
                       R"(,{"content":"one"},{"content":"two"},{"content":"three"}])");
    const auto provider = provider_for(server.url(), {}, "openai");
    Watcher watcher;
    for (const char* model : {"o3", "other", "o3"}) {
        Talk talk;
        talk.model = model;
        const auto answer = provider->ask(talk.request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
    }
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_THAT(requests[1].sent, HasSubstr("\"max_completion_tokens\""));
    EXPECT_THAT(requests[2].sent, HasSubstr("\"max_tokens\"")) << "of another model";
    EXPECT_THAT(requests[3].sent, HasSubstr("\"max_completion_tokens\""));
}

agent::Request with_schema(const Talk& talk) {
    agent::Request request = talk.request();
    request.answer_schema = R"({"type":"object"})";
    return request;
}

const char* schema_field(std::string_view format) {
    return format == "anthropic" ? "output_config" : "json_schema";
}

class RefusalsOfASchema : public ::testing::TestWithParam<std::string_view> {};

TEST_P(RefusalsOfASchema, NeedNotNameIt) {
    struct Case {
        int status;
        const char* message;
        bool asked_again;
    };
    for (const Case& one :
         std::vector<Case>{{400, "JSON mode is not supported with tools", true},
                           {400, "guided decoding is not supported together with tools", true},
                           {422, "Function calling with a response mime type is unsupported", true},
                           {500, "cannot compile the pattern", true},
                           {400, "API key not valid", false},
                           {400, "the model nobody does not exist", false},
                           {400, "maximum context length is 4096 tokens", false},
                           {401, "who are you", false},
                           {429, "slow down", false},
                           {503, "busy", false}}) {
        SCOPED_TRACE(one.message);
        ModelServer server("[" + refusal(one.status, one.message) +
                           R"(,{"content":"one"},{"content":"two"}])");
        const auto provider = provider_for(server.url(), {}, GetParam());
        Talk talk;
        Watcher watcher;
        const auto answer = provider->ask(with_schema(talk), watcher, {});
        EXPECT_EQ(answer.ok(), one.asked_again);
        if (!one.asked_again) continue;
        EXPECT_TRUE(provider->ask(with_schema(talk), watcher, {}));
        const auto requests = server.requests();
        ASSERT_EQ(requests.size(), 3U);
        EXPECT_THAT(requests[0].sent, HasSubstr(schema_field(GetParam())));
        EXPECT_THAT(requests[1].sent, Not(HasSubstr(schema_field(GetParam()))));
        EXPECT_THAT(requests[2].sent, Not(HasSubstr(schema_field(GetParam()))));
    }
}

TEST_P(RefusalsOfASchema, AreNotSupposedTwiceWhileTheServerIsIll) {
    ModelServer server("[" + refusal(500, "ill") + "," + refusal(500, "ill") + "," +
                       refusal(500, "ill") + R"(,{"content":"one"}])");
    const auto provider = provider_for(server.url(), {}, GetParam());
    Talk talk;
    Watcher watcher;
    for (const bool is_well : {false, false, true})
        EXPECT_EQ(provider->ask(with_schema(talk), watcher, {}).ok(), is_well);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_THAT(requests[1].sent, Not(HasSubstr(schema_field(GetParam()))));
    for (const std::size_t i : {0, 2, 3})
        EXPECT_THAT(requests[i].sent, HasSubstr(schema_field(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Formats, RefusalsOfASchema, ::testing::ValuesIn(server_formats()),
                         [](const auto& one) { return title_of(one.param); });

TEST(Refusals, AreReadWithoutEscapesAndWithoutTheCopyOfTheRequest) {
    struct Case {
        const char* body;
        const char* has;
        const char* lacks;
    };
    for (const Case& one : std::vector<Case>{
             {R"({"error":{"message":"unknown field \"include\" in Request"}})",
              R"(unknown field "include" in request)", "\\"},
             {R"({"error":{"message":"no","param":"include"}})", R"("include")", "{"},
             {R"({"detail":[{"type":"x","loc":["body","messages",2,"reasoning"],"msg":"Extra",)"
              R"("input":{"stream_options":{}},"ctx":{}}]})",
              R"("body.messages.2.reasoning" "reasoning")", "stream_options"},
             {R"({"detail":[{"loc":["body","a"],"msg":"b"}],"body":{"stream_options":1}})",
              R"("body.a" "a")", "stream_options"},
             {R"({"message":"[{'loc': ('body', 'a'), 'input': {'stream_options': 1}}, )"
              R"({'type': 'x', 'loc': ('body', 'b')}]"})",
              "'loc': ('body', 'b')", "stream_options"},
             {R"({"detail":[{"loc":["body","a"],"msg":"b","input":{"stream_options":1},"mess)",
              R"("loc":["body","a"])", "stream_options"},
             {R"({"error":{"message":"Upstream: {\"error\":{\"param\":\"include\"}}"}})",
              "\n\"include\"\n", "stream_options"},
             {"<h1>Stream_Options</h1>", "stream_options", "S"}}) {
        SCOPED_TRACE(one.body);
        const std::string words = words_of_refusal(one.body);
        EXPECT_THAT(words, HasSubstr(one.has));
        EXPECT_THAT(words, Not(HasSubstr(one.lacks)));
    }
}

TEST(Refusals, OfAnEchoedRequestChangeOnlyWhatIsRefused) {
    ModelServer server(
        R"([{"status":422,"body":{"detail":[{"type":"extra_forbidden","loc":["body",)"
        R"("parallel_tool_calls"],"msg":"Extra inputs are not permitted",)"
        R"("input":{"stream_options":{"include_usage":true}}}]}},{"content":"one"}])");
    Watcher watcher;
    const auto answer =
        provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_THAT(requests[1].sent, HasSubstr("stream_options"));
    EXPECT_THAT(requests[1].sent, Not(HasSubstr("parallel_tool_calls")));
}

TEST(Refusals, UnderStatus200AreUnderstoodToo) {
    const std::string error = R"({"error":{"message":"Unknown parameter: 'stream_options'"}})";
    for (const std::string& step : {"{\"status\":200,\"body\":" + error + "}",
                                    "{\"events\":[[\"error\"," + json_quote(error) + "]]}",
                                    "{\"events\":[[\"\"," + json_quote(error) + "]]}"}) {
        SCOPED_TRACE(step);
        ModelServer server("[" + step + R"(,{"content":"one"}])");
        Watcher watcher;
        const auto answer =
            provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        const auto requests = server.requests();
        ASSERT_EQ(requests.size(), 2U);
        EXPECT_THAT(requests[1].sent, Not(HasSubstr("stream_options")));
    }
}

TEST(Refusals, AreNotSupposedOnceSomethingWasShownOrForAnotherReason) {
    const std::string shown =
        R"({"events":[["","{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"],)"
        R"(["","{\"error\":{\"message\":\"stream_options\"}}"]]})";
    const std::string rate =
        R"({"status":200,"body":{"error":{"message":"stream_options","code":429}}})";
    for (const std::string& step : {shown, rate}) {
        SCOPED_TRACE(step);
        ModelServer server("[" + step + R"(,{"content":"never"}])");
        Watcher watcher;
        EXPECT_FALSE(provider_for(server.url(), {}, "openai")->ask(Talk().request(), watcher, {}));
        EXPECT_EQ(server.requests().size(), 1U);
    }
}

TEST(Refusals, OfWhatAPersonHasConfiguredAreTold) {
    for (const std::string_view format : {"openai", "openai-responses"}) {
        SCOPED_TRACE(format);
        ModelServer::Options options;
        options.strict.needs_key = false;
        options.strict.reasoning_model = true;
        ModelServer server(
            "[" +
                refusal(400,
                        "Unsupported parameter: 'reasoning_effort' or parameter: 'reasoning'") +
                R"(,{"content":"one"}])",
            options);
        EndpointConfig config;
        config.key_field = KeyField::kNone;
        config.http.base_url = server.url();
        FormatOptions with_effort;
        with_effort.max_tokens_field = "max_completion_tokens";
        with_effort.reasoning_effort = "high";
        const auto endpoint = endpoint_of(format, config, with_effort);
        ASSERT_TRUE(endpoint) << endpoint.error().message;
        Watcher watcher;
        const auto answer = (*endpoint)->ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        ASSERT_EQ(watcher.notices.size(), 1U);
        EXPECT_THAT(watcher.notices[0], HasSubstr("model.reasoningEffort"));
        EXPECT_THAT(watcher.notices[0], HasSubstr("Unsupported parameter"));
        EXPECT_THAT(server.requests().at(1).sent, Not(HasSubstr("high")));
    }
}

TEST(Refusals, OfAUserBehindAToolLeadToRequestsWithout) {
    ModelServer::Options options;
    options.strict.reject_user_after_tool = true;
    ModelServer server(R"([
      {"content":[{"type":"tool_use","id":"call_1","name":"bash","input":{}}]},
      {"content":[{"type":"tool_use","id":"call_2","name":"bash","input":{}}],
       "expect":"a reminder"},
      {"content":"Done.","expect":"job 1 ended"},
      {"content":"A cat.","expect":"what is in it"}])",
                       options);
    const auto provider = provider_for(server.url(), {}, "openai");
    Talk talk;
    Watcher watcher;
    const std::vector<std::vector<std::string>> inputs = {
        {result_block("call_1", "one"), text_block("a reminder")},
        {R"({"type":"tool_result","tool_use_id":"call_2","content":[{"type":"image","source":)"
         R"({"type":"base64","media_type":"image/png","data":"QUJD"}}]})",
         text_block("job 1 ended")},
        {text_block("what is in it")}};
    for (const auto& input : inputs) {
        const auto answer = provider->ask(talk.request(), watcher, {});
        ASSERT_TRUE(answer) << answer.error().message;
        talk.assistant(answer->content);
        talk.user(input);
    }
    const auto last = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(last) << last.error().message;
    EXPECT_EQ(last->text, "A cat.");
    EXPECT_EQ(server.refusals(), 1) << "only the first time";
    EXPECT_THAT(server.requests().back().sent, HasSubstr("base64,QUJD"));
}

TEST(Refusals, OfASystemMessageAndOfNullLeadToRequestsWithout) {
    ModelServer::Options options;
    options.strict.reject_system_role = true;
    options.strict.reject_null_content = true;
    ModelServer server(R"([
      {"content":[{"type":"tool_use","id":"call_1","name":"bash","input":{}}],
       "expect":"You are terse."},
      {"content":"Done.","expect":"one"}])",
                       options);
    const auto provider = provider_for(server.url(), {}, "openai");
    Talk talk;
    Watcher watcher;
    const auto call = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(call) << call.error().message;
    talk.assistant(call->content);
    talk.user({result_block("call_1", "one")});
    const auto answer = provider->ask(talk.request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "Done.");
    EXPECT_EQ(server.refusals(), 2) << "each only the first time";
}

/// The words of a template that counts the system message as one of the user's turns.
TEST(Refusals, OfAlternationAreOfTheSystemMessageWhereNothingElseHelps) {
    const std::string refused = refusal(400, "Conversation roles must alternate user/assistant");
    ModelServer server("[" + refused + "," + refused + R"(,{"content":"Hello."}])");
    const auto provider = provider_for(server.url(), {}, "openai");
    Watcher watcher;
    const auto answer = provider->ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "Hello.");
    EXPECT_THAT(server.requests().back().sent, Not(HasSubstr(R"("role":"system")")));
}

}  // namespace
}  // namespace tenon::model::refusals
