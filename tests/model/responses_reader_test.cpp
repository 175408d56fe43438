#include "host/model/responses_reader.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/agent/call_ids.h"
#include "host/model/sse.h"
#include "tests/model/support.h"

// How an answer of the Responses API is read. For requests see responses_test.cpp.
namespace tenon::model::responses_answer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Read = Result<agent::Answer, agent::ModelFailure>;

Read read(const std::string& wire, Watcher& watcher, const Talk& talk = {}) {
    const agent::Request request = talk.request();
    ResponsesReader reader(request, watcher);
    SseParser parser;
    const auto fed = parser.feed(wire, [&](const SseEvent& event) { reader.take(event); });
    EXPECT_TRUE(fed);
    return reader.finish(true);
}

Read read(const std::string& wire) {
    Watcher watcher;
    return read(wire, watcher);
}

std::string event(const std::string& data) {
    return "event: " + string_or(json_or_null(data), "type", "?") + "\ndata: " + data + "\n\n";
}

std::string event(const char* type, Json members) {
    members["type"] = type;
    return event(members.dump());
}

std::string created() {
    return event(R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1",)"
                 R"("object":"response","status":"in_progress","model":"m-1","output":[],)"
                 R"("usage":null,"error":null}})") +
           event(R"({"type":"response.in_progress","response":{"id":"resp_1","output":[]}})");
}

std::string ended(const std::string& members = "", const char* type = "response.completed",
                  const char* status = "completed") {
    return event(std::string(R"({"type":")") + type +
                 R"(","response":{"id":"resp_1","object":"response","model":"m-1","status":")" +
                 status + R"(","error":null,"usage":{"input_tokens":40,"input_tokens_details":)" +
                 R"({"cached_tokens":30},"output_tokens":12,"output_tokens_details":)" +
                 R"({"reasoning_tokens":5},"total_tokens":52})" + members + "}}");
}

std::string incomplete(const std::string& reason) {
    return ended(R"(,"incomplete_details":{"reason":")" + reason + R"("})", "response.incomplete",
                 "incomplete");
}

constexpr const char* kReasoningItem =
    R"({"id":"rs_1", "type":"reasoning","summary":[{"type":"summary_text","text":"a\/b"},{"type":"summary_text","text":"c"}],"encrypted_content":"gA\u0041=="})";

std::string reasoning(int index) {
    const Json at = {{"output_index", index}, {"item_id", "rs_1"}};
    const auto with = [&](Json more) {
        more.update(at);
        return more;
    };
    return event("response.output_item.added",
                 {{"output_index", index},
                  {"item", {{"id", "rs_1"}, {"type", "reasoning"}, {"summary", Json::array()}}}}) +
           event("response.reasoning_summary_part.added",
                 with({{"summary_index", 0}, {"part", {{"type", "summary_text"}, {"text", ""}}}})) +
           event("response.reasoning_summary_text.delta",
                 with({{"summary_index", 0}, {"delta", "a"}})) +
           event("response.reasoning_summary_text.delta",
                 with({{"summary_index", 0}, {"delta", "/b"}})) +
           event("response.reasoning_summary_text.done",
                 with({{"summary_index", 0}, {"text", "a/b"}})) +
           event("response.reasoning_summary_text.delta",
                 with({{"summary_index", 1}, {"delta", "c"}})) +
           event(R"({"type":"response.output_item.done","output_index":)" + std::to_string(index) +
                 R"(,"item":)" + kReasoningItem + "}");
}

Json message_item(const std::string& text, const char* id = "msg_1") {
    return {
        {"id", id},
        {"type", "message"},
        {"role", "assistant"},
        {"status", "completed"},
        {"content", {{{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}}}}};
}

std::string message_events(int index, const std::vector<std::string>& deltas) {
    std::string text;
    std::string wire =
        event("response.output_item.added",
              {{"output_index", index},
               {"item", {{"id", "msg_1"}, {"type", "message"}, {"content", Json::array()}}}});
    const Json at = {{"output_index", index}, {"item_id", "msg_1"}, {"content_index", 0}};
    const auto with = [&](Json more) {
        more.update(at);
        return more;
    };
    wire += event("response.content_part.added",
                  with({{"part", {{"type", "output_text"}, {"text", ""}}}}));
    for (const std::string& delta : deltas) {
        text += delta;
        wire += event("response.output_text.delta", with({{"delta", delta}, {"obfuscation", "x"}}));
    }
    return wire + event("response.output_text.done", with({{"text", text}})) +
           event("response.content_part.done",
                 with({{"part", {{"type", "output_text"}, {"text", text}}}})) +
           event("response.output_item.done",
                 {{"output_index", index}, {"item", message_item(text)}});
}

Json call_item(const std::string& id, const std::string& arguments) {
    return {{"id", "fc_" + id}, {"type", "function_call"}, {"status", "completed"},
            {"call_id", id},    {"name", "bash"},          {"arguments", arguments}};
}

std::string call_begins(int index, const std::string& id) {
    return event("response.output_item.added",
                 {{"output_index", index}, {"item", call_item(id, "")}});
}

std::string call_delta(int index, const std::string& id, const std::string& arguments) {
    return event("response.function_call_arguments.delta",
                 {{"output_index", index}, {"item_id", "fc_" + id}, {"delta", arguments}});
}

std::string call_ends(int index, const std::string& id, const std::string& arguments) {
    return event("response.function_call_arguments.done",
                 {{"output_index", index}, {"item_id", "fc_" + id}, {"arguments", arguments}}) +
           event("response.output_item.done",
                 {{"output_index", index}, {"item", call_item(id, arguments)}});
}

std::string call_events(int index, const std::string& id, const std::string& arguments) {
    const std::size_t half = arguments.size() / 2;
    return call_begins(index, id) + call_delta(index, id, arguments.substr(0, half)) +
           call_delta(index, id, arguments.substr(half)) + call_ends(index, id, arguments);
}

const std::string kArguments = R"({"command":"ls \"x\"","n":1.50})";

