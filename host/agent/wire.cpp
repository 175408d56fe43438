#include "host/agent/wire.h"

#include "host/agent/repair.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::string_view kEnd = "]}";

/// Whether a JSON string holds nothing but blanks.
bool is_blank_quoted(std::string_view quoted) {
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        if (quoted[i] == ' ') continue;
        if (const std::size_t wide = utf8::first(quoted.substr(i, 4), 1).size(); wide > 1) {
            if (!is_blank(quoted.substr(i, wide))) return false;
            i += wide - 1;
            continue;
        }
        if (quoted[i] != '\\') return false;
        ++i;
        if (std::string_view("tnrf").find(quoted[i]) != std::string_view::npos) continue;
        // The control characters without a short escape: of these, \v is a blank.
        const std::string_view code = quoted.substr(i, 5);
        if (code != "u000b" && code != "u000B") return false;
        i += 4;
    }
    return true;
}

}  // namespace

bool is_thinking_block(std::string_view block) {
    // Providers write "type" as they received it, so look at the parsed value, not at the bytes;
    // unless these show that it cannot be.
    if (block.find("thinking") == block.npos && block.find("\\u") == block.npos) return false;
    const Json parsed = json_or_null(block);
    const std::string type = string_or(parsed, "type");
    return type == "thinking" || type == "redacted_thinking";
}

std::vector<std::string_view> split_blocks(std::string_view array) {
    std::vector<std::string_view> blocks;
    std::size_t depth = 0;
    std::size_t begin = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < array.size(); ++i) {
        const char c = array[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth == 2) begin = i;
        } else if (c == '}' || c == ']') {
            if (--depth == 1) blocks.push_back(array.substr(begin, i + 1 - begin));
        }
    }
    return blocks;
}

std::string_view raw_member(std::string_view object, std::string_view key) {
    const std::string quoted = json_quote(key);
    std::size_t depth = 0;
    std::size_t value_from = 0;  // of the wanted member, once its key has been seen
    for (std::size_t i = 0; i < object.size(); ++i) {
        const char c = object[i];
        if (c == '"') {
            const std::size_t from = i++;
            while (i < object.size() && object[i] != '"')
                i += object[i] == '\\' ? 2 : 1;
            const std::size_t after = object.find_first_not_of(" \t\r\n", i + 1);
            const bool is_key = depth == 1 && value_from == 0 && after != std::string_view::npos &&
                                object[after] == ':';
            if (is_key && object.substr(from, i + 1 - from) == quoted) {
                value_from = after + 1;
                i = after;
            }
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']' || c == ',') {
            if (depth == 1 && value_from != 0) return object.substr(value_from, i - value_from);
            if (c != ',') --depth;
        }
    }
    return {};
}

std::string with_member(std::string_view block, std::string_view key, std::string_view value) {
    std::string out(block);
    const std::string_view old = raw_member(block, key);
    if (!old.empty()) {
        out.replace(static_cast<std::size_t>(old.data() - block.data()), old.size(),
                    json_quote(value));
    } else {
        const bool alone = block.find('"') == std::string_view::npos;
        out.insert(1, json_quote(key) + ":" + json_quote(value) + (alone ? "" : ","));
    }
    return out;
}

Message empty_message(Role role) {
    Message message;
    message.role = role;
    message.wire = role == Role::kUser ? R"({"role":"user","content":[)"
                                       : R"({"role":"assistant","content":[)";
    message.wire += kEnd;
    return message;
}

void append_block(Message& message, std::string_view block) {
    message.wire.resize(message.wire.size() - kEnd.size());
    if (!message.block_ends.empty()) message.wire += ',';
    message.wire += block;
    message.block_ends.push_back(message.wire.size() - 1);
    message.can_mark.push_back(message.role == Role::kUser || !is_thinking_block(block));
    message.wire += kEnd;
}

std::string text_block(std::string_view text) {
    return R"({"type":"text","text":)" + json_quote(text) + "}";
}

std::string tool_result_block(std::string_view tool_use_id, const ToolResult& result) {
    return tool_result_block(tool_use_id, json_quote(result.text), result.is_error);
}

std::string tool_result_block(std::string_view tool_use_id, std::string_view quoted,
                              bool is_error) {
    std::string block;
    block.reserve(quoted.size() + tool_use_id.size() + 100);
    block += R"({"type":"tool_result","tool_use_id":)" + json_quote(tool_use_id);
    if (!is_blank_quoted(quoted)) block.append(R"(,"content":)").append(quoted);
    if (is_error) block += R"(,"is_error":true)";
    return block + "}";
}

}  // namespace tenon::agent
