#include "tests/support/model_server/script.h"

#include <map>

#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;
using Events = std::vector<std::pair<std::string, std::string>>;

std::string as_text(const Ordered& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Events read_events(const Ordered& list) {
    Events events;
    for (const Ordered& event : list)
        events.emplace_back(event.at(0).get<std::string>(), as_text(event.at(1)));
    return events;
}

void read_field(Step& step, const std::string& key, const Ordered& value) {
    using std::chrono::milliseconds;
    if (key == "content") {
        step.content =
            value.is_string() ? Ordered::array({{{"type", "text"}, {"text", value}}}) : value;
        if (!step.content.is_array()) throw std::runtime_error("neither an array nor a string");
    } else if (key == "stop_reason") {
        step.stop_reason = value.get<std::string>();
    } else if (key == "usage") {
        step.usage = Json::parse(value.dump());
    } else if (key == "piece") {
        step.piece = std::max<std::size_t>(1, value.get<std::size_t>());
    } else if (key == "events") {
        step.events = read_events(value);
    } else if (key == "expect") {
        if (value.is_string()) {
            step.expect = {value.get<std::string>()};
        } else {
            step.expect = value.get<std::vector<std::string>>();
        }
    } else if (key == "repeat") {
        step.repeat = value.get<int>();
    } else if (key == "status") {
        step.status = value.get<int>();
    } else if (key == "headers") {
        for (const auto& [name, text] : value.items())
            step.headers.emplace_back(name, as_text(text));
    } else if (key == "body") {
        step.body = as_text(value);
    } else if (key == "delay_ms") {
        step.delay = milliseconds(value.get<int>());
    } else if (key == "gap_ms") {
        step.gap = milliseconds(value.get<int>());
    } else if (key == "drip") {
        step.drip = value.get<bool>();
    } else if (key == "cut_after") {
        step.cut_after = value.get<std::size_t>();
    } else if (key == "reset") {
        step.reset = value.get<bool>();
    } else if (key == "error_after") {
        step.error_after = value.get<std::size_t>();
    } else if (key == "error") {
        step.error_data = Ordered({{"type", "error"}, {"error", value}}).dump();
    } else if (key == "close") {
        step.close = value.get<bool>();
    } else if (key == "raw") {
        step.raw = value.get<std::string>();
    } else {
        throw std::runtime_error("unknown field");
    }
}

bool has_tool_use(const Ordered& content) {
    return std::any_of(content.begin(), content.end(),
                       [](const Ordered& block) { return block.value("type", "") == "tool_use"; });
}

/// Cuts a text into pieces of whole characters.
std::vector<std::string> pieces_of(std::string_view text, std::size_t characters) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const auto piece = utf8::first(text, characters);
        pieces.emplace_back(piece);
        text.remove_prefix(piece.size());
    }
    return pieces;
}

class Writer {
public:
    explicit Writer(std::size_t piece) : piece_(piece) {}

    void event(const std::string& type, Ordered data) {
        Ordered whole = {{"type", type}};
        whole.update(data);
        events.emplace_back(type, whole.dump());
    }
    void delta(std::size_t index, const char* type, const char* key, const std::string& text) {
        event("content_block_delta", {{"index", index}, {"delta", {{"type", type}, {key, text}}}});
    }
    void block(std::size_t index, const Ordered& block) {
        Ordered start = block;
        const std::string type = block.value("type", "");
        if (type == "text" || type == "thinking") start[type] = "";
        if (type == "thinking") start["signature"] = "";
        const bool tool = type == "tool_use" || type == "server_tool_use";
        if (tool) start["input"] = Ordered::object();
        event("content_block_start", {{"index", index}, {"content_block", start}});
        if (type == "text" || type == "thinking") {
            for (const auto& piece : pieces_of(block.value(type, ""), piece_))
                delta(index, (type + "_delta").c_str(), type.c_str(), piece);
        }
        if (type == "thinking") {
            delta(index, "signature_delta", "signature", block.value("signature", ""));
        }
        if (tool) {
            delta(index, "input_json_delta", "partial_json", "");
            const Ordered input = block.value("input", Ordered::object());
            if (!input.empty()) {
                for (const auto& piece : pieces_of(input.dump(), piece_))
                    delta(index, "input_json_delta", "partial_json", piece);
            }
        }
        event("content_block_stop", {{"index", index}});
    }

    Events events;

private:
    std::size_t piece_;
};

}  // namespace

Result<std::vector<Step>> read_script(const std::string& text) {
    const auto script = Ordered::parse(text, nullptr, false);
    const Ordered* steps = &script;
    if (script.is_object() && script.contains("steps")) steps = &script["steps"];
    if (!steps->is_array()) return Error{"the script is no JSON array of steps"};
    std::vector<Step> out;
    for (const Ordered& written : *steps) {
        Step step;
        step.content = Ordered::array();
        step.error_data = error_body(529, "Overloaded");
        for (const auto& [key, value] : written.items()) {
            try {
                read_field(step, key, value);
            } catch (const std::exception& e) {
                return Error{"step " + std::to_string(out.size() + 1) + ": " + key + ": " +
                             e.what()};
            }
        }
        if (step.stop_reason.empty()) {
            step.stop_reason = has_tool_use(step.content) ? "tool_use" : "end_turn";
        }
        out.push_back(std::move(step));
    }
    return out;
}

Events events_of(const Step& step, const Ordered& content, const std::string& id,
                 const std::string& model) {
    if (step.events) return *step.events;
    Ordered usage = {{"input_tokens", 10},
                     {"cache_creation_input_tokens", 0},
                     {"cache_read_input_tokens", 0},
                     {"output_tokens", 1}};
    Ordered final_usage = {{"output_tokens", 5}};
    if (step.usage.is_object()) {
        for (const auto& [key, value] : step.usage.items()) {
            if (key != "output_tokens") usage[key] = value;
            final_usage[key] = value;
        }
    }
    Writer out(step.piece);
    out.event("message_start", {{"message",
                                 {{"id", id},
                                  {"type", "message"},
                                  {"role", "assistant"},
                                  {"model", model},
                                  {"content", Ordered::array()},
                                  {"stop_reason", nullptr},
                                  {"stop_sequence", nullptr},
                                  {"usage", usage}}}});
    out.event("ping", Ordered::object());
    std::size_t index = 0;
    for (const Ordered& block : content)
        out.block(index++, block);
    out.event("message_delta",
              {{"delta", {{"stop_reason", step.stop_reason}, {"stop_sequence", nullptr}}},
               {"usage", final_usage}});
    out.event("message_stop", Ordered::object());
    return std::move(out.events);
}

std::string error_body(int status, const std::string& message, const std::string& type) {
    static const std::map<int, std::string> kTypes = {{400, "invalid_request_error"},
                                                      {401, "authentication_error"},
                                                      {402, "billing_error"},
                                                      {403, "permission_error"},
                                                      {404, "not_found_error"},
                                                      {408, "timeout_error"},
                                                      {409, "conflict_error"},
                                                      {413, "request_too_large"},
                                                      {429, "rate_limit_error"},
                                                      {500, "api_error"},
                                                      {503, "api_error"},
                                                      {504, "timeout_error"},
                                                      {529, "overloaded_error"}};
    const auto known = kTypes.find(status);
    const std::string named = !type.empty()           ? type
                              : known != kTypes.end() ? known->second
                                                      : "api_error";
    return Ordered({{"type", "error"},
                    {"error", {{"type", named}, {"message", message}}},
                    {"request_id", "req_test"}})
        .dump();
}

}  // namespace tenon::testing
