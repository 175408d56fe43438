#include "host/model/responses.h"

#include <algorithm>
#include <array>

#include "host/agent/repair.h"
#include "host/agent/wire.h"
#include "host/model/blocks.h"
#include "host/model/responses_reader.h"
#include "host/model/strict_schema.h"

namespace tenon::model {
namespace {

/// OpenAI refuses a smaller `max_output_tokens`.
constexpr std::int64_t kFewestTokens = 16;

/// Writes the input items of a conversation.
class InputWriter {
public:
    InputWriter(RequestText& out, std::string_view model, bool with_reasoning)
        : out_(out),
          origin_(agent::ModelName{"openai-responses", std::string(model)}.words()),
          with_reasoning_(with_reasoning) {}

    void add(const agent::Message& message) {
        const bool thinking = with_reasoning_ && !agent::has_foreign_thinking(message, origin_);
        for (std::size_t i = 0; i < message.block_ends.size(); ++i) {
            if (!agent::is_thinking(message, i)) {
                add_block(message.role, block_of(message, i));
            } else if (thinking) {
                add_kept_item(block_of(message, i));
            }
        }
        end_message();
    }

private:
    void begin_item() {
        end_message();
        if (has_items_) out_.add(",");
        has_items_ = true;
    }

    void add_block(agent::Role role, std::string_view block) {
        const auto [type_value, text, id, name, input, call, content, is_error] = values_of<8>(
            block, {"type", "text", "id", "name", "input", "tool_use_id", "content", "is_error"});
        const std::string type = text_in(type_value);
        if (type == "text") {
            add_text_part(role, text);
        } else if (type == "image" && role == agent::Role::kUser) {
            const auto url = image_url_of(block);
            if (url.empty()) return;
            begin_part(role);
            add_image(url);
        } else if (type == "tool_use") {
            add_call(id, name, input);
        } else if (type == "tool_result") {
            // Many texts of errors begin with the word.
            const bool says_error = inside_quotes(content).starts_with("Error");
            add_result(call, content, is_error == "true" && !says_error ? "Error: " : "");
        }
    }

    void add_text_part(agent::Role role, std::string_view text) {
        begin_part(role);
        out_.add(role == agent::Role::kUser ? R"({"type":"input_text","text":)"
                                            : R"({"type":"output_text","text":)");
        out_.add(text);
        out_.add("}");
    }

    void begin_part(agent::Role role) {
        if (message_open_) return out_.add(",");
        const std::string members = std::exchange(members_of_message_, {});
        begin_item();
        message_open_ = true;
        out_.add(role == agent::Role::kUser ? R"({"type":"message","role":"user")"
                                            : R"({"type":"message","role":"assistant")");
        if (!members.empty()) out_.own("," + members);
        out_.add(R"(,"content":[)");
    }

    void end_message() {
        members_of_message_.clear();
        if (!std::exchange(message_open_, false)) return;
        out_.add("]}");
    }

    void add_image(const std::vector<std::string_view>& url) {
        out_.add(R"({"type":"input_image","detail":"auto","image_url":)");
        for (const std::string_view piece : url)
            out_.add(piece);
        out_.add("}");
    }

    void add_call(std::string_view id, std::string_view name, std::string_view input) {
        begin_item();
        out_.add(R"({"type":"function_call","call_id":)");
        out_.add(id);
        out_.add(",\"name\":");
        out_.add(name);
        out_.own(",\"arguments\":" + quoted_json(input.empty() ? "{}" : input) + "}");
    }

    /// There is no member for an error: the text begins with `prefix`.
    void add_result(std::string_view call, std::string_view content, std::string_view prefix) {
        begin_item();
        out_.add(R"({"type":"function_call_output","call_id":)");
        out_.add(call);
        out_.add(",\"output\":");
        const auto parts = content.starts_with('[') ? agent::split_blocks(content)
                                                    : std::vector<std::string_view>();
        if (parts.empty()) {
            add_text(content, prefix);
        } else {
            add_result_parts(parts, prefix);
        }
        out_.add("}");
    }

    /// `quoted`: a JSON string, which the text follows that `prefix` begins.
    void add_text(std::string_view quoted, std::string_view prefix) {
        out_.add("\"");
        out_.add(prefix);
        out_.add(inside_quotes(quoted));
        out_.add("\"");
    }

    void add_result_parts(const std::vector<std::string_view>& parts, std::string_view prefix) {
        std::string_view separator = "[";
        const auto begin_text = [&] {
            out_.add(separator);
            separator = ",";
            out_.add(R"({"type":"input_text","text":)");
        };
        if (!prefix.empty() && type_of(parts.front()) != "text") {
            begin_text();
            add_text({}, std::exchange(prefix, {}));
            out_.add("}");
        }
        for (const std::string_view part : parts) {
            const std::string type = type_of(part);
            if (type == "text") {
                begin_text();
                add_text(value_of(part, "text"), std::exchange(prefix, {}));
                out_.add("}");
            } else if (const auto url = image_url_of(part); type == "image" && !url.empty()) {
                out_.add(std::exchange(separator, ","));
                add_image(url);
            }
        }
        if (separator == "[") out_.add("[");
        out_.add("]");
    }

