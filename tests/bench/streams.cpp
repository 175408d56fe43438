#include "tests/bench/streams.h"

#include <algorithm>
#include <vector>

namespace tenon::bench {
namespace {

constexpr int kInputTokens = 100;
constexpr int kOutputTokens = 10;

std::string event(const char* name, const Json& data) {
    return std::string("event: ") + name + "\ndata: " + dump_json(data) + "\n\n";
}

bool is_call(const Json& block) {
    return block["type"] == "tool_use";
}

std::string text_of(const Json& block) {
    return is_call(block) ? dump_json(block["input"]) : block["text"].get<std::string>();
}

/// The text of a block, or the arguments of its call, in deltas as they come from the endpoint.
std::vector<std::string> pieces_of(const Json& block) {
    constexpr std::size_t kDeltaLength = 20;  // characters
    const std::string text = text_of(block);
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size(); at += kDeltaLength)
        pieces.push_back(text.substr(at, kDeltaLength));
    return pieces;
}

/// The start of the block, and the deltas with its content.
std::string events_of(std::size_t index, const Json& block) {
    Json start = block;
    (is_call(block) ? start["input"] : start["text"]) = is_call(block) ? Json::object() : Json("");
    std::string out =
        event("content_block_start",
              {{"type", "content_block_start"}, {"index", index}, {"content_block", start}});
    for (const std::string& piece : pieces_of(block)) {
        const Json delta = is_call(block)
                               ? Json{{"type", "input_json_delta"}, {"partial_json", piece}}
                               : Json{{"type", "text_delta"}, {"text", piece}};
        out += event("content_block_delta",
                     {{"type", "content_block_delta"}, {"index", index}, {"delta", delta}});
    }
    return out + event("content_block_stop", {{"type", "content_block_stop"}, {"index", index}});
}

bool has_call(const Json& content) {
    return std::any_of(content.begin(), content.end(), is_call);
}

std::string messages_stream(const Json& content) {
    const Json usage = {{"input_tokens", kInputTokens}, {"output_tokens", kOutputTokens}};
    std::string out = event("message_start", {{"type", "message_start"},
                                              {"message",
                                               {{"id", "msg_1"},
                                                {"type", "message"},
                                                {"role", "assistant"},
                                                {"model", "bench"},
                                                {"content", Json::array()},
                                                {"stop_reason", nullptr},
                                                {"stop_sequence", nullptr},
                                                {"usage", usage}}}});
    for (std::size_t i = 0; i < content.size(); ++i)
        out += events_of(i, content[i]);
    out += event("message_delta", {{"type", "message_delta"},
                                   {"delta",
                                    {{"stop_reason", has_call(content) ? "tool_use" : "end_turn"},
                                     {"stop_sequence", nullptr}}},
                                   {"usage", {{"output_tokens", kOutputTokens}}}});
    return out + event("message_stop", {{"type", "message_stop"}});
}

std::string chunk(const Json& delta, const Json& finish_reason = nullptr) {
    return "data: " +
           dump_json({{"id", "chatcmpl-1"},
                      {"object", "chat.completion.chunk"},
                      {"created", 1},
                      {"model", "bench"},
                      {"choices",
                       {{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}}}}) +
           "\n\n";
}

std::string chat_stream(const Json& content) {
    std::string out = chunk({{"role", "assistant"}, {"content", nullptr}});
    std::size_t calls = 0;
    for (const Json& block : content) {
        const auto call = [&](Json members) {
            members["index"] = calls;
            return chunk({{"tool_calls", {members}}});
        };
        if (is_call(block))
            out += call({{"id", block["id"]},
                         {"type", "function"},
                         {"function", {{"name", block["name"]}, {"arguments", ""}}}});
        for (const std::string& piece : pieces_of(block))
            out += is_call(block) ? call({{"function", {{"arguments", piece}}}})
                                  : chunk({{"content", piece}});
        if (is_call(block)) ++calls;
    }
    out += chunk(Json::object(), calls > 0 ? "tool_calls" : "stop");
    out += "data: " +
           dump_json({{"id", "chatcmpl-1"},
                      {"choices", Json::array()},
                      {"usage",
                       {{"prompt_tokens", kInputTokens},
                        {"completion_tokens", kOutputTokens},
                        {"total_tokens", kInputTokens + kOutputTokens}}}}) +
           "\n\n";
    return out + "data: [DONE]\n\n";
}

std::string response_event(const char* type, Json members) {
    members["type"] = type;
    return event(type, members);
}

Json output_item(const Json& block, const std::string& text) {
    if (is_call(block))
        return {{"id", "fc_1"},           {"type", "function_call"}, {"status", "completed"},
                {"call_id", block["id"]}, {"name", block["name"]},   {"arguments", text}};
    return {
        {"id", "msg_1"},
        {"type", "message"},
        {"role", "assistant"},
        {"status", "completed"},
        {"content", {{{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}}}}};
}

std::string responses_stream(const Json& content) {
    Json response = {{"id", "resp_1"},
                     {"object", "response"},
                     {"status", "in_progress"},
                     {"model", "bench"},
                     {"output", Json::array()}};
    std::string out = response_event("response.created", {{"response", response}});
    for (std::size_t i = 0; i < content.size(); ++i) {
        const Json& block = content[i];
        const std::string name =
            is_call(block) ? "response.function_call_arguments" : "response.output_text";
        out += response_event("response.output_item.added",
                              {{"output_index", i}, {"item", output_item(block, "")}});
        for (const std::string& piece : pieces_of(block))
            out += response_event(
                (name + ".delta").c_str(),
                {{"item_id", "x"}, {"output_index", i}, {"content_index", 0}, {"delta", piece}});
        const Json item = output_item(block, text_of(block));
        out += response_event("response.output_item.done", {{"output_index", i}, {"item", item}});
        response["output"].push_back(item);
    }
    response["status"] = "completed";
    response["usage"] = {{"input_tokens", kInputTokens},
                         {"input_tokens_details", {{"cached_tokens", 0}}},
                         {"output_tokens", kOutputTokens}};
    return out + response_event("response.completed", {{"response", response}});
}

}  // namespace

StreamFormat format_of_path(std::string_view path) {
    if (path.find("/chat/completions") != path.npos) return StreamFormat::kChatCompletions;
    return path.find("/responses") != path.npos ? StreamFormat::kResponses
                                                : StreamFormat::kMessages;
}

std::string stream_of(const Json& content, StreamFormat format) {
    switch (format) {
        case StreamFormat::kChatCompletions:
            return chat_stream(content);
        case StreamFormat::kResponses:
            return responses_stream(content);
        case StreamFormat::kMessages:
            break;
    }
    return messages_stream(content);
}

}  // namespace tenon::bench
