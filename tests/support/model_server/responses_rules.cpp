#include "tests/support/model_server/responses_rules.h"

#include <algorithm>
#include <set>

#include "tests/support/model_server/openai_rules.h"

namespace tenon::testing {
namespace openai {
namespace {

/// Checks the members beside `input`.
class ResponsesOptions {
public:
    ResponsesOptions(const Json& request, const EndpointRules& rules)
        : request_(request), rules_(rules) {}

    void check() const {
        if (request_.contains("max_tokens")) {
            refuse(
                "Unsupported parameter: 'max_tokens'. In the Responses API, this parameter has "
                "moved to 'max_output_tokens'. Try again with the new parameter.",
                "unsupported_parameter", "max_tokens");
        }
        only(request_,
             {"model",
              "input",
              "instructions",
              "tools",
              "tool_choice",
              "parallel_tool_calls",
              "max_output_tokens",
              "reasoning",
              "text",
              "store",
              "include",
              "stream",
              "truncation",
              "metadata",
              "user",
              "service_tier",
              "temperature",
              "top_p",
              "prompt_cache_key",
              "safety_identifier",
              "stream_options",
              "background",
              "max_tool_calls"},
             "");
        if (need_string(request_, "model", "").empty())
            refuse("Missing required parameter: 'model'.", "missing_required_parameter", "model");
        for (const char* key : {"stream", "parallel_tool_calls", "store"})
            openai::may_be_bool(request_, key);
        if (request_.contains("instructions") && !request_["instructions"].is_string())
            refuse_type("instructions", "a string", request_["instructions"]);
        if (need(request_, "store", "") != false)
            refuse("This server keeps nothing: 'store' must be false.", "invalid_value", "store");
        check_max();
        check_include();
        check_reasoning();
        check_tools();
        check_tool_choice();
        check_text();
    }

private:
    void check_max() const {
        if (!request_.contains("max_output_tokens")) return;
        const Json& max = request_["max_output_tokens"];
        if (!max.is_number_integer()) refuse_type("max_output_tokens", "an integer", max);
        if (max < 16) {
            refuse(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
                "16, but got " +
                    max.dump() + " instead.",
                "integer_below_min_value", "max_output_tokens");
        }
    }

    void check_include() const {
        if (!request_.contains("include")) return;
        if (!request_["include"].is_array())
            refuse_type("include", "an array of strings", request_["include"]);
        for (const Json& one : request_["include"]) {
            if (one != "reasoning.encrypted_content")
                refuse_value("include[0]", one.dump(), "'reasoning.encrypted_content'");
            if (rules_.no_encrypted_reasoning) {
                refuse("Encrypted content is not supported with this model.", "invalid_value",
                       "include");
            }
        }
    }

    void check_reasoning() const {
        if (!request_.contains("reasoning")) return;
        only(request_["reasoning"], {"effort", "summary"}, "reasoning");
        if (!rules_.reasoning_model) {
            refuse("Unsupported parameter: 'reasoning.effort' is not supported with this model.",
                   "unsupported_parameter", "reasoning.effort");
        }
    }

    void check_tools() const {
        if (!request_.contains("tools")) return;
        const Json& tools = request_["tools"];
        if (!tools.is_array()) refuse_type("tools", "an array of objects", tools);
        std::set<std::string> names;
        for (std::size_t i = 0; i < tools.size(); ++i) {
            const std::string where = "tools[" + std::to_string(i) + "]";
            if (need_string(tools[i], "type", where) != "function")
                refuse_value(where + ".type", string_or(tools[i], "type"), "'function'");
            only(tools[i], {"type", "name", "description", "parameters", "strict"}, where);
            const std::string name = need_string(tools[i], "name", where);
            check_name(name, where + ".name");
            if (!names.insert(name).second) refuse("Tool names must be unique.");
            need(tools[i], "strict", where);
            openai::may_be_bool(tools[i], "strict", where);
            openai::check_schema(need(tools[i], "parameters", where), tools[i]["strict"] == true,
                                 "function '" + name + "'");
        }
    }

    void check_tool_choice() const {
        if (!request_.contains("tool_choice")) return;
        const Json& choice = request_["tool_choice"];
        if (!request_.contains("tools") && choice != "none" && choice != "auto") {
            refuse(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' "
                "are specified.",
                "", "tool_choice");
        }
        if (choice.is_object()) return only(choice, {"type", "name"}, "tool_choice");
        if (choice != "none" && choice != "auto" && choice != "required") {
            refuse_value("tool_choice", choice.dump(), "'none', 'auto', and 'required'");
        }
    }

    void check_text() const {
        if (!request_.contains("text")) return;
        only(request_["text"], {"format", "verbosity"}, "text");
        if (!request_["text"].contains("format")) return;
        const Json& format = request_["text"]["format"];
        const std::string type = need_string(format, "type", "text.format");
        if (type != "json_schema") return;
        only(format, {"type", "name", "schema", "strict", "description"}, "text.format");
        check_name(need_string(format, "name", "text.format"), "text.format.name");
        openai::may_be_bool(format, "strict", "text.format");
        openai::check_schema(need(format, "schema", "text.format"), format.value("strict", true),
                             "response_format");
    }