    /// `block`: thinking of this model.
    void add_kept_item(std::string_view block) {
        const std::string_view item = value_of(block, "item");
        const std::string type = type_of(item);
        if (type == "message") {
            end_message();
            members_of_message_ = members_beside_type(item);
        } else if (!type.empty()) {
            begin_item();
            out_.add(item);
        }
    }

    static std::string members_beside_type(std::string_view item) {
        OrderedJson members = parse_ordered_json(item).value_or(OrderedJson::object());
        members.erase("type");
        const std::string object = dump_ordered_json(members);
        return object.substr(1, object.size() - 2);
    }

    RequestText& out_;
    const std::string origin_;
    const bool with_reasoning_;
    bool has_items_ = false;
    bool message_open_ = false;       // its parts are being written
    std::string members_of_message_;  // more members of the next message, as JSON
};

void write_answer_schema(std::string_view schema, RequestText& out) {
    const bool strict = is_strict_schema(json_or_null(schema));
    out.add(R"(,"text":{"format":{"type":"json_schema","name":"answer","schema":)");
    out.add(schema);
    out.add(strict ? R"(,"strict":true}})" : R"(,"strict":false}})");
}

}  // namespace

/// `strict` is true by default here, which the schemas of tools do not fit.
std::string ResponsesFormat::functions_of(std::string_view tools) {
    std::string out;
    for (const std::string_view tool : agent::split_blocks(tools)) {
        const auto [name, description] = values_of<2>(tool, {"name", "description"});
        out += out.empty() ? ",\"tools\":[" : ",";
        out.append(R"({"type":"function","name":)").append(name);
        if (!description.empty()) out.append(",\"description\":").append(description);
        out += ",\"parameters\":" + parameters_of(tool) + ",\"strict\":false}";
    }
    return out.empty() ? out : out + "]";
}

HttpFields ResponsesFormat::fields(const agent::Request& /*request*/,
                                   const ServerTraits& /*traits*/) const {
    return {};
}

RequestText ResponsesFormat::body(const agent::Request& request, const ServerTraits& traits) const {
    const bool reasoning = traits.takes(Part::kReasoning);
    RequestText out;
    out.own("{\"model\":" + json_quote(request.model) + ",\"max_output_tokens\":" +
            std::to_string(std::max(request.max_tokens, kFewestTokens)) +
            ",\"stream\":true,\"store\":false");
    if (reasoning) out.add(R"(,"include":["reasoning.encrypted_content"])");
    if (reasoning && !reasoning_effort_.empty()) {
        const bool summary = traits.takes(Part::kReasoningSummary);
        out.own(",\"reasoning\":{\"effort\":" + json_quote(reasoning_effort_) +
                (summary ? ",\"summary\":\"auto\"}" : "}"));
    }
    if (!agent::is_blank(request.system))
        out.own(",\"instructions\":" + json_quote(request.system));
    std::string functions = functions_.of(request.tools);
    const bool has_tools = !functions.empty();
    out.own(std::move(functions));
    if (has_tools && traits.takes(Part::kParallelCalls)) out.add(",\"parallel_tool_calls\":true");
    if (has_tools && request.forbid_tools) out.add(",\"tool_choice\":\"none\"");
    if (!request.answer_schema.empty() && traits.takes(Part::kAnswerSchema))
        write_answer_schema(request.answer_schema, out);
    out.add(",\"input\":[");
    InputWriter input(out, request.model, reasoning && traits.takes(Part::kSentReasoning));
    for (const agent::Message& message : request.messages)
        input.add(message);
    out.add("]}");
    return out;
}

std::unique_ptr<AnswerReader> ResponsesFormat::reader(const agent::Request& request,
                                                      agent::EventSink& sink) const {
    return std::make_unique<ResponsesReader>(request, sink);
}

std::span<const RefusablePart> ResponsesFormat::refusable() const {
    // A server may be unable to read the reasoning of earlier answers (of another organisation, of
    // an expired key), or never keep any. That does not mean that it has none to give.
    static constexpr std::array kParts = {
        RefusablePart{Part::kReasoningSummary, "reasoning.summary"},
        RefusablePart{Part::kReasoningSummary, "reasoning summar"},
        RefusablePart{Part::kReasoning, "encrypted content is not supported"},
        RefusablePart{Part::kSentReasoning, "encrypted content"},
        RefusablePart{Part::kSentReasoning, "decrypt"},
        RefusablePart{Part::kSentReasoning, "invalid_encrypted_content"},
        RefusablePart{Part::kSentReasoning, "items are not persisted"},
        RefusablePart{Part::kReasoning, "encrypted_content"},
        RefusablePart{Part::kReasoning, "'include'"},
        RefusablePart{Part::kReasoning, "\"include\""},
        RefusablePart{Part::kReasoning, "parameter: 'reasoning"},
        RefusablePart{Part::kParallelCalls, "parallel_tool_calls"},
        RefusablePart{Part::kAnswerSchema, "text.format"},
        RefusablePart{Part::kAnswerSchema, "response_format"},
        RefusablePart{Part::kAnswerSchema, "json_schema"},
        RefusablePart{Part::kAnswerSchema, "structured output"}};
    return kParts;
}

}  // namespace tenon::model
