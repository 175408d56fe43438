#include "tests/support/model_server/chat_rules.h"
#include "tests/support/model_server/openai_rules.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sloppiness.h"
#include "tests/support/model_server/wire.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;

std::string finish_reason_of(const std::string& stop_reason) {
    static const std::map<std::string, std::string> kReasons = {
        {"end_turn", "stop"},         {"stop_sequence", "stop"},
        {"pause_turn", "stop"},       {"tool_use", "tool_calls"},
        {"max_tokens", "length"},     {"model_context_window_exceeded", "length"},
        {"refusal", "content_filter"}};
    const auto known = kReasons.find(stop_reason);
    return known == kReasons.end() ? stop_reason : known->second;
}

/// Writes the chunks of one answer.
class ChatWriter {
public:
    ChatWriter(const Answered& answer, const EndpointRules& rules)
        : answer_(answer), step_(answer.step), rules_(rules) {
        const Json options = answer.request.value("stream_options", Json());
        wants_usage_ = options.is_object() && options.value("include_usage", false);
        for (const Ordered& block : sloppy_content(step_.content, step_.sloppy)) {
            const std::string type = string_or(block, "type");
            if (type == "tool_use") calls_.push_back(block);
            if (type == "text") text_ += string_or(block, "text");
            if (type == "thinking") thinking_.push_back(block);
        }
        reason_ = finish_reason_of(step_.stop_reason);
        if (has("stop_with_calls")) reason_ = "stop";
    }

    Events write() && {
        if (has("whole_body")) return {{"", finish_event(whole().dump())}};
        if (!has("no_role")) {
            delta({{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}});
        }
        if (has("empty_chunks")) empty_chunks();
        reasoning();
        content();
        if (has("interleaved_calls")) {
            interleaved_calls();
        } else {
            for (std::size_t i = 0; i < calls_.size(); ++i)
                call(i);
        }
        finish();
        return std::move(events_);
    }

private:
    [[nodiscard]] bool has(const char* defect) const { return step_.sloppy.count(defect) > 0; }