    const Json& request_;
    const EndpointRules& rules_;
};

/// Checks the items of `input`.
class ResponsesInput {
public:
    void check(const Json& input) {
        if (input.is_string()) return;
        if (!input.is_array()) refuse_type("input", "one of a string or array of items", input);
        if (input.empty()) refuse("Invalid 'input': empty array.", "empty_array", "input");
        for (std::size_t i = 0; i < input.size(); ++i) {
            where_ = "input[" + std::to_string(i) + "]";
            check_item(input[i]);
        }
        for (const std::string& id : calls_) {
            if (answered_.count(id) == 0)
                refuse("No tool output found for function call " + id + ".", "", "input");
        }
        if (open_reasoning_) {
            refuse("Item '" + last_reasoning_ +
                   "' of type 'reasoning' was provided without its required following item.");
        }
    }

private:
    void check_item(const Json& item) {
        if (!item.is_object()) refuse_type(where_, "an object", item);
        const std::string type =
            item.contains("type") ? need_string(item, "type", where_) : std::string("message");
        if (type == "message") {
            check_message(item);
        } else if (type == "function_call") {
            check_call(item);
        } else if (type == "function_call_output") {
            check_output(item);
        } else if (type == "reasoning") {
            check_reasoning_item(item);
        } else {
            refuse_value(where_, type,
                         "'function_call', 'function_call_output', 'message', and 'reasoning'");
        }
        open_reasoning_ = type == "reasoning";
    }

    void check_message(const Json& item) {
        const std::string role = need_string(item, "role", where_);
        const bool mine = role == "assistant";
        if (mine) {
            only(item, {"type", "role", "content", "id", "status", "phase"}, where_);
        } else {
            only(item, {"type", "role", "content", "status"}, where_);
        }
        if (role != "user" && !mine && role != "system" && role != "developer")
            refuse_value(where_ + ".role", role, "'assistant', 'system', 'developer', and 'user'");
        const Json& content = need(item, "content", where_);
        if (content.is_string()) return;
        if (!content.is_array())
            refuse_type(where_ + ".content", "one of a string or array of objects", content);
        if (content.empty()) refuse("Invalid '" + where_ + ".content': empty array.");
        for (std::size_t i = 0; i < content.size(); ++i)
            check_part(content[i], mine, where_ + ".content[" + std::to_string(i) + "]");
    }

    static void check_part(const Json& part, bool mine, const std::string& where) {
        const std::string type = need_string(part, "type", where);
        if (mine && type == "output_text") {
            only(part, {"type", "text", "annotations", "logprobs"}, where);
            need_string(part, "text", where);
        } else if (mine && type == "refusal") {
            only(part, {"type", "refusal"}, where);
            need_string(part, "refusal", where);
        } else if (!mine && type == "input_text") {
            only(part, {"type", "text"}, where);
            if (need_string(part, "text", where).empty()) refuse("Invalid '" + where + "': empty.");
        } else if (!mine && type == "input_image") {
            only(part, {"type", "image_url", "detail", "file_id"}, where);
            openai::check_image_url(need_string(part, "image_url", where), where + ".image_url");
        } else {
            refuse_value(where, type,
                         mine ? "'output_text' and 'refusal'"
                              : "'input_text', 'input_image', and 'input_file'");
        }
    }

    void check_call(const Json& item) {
        only(item, {"type", "id", "call_id", "name", "arguments", "status"}, where_);
        const std::string id = call_id_of(item);
        check_name(need_string(item, "name", where_), where_ + ".name");
        openai::check_arguments(item, where_);
        if (item.contains("id") && !need_string(item, "id", where_).starts_with("fc"))
            refuse("Invalid '" + where_ + ".id': Expected an ID that begins with 'fc'.");
        if (!ids_.insert(id).second) refuse("Duplicate call_id '" + id + "' in the input.");
        calls_.push_back(id);
    }

    std::string call_id_of(const Json& item) const {
        const std::string id = need_string(item, "call_id", where_);
        if (id.empty()) refuse("Invalid '" + where_ + ".call_id': empty string.", "empty_string");
        openai::check_length(id, 64, where_ + ".call_id");
        return id;
    }

    void check_output(const Json& item) {
        only(item, {"type", "id", "call_id", "output", "status"}, where_);
        const std::string id = call_id_of(item);
        if (ids_.count(id) == 0) {
            refuse("No tool call found for function call output with call_id " + id + ".", "",
                   "input");
        }
        if (!answered_.insert(id).second)
            refuse("Duplicate function call output for call_id " + id + ".", "", "input");
        const Json& output = need(item, "output", where_);
        if (output.is_string()) return;
        if (!output.is_array())
            refuse_type(where_ + ".output", "one of a string or array of objects", output);
        for (std::size_t i = 0; i < output.size(); ++i)
            check_part(output[i], false, where_ + ".output[" + std::to_string(i) + "]");
    }

    void check_reasoning_item(const Json& item) {
        only(item, {"type", "id", "summary", "content", "encrypted_content", "status"}, where_);
        last_reasoning_ = need_string(item, "id", where_);
        if (!need(item, "summary", where_).is_array())
            refuse_type(where_ + ".summary", "an array of objects", item["summary"]);
        if (!reasoning_ids_.insert(last_reasoning_).second) {
            refuse("Duplicate item found with id " + last_reasoning_ +
                   ". Remove duplicate items from your input and try again.");
        }
        if (!item.contains("encrypted_content") || !item["encrypted_content"].is_string()) {
            throw RefusedRequest{404,
                                 "Item with id '" + last_reasoning_ +
                                     "' not found. Items are not persisted when `store` is set to "
                                     "false. Try again with `store` set to true, or remove this "
                                     "item from your input.",
                                 "", "input"};
        }
    }

    std::string where_;
    std::vector<std::string> calls_;
    std::set<std::string> ids_;
    std::set<std::string> answered_;
    std::set<std::string> reasoning_ids_;
    std::string last_reasoning_;
    bool open_reasoning_ = false;
};

}  // namespace
}  // namespace openai

void check_responses_request(const Json& request, const EndpointRules& rules) {
    if (!request.is_object()) openai::refuse_type("", "an object", request);
    openai::ResponsesOptions(request, rules).check();
    openai::ResponsesInput().check(openai::need(request, "input", ""));
}

}  // namespace tenon::testing
