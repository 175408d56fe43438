#include "host/model/answer_stream.h"

#include <gmock/gmock.h>
#include <set>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "host/model/sse.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

using ::testing::HasSubstr;

Result<agent::Answer, agent::ModelFailure> read(const std::string& wire, Watcher& watcher) {
    SseParser parser;
    const agent::Request request;
    AnswerStream stream(request, watcher);
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

std::string text(const std::string& words) {
    return start(R"({"type":"text","text":""})") +
           delta(R"({"type":"text_delta","text":)" + json_quote(words) + "}") + stop();
}
std::string thinking() {
    return start(R"({"type":"thinking","thinking":"hm","signature":""})") +
           delta(R"({"type":"signature_delta","signature":"s"})") + stop();
}
std::string tool(const std::string& fields) {
    return start(R"({"type":"tool_use",)" + fields + R"("name":"bash","input":{}})") + stop();
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

TEST(AnswerStream, BuildsACompleteAnswer) {
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

TEST(AnswerStream, ReturnsNoTruncatedAnswer) {
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

TEST(AnswerStream, KeepsBlocksAsReceived) {
    struct Case {
        const char* what;
        std::string events;
        std::string content;
    };
    const std::vector<Case> cases = {
        {"empty thinking",
         start(R"({"type":"thinking","thinking":"","signature":""})") +
             delta(R"({"type":"signature_delta","signature":"s"})") + stop() + text("x"),
         R"([{"type":"thinking","thinking":"","signature":"s"},{"type":"text","text":"x"}])"},
        {"redacted thinking",
         start(R"({"type":"redacted_thinking","data":"xyz"})") + stop() + text("x"),
         R"([{"type":"redacted_thinking","data":"xyz"},{"type":"text","text":"x"}])"},
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

TEST(AnswerStream, AcceptsAnInputInTheStartOfABlock) {
    Watcher watcher;
    const auto answer =
        read(begin() + start(R"({"type":"tool_use","id":"t1","name":"x","input":{"a":1}})") +
                 stop() + end("tool_use"),
             watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->calls.at(0).input, (Json{{"a", 1}}));
}

TEST(AnswerStream, AcceptsAnInputThatIsNoText) {
    const auto piece = [](const std::string& json) {
        return delta(R"({"type":"input_json_delta","partial_json":)" + json + "}");
    };
    for (const std::string& pieces :
         {piece(R"({"z":1,"a":[2]})"), piece("{}") + piece(R"({"z":1,"a":[2]})"),
          piece(R"({"z":1})") + piece(R"({"z":1,"a":[2]})"),
          piece("{}") + partial(R"({"z":1,"a":)") + partial("[2]}"),
          piece("null") + piece(R"({"z":1,"a":[2]})")}) {
        SCOPED_TRACE(pieces);
        Watcher watcher;
        const auto answer =
            read(begin() + start(kTool) + pieces + stop() + end("tool_use"), watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->calls.at(0).input, (Json{{"z", 1}, {"a", {2}}}));
        EXPECT_THAT(answer->content, HasSubstr(R"("input":{"z":1,"a":[2]})"));
    }
    Watcher watcher;
    const auto half = read(
        begin() + start(kTool) + piece(R"({"a":"x\ud83d"})") + stop() + end("tool_use"), watcher);
    ASSERT_TRUE(half) << half.error().message;
    EXPECT_EQ(half->calls.at(0).input, (Json{{"a", "x"}}));
    EXPECT_EQ(half->calls.at(0).input_error, "");
}

TEST(AnswerStream, AcceptsTheContentInMessageStart) {
    const auto start_with = [](const std::string& content) {
        return event(R"({"type":"message_start","message":{"id":"msg_1","content":)" + content +
                     "}}");
    };
    const std::string hi = R"([{"type":"text","text":"hi"}])";
    const std::string call = R"([{"type":"tool_use","id":"a","name":"bash","input":{"n":1}}])";
    const std::string stop_alone = event(R"({"type":"message_stop"})");
    struct Case {
        std::string wire;
        std::string content;
        const char* stop_reason;
    };
    for (const Case& c : {Case{start_with(hi) + end("end_turn"), hi, "end_turn"},
                          Case{start_with(call) + end("tool_use"), call, "tool_use"},
                          Case{start_with(call) + stop_alone, call, "tool_use"},
                          Case{start_with(hi) + text("hi") + end("end_turn"), hi, "end_turn"}}) {
        SCOPED_TRACE(c.wire);
        Watcher watcher;
        const auto answer = read(c.wire, watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(Json::parse(answer->content), Json::parse(c.content));
        EXPECT_EQ(answer->stop_reason, c.stop_reason);
        EXPECT_EQ(watcher.text(), answer->text);
    }
}

TEST(AnswerStream, StatesAStopReasonThatIsMissing) {
    for (const std::string& last :
         {event(R"({"type":"message_stop"})"),
          event(R"({"type":"message_delta","delta":{"stop_reason":null}})") +
              event(R"({"type":"message_stop"})")}) {
        Watcher watcher;
        const auto words = read(begin() + text("hi") + last, watcher);
        ASSERT_TRUE(words) << words.error().message;
        EXPECT_EQ(words->stop_reason, "end_turn");
        const auto call = read(begin() + text("hi") + tool(R"("id":"a",)") + last, watcher);
        ASSERT_TRUE(call) << call.error().message;
        EXPECT_EQ(call->stop_reason, "tool_use");
        EXPECT_TRUE(watcher.notices.empty());
    }
}

TEST(AnswerStream, SaysThatAStopReasonIsUnknown) {
    for (const char* known : {"end_turn", "max_tokens", "stop_sequence", "pause_turn", "refusal",
                              "model_context_window_exceeded", "compaction"}) {
        Watcher watcher;
        ASSERT_TRUE(read(begin() + text("hi") + end(known), watcher));
        EXPECT_TRUE(watcher.notices.empty()) << known;
    }
    Watcher watcher;
    const auto answer = read(begin() + text("hi") + end("hologram"), watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->stop_reason, "hologram");
    EXPECT_THAT(watcher.notices,
                ::testing::ElementsAre(HasSubstr("stop_reason hologram, which is unknown")));
}

TEST(AnswerStream, KnowsWhetherABlockOfThinkingCameBefore) {
    const std::string end_alone = "One.\n</think>\nTwo.";
    Watcher watcher;
    EXPECT_EQ(read(begin() + thinking() + text(end_alone) + end("end_turn"), watcher)->text,
              end_alone);
    EXPECT_EQ(read(begin() + text(end_alone) + text(end_alone) + end("end_turn"), watcher)->text,
              "Two." + end_alone);
    std::string blocks;
    for (int i = 0; i < 3000; ++i)
        blocks += text("x");
    EXPECT_TRUE(read(begin() + blocks + end("end_turn"), watcher));
}

TEST(AnswerStream, KeepsACitationOfAnEventThatWasMended) {
    Watcher watcher;
    const auto answer =
        read(begin() + start(R"({"type":"text","text":"t"})") +
                 "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                 "\"citations_delta\",\"citation\":{\"title\":\"a\\ud83d b\"}}}\n\n" +
                 stop() + end("end_turn"),
             watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_THAT(answer->content, HasSubstr("\"citations\":[{\"title\":\"a\xEF\xBF\xBD b\"}]"));
}

TEST(AnswerStream, RepairsTextThatIsNotUtf8) {
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

std::string many_members() {
    std::string members;
    for (int i = 0; i < 5000; ++i)
        members += ",\"x" + std::to_string(i) + "\":1";
    return members;
}

TEST(AnswerStream, FailsOnAnythingThatIsNoAnswer) {
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
        {end("end_turn"), "instead of message_start", true},
        {begin() + stop(), "outside a content block", true},
        {begin() + partial("x"), "outside a content block", true},
        {begin() + start(kTool) + event(R"({"type":"message_stop"})"), "without a stop_reason",
         true},
        {begin() + start(R"({"type":"text","text":"")" + many_members() + "}"), "members", true},
        {begin() + start(R"({"type":"text","text":""})") +
             delta(R"({"type":"citations_delta","citation":{"a":1)" + many_members() + "}}"),
         "members", true},
        {begin() + start(kTool) +
             event(R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta"}})"),
         "has not begun", true},
        {begin() + event(R"({"type":"message_stop"})"), "without a stop_reason", true},
        {begin() + start(R"({"type":"tool_use","id":"a"})") + stop(), "no name", true},
        {begin() + start(R"({"text":"x"})") + stop(), "no type", true},
        {begin() + text("a") + begin() + text("a"), "began a second time", true},
        {begin() + text("a") + begin() +
             event(R"({"type":"content_block_start","content_block":{"type":"text","text":"a"}})"),
         "began a second time", true},
        {begin() + start(R"({"type":"text","text":""})") + partial("{}"), "in a block of type",
         true},
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

/// What a server sends and what of it goes into the conversation: every wire format shares this.
TEST(AnswerStream, LeavesOutBlocksThatNoEndpointAcceptsInARequest) {
    const std::string thought = R"({"type":"thinking","thinking":"hm","signature":"s"})";
    const std::string words = R"({"type":"text","text":"x"})";
    struct Case {
        const char* what;
        std::string events;
        std::string stop_reason;
        std::string content;
    };
    const std::vector<Case> cases = {
        {"thinking alone", thinking(), "end_turn", "[]"},
        {"thinking alone, cut", start(R"({"type":"thinking","thinking":"hm"})") + stop(),
         "max_tokens", "[]"},
        {"redacted thinking alone", start(R"({"type":"redacted_thinking","data":"x"})") + stop(),
         "end_turn", "[]"},
        {"much thinking alone", thinking() + thinking(), "end_turn", "[]"},
        {"thinking at the end", thinking() + text("x") + thinking() + thinking(), "max_tokens",
         "[" + thought + "," + words + "]"},
        {"thinking behind a call", tool(R"("id":"a",)") + thinking(), "tool_use",
         R"([{"type":"tool_use","id":"a","name":"bash","input":{}}])"},
        {"thinking before blank text", thinking() + text(" \n"), "end_turn", "[]"},
        {"blank text alone", text("\t"), "end_turn", "[]"},
        {"no-break spaces alone", text("\u00a0\u3000\u2028"), "end_turn", "[]"},
        {"an empty block", start(R"({"type":"text","text":""})") + stop() + text("x"), "end_turn",
         "[" + words + "]"},
        {"no block", "", "end_turn", "[]"},
        {"thinking in a text block",
         start(R"({"type":"text","text":""})") +
             delta(R"({"type":"thinking_delta","thinking":"hm"})") +
             delta(R"({"type":"text_delta","text":"x"})") +
             delta(R"({"type":"signature_delta","signature":"s"})") + stop(),
         "end_turn", "[" + words + "]"},
        {"only thinking in a text block",
         start(R"({"type":"text","text":""})") +
             delta(R"({"type":"thinking_delta","thinking":"hm"})") + stop(),
         "end_turn", "[]"},
        {"text in a thinking block",
         start(R"({"type":"thinking","thinking":"hm","signature":"s"})") +
             delta(R"({"type":"text_delta","text":"x"})") + stop(),
         "end_turn", "[" + thought + "," + words + "]"},
        {"the name of a tool that endpoints refuse",
         start(R"({"type":"tool_use","id":"a","name":"functions.bash","input":{}})") + stop(),
         "tool_use", R"([{"type":"tool_use","id":"a","name":"functions_bash","input":{}}])"},
        {"arguments in a string",
         start(R"({"type":"tool_use","id":"a","name":"x","input":"{\"a\": 1.0}"})") + stop(),
         "tool_use", R"([{"type":"tool_use","id":"a","name":"x","input":{"a": 1.0}}])"},
        {"arguments in an empty string",
         start(R"({"type":"tool_use","id":"a","name":"x","input":""})") + stop(), "tool_use",
         R"([{"type":"tool_use","id":"a","name":"x","input":{}}])"},
        {"no arguments", start(R"({"type":"tool_use","id":"a","name":"x"})") + stop(), "tool_use",
         R"([{"type":"tool_use","id":"a","name":"x","input":{}}])"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Watcher watcher;
        const auto answer = read(begin() + c.events + end(c.stop_reason), watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, c.content);
    }
}

TEST(AnswerStream, KeepsTheWordsThatItTakesOutOfAText) {
    const std::string about = "One.\n</think>\nTwo.\n<think>three</think>\nFour.";
    Watcher watcher;
    EXPECT_EQ(read(begin() + text(about) + end("end_turn"), watcher)->content,
              R"([{"type":"thinking","thinking":"One.\nthree","in_text":true},)"
              R"({"type":"text","text":"Two.\nFour."}])");
    // The vendor's own server leaves no thinking in texts.
    const agent::Request request;
    Watcher all;
    AnswerStream stream(request, all, ThinkTagsInText::kText);
    SseParser parser;
    ASSERT_TRUE(parser.feed(begin() + text("<think>a</think>" + about) + end("end_turn"),
                            [&](const SseEvent& event) { stream.take(event); }));
    EXPECT_EQ(stream.finish()->text, "<think>a</think>" + about);
    EXPECT_EQ(all.text(), "<think>a</think>" + about);
}

TEST(AnswerStream, KeepsNoEndlessNames) {
    const std::string endless(1'000'000, 'x');
    Watcher watcher;
    const auto answer = read(event(R"({"type":"message_start","message":{"id":")" + endless +
                                   R"(","model":")" + endless + R"("}})") +
                                 text("ok") + end("end_turn"),
                             watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id, std::string(256, 'x'));
    EXPECT_EQ(answer->model, std::string(256, 'x'));
}

TEST(AnswerStream, AssignsIdsToCallsWithoutAUsableId) {
    const std::vector<std::string> offered = {R"("id":"functions.bash:0",)",
                                              R"("id":"",)",
                                              R"("id":null,)",
                                              R"("id":7,)",
                                              "",
                                              R"("id":"used_before",)",
                                              R"("id":"x",)",
                                              R"("id":"x",)",
                                              R"("id":"ü",)",
                                              "\"id\":\"" + std::string(65, 'a') + "\","};
    std::string events;
    for (const std::string& id : offered)
        events += tool(id);
    agent::CallIds ids;
    ids.add("used_before");
    Watcher watcher;
    SseParser parser;
    agent::Request request;
    request.call_ids = &ids;
    AnswerStream stream(request, watcher);
    const auto fed = parser.feed(begin() + events + end("tool_use"),
                                 [&](const SseEvent& event) { stream.take(event); });
    ASSERT_TRUE(fed);
    const auto answer = stream.finish();
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->calls.size(), offered.size());
    const Json content = json_or_null(answer->content);
    std::set<std::string> seen = {"used_before"};
    for (std::size_t i = 0; i < offered.size(); ++i) {
        SCOPED_TRACE(offered[i]);
        const std::string& id = answer->calls[i].id;
        EXPECT_TRUE(agent::is_call_id(id)) << id;
        EXPECT_TRUE(seen.insert(id).second) << id << " comes twice";
        EXPECT_EQ(string_or(element(content, i), "id"), id);
        EXPECT_TRUE(ids.contains(id));
    }
    EXPECT_EQ(answer->calls[6].id, "x") << "an id that is fit and new is taken";
}

TEST(AnswerStream, JoinsCharactersThatWereSplitBetweenTwoDeltas) {
    const std::string whole = "a\xF0\x9F\x98\x80z";  // an emoji
    const auto raw_delta = [](const std::string& json_text) {
        return "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
               "{\"type\":\"text_delta\",\"text\":\"" +
               json_text + "\"}}\n\n";
    };
    struct Case {
        const char* what;
        std::string events;
        std::string text;
    };
    const std::vector<Case> cases = {
        {"a surrogate pair", raw_delta(R"(a\ud83d)") + raw_delta(R"(\ude00z)"), whole},
        {"with a ping between",
         raw_delta(R"(a\uD83D)") + event(R"({"type":"ping"})") + raw_delta(R"(\uDE00z)"), whole},
        {"the bytes of a character", raw_delta("a\xF0\x9F") + raw_delta("\x98\x80z"), whole},
        {"into three pieces", raw_delta("a\xF0") + raw_delta("\x9F\x98") + raw_delta("\x80z"),
         whole},
        {"twice", raw_delta(R"(\ud83d)") + raw_delta(R"(\ude00\ud83d)") + raw_delta(R"(\ude00)"),
         "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"},
        {"a half alone", raw_delta(R"(a\ud83d)") + raw_delta("z"), "a\xEF\xBF\xBDz"},
        {"a half at the end", raw_delta(R"(a\ud83d)"), "a\xEF\xBF\xBD"},
        {"a second half alone", raw_delta(R"(\ude00z)"), "\xEF\xBF\xBDz"},
        {"an escaped backslash", raw_delta(R"(a\\ud83d)") + raw_delta("z"), "a\\ud83dz"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Watcher watcher;
        const auto answer = read(
            begin() + start(R"({"type":"text","text":""})") + c.events + stop() + end("end_turn"),
            watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->text, c.text);
    }
}

TEST(AnswerStream, ReadsArgumentsWithSplitCharacters) {
    Watcher watcher;
    const auto piece = [](const std::string& json_text) {
        return "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
               "{\"type\":\"input_json_delta\",\"partial_json\":\"" +
               json_text + "\"}}\n\n";
    };
    const auto answer = read(begin() + start(kTool) + piece(R"({\"a\":\"\ud83d)") +
                                 piece(R"(\ude00\"})") + stop() + end("tool_use"),
                             watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->calls.at(0).input, (Json{{"a", "\xF0\x9F\x98\x80"}}));
}

TEST(AnswerStream, AcceptsKnownDeviationsOfServers) {
    const std::string hello = R"([{"type":"text","text":"hello"}])";
    const std::string no_stop =
        begin() + text("hello") +
        event(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})");
    struct Case {
        const char* what;
        std::string wire;
    };
    const std::vector<Case> cases = {
        {"message_start twice", begin() + begin() + text("hello") + end("end_turn")},
        {"events that keep the connection alive",
         "data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n" + begin() +
             "data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n" + text("hello") +
             end("end_turn")},
        {"message_start behind a block", begin() + text("hello") + begin() + end("end_turn")},
        {"no message_stop", no_stop},
        {"[DONE] instead of message_stop", no_stop + "data: [DONE]\n\n"},
        {"[DONE] too", begin() + text("hello") + end("end_turn") + "data: [DONE]\n\n"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        Watcher watcher;
        SseParser parser;
        const agent::Request request;
        AnswerStream stream(request, watcher);
        ASSERT_TRUE(parser.feed(c.wire, [&](const SseEvent& e) { stream.take(e); }));
        const auto answer = stream.finish(true);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, hello);
        EXPECT_EQ(answer->stop_reason, "end_turn");
        EXPECT_EQ(answer->id, "msg_1");
    }
}

TEST(AnswerStream, RecognisesAnErrorInAnyEvent) {
    struct Case {
        std::string frame;
        const char* message;
        bool retryable;
    };
    const std::vector<Case> cases = {
        {"data: "
         "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n",
         "overloaded_error: m", true},
        {"data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n",
         "overloaded_error: m", true},
        {"data: {\"error\":{\"type\":\"invalid_request_error\",\"message\":\"m\"}}\n\n",
         "invalid_request_error: m", false},
        {"data: {\"error\":\"upstream is gone\"}\n\n", "upstream is gone", true},
        {"data: {\"type\":\"overloaded_error\",\"message\":\"m\"}\n\n", "overloaded_error: m",
         true},
        {"event: error\ndata: {\"message\":\"m\"}\n\n", "broke off", true},
        {"event: error\ndata: bad \x1b]52;c;x\x07 gateway\n\n", "bad ]52;c;x gateway", true},
        {"event: error\ndata: \"upstream exploded\"\n\n", "upstream exploded", true},
        {"event: error\ndata: [{\"error\":{\"type\":\"not_found_error\",\"message\":\"m\"}}]\n\n",
         "not_found_error: m", false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.frame);
        for (const std::string& before : {std::string(), begin() + text("half")}) {
            Watcher watcher;
            const auto answer = read(before + c.frame, watcher);
            ASSERT_FALSE(answer);
            EXPECT_THAT(answer.error().message, HasSubstr(c.message));
            EXPECT_EQ(answer.error().retryable, c.retryable);
            EXPECT_EQ(answer.error().malformed, "");
        }
    }
}

/// An event of the block with this index.
std::string start_of(int index, const std::string& block) {
    return event(R"({"type":"content_block_start","index":)" + std::to_string(index) +
                 R"(,"content_block":)" + block + "}");
}
std::string delta_of(int index, const std::string& inner) {
    return event(R"({"type":"content_block_delta","index":)" + std::to_string(index) +
                 R"(,"delta":)" + inner + "}");
}
std::string words_of(int index, const std::string& words) {
    return delta_of(index, R"({"type":"text_delta","text":)" + json_quote(words) + "}");
}
std::string arguments_of(int index, const std::string& json) {
    return delta_of(index,
                    R"({"type":"input_json_delta","partial_json":)" + json_quote(json) + "}");
}
std::string stop_of(int index) {
    return event(R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}");
}

const std::string kNoText = R"({"type":"text","text":""})";
const std::string kNoThinking = R"({"type":"thinking","thinking":"","signature":""})";

std::string call_block(const std::string& id) {
    return R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":{}})";
}

TEST(AnswerStream, PutsBlocksTogetherThatComeMixed) {
    const std::string whole =
        R"([{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Hello"},)"
        R"({"type":"tool_use","id":"a","name":"bash","input":{"n":1}},)"
        R"({"type":"tool_use","id":"b","name":"bash","input":{"n":2}}])";
    const auto thought = [](const std::string& text) {
        return delta_of(0, R"({"type":"thinking_delta","thinking":")" + text + "\"}");
    };
    const std::string sign = delta_of(0, R"({"type":"signature_delta","signature":"s"})");
    struct Case {
        const char* what;
        std::string events;
    };
    const std::vector<Case> cases = {
        {"all open at once", start_of(0, kNoThinking) + thought("h") + start_of(1, kNoText) +
                                 words_of(1, "He") + thought("m") + start_of(2, call_block("a")) +
                                 arguments_of(2, R"({"n")") + start_of(3, call_block("b")) +
                                 arguments_of(3, R"({"n")") + words_of(1, "llo") +
                                 arguments_of(2, ":1}") + arguments_of(3, ":2}") + sign +
                                 stop_of(3) + stop_of(0) + stop_of(2) + stop_of(1)},
        {"begun in another order", start_of(3, call_block("b")) + start_of(1, kNoText) +
                                       start_of(0, kNoThinking) + start_of(2, call_block("a")) +
                                       words_of(1, "Hello") + stop_of(1) + thought("hm") + sign +
                                       stop_of(0) + arguments_of(2, R"({"n":1})") +
                                       arguments_of(3, R"({"n":2})") + stop_of(2) + stop_of(3)},
        {"no block has an end", start_of(0, kNoThinking) + thought("hm") + sign +
                                    start_of(1, kNoText) + words_of(1, "Hello") +
                                    start_of(2, call_block("a")) + arguments_of(2, R"({"n":1})") +
                                    start_of(3, call_block("b")) + arguments_of(3, R"({"n":2})")},
        {"one index, and no block has an end",
         start_of(0, kNoThinking) + thought("hm") + sign + start_of(0, kNoText) +
             words_of(0, "Hello") + start_of(0, call_block("a")) + arguments_of(0, R"({"n":1})") +
             start_of(0, call_block("b")) + arguments_of(0, R"({"n":2})")},
        {"some blocks have an end",
         start_of(0, kNoThinking) + thought("hm") + sign + start_of(1, kNoText) +
             words_of(1, "Hello") + stop_of(1) + start_of(2, call_block("a")) +
             arguments_of(2, R"({"n":1})") + start_of(3, call_block("b")) +
             arguments_of(3, R"({"n":2})") + stop_of(3)},
    };
    for (const Case& c : cases) {
        for (const std::string& last :
             {end("tool_use"),
              event(R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})")}) {
            SCOPED_TRACE(c.what);
            Watcher watcher;
            SseParser parser;
            const agent::Request request;
            AnswerStream stream(request, watcher);
            ASSERT_TRUE(
                parser.feed(begin() + c.events + last, [&](const SseEvent& e) { stream.take(e); }));
            const auto answer = stream.finish(true);
            ASSERT_TRUE(answer) << answer.error().message;
            EXPECT_EQ(answer->content, whole);
            EXPECT_EQ(watcher.text(), "Hello");
            EXPECT_EQ(watcher.thinking, "hm");
        }
    }
}

TEST(AnswerStream, KeepsTheOrderOfBlocksWhoseIndexesAreNone) {
    Watcher watcher;
    const auto answer = read(begin() + start_of(1, kNoText) + words_of(1, "one") + stop_of(1) +
                                 start_of(0, call_block("a")) + stop_of(0) + start_of(1, kNoText) +
                                 words_of(1, "two") + stop_of(1) + end("tool_use"),
                             watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, R"([{"type":"text","text":"one"},)"
                               R"({"type":"tool_use","id":"a","name":"bash","input":{}},)"
                               R"({"type":"text","text":"two"}])");
}

TEST(AnswerStream, BoundsTheBlocksThatAreOpen) {
    std::string events;
    for (int i = 0; i < 5000; ++i)
        events += start_of(i, kNoText);
    Watcher watcher;
    const auto answer = read(begin() + events, watcher);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().malformed, "too many open content blocks");
}

TEST(AnswerStream, IgnoresImpossibleTokenCounts) {
    struct Case {
        const char* figure;
        std::int64_t tokens;
    };
    for (const Case& c : {Case{"-5", 12}, Case{"1e18", 12}, Case{"9223372036854775808", 12},
                          Case{"18446744073709551615", 12}, Case{"-9223372036854775808", 12},
                          Case{"null", 12}, Case{"[]", 12}, Case{"\"many\"", 12}, Case{"7.9", 7},
                          Case{"\"34\"", 34}, Case{"\"-1\"", 12}, Case{"0", 0}, Case{"99", 99}}) {
        SCOPED_TRACE(c.figure);
        Watcher watcher;
        const auto answer =
            read(begin() + text("x") +
                     event(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":)"
                           R"({"input_tokens":)" +
                           std::string(c.figure) + "}}") +
                     event(R"({"type":"message_stop"})"),
                 watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->usage.input_tokens, c.tokens);
    }
}

TEST(AnswerStream, SaysHowAnAnswerIsMalformed) {
    Watcher watcher;
    const auto malformed = read(begin() + "data: {oops\n\n", watcher);
    EXPECT_NE(malformed.error().malformed, "");
    const auto number = read(
        begin() + event(R"({"type":"message_delta","usage":{"output_tokens":1e999}})"), watcher);
    EXPECT_NE(number.error().malformed, "") << number.error().message;
    const auto cut = read(begin(), watcher);
    EXPECT_EQ(cut.error().malformed, "") << "the connection may be better the next time";
}

TEST(AnswerStream, SaysWhyTheModelHasRefused) {
    const std::string refused =
        event(R"({"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":)"
              R"({"type":"refusal","category":"bio","explanation":"No."}}})");
    Watcher watcher;
    const auto answer = read(
        begin() + text("half") + refused + refused + event(R"({"type":"message_stop"})"), watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->stop_reason, "refusal");
    EXPECT_EQ(answer->refusal, "bio: No.");
}

}  // namespace
}  // namespace tenon::model
