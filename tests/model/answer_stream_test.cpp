#include "host/model/answer_stream.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/sse.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

using ::testing::HasSubstr;

Result<agent::Answer, agent::ModelFailure> read(const std::string& wire, Watcher& watcher) {
    SseParser parser;
    AnswerStream stream(watcher);
    const auto fed = parser.feed(wire, [&](const SseEvent& event) { stream.take(event); });
    EXPECT_TRUE(fed);
    return stream.finish();
}

std::string event(const std::string& data) {
    return "event: " + string_or(Json::parse(data, nullptr, false), "type", "?") +
           "\ndata: " + data + "\n\n";
}
std::string begin() {
    return event(R"({"type":"message_start","message":{"id":"msg_1","model":"m","usage":)"
                 R"({"input_tokens":12,"cache_read_input_tokens":3,"output_tokens":1}}})");
}
std::string end(const std::string& stop_reason) {
    return event(R"({"type":"message_delta","delta":{"stop_reason":")" + stop_reason +
                 R"("},"usage":{"output_tokens":9,"input_tokens":null}})") +
           event(R"({"type":"message_stop"})");
}
std::string start(const std::string& block) {
    return event(R"({"type":"content_block_start","index":0,"content_block":)" + block + "}");
}
std::string delta(const std::string& inner) {
    return event(R"({"type":"content_block_delta","index":0,"delta":)" + inner + "}");
}
std::string stop() {
    return event(R"({"type":"content_block_stop","index":0})");
}
std::string partial(const std::string& json) {
    return delta(R"({"type":"input_json_delta","partial_json":)" + json_quote(json) + "}");
}

const std::string kTool =
    R"({"type":"tool_use","id":"toolu_1","name":"bash","input":{},"caller":{"type":"direct"}})";

std::string whole_answer() {
    return begin() + event(R"({"type":"ping"})") +
           start(R"({"type":"thinking","thinking":"","signature":""})") +
           delta(R"({"type":"thinking_delta","thinking":"hm"})") +
           delta(R"({"type":"signature_delta","signature":"c2ln"})") + stop() +
           start(R"({"type":"text","text":""})") +
           delta(R"({"type":"text_delta","text":"Grüße"})") + stop() + start(kTool) + partial("") +
           partial(R"({"comm)") + partial(R"(and":"ls \"x\"","n":1.50})") + stop() +
           end("tool_use");
}

TEST(AnswerStream, PutsAWholeAnswerTogether) {
    Watcher watcher;
    const auto answer = read(whole_answer(), watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"hm","signature":"c2ln"},)"
              R"({"type":"text","text":"Grüße"},)"
              R"({"type":"tool_use","id":"toolu_1","name":"bash",)"
              R"("input":{"command":"ls \"x\"","n":1.50},"caller":{"type":"direct"}}])");
    EXPECT_EQ(answer->id, "msg_1");
    EXPECT_EQ(answer->stop_reason, "tool_use");
    EXPECT_EQ(answer->text, "Grüße");
    ASSERT_EQ(answer->calls.size(), 1U);
    EXPECT_EQ(answer->calls[0].name, "bash");
    EXPECT_EQ(answer->calls[0].input, (Json{{"command", "ls \"x\""}, {"n", 1.5}}));
    EXPECT_EQ(answer->calls[0].input_error, "");
    EXPECT_EQ(answer->usage.input_tokens, 12) << "null overwrites nothing";
    EXPECT_EQ(answer->usage.output_tokens, 9) << "a running total, not added";
    EXPECT_EQ(answer->usage.cache_read_input_tokens, 3);
    EXPECT_EQ(watcher.text(), "Grüße");
    EXPECT_EQ(watcher.thinking, "hm");
}

TEST(AnswerStream, NeverYieldsAnAnswerThatWasCut) {
    const std::string wire = whole_answer();
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        Watcher watcher;
        const auto answer = read(wire.substr(0, cut), watcher);
        ASSERT_FALSE(answer);
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_THAT(answer.error().message, HasSubstr("cut off"));
    }
}

