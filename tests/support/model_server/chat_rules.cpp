#include "tests/support/model_server/chat_rules.h"

#include <algorithm>
#include <set>

#include "tests/support/model_server/openai_rules.h"

namespace tenon::testing {
namespace openai {
namespace {

/// Checks the members beside `messages`.
class ChatOptions {
public:
    ChatOptions(const Json& request, const EndpointRules& rules)
        : request_(request), rules_(rules) {}

    void check() const {
        only(request_,
             {"model",
              "messages",
              "stream",
              "stream_options",
              "max_tokens",
              "max_completion_tokens",
              "tools",
              "tool_choice",
              "parallel_tool_calls",
              "temperature",
              "top_p",
              "stop",
              "seed",
              "presence_penalty",
              "frequency_penalty",
              "reasoning_effort",
              "response_format",
              "n",
              "user",
              "store",
              "service_tier",
              "logit_bias",
              "logprobs",
              "top_logprobs",
              "metadata",
              "prompt_cache_key",
              "safety_identifier",
              "verbosity",
              "modalities"},
             "");
        if (need_string(request_, "model", "").empty())
            refuse("you must provide a model parameter", "", "model");
        for (const char* key : {"stream", "parallel_tool_calls", "store"})
            openai::may_be_bool(request_, key);
        for (const char* key : {"temperature", "top_p", "presence_penalty", "frequency_penalty"})
            openai::may_be_number(request_, key);
        check_stream_options();
        check_max("max_tokens");
        check_max("max_completion_tokens");
        check_tools();
        check_tool_choice();
        check_answer_format();
        check_reasoning();
    }

private:
    void check_stream_options() const {
        if (!request_.contains("stream_options")) return;
        const Json& options = request_["stream_options"];
        if (options.is_null()) return;
        only(options, {"include_usage", "include_obfuscation"}, "stream_options");
        openai::may_be_bool(options, "include_usage", "stream_options");
        if (!request_.value("stream", false)) {
            refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "",
                   "stream_options");
        }
    }

    void check_max(const char* key) const {
        if (!request_.contains(key)) return;
        const Json& max = request_[key];
        if (!max.is_number_integer()) refuse_type(key, "an integer", max);
        if (max < 1) {
            refuse("Invalid '" + std::string(key) +
                       "': integer below minimum value. Expected a value >= 1, but got " +
                       max.dump() + " instead.",
                   "integer_below_min_value", key);
        }
        if (max > rules_.max_tokens) {
            refuse("max_tokens is too large: " + max.dump() + ". This model supports at most " +
                       std::to_string(rules_.max_tokens) + " completion tokens.",
                   "invalid_value", key);
        }
        if (key != std::string("max_tokens")) return;
        if (rules_.reasoning_model) {
            refuse(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                "unsupported_parameter", key);
        }
        if (request_.contains("max_completion_tokens"))
            refuse(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                "supported.",
                "invalid_parameter_combination");
    }

    void check_tools() const {
        if (!request_.contains("tools")) return;
        const Json& tools = request_["tools"];
        if (!tools.is_array()) refuse_type("tools", "an array of objects", tools);
        if (tools.empty()) {
            refuse(
                "Invalid 'tools': empty array. Expected an array with minimum length 1, but "
                "got an empty array instead.",
                "empty_array", "tools");
        }
        std::set<std::string> names;
        for (std::size_t i = 0; i < tools.size(); ++i) {
            const std::string where = "tools[" + std::to_string(i) + "]";
            only(tools[i], {"type", "function"}, where);
            if (need_string(tools[i], "type", where) != "function")
                refuse_value(where + ".type", string_or(tools[i], "type"),
                             "'function' and 'custom'");
            const Json& function = need(tools[i], "function", where);
            const std::string inner = where + ".function";
            only(function, {"name", "description", "parameters", "strict"}, inner);
            const std::string name = need_string(function, "name", inner);
            check_name(name, inner + ".name");
            if (!names.insert(name).second) refuse("Tool names must be unique.");
            if (function.contains("description")) need_string(function, "description", inner);
            openai::may_be_bool(function, "strict", inner);
            openai::check_schema(function.value("parameters", Json{{"type", "object"}}),
                                 function.value("strict", false), "function '" + name + "'");
        }
    }

