#include "host/model/chat_completions.h"

#include <algorithm>
#include <array>

#include "host/agent/wire.h"
#include "host/model/blocks.h"
#include "host/model/chat_answer.h"
#include "host/model/strict_schema.h"

namespace tenon::model {
namespace {

using Pieces = std::vector<std::string_view>;

constexpr std::string_view kParagraph = "\\n\\n";  // inside a JSON string
/// In place of reasoning that is not there: some servers take an empty text for a missing one.
constexpr std::string_view kNoReasoning = ",\"reasoning_content\":\" \"";
constexpr std::string_view kImageFollows = "[the image is in the user message that follows]";
/// Where a server takes no message of the user between results and their answer.
constexpr std::string_view kImageLater =
    "[this server takes no image here: it is in the next message of the user]";

/// Reasoning that is missing, not refused.
constexpr std::array<std::string_view, 3> kMissing = {"missing", "passed back", "is required"};
/// What Google's servers take for the signature of a call that no model of theirs has made.
constexpr std::string_view kNoSignature =
    R"(,"extra_content":{"google":{"thought_signature":"skip_thought_signature_validator"}})";

constexpr std::array kRefusable = {
    RefusablePart{Part::kStreamUsage, "stream_options"},
    RefusablePart{Part::kParallelCalls, "parallel_tool_calls"},
    RefusablePart{Part::kReasoning,
                  "reasoning_effort",
                  {"invalid value", "must be one of", "input should be"}},
    RefusablePart{Part::kAnswerSchema, "response_format"},
    RefusablePart{Part::kAnswerSchema, "json_schema"},
    RefusablePart{Part::kAnswerSchema, "grammar"},
    RefusablePart{Part::kAnswerSchema, "response mime type"},
    RefusablePart{Part::kAnswerSchema, "response_mime_type"},
    RefusablePart{Part::kAnswerSchema, "json mode"},
    RefusablePart{Part::kAnswerSchema, "structured output"},
    RefusablePart{Part::kAnswerSchema, "guided"},
    // Kimi and DeepSeek, of calls from another model too.
    RefusablePart{Part::kReasoningOfCalls, "reasoning_content is missing"},
    RefusablePart{Part::kReasoningOfCalls, "reasoning_content is required"},
    RefusablePart{Part::kReasoningOfCalls, "must be passed back"},
    RefusablePart{Part::kReasoningOfCalls, "missing `reasoning_content`"},
    RefusablePart{Part::kReasoningOfCalls, "missing 'reasoning_content'"},
    RefusablePart{Part::kReasoningOfCalls, "missing reasoning_content"},
    RefusablePart{Part::kSignatureOfCalls, "missing a thought_signature"},
    RefusablePart{Part::kSignatureOfCalls, "missing a `thought_signature`"},
    // Mistral's servers and templates.
    RefusablePart{Part::kShortCallIds, "with a length of 9"},
    RefusablePart{Part::kShortCallIds, "with length 9"},
    RefusablePart{Part::kSentReasoning, "reasoning_content", kMissing},
    RefusablePart{Part::kSentReasoning, kThinkingDetails},
    RefusablePart{Part::kSentReasoning, kThinkingBlocks},
    RefusablePart{Part::kSentReasoning, kKeptOfCalls[0]},
    RefusablePart{Part::kSentReasoning, kKeptOfCalls[1]},
    RefusablePart{Part::kSentReasoning, "content and thinking"},
    RefusablePart{Part::kSentReasoning, ".reasoning", kMissing},
    RefusablePart{Part::kSentReasoning, "\"reasoning\""},
    RefusablePart{Part::kSentReasoning, "'reasoning'"},  // Groq
    // Templates that do not count the messages of a tool loop, as Mistral's.
    RefusablePart{Part::kUserAfterResults, "must alternate"},
    RefusablePart{Part::kUserAfterResults, "unexpected role 'user' after role 'tool'"},
    // Templates as Gemma's; Google's and OpenAI's servers.
    RefusablePart{Part::kSystemRole, "must alternate"},
    RefusablePart{Part::kSystemRole, "only user and assistant roles"},
    RefusablePart{Part::kSystemRole, "system role"},
    RefusablePart{Part::kSystemRole, "role 'system'"},
    RefusablePart{Part::kSystemRole, "support 'system'"},
    RefusablePart{Part::kSystemRole, "support system"},
    RefusablePart{Part::kSystemRole, "system message is not supported"},
    RefusablePart{Part::kSystemRole, "system messages are not supported"},
    RefusablePart{Part::kSystemRole, "system prompt is not supported"},
    RefusablePart{Part::kSystemRole, "system prompts are not supported"},
    RefusablePart{Part::kSystemRole, "developer instruction is not enabled"},
    // The words of libraries that check or read JSON.
    RefusablePart{Part::kNullContent, "invalid type: null"},
    RefusablePart{Part::kNullContent, "got null"},
    RefusablePart{Part::kNullContent, "received null"},
    RefusablePart{Part::kNullContent, "input should be a valid string"},
    RefusablePart{Part::kNullContent, "none is not an allowed value"},
    RefusablePart{Part::kNullContent, "none is not of type"},
    RefusablePart{Part::kNullContent, "null is not of type"},
    RefusablePart{Part::kNullContent, "nonetype"},
    RefusablePart{Part::kNullContent, "be null"},  // cannot, must not, may not …
    RefusablePart{Part::kNullContent, "content must be a string"},
    RefusablePart{Part::kNullContent, "'content' must be a string"},
    RefusablePart{Part::kNullContent, "content should be a string"},
    RefusablePart{Part::kNullContent, "'content' is a required property"},
    RefusablePart{Part::kNullContent, "content field is required"},
    RefusablePart{Part::kNullContent, "content field is a required field"},
    // Last, since only these depend on the configuration.
    RefusablePart{Part::kCompletionTokens, "max_completion_tokens", {"too large"}},
    RefusablePart{Part::kCompletionTokens, "unsupported parameter: 'max_tokens'"},
    RefusablePart{Part::kCompletionTokens, "unrecognized request argument supplied: max_tokens"},
    RefusablePart{Part::kCompletionTokens, "unknown parameter: 'max_tokens'"},
    RefusablePart{Part::kCompletionTokens, "max_tokens is not supported"},
};
constexpr std::size_t kTokenFieldRows = 5;

constexpr std::size_t kShortIdLength = 9;
constexpr std::string_view kIdChars =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

void append(Pieces& to, const Pieces& more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// What stands in the content of a tool result.
struct ResultParts {
    Pieces text;  // inside a JSON string
    std::vector<std::string_view> images;
};

ResultParts parts_of_result(std::string_view block) {
    ResultParts parts;
    const std::string_view content = value_of(block, "content");
    // There is no member for an error. Many texts begin with the word.
    const bool is_error = value_of(block, "is_error") == "true";
    const auto add_text = [&](std::string_view text) {
        if (is_error && parts.text.empty() && !text.starts_with("Error"))
            parts.text.push_back("Error: ");
        parts.text.push_back(text);
    };
    if (!content.starts_with('[')) {
        add_text(inside_quotes(content));
        return parts;
    }
    bool first = true;
    for (const std::string_view part : agent::split_blocks(content)) {
        const std::string type = type_of(part);
        if (type == "image") parts.images.push_back(part);
        if (type != "text") continue;
        if (!std::exchange(first, false)) parts.text.push_back("\\n");
        add_text(inside_quotes(value_of(part, "text")));
    }
    if (parts.text.empty()) add_text("");
    return parts;
}

bool is_empty(const Pieces& pieces) {
    return std::all_of(pieces.begin(), pieces.end(), [](std::string_view p) { return p.empty(); });
}

bool is_short_id(std::string_view id) {
    return id.size() == kShortIdLength && std::all_of(id.begin(), id.end(), [](char c) {
               return kIdChars.find(c) != kIdChars.npos;
           });
}

/// A short id that is always the same for an id, with its quotes.
std::string short_id(std::string_view id) {
    std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
    for (const char c : id)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    std::string out = "\"";
    for (std::size_t i = 0; i < kShortIdLength; ++i, hash /= kIdChars.size())
        out += kIdChars[hash % kIdChars.size()];
    return out + '"';
}

/// Writes the messages of one request. Neighbours of the same role become one message.
class ChatMessages {
public:
    ChatMessages(RequestText& out, std::string origin, const ServerTraits& traits)
        : out_(out),
          origin_(std::move(origin)),
          sends_thinking_(traits.takes(Part::kSentReasoning)),
          calls_need_thinking_(traits.takes(Part::kReasoningOfCalls)),
          calls_need_signature_(traits.takes(Part::kSignatureOfCalls)),
          short_ids_(traits.takes(Part::kShortCallIds)),
          user_after_results_(traits.takes(Part::kUserAfterResults)),
          system_role_(traits.takes(Part::kSystemRole)),
          null_content_(traits.takes(Part::kNullContent)) {}

    void add_system(std::string_view text) {
        if (text.find_first_not_of(" \t\r\n") == text.npos) return;
        const std::string_view quoted = out_.keep(json_quote(text));
        if (!system_role_) return add_user_text({inside_quotes(quoted)});
        begin("system");
        out_.add(",\"content\":");
        out_.add(quoted);
        out_.add("}");
    }

    void add(const agent::Message& message) {
        if (message.role == agent::Role::kUser) {
            add_user(message);
        } else {
            add_answer(message);
        }
    }

    void end() {
        end_answer({});
        end_user();
        end_result();
    }

private:
    struct Call {
        std::string_view id;  // with its quotes
        std::string_view name;
        std::string_view input;
        std::string_view kept;  // the object of its kKeptOfCalls
    };
    struct UserPart {
        bool is_image = false;
        Pieces pieces;  // inside a JSON string; of an image, the string
    };

    void begin(std::string_view role) {
        end_result();
        out_.add(std::exchange(is_first_, false) ? "{\"role\":\"" : ",{\"role\":\"");
        out_.add(role);
        out_.add("\"");
    }

    void write(const Pieces& pieces) {
        for (const std::string_view piece : pieces)
            out_.add(piece);
    }

    // ------------------------------------------------------------ answers

    void add_answer(const agent::Message& message) {
        const bool own = message.origin.empty() || message.origin == origin_;
        bool first_text = true;
        std::string_view of_calls;
        for (std::size_t i = 0; i < message.block_ends.size(); ++i) {
            const std::string_view block = block_of(message, i);
            const std::string type = type_of(block);
            if (type == "text") {
                add_answer_text(inside_quotes(value_of(block, "text")),
                                std::exchange(first_text, false));
            } else if (type == "tool_use") {
                end_user();
                const std::string_view id = value_of(block, "id");
                calls_.push_back({id, value_of(block, "name"), value_of(block, "input"),
                                  value_of(of_calls, inside_quotes(id))});
            } else if (type == "thinking" && own && sends_thinking_) {
                add_thinking(block);
                if (of_calls.empty()) of_calls = value_of(block, kThinkingOfCalls);
            }
        }
    }

    void add_answer_text(std::string_view text, bool begins_message) {
        if (text.empty()) return;
        end_user();
        if (begins_message && !answer_text_.empty()) answer_text_.push_back(kParagraph);
        answer_text_.push_back(text);
    }

    void add_thinking(std::string_view block) {
        const auto parts = values_of(block, kThinkingParts);
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (!parts[i].empty()) thinking_parts_[i] = parts[i];
        if (parts != decltype(parts){}) return;
        const std::string_view field = inside_quotes(value_of(block, kThinkingCameIn));
        if (std::find(kThinkingFields.begin(), kThinkingFields.end(), field) ==
            kThinkingFields.end())
            return;
        thinking_field_ = field;
        thinking_.push_back(inside_quotes(value_of(block, "thinking")));
    }

    /// `results` are the blocks of the message that answers the calls.
    void end_answer(const std::vector<std::string_view>& results) {
        if (!answer_text_.empty() || !calls_.empty()) write_answer();
        for (const Call& call : calls_)
            write_result(call, results);
        answer_text_.clear();
        calls_.clear();
        thinking_.clear();
        thinking_parts_ = {};
    }

    void write_answer() {
        begin("assistant");
        out_.add(",\"content\":");
        if (answer_text_.empty() && null_content_) {
            out_.add("null");
        } else {
            write_string(answer_text_);
        }
        for (std::size_t i = 0; i < kThinkingParts.size(); ++i) {
            if (thinking_parts_[i].empty()) continue;
            out_.own(",\"" + std::string(kThinkingParts[i]) + "\":");
            out_.add(thinking_parts_[i]);
        }
        if (thinking_parts_ != decltype(thinking_parts_){}) {
            // All thinking is there.
        } else if (!is_empty(thinking_) || (!thinking_.empty() && !calls_need_thinking_)) {
            out_.add(",\"");
            out_.add(thinking_field_);
            out_.add("\":");
            write_string(thinking_);
        } else if (!calls_.empty() && calls_need_thinking_) {
            out_.add(kNoReasoning);
        }
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            out_.add(i == 0 ? R"(,"tool_calls":[{"id":)" : R"(,{"id":)");
            add_id(calls_[i].id);
            out_.add(R"(,"type":"function","function":{"name":)");
            out_.add(calls_[i].name);
            out_.add(",\"arguments\":");
            out_.own(quoted_json(calls_[i].input.empty() ? "{}" : calls_[i].input));
            out_.add("}");
            if (calls_[i].kept.starts_with('{')) {
                out_.add(",");
                out_.add(calls_[i].kept.substr(1, calls_[i].kept.size() - 2));
            } else if (calls_need_signature_) {
                out_.add(kNoSignature);
            }
            out_.add("}");
        }
        out_.add(calls_.empty() ? "}" : "]}");
    }

    /// `id` with its quotes.
    void add_id(std::string_view id) {
        if (short_ids_ && !is_short_id(inside_quotes(id))) return out_.own(short_id(id));
        out_.add(id);
    }

    void write_string(const Pieces& text) {
        out_.add("\"");
        write(text);
        out_.add("\"");
    }

    void write_result(const Call& call, const std::vector<std::string_view>& results) {
        const auto found = std::find_if(
            results.begin(), results.end(),
            [&](std::string_view block) { return value_of(block, "tool_use_id") == call.id; });
        ResultParts parts;
        if (found != results.end()) parts = parts_of_result(*found);
        begin("tool");
        out_.add(",\"tool_call_id\":");
        add_id(call.id);
        out_.add(",\"content\":\"");
        const std::string_view elsewhere = user_after_results_ ? kImageFollows : kImageLater;
        if (is_empty(parts.text)) {
            parts.text = {parts.images.empty() ? "(no output)" : elsewhere};
        } else if (!parts.images.empty()) {
            append(parts.text, {"\\n", elsewhere});
        }
        write(parts.text);
        result_is_open_ = true;
        if (parts.images.empty()) return;
        user_.push_back(
            {false, {"From the result of the tool call ", inside_quotes(call.id), ":"}});
        for (const std::string_view image : parts.images)
            add_image(image);
    }

    /// Ends the last result. Until then texts can be added to it.
    void end_result() {
        if (std::exchange(result_is_open_, false)) out_.add("\"}");
    }

    /// Whether the last message is a result, and no message of the user may follow it.
    [[nodiscard]] bool is_behind_result() const { return result_is_open_ && !user_after_results_; }

    // ------------------------------------------------------------ the user

    void add_user(const agent::Message& message) {
        std::vector<std::string_view> results;
        std::vector<std::string_view> others;
        for (std::size_t i = 0; i < message.block_ends.size(); ++i) {
            const std::string_view block = block_of(message, i);
            const bool answers_call = type_of(block) == "tool_result" && is_open_call(block);
            (answers_call ? results : others).push_back(block);
        }
        end_answer(results);
        for (const std::string_view block : others)
            add_user_block(block);
    }

    [[nodiscard]] bool is_open_call(std::string_view result) const {
        const std::string_view id = value_of(result, "tool_use_id");
        return std::any_of(calls_.begin(), calls_.end(),
                           [&](const Call& call) { return call.id == id; });
    }

    void add_user_block(std::string_view block) {
        const std::string type = type_of(block);
        if (type == "text") {
            add_user_text({inside_quotes(value_of(block, "text"))});
        } else if (type == "image") {
            add_image(block);
        } else if (type == "tool_result") {  // its call is not in the conversation
            const ResultParts parts = parts_of_result(block);
            add_user_text(parts.text);
            for (const std::string_view image : parts.images)
                add_image(image);
        }
    }

    void add_user_text(Pieces text) {
        if (is_empty(text)) return;
        if (is_behind_result()) {
            out_.add(kParagraph);
            write(text);
        } else {
            user_.push_back({false, std::move(text)});
        }
    }

    void add_image(std::string_view block) {
        Pieces url = image_url_of(block);
        if (!url.empty()) user_.push_back({true, std::move(url)});
    }

    /// Images that may not stand behind a result wait for the next message of the user.
    void end_user() {
        if (user_.empty() || is_behind_result()) return;
        begin("user");
        out_.add(",\"content\":");
        const bool only_text = std::none_of(user_.begin(), user_.end(),
                                            [](const UserPart& part) { return part.is_image; });
        if (only_text) {
            write_user_text();
        } else {
            write_user_parts();
        }
        out_.add("}");
        user_.clear();
    }

    void write_user_text() {
        out_.add("\"");
        for (std::size_t i = 0; i < user_.size(); ++i) {
            if (i > 0) out_.add(kParagraph);
            write(user_[i].pieces);
        }
        out_.add("\"");
    }

    void write_user_parts() {
        for (std::size_t i = 0; i < user_.size(); ++i) {
            out_.add(i == 0 ? "[" : ",");
            out_.add(user_[i].is_image ? R"({"type":"image_url","image_url":{"url":)"
                                       : R"({"type":"text","text":")");
            write(user_[i].pieces);
            out_.add(user_[i].is_image ? "}}" : "\"}");
        }
        out_.add("]");
    }

    RequestText& out_;
    const std::string origin_;
    const bool sends_thinking_;
    const bool calls_need_thinking_;
    const bool calls_need_signature_;
    const bool short_ids_;
    const bool user_after_results_;
    const bool system_role_;
    const bool null_content_;
    bool is_first_ = true;
    bool result_is_open_ = false;
    // The answer, and then the user message, that are not written yet.
    Pieces answer_text_;
    std::vector<Call> calls_;
    Pieces thinking_;
    std::string_view thinking_field_;
    std::array<std::string_view, kThinkingParts.size()> thinking_parts_;
    std::vector<UserPart> user_;
};

void write_answer_schema(RequestText& out, std::string_view schema) {
    const Json parsed = json_or_null(schema);
    if (!parsed.is_object()) return;
    out.add(R"(,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":)");
    out.add(schema);
    if (is_strict_schema(parsed)) out.add(",\"strict\":true");
    out.add("}}");
}

}  // namespace

std::string ChatCompletionsFormat::functions_of(std::string_view tools) {
    std::string out;
    for (const std::string_view tool : agent::split_blocks(tools)) {
        const auto [name, description] = values_of<2>(tool, {"name", "description"});
        out += out.empty() ? ",\"tools\":[" : ",";
        out.append(R"({"type":"function","function":{"name":)").append(name);
        if (!description.empty()) out.append(",\"description\":").append(description);
        out += ",\"parameters\":" + parameters_of(tool) + "}}";
    }
    return out.empty() ? out : out + "]";
}

HttpFields ChatCompletionsFormat::fields(const agent::Request& /*request*/,
                                         const ServerTraits& /*traits*/) const {
    return {};
}

RequestText ChatCompletionsFormat::body(const agent::Request& request,
                                        const ServerTraits& traits) const {
    RequestText out;
    out.own("{\"model\":" + json_quote(request.model) + ",\"stream\":true");
    if (traits.takes(Part::kStreamUsage)) out.add(R"(,"stream_options":{"include_usage":true})");
    const std::string_view field = !options_.max_tokens_field.empty() ? options_.max_tokens_field
                                   : traits.takes(Part::kCompletionTokens)
                                       ? std::string_view("max_completion_tokens")
                                       : std::string_view("max_tokens");
    out.own(",\"" + std::string(field) + "\":" + std::to_string(request.max_tokens));
    if (!options_.reasoning_effort.empty() && traits.takes(Part::kReasoning))
        out.own(",\"reasoning_effort\":" + json_quote(options_.reasoning_effort));
    out.add(",\"messages\":[");
    ChatMessages messages(out, agent::ModelName{"openai", std::string(request.model)}.words(),
                          traits);
    messages.add_system(request.system);
    for (const agent::Message& message : request.messages)
        messages.add(message);
    messages.end();
    out.add("]");
    if (std::string functions = functions_.of(request.tools); !functions.empty()) {
        out.own(std::move(functions));
        if (request.forbid_tools) out.add(R"(,"tool_choice":"none")");
        if (!request.forbid_tools && traits.takes(Part::kParallelCalls))
            out.add(R"(,"parallel_tool_calls":true)");
    }
    if (!request.answer_schema.empty() && traits.takes(Part::kAnswerSchema))
        write_answer_schema(out, request.answer_schema);
    out.add("}");
    return out;
}

std::unique_ptr<AnswerReader> ChatCompletionsFormat::reader(const agent::Request& request,
                                                            agent::EventSink& sink) const {
    return std::make_unique<ChatAnswerReader>(request, sink);
}

std::span<const RefusablePart> ChatCompletionsFormat::refusable() const {
    const std::span<const RefusablePart> all(kRefusable);
    return options_.max_tokens_field.empty() ? all : all.first(all.size() - kTokenFieldRows);
}

}  // namespace tenon::model