std::string whole_stream() {
    return created() + reasoning(0) + message_events(1, {"Gr", "üße"}) +
           call_events(2, "call_1", kArguments) + call_events(3, "call_2", "{}") + ended();
}

/// A stream with one item of each kind, for tests that read it thousands of times.
std::string short_stream() {
    return event(R"({"type":"response.output_item.done","output_index":0,"item":)" +
                 std::string(kReasoningItem) + "}") +
           event("response.output_text.delta", {{"output_index", 1}, {"delta", "Grü"}}) +
           event("response.output_text.delta", {{"output_index", 1}, {"delta", "ße"}}) +
           call_begins(2, "call_1") + call_delta(2, "call_1", kArguments) +
           call_events(3, "call_2", "{}") + ended();
}

std::string call_block(const std::string& id, const std::string& input) {
    return R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":)" + input + "}";
}

std::string whole_content() {
    return std::string(R"([{"type":"thinking","thinking":"a/b\n\nc","item":)") + kReasoningItem +
           "}," + text_block("Grüße") + "," + call_block("call_1", kArguments) + "," +
           call_block("call_2", "{}") + "]";
}

TEST(ResponsesReader, BuildsACompleteAnswer) {
    Watcher watcher;
    const auto answer = read(whole_stream(), watcher);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->id, "resp_1");
    EXPECT_EQ(answer->model, "m-1");
    EXPECT_EQ(answer->stop_reason, "tool_use");
    EXPECT_EQ(answer->content, whole_content());
    EXPECT_EQ(answer->text, "Grüße");
    ASSERT_EQ(answer->calls.size(), 2U);
    EXPECT_EQ(answer->calls[0].input, Json::parse(kArguments));
    EXPECT_EQ(answer->usage.input_tokens, 10);
    EXPECT_EQ(answer->usage.cache_read_input_tokens, 30);
    EXPECT_EQ(answer->usage.output_tokens, 12);
    EXPECT_EQ(watcher.text(), "Grüße");
    EXPECT_EQ(watcher.thinking, "a/b\n\nc");
    EXPECT_TRUE(watcher.notices.empty());
}

TEST(ResponsesReader, IgnoresWhatKeepsTheConnectionAlive) {
    const std::string alive = "data:\n\ndata: \n\nevent: ping\ndata: keepalive\n\n";
    const auto answer = read(alive + created() + alive +
                             ended(R"(,"output":[{"type":"message",)"
                                   R"("content":[{"type":"output_text","text":"ok"}]}])"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "ok");
}

TEST(ResponsesReader, NeedsTheLastEvent) {
    const std::string wire = short_stream();
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        const auto answer = read(wire.substr(0, cut));
        ASSERT_FALSE(answer);
        EXPECT_TRUE(answer.error().retryable);
        EXPECT_EQ(answer.error().malformed, "");
    }
    const auto done = read(wire + "data: [DONE]\n\n");
    EXPECT_TRUE(done);
}