    void check_tool_choice() const {
        for (const char* key : {"tool_choice", "parallel_tool_calls"}) {
            if (request_.contains(key) && !request_.contains("tools")) {
                refuse("Invalid value for '" + std::string(key) + "': '" + key +
                           "' is only allowed when 'tools' are specified.",
                       "", key);
            }
        }
        if (!request_.contains("tool_choice")) return;
        const Json& choice = request_["tool_choice"];
        if (choice.is_object()) {
            only(choice, {"type", "function"}, "tool_choice");
            need_string(need(choice, "function", "tool_choice"), "name", "tool_choice.function");
        } else if (choice != "none" && choice != "auto" && choice != "required") {
            refuse_value("tool_choice",
                         choice.is_string() ? choice.get<std::string>() : choice.dump(),
                         "'none', 'auto', and 'required'");
        }
    }

    void check_answer_format() const {
        if (!request_.contains("response_format")) return;
        const Json& format = request_["response_format"];
        only(format, {"type", "json_schema"}, "response_format");
        const std::string type = need_string(format, "type", "response_format");
        if (type == "text" || type == "json_object") return;
        if (type != "json_schema")
            refuse_value("response_format.type", type, "'json_object', 'json_schema', and 'text'");
        const std::string where = "response_format.json_schema";
        const Json& schema = need(format, "json_schema", "response_format");
        only(schema, {"name", "description", "schema", "strict"}, where);
        check_name(need_string(schema, "name", where), where + ".name");
        openai::may_be_bool(schema, "strict", where);
        openai::check_schema(schema.value("schema", Json{{"type", "object"}}),
                             schema.value("strict", false), "response_format");
    }

    void check_reasoning() const {
        if (!request_.contains("reasoning_effort")) return;
        const std::string effort = need_string(request_, "reasoning_effort", "");
        if (!rules_.reasoning_model) {
            refuse("Unrecognized request argument supplied: reasoning_effort", "",
                   "reasoning_effort");
        }
        static const std::set<std::string> kEfforts = {"none",   "minimal", "low",
                                                       "medium", "high",    "xhigh"};
        if (kEfforts.count(effort) == 0)
            refuse_value("reasoning_effort", effort, "'low', 'medium', and 'high'");
    }

    const Json& request_;
    const EndpointRules& rules_;
};

/// Checks the messages: each alone, and that every call is answered where it must be.
class ChatMessages {
public:
    explicit ChatMessages(const EndpointRules& rules) : rules_(rules) {}

    void check(const Json& messages) {
        if (!messages.is_array()) refuse_type("messages", "an array of objects", messages);
        if (messages.empty()) {
            refuse(
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but "
                "got an empty array instead.",
                "empty_array", "messages");
        }
        for (std::size_t i = 0; i < messages.size(); ++i) {
            where_ = "messages[" + std::to_string(i) + "]";
            check_message(messages[i], i);
        }
        refuse_open();
        if (before_ == "assistant") refuse("Cannot continue from an assistant message", "", where_);
    }

private:
    void check_message(const Json& message, std::size_t i) {
        const std::string role = need_string(message, "role", where_);
        if (role != "tool") refuse_open();
        if (role == "system" || role == "developer") {
            only(message, {"role", "content", "name"}, where_);
            if (rules_.reject_system_role) refuse("System role not supported");
            if (i > 0) refuse("System message must be at the beginning.", "", where_);
            check_content(message, false);
        } else if (role == "user") {
            only(message, {"role", "content", "name"}, where_);
            refuse_repeated("user");
            if (rules_.reject_user_after_tool && before_ == "tool")
                refuse("Unexpected role 'user' after role 'tool'", "invalid_request_message_order");
            check_content(message, true);
            before_ = "user";
        } else if (role == "assistant") {
            if (before_.empty()) refuse_alternation();
            refuse_repeated("assistant");
            check_assistant(message);
            before_ = "assistant";
        } else if (role == "tool") {
            check_result(message);
            before_ = "tool";
        } else {
            refuse_value(where_ + ".role", role,
                         "'system', 'assistant', 'user', 'function', 'tool', and 'developer'");
        }
    }

    [[noreturn]] static void refuse_alternation() {
        refuse("Conversation roles must alternate user/assistant/user/assistant/...");
    }

    void refuse_repeated(const std::string& role) const {
        if (rules_.reject_same_role && before_ == role) refuse_alternation();
    }

    void refuse_open() const {
        if (open_.empty()) return;
        std::string ids;
        for (const auto& id : open_)
            ids += (ids.empty() ? "" : ", ") + id;
        refuse(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: " +
                ids,
            "", where_ + ".role");
    }

    void check_content(const Json& message, bool images) const {
        const Json& content = need(message, "content", where_);
        const std::string path = where_ + ".content";
        if (content.is_string()) {
            if (content.get<std::string>().empty()) refuse_empty(path);
            return;
        }
        if (!content.is_array()) refuse_type(path, "one of a string or array of objects", content);
        if (content.empty()) refuse_empty(path);
        for (std::size_t i = 0; i < content.size(); ++i)
            check_part(content[i], images, path + "[" + std::to_string(i) + "]");
    }

