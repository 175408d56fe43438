#include <algorithm>

#include "tests/support/model_server/messages_rules.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sloppiness.h"
#include "tests/support/model_server/wire.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;

/// Writes the events of one answer.
class MessagesWriter {
public:
    explicit MessagesWriter(const Answered& answer) : answer_(answer), step_(answer.step) {}

    Events write() && {
        const Ordered content = sloppy_content(step_.content, step_.sloppy);
        start();
        if (has("message_start_twice")) start();
        event("ping", Ordered::object());
        for (std::size_t i = 0; i < content.size(); ++i) {
            const bool in_text = has("thinking_in_text") && i + 1 < content.size() &&
                                 string_or(content[i], "type") == "thinking" &&
                                 string_or(content[i + 1], "type") == "text";
            if (in_text) {
                block(content[i + 1], string_or(content[i], "thinking"));
                ++i;
            } else {
                block(content[i], "");
            }
        }
        if (has("mixed_blocks")) mix_blocks();
        Ordered end = {{"delta", {{"stop_reason", step_.stop_reason}, {"stop_sequence", nullptr}}}};
        if (!has("no_usage")) end["usage"] = usage(false);
        event("message_delta", end);
        if (!has("no_message_stop")) event("message_stop", Ordered::object());
        return std::move(events_);
    }

private:
    [[nodiscard]] bool has(const char* defect) const { return step_.sloppy.count(defect) > 0; }

    void event(const std::string& type, const Ordered& data) {
        Ordered whole = {{"type", type}};
        whole.update(data);
        events_.emplace_back(type, finish_event(whole.dump()));
    }

    [[nodiscard]] Ordered usage(bool at_start) const {
        Ordered usage;
        if (at_start) {
            usage = {{"input_tokens", 10},
                     {"cache_creation_input_tokens", 0},
                     {"cache_read_input_tokens", 0},
                     {"output_tokens", 1}};
        } else {
            usage = {{"output_tokens", 5}};
        }
        if (step_.usage.is_object()) {
            for (const auto& [key, value] : step_.usage.items()) {
                if (!at_start || key != "output_tokens") usage[key] = value;
            }
        }
        if (has("null_usage")) {
            for (auto& figure : usage)
                figure = nullptr;
        }
        return usage;
    }

    void start() {
        Ordered message = {{"id", "msg_" + std::to_string(answer_.number)},
                           {"type", "message"},
                           {"role", "assistant"},
                           {"model", string_or(answer_.request, "model")},
                           {"content", Ordered::array()},
                           {"stop_reason", nullptr},
                           {"stop_sequence", nullptr}};
        if (!has("no_usage")) message["usage"] = usage(true);
        event("message_start", {{"message", message}});
    }

    void delta(const char* type, const char* key, const std::string& text) {
        event("content_block_delta", {{"index", index_}, {"delta", {{"type", type}, {key, text}}}});
    }

    void texts(const char* type, const char* key, const std::string& text) {
        for (const auto& piece : sloppy_pieces(text, step_.piece, step_.sloppy))
            delta(type, key, piece);
    }

    /// `stray`: thinking that comes inside the block.
    void block(const Ordered& block, const std::string& stray) {
        starts_.push_back(events_.size());
        Ordered start = block;
        const std::string type = string_or(block, "type");
        if (type == "text" || type == "thinking") start[type] = "";
        if (type == "thinking") start["signature"] = "";
        const bool tool = type == "tool_use" || type == "server_tool_use";
        if (tool) start["input"] = first_input(block);
        event("content_block_start", {{"index", index_}, {"content_block", start}});
        texts("thinking_delta", "thinking", stray);
        if (type == "text") texts("text_delta", "text", string_or(block, "text"));
        if (type == "thinking") {
            texts("thinking_delta", "thinking", string_or(block, "thinking"));
            delta("signature_delta", "signature", string_or(block, "signature"));
        }
        if (tool && !has("object_arguments")) arguments(block);
        if (!has("no_block_stop")) event("content_block_stop", {{"index", index_}});
        ++index_;
    }