TEST(ResponsesReader, GivesTheSameAnswerWhereverTheBytesAreCut) {
    const std::string wire = short_stream();
    const Talk talk;
    const agent::Request request = talk.request();
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        Watcher watcher;
        ResponsesReader reader(request, watcher);
        SseParser parser;
        const auto take = [&](const SseEvent& event) { reader.take(event); };
        ASSERT_TRUE(parser.feed(wire.substr(0, cut), take));
        ASSERT_TRUE(parser.feed(wire.substr(cut), take));
        const auto answer = reader.finish(true);
        ASSERT_TRUE(answer) << answer.error().message;
        ASSERT_EQ(answer->content, whole_content());
    }
}

/// The stream of a server that does some things in another way, with the same answer.
TEST(ResponsesReader, UnderstandsServersAsTheyAre) {
    struct ServerCase {
        const char* name;
        std::string wire;
    };
    const std::string expected =
        "[" + text_block("Hi") + "," + call_block("call_1", kArguments) + "]";
    const Json output = {message_item("Hi"), call_item("call_1", kArguments)};
    const Json whole = {{"id", "resp_1"}, {"status", "completed"}, {"output", output}};
    const std::string usual =
        created() + message_events(0, {"H", "i"}) + call_events(1, "call_1", kArguments);
    const auto replaced = [&](std::string wire, const std::string& from, const std::string& to) {
        EXPECT_THAT(wire, HasSubstr(from));
        for (auto at = wire.find(from); at != wire.npos; at = wire.find(from, at + to.size()))
            wire.replace(at, from.size(), to);
        return wire;
    };
    const auto item_done = [](const Json& item) {
        return event("response.output_item.done", {{"item", item}});
    };
    Json object_arguments = call_item("call_1", "");
    object_arguments["arguments"] = Json::parse(kArguments);
    Json plain_text = message_item("");
    plain_text["content"] = "Hi";
    for (const ServerCase& one : {
             ServerCase{"as it should be", usual + ended()},
             ServerCase{"no names of events", replaced(usual, "event: ", "x: ") + ended()},
             ServerCase{"no type in the data",
                        replaced(usual, R"("type":"response.)", R"("kind":"response.)") + ended()},
             ServerCase{"no output_index", replaced(usual, "output_index", "other") + ended()},
             ServerCase{"output_index always 0",
                        replaced(usual, R"("output_index":1)", R"("output_index":0)") + ended()},
             ServerCase{"no ids of items", replaced(replaced(replaced(usual, "item_id", "other"),
                                                             R"("id":"msg_1")", R"("id":"")"),
                                                    R"("id":"fc_call_1")", R"("id":"")") +
                                               ended()},
             ServerCase{
                 "an id that changes",
                 replaced(usual, R"("item_id":"fc_call_1")", R"("item_id":"other")") + ended()},
             ServerCase{"no item events", message_events(0, {"Hi"}) + created() +
                                              event("response.completed", {{"response", whole}})},
             ServerCase{"only the whole response",
                        event("response.completed", {{"response", whole}})},
             ServerCase{"only items that are done", item_done(message_item("Hi")) +
                                                        item_done(call_item("call_1", kArguments)) +
                                                        ended(R"(,"output":[])")},
             ServerCase{"text in deltas, the call in the whole response",
                        event("response.output_text.delta", {{"delta", "H"}}) +
                            event("response.output_text.delta", {{"delta", "i"}}) +
                            event("response.completed", {{"response", whole}})},
             ServerCase{
                 "arguments at the beginning",
                 message_events(0, {"Hi"}) +
                     event("response.output_item.added",
                           {{"output_index", 1}, {"item", call_item("call_1", kArguments)}}) +
                     ended()},
             ServerCase{
                 "arguments at the beginning and in deltas",
                 message_events(0, {"Hi"}) +
                     event("response.output_item.added",
                           {{"output_index", 1}, {"item", call_item("call_1", kArguments)}}) +
                     call_delta(1, "call_1", kArguments) + ended()},
             ServerCase{"empty texts at the end", message_events(0, {"Hi"}) +
                                                      call_begins(1, "call_1") +
                                                      call_delta(1, "call_1", kArguments) +
                                                      call_ends(1, "call_1", "") + ended()},
             ServerCase{
                 "a text instead of parts",
                 item_done(plain_text) + item_done(call_item("call_1", kArguments)) + ended()},
             ServerCase{"the call begins first and has the higher index",
                        call_begins(1, "call_1") + message_events(0, {"Hi"}) +
                            call_delta(1, "call_1", kArguments) + ended()},
             ServerCase{"no status",
                        usual + event(R"({"type":"response.completed","response":{}})")},
             ServerCase{"unknown events and items",
                        usual + event(R"({"type":"response.new_thing","output_index":0})") +
                            event(R"({"type":"ping"})") +
                            item_done({{"type", "web_search_call"}, {"id", "ws"}}) + ended()},
         }) {
        SCOPED_TRACE(one.name);
        Watcher watcher;
        const auto answer = read(one.wire, watcher);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, expected);
        EXPECT_EQ(answer->stop_reason, "tool_use");
        EXPECT_EQ(watcher.text(), "Hi");
    }
}