    [[noreturn]] static void refuse_empty(const std::string& path) {
        refuse("Invalid '" + path + "': empty content is not allowed.", "empty_content", path);
    }

    static void check_part(const Json& part, bool images, const std::string& where) {
        const std::string type = need_string(part, "type", where);
        if (type == "text") {
            only(part, {"type", "text"}, where);
            if (need_string(part, "text", where).empty()) refuse_empty(where + ".text");
        } else if (type == "image_url" && images) {
            only(part, {"type", "image_url"}, where);
            const Json& image = need(part, "image_url", where);
            only(image, {"url", "detail"}, where + ".image_url");
            openai::check_image_url(need_string(image, "url", where + ".image_url"),
                                    where + ".image_url.url");
        } else if (type == "image_url") {
            refuse(
                "Invalid 'messages': image URLs are only allowed for messages with role "
                "'user', but this message contains an image URL.",
                "invalid_value", where);
        } else {
            refuse_value(where + ".type", type, images ? "'text' and 'image_url'" : "'text'");
        }
    }

    void check_assistant(const Json& message) {
        only(message,
             {"role", "content", "name", "refusal", "tool_calls", "reasoning_content", "reasoning",
              "reasoning_details"},
             where_);
        const bool calls = message.contains("tool_calls");
        const Json content = message.value("content", Json());
        if (rules_.reject_null_content && content.is_null())
            refuse(where_ + ".content: invalid type: null, expected a string");
        const bool may_be_missing = calls && content == (rules_.reject_null_content ? "" : Json());
        if (!may_be_missing) check_content(message, false);
        if (!calls) return;
        const Json& list = message["tool_calls"];
        const std::string path = where_ + ".tool_calls";
        if (!list.is_array()) refuse_type(path, "an array of objects", list);
        if (list.empty()) {
            refuse("Invalid '" + path +
                       "': empty array. Expected an array with minimum length 1, but got an empty "
                       "array instead.",
                   "empty_array", path);
        }
        for (std::size_t i = 0; i < list.size(); ++i)
            check_call(list[i], path + "[" + std::to_string(i) + "]");
    }

    void check_call(const Json& call, const std::string& where) {
        only(call, {"id", "type", "function"}, where);
        const std::string id = need_string(call, "id", where);
        if (id.empty()) refuse("Invalid '" + where + ".id': empty string.", "empty_string", where);
        openai::check_length(id, 40, where + ".id");
        if (need_string(call, "type", where) != "function")
            refuse_value(where + ".type", string_or(call, "type"), "'function'");
        const Json& function = need(call, "function", where);
        only(function, {"name", "arguments"}, where + ".function");
        check_name(need_string(function, "name", where + ".function"), where + ".function.name");
        openai::check_arguments(function, where + ".function");
        if (!ids_.insert(id).second)
            refuse("Duplicate value for 'tool_call_id' of '" + id + "' in the conversation.");
        open_.push_back(id);
    }

    void check_result(const Json& message) {
        only(message, {"role", "content", "tool_call_id"}, where_);
        const std::string id = need_string(message, "tool_call_id", where_);
        if (open_.empty() && before_ != "tool") {
            refuse(
                "Invalid parameter: messages with role 'tool' must be a response to a "
                "preceeding message with 'tool_calls'.",
                "", where_ + ".role");
        }
        const auto call = std::find(open_.begin(), open_.end(), id);
        if (call == open_.end()) {
            refuse("Invalid parameter: 'tool_call_id' of '" + id +
                       "' not found in 'tool_calls' of previous message.",
                   "", where_ + ".tool_call_id");
        }
        if (call != open_.begin()) {
            refuse("The tool messages are not in the order of their calls: '" + open_.front() +
                       "' comes before '" + id + "'.",
                   "", where_ + ".tool_call_id");
        }
        open_.erase(call);
        const Json& content = need(message, "content", where_);
        if (content.is_string()) return;  // an empty result is allowed
        check_content(message, false);
    }

    const EndpointRules& rules_;
    std::string where_;
    std::string before_;             // the role of the last message, system ones excepted
    std::vector<std::string> open_;  // calls without a result, in their order
    std::set<std::string> ids_;
};

}  // namespace
}  // namespace openai

void check_chat_request(const Json& request, const EndpointRules& rules) {
    if (!request.is_object()) openai::refuse_type("", "an object", request);
    openai::ChatOptions(request, rules).check();
    openai::ChatMessages(rules).check(openai::need(request, "messages", ""));
}

}  // namespace tenon::testing
