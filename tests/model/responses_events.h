#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/model/responses_reader.h"
#include "host/model/sse.h"
#include "tests/model/support.h"

/// Events of the Responses API, and an answer that is read from them.
namespace tenon::model::responses_answer {

using Read = Result<agent::Answer, agent::ModelFailure>;

inline Read read(const std::string& wire, Watcher& watcher, const Talk& talk = {}) {
    const agent::Request request = talk.request();
    ResponsesReader reader(request, watcher);
    SseParser parser;
    const auto fed = parser.feed(wire, [&](const SseEvent& event) { reader.take(event); });
    EXPECT_TRUE(fed);
    return reader.finish(true);
}

inline Read read(const std::string& wire) {
    Watcher watcher;
    return read(wire, watcher);
}

inline std::string event(const std::string& data) {
    return "event: " + string_or(json_or_null(data), "type", "?") + "\ndata: " + data + "\n\n";
}

inline std::string event(const char* type, Json members) {
    members["type"] = type;
    return event(members.dump());
}

inline std::string created() {
    return event(R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1",)"
                 R"("object":"response","status":"in_progress","model":"m-1","output":[],)"
                 R"("usage":null,"error":null}})") +
           event(R"({"type":"response.in_progress","response":{"id":"resp_1","output":[]}})");
}

inline std::string ended(const std::string& members = "", const char* type = "response.completed",
                         const char* status = "completed") {
    return event(std::string(R"({"type":")") + type +
                 R"(","response":{"id":"resp_1","object":"response","model":"m-1","status":")" +
                 status + R"(","error":null,"usage":{"input_tokens":40,"input_tokens_details":)" +
                 R"({"cached_tokens":30},"output_tokens":12,"output_tokens_details":)" +
                 R"({"reasoning_tokens":5},"total_tokens":52})" + members + "}}");
}

inline std::string incomplete(const std::string& reason) {
    return ended(R"(,"incomplete_details":{"reason":")" + reason + R"("})", "response.incomplete",
                 "incomplete");
}

constexpr const char* kReasoningItem =
    R"({"id":"rs_1", "type":"reasoning","summary":[{"type":"summary_text","text":"a\/b"},{"type":"summary_text","text":"c"}],"encrypted_content":"gA\u0041=="})";

inline std::string reasoning(int index) {
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

inline Json message_item(const std::string& text, const char* id = "msg_1") {
    return {
        {"id", id},
        {"type", "message"},
        {"role", "assistant"},
        {"status", "completed"},
        {"content", {{{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}}}}};
}

inline std::string message_events(int index, const std::vector<std::string>& deltas) {
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

inline Json call_item(const std::string& id, const std::string& arguments) {
    return {{"id", "fc_" + id}, {"type", "function_call"}, {"status", "completed"},
            {"call_id", id},    {"name", "bash"},          {"arguments", arguments}};
}

inline std::string call_begins(int index, const std::string& id) {
    return event("response.output_item.added",
                 {{"output_index", index}, {"item", call_item(id, "")}});
}

inline std::string call_delta(int index, const std::string& id, const std::string& arguments) {
    return event("response.function_call_arguments.delta",
                 {{"output_index", index}, {"item_id", "fc_" + id}, {"delta", arguments}});
}

inline std::string call_ends(int index, const std::string& id, const std::string& arguments) {
    return event("response.function_call_arguments.done",
                 {{"output_index", index}, {"item_id", "fc_" + id}, {"arguments", arguments}}) +
           event("response.output_item.done",
                 {{"output_index", index}, {"item", call_item(id, arguments)}});
}

inline std::string call_events(int index, const std::string& id, const std::string& arguments) {
    const std::size_t half = arguments.size() / 2;
    return call_begins(index, id) + call_delta(index, id, arguments.substr(0, half)) +
           call_delta(index, id, arguments.substr(half)) + call_ends(index, id, arguments);
}

inline const std::string kArguments = R"({"command":"ls \"x\"","n":1.50})";

inline std::string whole_stream() {
    return created() + reasoning(0) + message_events(1, {"Gr", "üße"}) +
           call_events(2, "call_1", kArguments) + call_events(3, "call_2", "{}") + ended();
}

/// A stream with one item of each kind, for tests that read it thousands of times.
inline std::string short_stream() {
    return event(R"({"type":"response.output_item.done","output_index":0,"item":)" +
                 std::string(kReasoningItem) + "}") +
           event("response.output_text.delta", {{"output_index", 1}, {"delta", "Grü"}}) +
           event("response.output_text.delta", {{"output_index", 1}, {"delta", "ße"}}) +
           call_begins(2, "call_1") + call_delta(2, "call_1", kArguments) +
           call_events(3, "call_2", "{}") + ended();
}

inline std::string call_block(const std::string& id, const std::string& input) {
    return R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":)" + input + "}";
}

inline std::string whole_content() {
    return std::string(R"([{"type":"thinking","thinking":"a/b\n\nc","item":)") + kReasoningItem +
           "}," + text_block("Grüße") + "," + call_block("call_1", kArguments) + "," +
           call_block("call_2", "{}") + "]";
}

}  // namespace tenon::model::responses_answer