TEST(AnswerStream, KeepsBlocksAsTheyCame) {
    struct Case {
        const char* what;
        std::string events;
        std::string content;
    };
    const std::vector<Case> cases = {
        {"empty thinking",
         start(R"({"type":"thinking","thinking":"","signature":""})") +
             delta(R"({"type":"signature_delta","signature":"s"})") + stop(),
         R"([{"type":"thinking","thinking":"","signature":"s"}])"},
        {"redacted thinking", start(R"({"type":"redacted_thinking","data":"xyz"})") + stop(),
         R"([{"type":"redacted_thinking","data":"xyz"}])"},
        {"a block of a kind to come",
         start(R"({"z":[1,{"b":2,"a":null}],"type":"hologram","ü":1.0})") +
             delta(R"({"type":"hologram_delta","x":1})") + stop(),
         R"([{"z":[1,{"b":2,"a":null}],"type":"hologram","ü":1.0}])"},
        {"citations",
         start(R"({"type":"text","text":"","citations":null})") +
             delta(R"({"type":"text_delta","text":"t"})") +
             delta(R"({"type":"citations_delta","citation":{"b":1,"a":2}})") + stop(),
         R"([{"type":"text","text":"t","citations":[{"b":1,"a":2}]}])"},
        {"a server tool",
         start(R"({"type":"server_tool_use","id":"srv_1","name":"web","input":{}})") +
             partial(R"({"q": 1})") + stop(),
         R"([{"type":"server_tool_use","id":"srv_1","name":"web","input":{"q": 1}}])"},
        {"blank text is left out",
         start(R"({"type":"thinking","thinking":" ","signature":"s"})") + stop() +
             start(R"({"type":"text","text":""})") +
             delta(R"({"type":"text_delta","text":" \n"})") + stop() +
             start(R"({"type":"text","text":"x"})") + stop(),
         R"([{"type":"thinking","thinking":" ","signature":"s"},{"type":"text","text":"x"}])"},
        {"nothing", "", "[]"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Watcher watcher;
        const auto answer = read(begin() + c.events + end("end_turn"), watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, c.content);
    }
}

TEST(AnswerStream, ReadsToolInputsOnlyWhenWhole) {
    struct Case {
        const char* what;
        std::string deltas;
        std::string stop_reason;
        std::string input;  // on the wire
        std::string error;
    };
    const std::vector<Case> cases = {
        {"no delta", "", "tool_use", "{}", ""},
        {"an empty delta", partial(""), "tool_use", "{}", ""},
        {"cut in an escape", partial(R"({"a":"\u00)") + partial(R"(fc"})"), "tool_use",
         R"({"a":"\u00fc"})", ""},
        {"over several lines", partial("{\n  \"b\": 1,\r\n \"a\": 2\n}"), "tool_use",
         R"({"b":1,"a":2})", ""},
        {"no JSON", partial(R"({"a":)"), "tool_use", "{}", "not valid JSON"},
        {"no object", partial("[1]"), "tool_use", "{}", "not an object"},
        {"too deep", partial("{\"a\":" + std::string(400, '[') + std::string(400, ']') + "}"),
         "tool_use", "{}", "deeper than 256"},
        {"cut off by max_tokens", partial(R"({"a":)"), "max_tokens", "{}", "cut off"},
        {"whole, but the last before max_tokens", partial(R"({"a":1})"), "max_tokens", R"({"a":1})",
         "cut off"},
        {"cut off by the window", partial(""), "model_context_window_exceeded", "{}", "cut off"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Watcher watcher;
        const auto answer =
            read(begin() + start(kTool) + c.deltas + stop() + end(c.stop_reason), watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        ASSERT_EQ(answer->calls.size(), 1U);
        EXPECT_THAT(answer->content, HasSubstr("\"input\":" + c.input + ",\"caller\""));
        EXPECT_THAT(answer->calls[0].input_error, HasSubstr(c.error));
        EXPECT_EQ(answer->calls[0].input_error.empty(), c.error.empty());
        EXPECT_EQ(answer->calls[0].input, Json::parse(c.input));
        EXPECT_EQ(answer->stop_reason, c.stop_reason);
    }
}

TEST(AnswerStream, TakesAnInputThatCameWithTheBlocksStart) {
    Watcher watcher;
    const auto answer =
        read(begin() + start(R"({"type":"tool_use","id":"t1","name":"x","input":{"a":1}})") +
                 stop() + end("tool_use"),
             watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->calls.at(0).input, (Json{{"a", 1}}));
}

TEST(AnswerStream, MendsTextThatIsNoUtf8) {
    Watcher watcher;
    const auto answer = read(begin() + start(R"({"type":"text","text":""})") +
                                 "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                                 "{\"type\":\"text_delta\",\"text\":\"a\xC3 \\ud83d b\"}}\n\n" +
                                 stop() + end("end_turn"),
                             watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "a\xEF\xBF\xBD \xEF\xBF\xBD b");
    EXPECT_EQ(parse_event_data(R"("\\ud83d \ud83d\ude00 \udead")")->get<std::string>(),
              "\\ud83d \xF0\x9F\x98\x80 \xEF\xBF\xBD");
}

TEST(AnswerStream, FailsClearlyOnWhatIsNoAnswer) {
    struct Case {
        std::string events;
        const char* message;
        bool retryable;
    };
    const std::vector<Case> cases = {
        {event(R"({"type":"error","error":{"type":"overloaded_error","message":"later"}})"),
         "overloaded_error: later", true},
        {begin() +
             event(R"({"type":"error","error":{"type":"invalid_request_error","message":"no"}})"),
         "invalid_request_error: no", false},
        {begin() + event(R"({"type":"error"})") + end("end_turn"), "broke off", true},
        {begin() + "data: {oops\n\n" + end("end_turn"), "malformed event", true},
        {begin() + "data: [1]\n\n", "not a JSON object", true},
        {begin() + begin(), "second message_start", true},
        {end("end_turn"), "instead of message_start", true},
        {begin() + stop(), "outside a content block", true},
        {begin() + partial("x"), "outside a content block", true},
        {begin() + start(kTool) + start(kTool), "inside another", true},
        {begin() + start(kTool) + end("tool_use"), "ends inside", true},
        {begin() + event(R"({"type":"message_stop"})"), "without a stop_reason", true},
        {begin() + start(R"({"type":"tool_use","name":"x","input":{}})") + stop(), "no id", true},
        {begin() + start(R"({"type":"tool_use","id":"a b","name":"x"})") + stop(), "no id", true},
        {begin() + start(R"({"type":"tool_use","id":"a"})") + stop(), "no name", true},
        {begin() + start(R"({"text":"x"})") + stop(), "no type", true},
        {begin() + start(kTool) + stop() + start(kTool) + stop(), "two calls", true},
        {begin() + event(R"({"type":"content_block_start","index":0})"), "without a content_block",
         true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.message);
        Watcher watcher;
        const auto answer = read(c.events + end("end_turn"), watcher);
        ASSERT_FALSE(answer);
        EXPECT_THAT(answer.error().message, HasSubstr(c.message));
        EXPECT_EQ(answer.error().retryable, c.retryable);
    }
}

}  // namespace
}  // namespace tenon::model
