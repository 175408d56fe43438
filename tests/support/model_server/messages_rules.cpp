#include "tests/support/model_server/messages_rules.h"

#include <algorithm>
#include <initializer_list>
#include <set>

namespace tenon::testing {
namespace {

using Names = std::initializer_list<std::string_view>;

[[noreturn]] void refuse(const std::string& message) {
    throw RefusedRequest{400, message};
}

void only(const Json& object, Names allowed, const std::string& where) {
    for (const auto& [key, value] : object.items()) {
        if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
            refuse((where.empty() ? "" : where + ".") + key + ": Extra inputs are not permitted");
        }
    }
}

void need_string(const Json& object, const char* key, const std::string& where) {
    const std::string path = where.empty() ? key : where + "." + key;
    if (!object.contains(key)) refuse(path + ": Field required");
    if (!object[key].is_string()) refuse(path + ": Input should be a valid string");
}

/// Knows only the Unicode blanks that are likely in an answer; the endpoint knows all of them.
bool is_blank(std::string text) {
    for (const std::string_view wide : {"\xC2\x85", "\xC2\xA0", "\xE2\x80\x83", "\xE2\x80\xA8",
                                        "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE3\x80\x80"}) {
        for (auto at = text.find(wide); at != text.npos; at = text.find(wide))
            text.erase(at, wide.size());
    }
    return text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
}

/// Checks a request in the order of its cached prefix: tools, system, messages.
class MessagesChecker {
public:
    MessagesChecker(const Json& request, const EndpointRules& options)
        : request_(request), options_(options) {}

    void run() {
        if (!request_.is_object()) refuse("Input should be a valid dictionary");
        check_top();
        check_tools();
        check_tool_choice();
        check_system();
        check_messages();
        if (marks_ > 4) {
            refuse("A maximum of 4 blocks with cache_control may be provided. Found " +
                   std::to_string(marks_) + ".");
        }
    }

private:
    void check_top() {
        only(request_,
             {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream",
              "stop_sequences", "metadata", "thinking", "output_config", "cache_control",
              "service_tier", "speed", "diagnostics"},
             "");
        need_string(request_, "model", "");
        if (request_["model"].get<std::string>().empty()) {
            refuse("model: String should have at least 1 character");
        }
        if (!request_.contains("max_tokens")) refuse("max_tokens: Field required");
        const Json& max = request_["max_tokens"];
        if (!max.is_number_integer()) refuse("max_tokens: Input should be a valid integer");
        if (max < 1) refuse("max_tokens: Input should be greater than or equal to 1");
        if (max > options_.max_tokens) {
            refuse("max_tokens: " + max.dump() + " > " + std::to_string(options_.max_tokens) +
                   ", which is the maximum allowed number of output tokens");
        }
        if (request_.contains("stream") && !request_["stream"].is_boolean()) {
            refuse("stream: Input should be a valid boolean");
        }
        mark(request_, "");
    }

    void mark(const Json& holder, const std::string& where) {
        if (!holder.contains("cache_control")) return;
        const Json& control = holder["cache_control"];
        const std::string path = where + ".cache_control";
        if (!control.is_object()) refuse(path + ": Input should be a valid dictionary");
        only(control, {"type", "ttl"}, path);
        if (control.value("type", Json()) != "ephemeral") {
            refuse(path + ".type: Input should be 'ephemeral'");
        }
        const Json ttl = control.value("ttl", Json("5m"));
        if (ttl != "5m" && ttl != "1h") refuse(path + ".ttl: Input should be '5m' or '1h'");
        if (ttl == "1h" && short_mark_seen_ && !where.empty()) {
            refuse(path +
                   ": a ttl='1h' cache_control block must not come after a ttl='5m' "
                   "cache_control block");
        }
        short_mark_seen_ = short_mark_seen_ || (ttl == "5m" && !where.empty());
        ++marks_;
    }

    void check_tools() {
        if (!request_.contains("tools")) return;
        if (!request_["tools"].is_array()) refuse("tools: Input should be a valid list");
        std::set<std::string> names;
        for (std::size_t i = 0; i < request_["tools"].size(); ++i) {
            const std::string where = "tools." + std::to_string(i);
            check_tool(request_["tools"][i], where, names);
        }
    }

