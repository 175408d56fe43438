#include <algorithm>

#include "tests/support/model_server/openai_rules.h"
#include "tests/support/model_server/responses_rules.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sloppiness.h"
#include "tests/support/model_server/wire.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;

bool includes_reasoning(const Json& request) {
    const Json include = request.value("include", Json::array());
    return include.is_array() && std::find(include.begin(), include.end(),
                                           "reasoning.encrypted_content") != include.end();
}

/// The reasoning item for a thinking block. Its id is that of its signature, which is unique.
Ordered reasoning_item(const Ordered& block, bool encrypted) {
    Ordered summary = Ordered::array();
    const std::string text = string_or(block, "thinking");
    if (!text.empty()) summary.push_back({{"type", "summary_text"}, {"text", text}});
    const std::string signature = string_or(block, "signature", string_or(block, "data"));
    Ordered item = {{"id", "rs_" + signature}, {"type", "reasoning"}, {"summary", summary}};
    if (encrypted) item["encrypted_content"] = signature;
    return item;
}

/// How SentThinking sees a reasoning item.
Ordered thinking_of_item(const Ordered& item) {
    std::string text;
    for (const Ordered& part : item.value("summary", Ordered::array()))
        text += string_or(part, "text");
    return {{"type", "thinking"},
            {"thinking", text},
            {"signature", string_or(item, "encrypted_content")},
            {"item", item}};
}

/// Writes the events of one answer.
class ResponsesWriter {
public:
    explicit ResponsesWriter(const Answered& answer) : answer_(answer), step_(answer.step) {
        for (const Ordered& block : sloppy_content(step_.content, step_.sloppy)) {
            const std::string type = string_or(block, "type");
            const std::string number =
                std::to_string(answer.number) + "_" + std::to_string(output_.size());
            if (type == "tool_use") output_.push_back(call_item(block, "fc_" + number));
            if (type == "text") output_.push_back(message_item(block, "msg_" + number));
            if (type == "thinking" || type == "redacted_thinking")
                output_.push_back(reasoning_item(block, includes_reasoning(answer.request)));
        }
    }

    Events write() && {
        if (has("whole_body")) return {{"", finish_event(response(final_status()).dump())}};
        const Ordered first = response("in_progress");
        if (!has("only_completed")) {
            event("response.created", {{"response", first}});
            event("response.in_progress", {{"response", first}});
            for (std::size_t i = 0; i < output_.size(); ++i)
                item(i);
        }
        const std::string status = final_status();
        event("response." + status, {{"response", response(status)}});
        if (has("done_marker")) events_.emplace_back("", "[DONE]");
        return std::move(events_);
    }

private:
    [[nodiscard]] bool has(const char* defect) const { return step_.sloppy.count(defect) > 0; }

    [[nodiscard]] std::string final_status() const {
        const bool cut = step_.stop_reason == "max_tokens" || step_.stop_reason == "refusal" ||
                         step_.stop_reason == "model_context_window_exceeded";
        return cut ? "incomplete" : "completed";
    }

    void event(const std::string& type, const Ordered& data) {
        Ordered whole = {{"type", type}};
        whole.update(data);
        if (!has("no_sequence_numbers")) whole["sequence_number"] = events_.size();
        if (has("no_output_index")) whole.erase("output_index");
        events_.emplace_back(type, finish_event(whole.dump()));
    }