    /// One event of each block in turn.
    void mix_blocks() {
        std::vector<Events> blocks;
        for (auto start = starts_.rbegin(); start != starts_.rend(); ++start) {
            const auto from = events_.begin() + static_cast<std::ptrdiff_t>(*start);
            blocks.emplace(blocks.begin(), from, events_.end());
            events_.erase(from, events_.end());
        }
        const auto longest =
            std::max_element(blocks.begin(), blocks.end(),
                             [](const Events& a, const Events& b) { return a.size() < b.size(); });
        for (std::size_t i = 0; longest != blocks.end() && i < longest->size(); ++i)
            for (const Events& block : blocks)
                if (i < block.size()) events_.push_back(block[i]);
    }

    [[nodiscard]] Ordered first_input(const Ordered& block) const {
        if (!has("object_arguments") || !block.contains("input")) return Ordered::object();
        return block["input"];
    }

    void arguments(const Ordered& block) {
        std::string text = arguments_of(block);
        if (!has("whole_arguments")) delta("input_json_delta", "partial_json", "");
        if (text == "{}") return;
        if (has("quoted_arguments")) text = Ordered(text).dump();
        if (has("whole_arguments")) return delta("input_json_delta", "partial_json", text);
        texts("input_json_delta", "partial_json", text);
    }

    const Answered& answer_;
    const Step& step_;
    std::size_t index_ = 0;
    std::vector<std::size_t> starts_;  // of the blocks in events_
    Events events_;
};

std::string messages_error_type(int status) {
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
    return known != kTypes.end() ? known->second : "api_error";
}

class MessagesWire : public ServerWire {
public:
    std::string_view name() const override { return "anthropic"; }
    std::string_view path() const override { return "/messages"; }

    void check_fields(const Fields& fields, const EndpointRules& rules) const override {
        if (auto refusal = check_key(fields, rules)) throw RefusedRequest(*refusal);
        const std::string version = field_of(fields, "anthropic-version");
        if (version.empty()) throw RefusedRequest{400, "anthropic-version: header is required"};
        if (version != "2023-06-01" && version != "2026-10-21") {
            throw RefusedRequest{400,
                                 "anthropic-version: \"" + version + "\" is not a valid version"};
        }
        if (!field_of(fields, "content-type").starts_with("application/json"))
            throw RefusedRequest{400, "content-type: must be application/json"};
    }

    void check(const Json& request, const EndpointRules& rules) const override {
        check_messages_request(request, rules);
    }

    OrderedJson neutral(const OrderedJson& request) const override { return request; }

    std::vector<Json> sign(Step& step, std::uint64_t prefix, const Json& /*request*/,
                           const EndpointRules& /*rules*/) const override {
        sign_blocks(step.content, prefix);
        if (step.sloppy.count("thinking_in_text") > 0) return {};
        return thinking_to_come_back(step.content);
    }

    Events events(const Answered& answer, const EndpointRules& /*rules*/) const override {
        return MessagesWriter(answer).write();
    }

    std::pair<std::string, std::string> error_event(const std::string& type,
                                                    const std::string& message) const override {
        const Ordered error = {{"type", type}, {"message", message}};
        return {"error", Ordered({{"type", "error"}, {"error", error}}).dump()};
    }

    std::string error_body(const RefusedRequest& error, const std::string& type) const override {
        Ordered inner = {{"type", type.empty() ? messages_error_type(error.status) : type},
                         {"message", error.message}};
        if (!error.code.empty()) inner["details"] = {{"error_code", error.code}};
        return Ordered({{"type", "error"}, {"error", inner}, {"request_id", "req_test"}}).dump();
    }
};

}  // namespace

const ServerWire& messages_wire() {
    static const MessagesWire wire;
    return wire;
}

std::string error_body(int status, const std::string& message, const std::string& type) {
    return messages_wire().error_body({status, message}, type);
}

}  // namespace tenon::testing