    void check_tool(const Json& tool, const std::string& where, std::set<std::string>& names) {
        if (!tool.is_object()) refuse(where + ": Input should be a valid dictionary");
        only(tool,
             {"name", "description", "input_schema", "cache_control", "strict", "defer_loading",
              "eager_input_streaming", "input_examples", "type"},
             where);
        need_string(tool, "name", where);
        const std::string name = tool["name"].get<std::string>();
        if (!is_plain_name(name, 64)) {
            refuse(where + ".name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'");
        }
        if (!names.insert(name).second) refuse("tools: Tool names must be unique.");
        if (tool.contains("description")) need_string(tool, "description", where);
        if (!tool.contains("input_schema")) refuse(where + ".input_schema: Field required");
        check_schema(tool["input_schema"], where + ".input_schema");
        mark(tool, where);
    }

    static void check_schema(const Json& schema, const std::string& where) {
        if (!schema.is_object()) refuse(where + ": Input should be a valid dictionary");
        if (!schema.contains("type")) refuse(where + ".type: Field required");
        if (schema["type"] != "object") refuse(where + ".type: Input should be 'object'");
        for (const char* key : {"oneOf", "anyOf", "allOf"}) {
            if (schema.contains(key)) {
                refuse(where +
                       ": input_schema does not support oneOf, allOf, or anyOf at the top "
                       "level");
            }
        }
        const bool bad_properties =
            schema.contains("properties") && !schema["properties"].is_object();
        const bool bad_required = schema.contains("required") && !schema["required"].is_array();
        if (bad_properties || bad_required) {
            refuse(where + ": JSON schema is invalid. It must match JSON Schema draft 2020-12");
        }
    }