    [[nodiscard]] Ordered response(const std::string& status) const {
        const bool over = status != "in_progress";
        Ordered details;
        if (status == "incomplete")
            details = {{"reason",
                        step_.stop_reason == "refusal" ? "content_filter" : "max_output_tokens"}};
        const bool with_output =
            over && (!has("completed_without_output") || has("only_completed"));
        Ordered usage;
        if (over && !has("no_usage")) usage = this->usage();
        return {{"id", "resp_" + std::to_string(answer_.number)},
                {"object", "response"},
                {"created_at", 1'790'000'000},
                {"status", status},
                {"error", nullptr},
                {"incomplete_details", details},
                {"model", string_or(answer_.request, "model")},
                {"output", with_output ? output_ : Ordered::array()},
                {"parallel_tool_calls", true},
                {"store", false},
                {"tools", Ordered::array()},
                {"tool_choice", "auto"},
                {"usage", usage}};
    }

    [[nodiscard]] Ordered usage() const {
        const openai::Counts counts = openai::counts_of(step_.usage);
        const auto ordered = [](const Json& value) { return Ordered::parse(value.dump()); };
        return {{"input_tokens", ordered(counts.input)},
                {"input_tokens_details", {{"cached_tokens", ordered(counts.cached)}}},
                {"output_tokens", ordered(counts.output)},
                {"output_tokens_details", {{"reasoning_tokens", 0}}},
                {"total_tokens", ordered(counts.total())}};
    }

    static Ordered message_item(const Ordered& block, const std::string& id) {
        const Ordered part = {{"type", "output_text"},
                              {"text", string_or(block, "text")},
                              {"annotations", Ordered::array()},
                              {"logprobs", Ordered::array()}};
        return {{"id", id},
                {"type", "message"},
                {"status", "completed"},
                {"role", "assistant"},
                {"content", Ordered::array({part})}};
    }

    [[nodiscard]] Ordered call_item(const Ordered& block, const std::string& id) const {
        Ordered item = {{"id", id},
                        {"type", "function_call"},
                        {"status", "completed"},
                        {"arguments", arguments(block)},
                        {"call_id", block.contains("id") ? block["id"] : Ordered()},
                        {"name", string_or(block, "name")}};
        if (!block.contains("id")) item.erase("call_id");
        return item;
    }

    [[nodiscard]] Ordered arguments(const Ordered& block) const {
        const std::string text = arguments_of(block);
        if (has("object_arguments")) return block.value("input", Ordered::object());
        if (text == "{}" && has("empty_arguments")) return "";
        if (text == "{}" && has("null_arguments")) return nullptr;
        if (has("quoted_arguments")) return Ordered(text).dump();
        return text;
    }

    void item(std::size_t index) {
        const Ordered& whole = output_[index];
        const std::string type = string_or(whole, "type");
        if (!has("no_deltas")) {
            Ordered begun = whole;
            if (begun.contains("status")) begun["status"] = "in_progress";
            if (begun.contains("content")) begun["content"] = Ordered::array();
            if (begun.contains("arguments")) begun["arguments"] = "";
            if (begun.contains("summary")) begun["summary"] = Ordered::array();
            event("response.output_item.added", {{"output_index", index}, {"item", begun}});
            if (type == "message") text(index);
            if (type == "function_call") call(index);
            if (type == "reasoning") summary(index);
        }
        event("response.output_item.done", {{"output_index", index}, {"item", whole}});
    }

    /// The members that say which item an event is about.
    [[nodiscard]] Ordered about(std::size_t index) const {
        return {{"item_id", output_[index]["id"]}, {"output_index", index}};
    }

    void text(std::size_t index) {
        const Ordered& part = output_[index]["content"][0];
        Ordered at = about(index);
        at["content_index"] = 0;
        const auto send = [&](const char* type, const char* key, const Ordered& value,
                              bool logprobs) {
            Ordered data = at;
            data[key] = value;
            if (logprobs) data["logprobs"] = Ordered::array();
            if (key == std::string("delta")) data["obfuscation"] = "q8Zk";
            event(type, data);
        };
        Ordered empty = part;
        empty["text"] = "";
        send("response.content_part.added", "part", empty, false);
        const std::string whole = string_or(part, "text");
        for (const auto& piece : sloppy_pieces(whole, step_.piece, step_.sloppy))
            send("response.output_text.delta", "delta", piece, true);
        send("response.output_text.done", "text", whole, true);
        send("response.content_part.done", "part", part, false);
    }

    void call(std::size_t index) {
        const Ordered& whole = output_[index]["arguments"];
        if (whole.is_string()) {
            const auto text = whole.get<std::string>();
            const std::size_t size = has("whole_arguments") ? text.size() : step_.piece;
            for (const auto& piece : sloppy_pieces(text, size, step_.sloppy)) {
                Ordered data = about(index);
                data["delta"] = piece;
                data["obfuscation"] = "x1";
                event("response.function_call_arguments.delta", data);
            }
        }
        Ordered data = about(index);
        data["name"] = output_[index]["name"];
        data["arguments"] = whole;
        event("response.function_call_arguments.done", data);
    }

    void summary(std::size_t index) {
        const Ordered& parts = output_[index]["summary"];
        for (std::size_t i = 0; i < parts.size(); ++i) {
            Ordered at = about(index);
            at["summary_index"] = i;
            const auto send = [&](const char* type, const char* key, const Ordered& value) {
                Ordered data = at;
                data[key] = value;
                event(type, data);
            };
            const std::string whole = string_or(parts[i], "text");
            send("response.reasoning_summary_part.added", "part",
                 {{"type", "summary_text"}, {"text", ""}});
            for (const auto& piece : sloppy_pieces(whole, step_.piece, step_.sloppy))
                send("response.reasoning_summary_text.delta", "delta", piece);
            send("response.reasoning_summary_text.done", "text", whole);
            send("response.reasoning_summary_part.done", "part", parts[i]);
        }
    }

    const Answered& answer_;
    const Step& step_;
    Ordered output_ = Ordered::array();
    Events events_;
};

/// Makes a request of the Messages API from one of Responses.
class ResponsesTranslation {
public:
    Ordered translate(const Ordered& request) {
        Ordered out = {{"model", request["model"]}};
        if (request.contains("max_output_tokens")) out["max_tokens"] = request["max_output_tokens"];
        if (request.contains("stream")) out["stream"] = request["stream"];
        if (!string_or(request, "instructions").empty()) {
            out["system"] =
                Ordered::array({{{"type", "text"}, {"text", string_or(request, "instructions")}}});
        }
        for (const Ordered& tool : request.value("tools", Ordered::array())) {
            Ordered one = {{"name", tool["name"]}};
            if (tool.contains("description")) one["description"] = tool["description"];
            one["input_schema"] = tool["parameters"];
            out["tools"].push_back(one);
        }
        if (request.value("tool_choice", Ordered()) == "none")
            out["tool_choice"] = {{"type", "none"}};
        const Ordered& input = request["input"];
        if (input.is_string()) {
            blocks_of("user").push_back({{"type", "text"}, {"text", input}});
        } else {
            for (const Ordered& item : input)
                take(item);
        }
        out["messages"] = messages_;
        return out;
    }

private:
    /// The blocks of the last message, if it has this role, or of a new one.
    Ordered& blocks_of(const std::string& role) {
        if (messages_.empty() || messages_.back()["role"] != role)
            messages_.push_back({{"role", role}, {"content", Ordered::array()}});
        return messages_.back()["content"];
    }