TEST(ResponsesReader, TakesArgumentsThatAreAnObject) {
    const auto answer =
        read(event(R"({"type":"response.output_item.done","item":{"type":"function_call",)"
                   R"("call_id":"c1","name":"bash","arguments":{"z":1.50,"a":2}}})") +
             ended());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, "[" + call_block("c1", R"({"z":1.50,"a":2})") + "]");
}

TEST(ResponsesReader, KeepsParallelCallsApartThatArriveMixed) {
    const auto answer = read(call_begins(0, "a") + call_begins(1, "b") +
                             call_delta(1, "b", R"({"n":)") + call_delta(0, "a", R"({"n":)") +
                             call_delta(1, "b", "2}") + call_delta(0, "a", "1}") + ended());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content,
              "[" + call_block("a", R"({"n":1})") + "," + call_block("b", R"({"n":2})") + "]");
}

TEST(ResponsesReader, NeverRunsACallWithoutValidArguments) {
    const auto answer = read(call_events(0, "a", R"({"n":)") + ended());
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->calls.at(0).input_error, HasSubstr("not valid JSON"));
    const auto cut = read(call_begins(0, "a") + call_delta(0, "a", R"({"n":)") +
                          incomplete("max_output_tokens"));
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    EXPECT_THAT(cut->calls.at(0).input_error, HasSubstr("cut off"));
}

TEST(ResponsesReader, KeepsReasoningOnlyIfItCanBeSentBack) {
    struct ReasoningCase {
        std::string item, block;
    };
    for (const ReasoningCase& one : {
             ReasoningCase{R"({"type":"reasoning","id":"r","summary":[],"encrypted_content":"e"})",
                           R"({"type":"thinking","thinking":"","item":{"type":"reasoning",)"
                           R"("id":"r","summary":[],"encrypted_content":"e"}},)"},
             ReasoningCase{R"({"type":"reasoning","summary":[{"text":"hm"}]})",
                           R"({"type":"thinking","thinking":"hm"},)"},
             ReasoningCase{
                 R"({"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}],)"
                 R"("encrypted_content":null})",
                 R"({"type":"thinking","thinking":"hm"},)"},
             ReasoningCase{R"({"type":"reasoning","summary":[]})", ""},
         }) {
        SCOPED_TRACE(one.item);
        const auto answer =
            read(event(R"({"type":"response.output_item.done","output_index":0,"item":)" +
                       one.item + "}") +
                 message_events(1, {"Hi"}) + ended());
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->content, "[" + one.block + text_block("Hi") + "]");
    }
}

TEST(ResponsesReader, LeavesOutReasoningWithTheItemThatItLedTo) {
    const auto answer = read(reasoning(0) +
                             event(R"({"type":"response.output_item.done","output_index":1,)"
                                   R"("item":{"type":"web_search_call","id":"ws_1"}})") +
                             message_events(2, {"Hi"}) + ended());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content,
              R"([{"type":"thinking","thinking":"a/b\n\nc"},)" + text_block("Hi") + "]");
}