    void check_tool_choice() {
        if (!request_.contains("tool_choice")) return;
        const Json& choice = request_["tool_choice"];
        if (!choice.is_object()) refuse("tool_choice: Input should be a valid dictionary");
        only(choice, {"type", "name", "disable_parallel_tool_use"}, "tool_choice");
        const Json type = choice.value("type", Json());
        if (type == "any" || type == "tool") {
            refuse("tool_choice: type \"tool\" and \"any\" are not supported for this model.");
        }
        if (type != "auto" && type != "none") {
            refuse("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
        }
        if (type == "none" && choice.size() > 1) {
            refuse("tool_choice: Extra inputs are not permitted");
        }
        if (!has_tools()) refuse("tool_choice may only be specified while providing tools");
    }

    [[nodiscard]] bool has_tools() const {
        return request_.contains("tools") && !request_["tools"].empty();
    }

    void check_system() {
        if (!request_.contains("system")) return;
        const Json& system = request_["system"];
        if (system.is_string()) return;
        if (!system.is_array()) refuse("system: Input should be a valid list");
        for (std::size_t i = 0; i < system.size(); ++i) {
            const std::string where = "system." + std::to_string(i);
            if (!system[i].is_object() || string_or(system[i], "type") != "text") {
                refuse(where + ".type: Input should be 'text'");
            }
            only(system[i], {"type", "text", "cache_control", "citations"}, where);
            check_text(system[i], where, "system");
        }
    }

    void check_text(const Json& block, const std::string& where, const std::string& whose) {
        need_string(block, "text", where);
        const std::string text = block["text"].get<std::string>();
        if (text.empty()) refuse(whose + ": text content blocks must be non-empty");
        if (is_blank(text))
            refuse(whose + ": text content blocks must contain non-whitespace text");
        mark(block, where);
    }

    void check_messages() {
        if (!request_.contains("messages")) refuse("messages: Field required");
        const Json& messages = request_["messages"];
        if (!messages.is_array()) refuse("messages: Input should be a valid list");
        if (messages.empty()) refuse("messages: at least one message is required");
        if (messages.size() > 100'000) refuse("messages: List should have at most 100000 items");
        std::vector<std::string> open;  // calls of the message before, not answered yet
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const std::string where = "messages." + std::to_string(i);
            check_role(messages, i, where);
            open = check_content(messages[i], where, std::move(open), i + 1 == messages.size());
        }
        if (!open.empty())
            refuse_unanswered("messages." + std::to_string(messages.size() - 1), open);
        check_end(messages.back());
        if (tool_blocks_ && !has_tools()) {
            refuse("Requests which include `tool_use` or `tool_result` blocks must define tools");
        }
    }

    void check_role(const Json& messages, std::size_t i, const std::string& where) const {
        const Json& message = messages[i];
        if (!message.is_object()) refuse(where + ": Input should be a valid dictionary");
        only(message, {"role", "content"}, where);
        const std::string role = string_or(message, "role");
        if (role == "system") refuse("role 'system' is not supported on this model");
        if (role != "user" && role != "assistant") {
            refuse(where + ".role: Input should be 'user' or 'assistant'");
        }
        if (i == 0 && role != "user") {
            refuse("messages: first message must use the \"user\" role");
        }
        if (i > 0 && options_.reject_same_role && role == string_or(messages[i - 1], "role")) {
            refuse(
                "messages: roles must alternate between \"user\" and \"assistant\", but found "
                "multiple \"" +
                role + "\" roles in a row");
        }
    }

    [[noreturn]] static void refuse_unanswered(const std::string& where,
                                               const std::vector<std::string>& open) {
        std::string ids;
        for (const auto& id : open)
            ids += (ids.empty() ? "" : ", ") + id;
        refuse(
            where +
            ": `tool_use` ids were found without `tool_result` blocks immediately after: " + ids);
    }

    /// Returns the calls that the next message has to answer.
    std::vector<std::string> check_content(const Json& message, const std::string& where,
                                           std::vector<std::string> open, bool last) {
        if (!message.contains("content")) refuse(where + ".content: Field required");
        const Json& content = message["content"];
        const bool assistant = message["role"] == "assistant";
        if (content.is_string()) {
            if (!open.empty()) refuse_unanswered(where, open);
            if (content.get<std::string>().empty() && !(assistant && last)) refuse_empty(where);
            if (is_blank(content.get<std::string>())) {
                refuse("messages: text content blocks must contain non-whitespace text");
            }
            return {};
        }
        if (!content.is_array()) refuse(where + ".content: Input should be a valid list");
        if (content.empty() && !(assistant && last)) refuse_empty(where);
        const std::vector<std::string> asked = open;
        std::set<std::string> answered;
        std::vector<std::string> calls;
        for (std::size_t i = 0; i < content.size(); ++i) {
            const std::string path = where + ".content." + std::to_string(i);
            const Json& block = content[i];
            if (!block.is_object()) refuse(path + ": Input should be a valid dictionary");
            const std::string type = string_or(block, "type");
            if (type == "tool_result" && !assistant) {
                check_result(block, path, asked, answered, open);
                continue;
            }
            if (!open.empty()) refuse_unanswered(where, open);
            assistant ? check_assistant_block(block, type, path, calls)
                      : check_user_block(block, type, path);
        }
        if (!open.empty()) refuse_unanswered(where, open);
        if (assistant && !content.empty()) refuse_thinking_at_the_end(content.back(), where);
        if (assistant && !last) refuse_open_server_calls(content, where);
        return calls;
    }

    /// Only a paused answer, which is the last message, may have server calls without a result.
    static void refuse_open_server_calls(const Json& content, const std::string& where) {
        std::set<std::string> ended;
        for (const Json& block : content) {
            if (string_or(block, "type").ends_with("_tool_result"))
                ended.insert(string_or(block, "tool_use_id"));
        }
        for (const Json& block : content) {
            if (string_or(block, "type") != "server_tool_use") continue;
            const std::string name = string_or(block, "name");
            const std::string id = string_or(block, "id");
            if (ended.count(id) > 0) continue;
            refuse(where + ": `" + name + "` tool use with id `" + id +
                   "` was found without a corresponding `" + name + "_tool_result` block");
        }
    }

    static void refuse_thinking_at_the_end(const Json& block, const std::string& where) {
        const std::string type = string_or(block, "type");
        if (type != "thinking" && type != "redacted_thinking") return;
        refuse(where + ": The final block in an assistant message cannot be `thinking`.");
    }

    [[noreturn]] static void refuse_empty(const std::string& where) {
        refuse(where +
               ": all messages must have non-empty content except for the optional final "
               "assistant message");
    }

    void check_result(const Json& block, const std::string& path,
                      const std::vector<std::string>& asked, std::set<std::string>& answered,
                      std::vector<std::string>& open) {
        tool_blocks_ = true;
        only(block, {"type", "tool_use_id", "content", "is_error", "cache_control"}, path);
        need_string(block, "tool_use_id", path);
        const std::string id = block["tool_use_id"].get<std::string>();
        if (std::find(asked.begin(), asked.end(), id) == asked.end()) {
            refuse(path + ": unexpected `tool_use_id` found in `tool_result` blocks: " + id +
                   ". Each `tool_result` block must have a corresponding `tool_use` block in the "
                   "previous message.");
        }
        if (!answered.insert(id).second) {
            refuse(path +
                   ": each tool_use must have a single result. Found multiple "
                   "`tool_result` blocks with id: " +
                   id);
        }
        open.erase(std::remove(open.begin(), open.end(), id), open.end());
        if (block.contains("is_error") && !block["is_error"].is_boolean()) {
            refuse(path + ".is_error: Input should be a valid boolean");
        }
        const Json content = block.value("content", Json(""));
        if (!content.is_string() && !content.is_array()) {
            refuse(path + ".content: Input should be a valid list");
        }
        for (std::size_t i = 0; content.is_array() && i < content.size(); ++i) {
            const std::string inner = path + ".content." + std::to_string(i);
            if (!content[i].is_object()) refuse(inner + ": Input should be a valid dictionary");
            check_user_block(content[i], string_or(content[i], "type"), inner);
        }
        mark(block, path);
    }

    void check_user_block(const Json& block, const std::string& type, const std::string& path) {
        if (type == "text") {
            only(block, {"type", "text", "cache_control", "citations"}, path);
            if (block.contains("citations") && !block["citations"].empty()) {
                refuse(path + ".citations: Extra inputs are not permitted");
            }
            check_text(block, path, "messages");
        } else if (type == "image" || type == "document" || type == "search_result") {
            mark(block, path);
        } else {
            refuse(path + ": Input tag '" + type +
                   "' found using 'type' does not match any of the "
                   "expected tags: 'document', 'image', 'search_result', 'text', "
                   "'tool_result'");
        }
    }

    void check_assistant_block(const Json& block, const std::string& type, const std::string& path,
                               std::vector<std::string>& calls) {
        if (type == "text") {
            only(block, {"type", "text", "cache_control", "citations"}, path);
            check_text(block, path, "messages");
        } else if (type == "tool_use") {
            check_call(block, path);
            calls.push_back(block["id"].get<std::string>());
        } else if (type == "thinking") {
            only(block, {"type", "thinking", "signature"}, path);
            need_string(block, "thinking", path);
            need_string(block, "signature", path);
        } else if (type == "redacted_thinking") {
            only(block, {"type", "data"}, path);
            need_string(block, "data", path);
        } else if (type == "server_tool_use" || type.ends_with("_tool_result")) {
            mark(block, path);
        } else {
            refuse(path + ": Input tag '" + type +
                   "' found using 'type' does not match any of the "
                   "expected tags");
        }
    }

    void check_call(const Json& block, const std::string& path) {
        tool_blocks_ = true;
        only(block, {"type", "id", "name", "input", "cache_control", "caller", "toolset_name"},
             path);
        need_string(block, "id", path);
        need_string(block, "name", path);
        const std::string id = block["id"].get<std::string>();
        if (!is_plain_name(block["name"].get<std::string>(), 128))
            refuse(path + ".name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
        if (!is_plain_name(id, 256))
            refuse(path + ".id: String should match pattern '^[a-zA-Z0-9_-]+$'");
        if (!ids_.insert(id).second) refuse("messages: `tool_use` ids must be unique");
        if (!block.contains("input")) refuse(path + ".input: Field required");
        if (!block["input"].is_object())
            refuse(path + ".input: Input should be a valid dictionary");
        mark(block, path);
    }

    static void check_end(const Json& last) {
        if (last["role"] != "assistant") return;
        const Json& content = last["content"];
        const std::string type =
            content.is_array() && !content.empty() ? string_or(content.back(), "type") : "";
        if (type == "server_tool_use" || type.ends_with("_tool_result")) return;  // pause_turn
        refuse(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message.");
    }

    const Json& request_;
    const EndpointRules& options_;
    std::set<std::string> ids_;
    int marks_ = 0;
    bool short_mark_seen_ = false;
    bool tool_blocks_ = false;
};

}  // namespace

void check_messages_request(const Json& request, const EndpointRules& rules) {
    MessagesChecker(request, rules).run();
}

}  // namespace tenon::testing