    static void add_parts(Ordered& blocks, const Ordered& content) {
        if (content.is_string()) {
            blocks.push_back({{"type", "text"}, {"text", content}});
            return;
        }
        for (const Ordered& part : content) {
            if (string_or(part, "type") == "input_image") {
                blocks.push_back(openai::image_block_of(string_or(part, "image_url")));
            } else {
                const std::string text = string_or(part, "text", string_or(part, "refusal"));
                blocks.push_back({{"type", "text"}, {"text", text}});
            }
        }
    }

    void take(const Ordered& item) {
        const std::string type = string_or(item, "type", "message");
        if (type == "message") {
            const bool mine = string_or(item, "role") == "assistant";
            add_parts(blocks_of(mine ? "assistant" : "user"), item["content"]);
        } else if (type == "reasoning") {
            blocks_of("assistant").push_back(thinking_of_item(item));
        } else if (type == "function_call") {
            blocks_of("assistant")
                .push_back({{"type", "tool_use"},
                            {"id", item["call_id"]},
                            {"name", item["name"]},
                            {"input", Ordered::parse(string_or(item, "arguments"))}});
        } else {
            blocks_of("user").push_back(result_of(item));
        }
    }

    static Ordered result_of(const Ordered& item) {
        Ordered result = {{"type", "tool_result"}, {"tool_use_id", item["call_id"]}};
        bool failed = false;
        if (item["output"].is_string()) {
            auto text = item["output"].get<std::string>();
            failed = openai::take_error_prefix(text);
            result["content"] = text;
        } else {
            result["content"] = Ordered::array();
            add_parts(result["content"], item["output"]);
        }
        if (failed) result["is_error"] = true;
        return result;
    }

    Ordered messages_ = Ordered::array();
};

class ResponsesWire : public ServerWire {
public:
    std::string_view name() const override { return "openai-responses"; }
    std::string_view path() const override { return "/responses"; }
    void check_fields(const Fields& fields, const EndpointRules& rules) const override {
        openai::check_fields(fields, rules);
    }
    void check(const Json& request, const EndpointRules& rules) const override {
        check_responses_request(request, rules);
    }
    OrderedJson neutral(const OrderedJson& request) const override {
        return ResponsesTranslation().translate(request);
    }

    std::vector<Json> sign(Step& step, std::uint64_t prefix, const Json& request,
                           const EndpointRules& /*rules*/) const override {
        sign_blocks(step.content, prefix);
        if (!includes_reasoning(request)) return {};
        Ordered as_sent = Ordered::array();
        for (const Ordered& block : step.content) {
            const std::string type = string_or(block, "type");
            const bool thinking = type == "thinking" || type == "redacted_thinking";
            as_sent.push_back(thinking ? thinking_of_item(reasoning_item(block, true)) : block);
        }
        return thinking_to_come_back(as_sent);
    }

    Events events(const Answered& answer, const EndpointRules& /*rules*/) const override {
        return ResponsesWriter(answer).write();
    }

    std::pair<std::string, std::string> error_event(const std::string& type,
                                                    const std::string& message) const override {
        const Ordered error = {{"type", "error"},
                               {"code", openai::code_of(type)},
                               {"message", message},
                               {"param", nullptr},
                               {"sequence_number", 0}};
        return {"error", error.dump()};
    }

    std::string error_body(const RefusedRequest& error, const std::string& type) const override {
        return openai::error_body(error, type);
    }
};

}  // namespace

const ServerWire& responses_wire() {
    static const ResponsesWire wire;
    return wire;
}

}  // namespace tenon::testing