TEST(ResponsesReader, KeepsTheMembersOfAMessageThatItDoesNotKnow) {
    Json item = message_item("Hi");
    item["phase"] = "commentary";
    item["other"] = nullptr;
    const auto answer =
        read(event("response.output_item.done", {{"output_index", 0}, {"item", item}}) + ended());
    ASSERT_TRUE(answer);
    EXPECT_EQ(
        answer->content,
        R"([{"type":"thinking","thinking":"","item":{"type":"message","phase":"commentary"}},)" +
            text_block("Hi") + "]");
    EXPECT_EQ(answer->text, "Hi");
}

TEST(ResponsesReader, ReadsWhyAnAnswerEnded) {
    const auto cut = read(created() + message_events(0, {"Hi"}) + incomplete("max_output_tokens"));
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    EXPECT_EQ(cut->text, "Hi");
    const auto filtered = read(created() + incomplete("content_filter"));
    ASSERT_TRUE(filtered);
    EXPECT_EQ(filtered->stop_reason, "refusal");
    const auto whole = read(created() + message_events(0, {"Hi"}) + ended());
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->stop_reason, "end_turn");
    const auto unknown = read(created() + incomplete("something_new"));
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("something_new"));
    EXPECT_TRUE(unknown.error().retryable);
}

TEST(ResponsesReader, TakesARefusalForOne) {
    Watcher watcher;
    const Json at = {{"output_index", 0}, {"item_id", "msg_1"}, {"content_index", 0}};
    const auto with = [&](Json more) {
        more.update(at);
        return more;
    };
    const auto answer =
        read(event("response.refusal.delta", with({{"delta", "I "}})) +
                 event("response.refusal.delta", with({{"delta", "won't"}})) +
                 event("response.refusal.done", with({{"refusal", "I won't"}})) + ended(),
             watcher);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->stop_reason, "refusal");
    EXPECT_EQ(answer->text, "I won't");
    EXPECT_EQ(watcher.text(), "I won't");
}

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

TEST(ResponsesReader, TakesAWholeAnswerInsteadOfAStream) {
    const Talk talk;
    const agent::Request request = talk.request();
    const auto take = [&](const std::string& body) {
        Watcher watcher;
        ResponsesReader reader(request, watcher);
        EXPECT_TRUE(reader.take_whole(body)) << body;
        return reader.finish(true);
    };
    const std::string output =
        R"("output":[)" + std::string(kReasoningItem) + "," + message_item("Grüße").dump() + "," +
        call_item("call_1", kArguments).dump() + "," + call_item("call_2", "{}").dump() + "]";
    const auto answer = take(R"({"id":"r","object":"response","status":"completed",)" + output +
                             R"(,"usage":{"input_tokens":7}})");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->content, whole_content());
    EXPECT_EQ(answer->usage.input_tokens, 7);
    const auto cut = take(R"({"status":"incomplete","incomplete_details":)"
                          R"({"reason":"max_output_tokens"},)" +
                          output + "}");
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->stop_reason, "max_tokens");
    const auto failed = take(R"({"status":"failed","error":{"code":"server_error",)"
                             R"("message":"oops"},"output":[]})");
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("oops"));
    EXPECT_FALSE(take(R"({"status":"queued","output":[]})"));

    Watcher watcher;
    ResponsesReader reader(request, watcher);
    EXPECT_FALSE(reader.take_whole(R"({"error":{"message":"no"}})"));
    EXPECT_FALSE(reader.take_whole("<html>"));
    EXPECT_FALSE(reader.over());
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

TEST(ResponsesReader, JoinsCharactersThatWereSplit) {
    const std::string a = "{\"type\":\"response.output_text.delta\",\"delta\":\"";
    for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
             {"x\xC3", "\xA4y"}, {"x\\ud83d", "\\ude00y"}}) {
        const auto answer =
            read("data: " + a + first + "\"}\n\ndata: " + a + second + "\"}\n\n" + ended());
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_THAT(answer->text, ::testing::AnyOf("xäy", "x😀y"));
    }
    const auto lost = read("data: " + a + "x\xC3\"}\n\ndata: " + a + "y\"}\n\n" + ended());
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->text, "x\xEF\xBF\xBDy");
}

}  // namespace
}  // namespace tenon::model::responses_answer