    [[nodiscard]] Ordered frame(const char* object) const {
        return {{"id", "chatcmpl-" + std::to_string(answer_.number)},
                {"object", object},
                {"created", 1'790'000'000},
                {"model", string_or(answer_.request, "model")},
                {"service_tier", "default"},
                {"system_fingerprint", nullptr}};
    }

    [[nodiscard]] Ordered usage() const {
        const openai::Counts counts = openai::counts_of(step_.usage);
        Ordered out = {
            {"prompt_tokens", Ordered::parse(counts.input.dump())},
            {"completion_tokens", Ordered::parse(counts.output.dump())},
            {"total_tokens", Ordered::parse(counts.total().dump())},
            {"prompt_tokens_details",
             {{"cached_tokens", Ordered::parse(counts.cached.dump())}, {"audio_tokens", 0}}},
            {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
        if (has("null_usage")) {
            for (auto& figure : out)
                figure = nullptr;
        }
        return out;
    }

    void chunk(const Ordered& choices, bool with_usage) {
        Ordered whole = frame("chat.completion.chunk");
        whole["choices"] = choices;
        const bool anywhere = has("usage_everywhere") && !has("no_usage");
        if (with_usage || anywhere) {
            whole["usage"] = usage();
        } else if (wants_usage_) {
            whole["usage"] = nullptr;
        }
        whole["obfuscation"] = "aB3xQ";
        events_.emplace_back("", finish_event(whole.dump()));
    }

    void delta(const Ordered& delta, const Ordered& reason = nullptr, bool with_usage = false) {
        const Ordered choice = {
            {"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", reason}};
        chunk(Ordered::array({choice}), with_usage);
    }

    void empty_chunks() {
        chunk(Ordered::array(), false);
        delta(Ordered::object());
        delta({{"content", ""}});
    }

    void reasoning() {
        const char* key =
            has("other_reasoning") || rules_.reasoning_details ? "reasoning" : "reasoning_content";
        if (has("think_tags")) {
            std::string all;
            for (const Ordered& block : thinking_)
                all += string_or(block, "thinking");
            if (!all.empty()) pieces("content", "<think>\n" + all + "\n</think>\n\n");
            return;
        }
        for (std::size_t i = 0; i < thinking_.size(); ++i) {
            const std::string text = string_or(thinking_[i], "thinking");
            for (const auto& piece : sloppy_pieces(text, step_.piece, step_.sloppy)) {
                Ordered one = {{key, piece}};
                if (rules_.reasoning_details)
                    one["reasoning_details"] = Ordered::array({detail(i, "text", piece)});
                delta(one);
            }
            if (rules_.reasoning_details) {
                const std::string signature = string_or(thinking_[i], "signature");
                delta({{"reasoning_details", Ordered::array({detail(i, "signature", signature)})}});
            }
        }
    }

    static Ordered detail(std::size_t index, const char* key, const std::string& value) {
        return {{"type", "reasoning.text"},
                {key, value},
                {"format", "anthropic-claude-v1"},
                {"index", index}};
    }

    void pieces(const char* key, const std::string& text) {
        for (const auto& piece : sloppy_pieces(text, step_.piece, step_.sloppy))
            delta({{key, piece}});
    }

    void content() {
        auto all = sloppy_pieces(text_, step_.piece, step_.sloppy);
        const bool keep_last = has("finish_with_content") && calls_.empty() && !all.empty();
        if (keep_last) {
            last_piece_ = all.back();
            all.pop_back();
        }
        for (const auto& piece : all)
            delta({{"content", piece}});
    }

    /// The arguments as a member of `function` in a first or only fragment.
    [[nodiscard]] Ordered arguments(const Ordered& block) const {
        const std::string text = arguments_of(block);
        if (has("object_arguments")) return block.value("input", Ordered::object());
        if (text == "{}" && has("empty_arguments")) return "";
        if (text == "{}" && has("null_arguments")) return nullptr;
        if (has("quoted_arguments")) return Ordered(text).dump();
        return text;
    }

    [[nodiscard]] bool in_one_piece(const Ordered& arguments) const {
        return has("whole_arguments") || !arguments.is_string() || arguments == "";
    }

    void fragment(std::size_t index, bool first, const Ordered& arguments) {
        const Ordered& block = calls_[index];
        const bool named = first || has("ids_every_time");
        Ordered fragment = Ordered::object();
        if (has("text_index")) {
            fragment["index"] = std::to_string(index);
        } else if (!has("no_index")) {
            fragment["index"] = has("zero_index") ? 0 : index;
        }
        if (named && block.contains("id")) fragment["id"] = block["id"];
        if (named) fragment["type"] = "function";
        if (named) fragment["function"]["name"] = string_or(block, "name");
        fragment["function"]["arguments"] = arguments;
        delta({{"tool_calls", Ordered::array({fragment})}});
    }

    void call(std::size_t index) {
        const Ordered all = arguments(calls_[index]);
        if (in_one_piece(all)) return fragment(index, true, all);
        fragment(index, true, "");
        const auto text = all.get<std::string>();
        for (const auto& piece : sloppy_pieces(text, step_.piece, step_.sloppy))
            fragment(index, false, piece);
    }

    /// The first fragments of all calls, then the second ones, …
    void interleaved_calls() {
        std::vector<std::vector<std::string>> rest;
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            fragment(i, true, "");
            rest.push_back(sloppy_pieces(arguments_of(calls_[i]), step_.piece, step_.sloppy));
        }
        bool more = true;
        for (std::size_t turn = 0; more; ++turn) {
            more = false;
            for (std::size_t i = 0; i < rest.size(); ++i) {
                if (turn >= rest[i].size()) continue;
                fragment(i, false, rest[i][turn]);
                more = true;
            }
        }
    }

    void finish() {
        const bool with_usage = has("usage_with_finish") && !has("no_usage");
        if (!has("no_finish_reason")) {
            Ordered last = Ordered::object();
            if (!last_piece_.empty()) last["content"] = last_piece_;
            delta(last, reason_, with_usage);
        } else if (!last_piece_.empty()) {
            delta({{"content", last_piece_}});
        }
        if (wants_usage_ && !with_usage && !has("no_usage")) chunk(Ordered::array(), true);
        if (!has("no_done")) events_.emplace_back("", "[DONE]");
    }

    [[nodiscard]] Ordered whole() const {
        Ordered message = {{"role", "assistant"},
                           {"content", text_.empty() ? Ordered() : Ordered(text_)},
                           {"refusal", nullptr}};
        std::string thought;
        for (const Ordered& block : thinking_)
            thought += string_or(block, "thinking");
        if (!thought.empty()) message["reasoning_content"] = thought;
        for (const Ordered& block : calls_) {
            Ordered call = {
                {"type", "function"},
                {"function",
                 {{"name", string_or(block, "name")}, {"arguments", arguments(block)}}}};
            if (block.contains("id")) call["id"] = block["id"];
            message["tool_calls"].push_back(call);
        }
        Ordered out = frame("chat.completion");
        out["choices"] =
            Ordered::array({{{"index", 0}, {"message", message}, {"finish_reason", reason_}}});
        if (!has("no_usage")) out["usage"] = usage();
        return out;
    }

    const Answered& answer_;
    const Step& step_;
    const EndpointRules& rules_;
    bool wants_usage_ = false;
    std::vector<Ordered> calls_;
    std::vector<Ordered> thinking_;
    std::string text_;
    std::string reason_;
    std::string last_piece_;
    Events events_;
};

/// Makes a request of the Messages API from one of Chat Completions.
class ChatTranslation {
public:
    Ordered translate(const Ordered& request) {
        Ordered out = {{"model", request["model"]}};
        for (const char* key : {"max_tokens", "max_completion_tokens"}) {
            if (request.contains(key)) out["max_tokens"] = request[key];
        }
        if (request.contains("stream")) out["stream"] = request["stream"];
        for (const Ordered& message : request["messages"])
            take(message);
        if (!system_.empty())
            out["system"] = Ordered::array({{{"type", "text"}, {"text", system_}}});
        if (request.contains("tools")) {
            for (const Ordered& tool : request["tools"])
                out["tools"].push_back(tool_of(tool["function"]));
        }
        const Ordered choice = request.value("tool_choice", Ordered());
        if (choice == "none") out["tool_choice"] = {{"type", "none"}};
        out["messages"] = messages_;
        return out;
    }

private:
    static Ordered tool_of(const Ordered& function) {
        Ordered tool = {{"name", function["name"]}};
        if (function.contains("description")) tool["description"] = function["description"];
        tool["input_schema"] = function.value("parameters", Ordered{{"type", "object"}});
        return tool;
    }

    void take(const Ordered& message) {
        const std::string role = string_or(message, "role");
        if (role == "system" || role == "developer") {
            system_ = text_of(message["content"]);
        } else if (role == "user") {
            add_parts(blocks_of("user"), message["content"]);
        } else if (role == "tool") {
            blocks_of("user").push_back(result_of(message));
        } else {
            take_answer(message);
        }
    }

    /// The blocks of the last message, if it has this role, or of a new one.
    Ordered& blocks_of(const char* role) {
        if (messages_.empty() || messages_.back()["role"] != role)
            messages_.push_back({{"role", role}, {"content", Ordered::array()}});
        return messages_.back()["content"];
    }

    static std::string text_of(const Ordered& content) {
        if (content.is_string()) return content.get<std::string>();
        std::string text;
        for (const Ordered& part : content)
            text += (text.empty() ? "" : "\n\n") + string_or(part, "text");
        return text;
    }

    static void add_parts(Ordered& blocks, const Ordered& content) {
        if (content.is_string()) {
            blocks.push_back({{"type", "text"}, {"text", content}});
            return;
        }
        for (const Ordered& part : content) {
            if (string_or(part, "type") == "text") {
                blocks.push_back({{"type", "text"}, {"text", part["text"]}});
            } else {
                blocks.push_back(openai::image_block_of(string_or(part["image_url"], "url")));
            }
        }
    }

    static Ordered result_of(const Ordered& message) {
        std::string text = text_of(message["content"]);
        const bool failed = openai::take_error_prefix(text);
        Ordered result = {
            {"type", "tool_result"}, {"tool_use_id", message["tool_call_id"]}, {"content", text}};
        if (failed) result["is_error"] = true;
        return result;
    }

    void take_answer(const Ordered& message) {
        Ordered& blocks = blocks_of("assistant");
        take_reasoning(blocks, message);
        if (message.contains("content") && !message["content"].is_null())
            add_parts(blocks, message["content"]);
        if (!message.contains("tool_calls")) return;
        for (const Ordered& call : message["tool_calls"]) {
            blocks.push_back({{"type", "tool_use"},
                              {"id", call["id"]},
                              {"name", call["function"]["name"]},
                              {"input", Ordered::parse(string_or(call["function"], "arguments"))}});
        }
    }

    /// Consecutive details with the same index are pieces of one.
    static void take_reasoning(Ordered& blocks, const Ordered& message) {
        std::map<std::string, Ordered> by_index;
        for (const Ordered& detail : message.value("reasoning_details", Ordered::array())) {
            Ordered& block = by_index[detail.value("index", Ordered(0)).dump()];
            if (block.is_null())
                block = {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
            block["thinking"] = string_or(block, "thinking") + string_or(detail, "text");
            block["signature"] = string_or(block, "signature") + string_or(detail, "signature");
        }
        for (const auto& [index, block] : by_index)
            blocks.push_back(block);
    }

    Ordered messages_ = Ordered::array();
    std::string system_;
};

class ChatWire : public ServerWire {
public:
    std::string_view name() const override { return "openai"; }
    std::string_view path() const override { return "/chat/completions"; }
    void check_fields(const Fields& fields, const EndpointRules& rules) const override {
        openai::check_fields(fields, rules);
    }
    void check(const Json& request, const EndpointRules& rules) const override {
        check_chat_request(request, rules);
    }
    OrderedJson neutral(const OrderedJson& request) const override {
        return ChatTranslation().translate(request);
    }

    /// Without reasoning_details nothing identifies reasoning, so nothing has to come back.
    std::vector<Json> sign(Step& step, std::uint64_t prefix, const Json& /*request*/,
                           const EndpointRules& rules) const override {
        if (!rules.reasoning_details || step.sloppy.count("think_tags") > 0 ||
            step.sloppy.count("whole_body") > 0)
            return {};
        OrderedJson thinking = OrderedJson::array();
        OrderedJson others = OrderedJson::array();
        for (OrderedJson& block : step.content) {
            const std::string type = string_or(block, "type");
            if (type == "redacted_thinking") {
                thinking.push_back({{"type", "thinking"},
                                    {"thinking", ""},
                                    {"signature", string_or(block, "data")}});
            } else {
                (type == "thinking" ? thinking : others).push_back(std::move(block));
            }
        }
        // In this format all reasoning comes before the rest.
        step.content = std::move(thinking);
        for (OrderedJson& block : others)
            step.content.push_back(std::move(block));
        sign_blocks(step.content, prefix);
        return thinking_to_come_back(step.content);
    }

    Events events(const Answered& answer, const EndpointRules& rules) const override {
        return ChatWriter(answer, rules).write();
    }

    std::pair<std::string, std::string> error_event(const std::string& type,
                                                    const std::string& message) const override {
        const Ordered error = {{"message", message},
                               {"type", type},
                               {"param", nullptr},
                               {"code", openai::code_of(type)}};
        return {"", Ordered({{"error", error}}).dump()};
    }

    std::string error_body(const RefusedRequest& error, const std::string& type) const override {
        return openai::error_body(error, type);
    }
};

}  // namespace

const ServerWire& chat_wire() {
    static const ChatWire wire;
    return wire;
}

}  // namespace tenon::testing
