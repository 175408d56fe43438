#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "tests/model/responses_events.h"

// What is made of errors and of hostile answers of the Responses API.
namespace tenon::model::responses_answer {
namespace {

using ::testing::HasSubstr;

TEST(ResponsesReader, ReportsErrorsOfEveryShape) {
    struct ErrorCase {
        std::string wire;
        std::string message;
        bool retryable;
        agent::Length length = agent::Length::kFits;
    };
    const auto failed = [](const std::string& error) {
        return event(R"({"type":"response.failed","response":{"status":"failed","error":)" + error +
                     "}}");
    };
    for (const ErrorCase& one : {
             ErrorCase{failed(R"({"code":"server_error","message":"oops"})"), "server_error: oops",
                       true},
             ErrorCase{failed(R"({"code":"rate_limit_exceeded","message":"slow"})"),
                       "rate_limit_exceeded: slow", true},
             ErrorCase{failed(R"({"code":"insufficient_quota","message":"pay"})"),
                       "insufficient_quota: pay", false},
             ErrorCase{failed(R"({"code":"invalid_prompt","message":"no"})"), "invalid_prompt: no",
                       false},
             ErrorCase{failed(R"({"code":"image_parse_error","message":"no"})"),
                       "image_parse_error: no", false},
             ErrorCase{failed(R"({"code":"context_length_exceeded","message":"Your input exceeds )"
                              R"(the context window of this model."})"),
                       "context_length_exceeded", false, agent::Length::kTooLong},
             ErrorCase{failed("null"), "failed", true},
             ErrorCase{
                 event(R"({"type":"error","code":"server_error","message":"m","param":null})"),
                 "server_error: m", true},
             ErrorCase{event(R"({"type":"error","error":{"type":"invalid_request_error",)"
                             R"("code":"x","message":"m"}})"),
                       "m", false},
             ErrorCase{"event: error\ndata: overloaded\n\n", "overloaded", true},
             ErrorCase{"event: error\ndata: \"upstream exploded\"\n\n", "upstream exploded", true},
             ErrorCase{"event: error\ndata: [{\"error\":{\"message\":\"m\",\"code\":400}}]\n\n",
                       "error: m", false},
             ErrorCase{event(R"({"error":{"message":"m","code":503}})"), "m", true},
             ErrorCase{ended("", "response.cancelled", "cancelled"), "cancelled", true},
         }) {
        SCOPED_TRACE(one.wire);
        const auto answer = read(created() + message_events(0, {"Hi"}) + one.wire);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr(one.message));
        EXPECT_EQ(answer.error().retryable, one.retryable);
        EXPECT_EQ(answer.error().length, one.length);
        EXPECT_EQ(answer.error().malformed, "");
    }
}

TEST(ResponsesReader, EndsHostileAnswersWithAClearError) {
    struct HostileCase {
        const char* name;
        std::string wire;
        std::string message;
    };
    std::string many_items;
    std::string many_indices;
    for (int i = 0; i < 10'000; ++i) {
        many_items += call_begins(i, "c" + std::to_string(i));
        many_indices += call_delta(i, "", "{}");
    }
    std::string many_calls;
    for (int i = 0; i < 5'000; ++i)
        many_calls += call_events(i, "c" + std::to_string(i), "{}");
    const std::string deep(100'000, '[');
    for (const HostileCase& one : {
             HostileCase{"10,000 calls", many_items + ended(), "more than"},
             HostileCase{"10,000 indices", many_indices + ended(), "more than"},
             HostileCase{"5,000 calls", many_calls + ended(), "calls"},
             HostileCase{"depth", event(R"({"type":"response.output_item.done","item":)" + deep),
                         "malformed event"},
             HostileCase{"no JSON", "event: response.created\ndata: {\n\n", "malformed event"},
             HostileCase{"no object", "event: response.created\ndata: 3\n\n", "not a JSON object"},
             HostileCase{"no response", event(R"({"type":"response.completed"})"), "no response"},
             HostileCase{"a call without a name",
                         event(R"({"type":"response.output_item.done","item":)"
                               R"({"type":"function_call","arguments":"{}"}})") +
                             ended(),
                         "name"},
         }) {
        SCOPED_TRACE(one.name);
        const auto answer = read(created() + one.wire);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr(one.message));
        EXPECT_NE(answer.error().malformed, "");
        EXPECT_TRUE(answer.error().retryable);
    }
}

TEST(ResponsesReader, SurvivesMembersOfEveryType) {
    const std::vector<std::string> values = {"null", "true", "-1",  "1e300", "\"x\"",
                                             "[]",   "{}",   "[3]", "[{}]"};
    for (const std::string& value : values) {
        SCOPED_TRACE(value);
        std::string wire;
        for (const char* type :
             {"response.created", "response.output_item.added", "response.content_part.added",
              "response.output_text.delta", "response.function_call_arguments.delta",
              "response.reasoning_summary_text.delta", "response.reasoning_summary_part.added",
              "response.refusal.delta", "response.output_text.done", "response.output_item.done"}) {
            for (const char* name : {"item", "part", "delta", "text", "response", "arguments",
                                     "output_index", "item_id", "content_index", "summary_index"})
                wire += event(std::string(R"({"type":")") + type + R"(",")" + name + R"(":)" +
                              value + "}");
        }
        for (const char* name : {"id", "type", "call_id", "content", "summary", "arguments"}) {
            for (const char* kind : {"message", "reasoning", "web_search_call"})
                wire +=
                    event(std::string(R"({"type":"response.output_item.done","item":{"kind":1,)") +
                          R"("type":")" + kind + R"(",")" + name + R"(":)" + value + "}}");
        }
        const auto answer =
            read(wire + message_events(100, {"end"}) + ended(R"(,"output":)" + value));
        if (answer) {
            EXPECT_THAT(answer->text, HasSubstr("end"));
        } else {
            EXPECT_TRUE(answer.error().retryable) << answer.error().message;
        }
    }
}

TEST(ResponsesReader, RepairsIdsAndCountsThatAreAbsurd) {
    const std::string long_id(1 << 20, 'x');
    agent::CallIds ids;
    Talk talk;
    agent::Request request = talk.request();
    request.call_ids = &ids;
    Watcher watcher;
    ResponsesReader reader(request, watcher);
    SseParser parser;
    const std::string wire =
        event("response.output_item.done",
              {{"output_index", 0}, {"item", call_item(long_id, "")}}) +
        call_events(1, "dup", "{}") + call_events(2, "dup", R"({"n":1})") +
        event(R"({"type":"response.completed","response":{"usage":{"input_tokens":-5,)"
              R"("output_tokens":1e300,"input_tokens_details":{"cached_tokens":"9"}}}})");
    ASSERT_TRUE(parser.feed(wire, [&](const SseEvent& event) { reader.take(event); }));
    const auto answer = reader.finish(true);
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->calls.size(), 3U);
    EXPECT_LE(answer->calls[0].id.size(), 64U);
    EXPECT_EQ(answer->calls[1].id, "dup");
    EXPECT_NE(answer->calls[2].id, "dup");
    EXPECT_EQ(answer->usage.input_tokens, 0);
    EXPECT_EQ(answer->usage.output_tokens, 0);
}

}  // namespace
}  // namespace tenon::model::responses_answer
