#include "host/agent/wire.h"

#include <algorithm>

#include "host/agent/repair.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::string_view kEnd = "]}";
/// How image_block begins and goes on. Neither can stand inside a JSON string.
constexpr std::string_view kImageBegin =
    R"({"type":"image","source":{"type":"base64","media_type":)";
constexpr std::string_view kImageData = R"(,"data":")";

/// Counts the images of a block of the user into the message.
void count_images(std::string_view block, Message& message) {
    for (auto at = block.find(kImageBegin); at != block.npos; at = block.find(kImageBegin, at)) {
        const auto data = block.find(kImageData, at);
        if (data == block.npos) return;
        const auto from = data + kImageData.size();
        at = std::min(block.find('"', from), block.size());
        message.image_bytes += at - from;
        ++message.images;
    }
}

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

/// The closing quote of the JSON string that begins at `open`, or the end of the text.
std::size_t end_of_string(std::string_view text, std::size_t open) {
    for (std::size_t quote = text.find('"', open + 1); quote != text.npos;
         quote = text.find('"', quote + 1)) {
        std::size_t escapes = 0;  // an even number of backslashes is no escape of the quote
        while (text[quote - 1 - escapes] == '\\')
            ++escapes;
        if (escapes % 2 == 0) return quote;
    }
    return text.size();
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

bool is_thinking(const Message& message, std::size_t block) {
    return !message.can_mark[block];  // nothing else is without cache marks
}

bool has_foreign_thinking(const Message& message, std::string_view origin) {
    return !message.origin.empty() && message.origin != origin &&
           std::find(message.can_mark.begin(), message.can_mark.end(), false) !=
               message.can_mark.end();
}

std::vector<std::string_view> split_blocks(std::string_view array) {
    std::vector<std::string_view> blocks;
    std::size_t depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < array.size(); ++i) {
        const char c = array[i];
        if (c == '"') {
            i = end_of_string(array, i);
        } else if (c == '{' || c == '[') {
            if (++depth == 2) begin = i;
        } else if (c == '}' || c == ']') {
            if (--depth == 1) blocks.push_back(array.substr(begin, i + 1 - begin));
        }
    }
    return blocks;
}

std::string_view raw_member(std::string_view object, std::string_view key) {
    std::string_view value;
    find_raw_members(object, {&key, 1}, {&value, 1});
    return value;
}

void find_raw_members(std::string_view object, std::span<const std::string_view> keys,
                      std::span<std::string_view> values) {
    std::size_t depth = 0;
    std::size_t missing = keys.size();
    std::size_t wanted = keys.size();  // which of them the member is
    std::size_t value_from = 0;
    for (std::size_t i = 0; i < object.size() && missing > 0; ++i) {
        const char c = object[i];
        if (c == '"') {
            const std::size_t from = i + 1;
            i = end_of_string(object, i);
            if (depth != 1 || value_from != 0) continue;
            const std::size_t after = object.find_first_not_of(" \t\r\n", i + 1);
            if (after == std::string_view::npos || object[after] != ':') continue;
            const auto key = std::find(keys.begin(), keys.end(), object.substr(from, i - from));
            wanted = static_cast<std::size_t>(key - keys.begin());
            value_from = after + 1;
            i = after;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']' || c == ',') {
            if (depth == 1 && wanted < keys.size() && values[wanted].empty()) {
                values[wanted] = object.substr(value_from, i - value_from);
                --missing;
            }
            if (depth == 1) value_from = 0;
            if (depth == 1) wanted = keys.size();
            if (c != ',') --depth;
        }
    }
}

std::vector<std::string_view> call_blocks(const Message& answer) {
    constexpr std::string_view kCall = "tool_use";
    const std::string_view wire = answer.wire;
    // The bytes are those of the endpoint, which may have escaped any character.
    if (wire.find(kCall) == wire.npos && wire.find("\\u") == wire.npos) return {};
    std::vector<std::string_view> blocks = split_blocks(raw_member(wire, "content"));
    std::erase_if(blocks, [&](std::string_view block) {
        const Json type = json_or_null(raw_member(block, "type"));
        return !type.is_string() || *string_in(type) != kCall;
    });
    return blocks;
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
    // At once: a second growth would double what a single long block needs.
    message.wire.reserve(message.wire.size() + 1 + block.size());
    message.wire.resize(message.wire.size() - kEnd.size());
    if (!message.block_ends.empty()) message.wire += ',';
    message.wire += block;
    message.block_ends.push_back(message.wire.size() - 1);
    message.can_mark.push_back(message.role == Role::kUser || !is_thinking_block(block));
    if (message.role == Role::kUser) count_images(block, message);
    message.wire += kEnd;
}

std::string text_block(std::string_view text) {
    return R"({"type":"text","text":)" + json_quote(text) + "}";
}

std::string image_block(const Image& image) {
    std::string block;
    block.reserve(image.data.size() + 100);
    block.append(kImageBegin).append(json_quote(image.media_type));
    return block.append(kImageData).append(image.data).append(R"("}})");
}

std::vector<Image> images_in(const Json& block) {
    std::vector<Image> images;
    const std::string type = string_or(block, "type");
    if (type == "image") {
        const Json& source = member(block, "source");
        images.push_back({string_or(source, "media_type"), string_or(source, "data")});
    } else if (type == "tool_result" && member(block, "content").is_array()) {
        for (const Json& part : member(block, "content"))
            for (Image& image : images_in(part))
                images.push_back(std::move(image));
    }
    return images;
}

std::string text_of_result(const Json& content) {
    if (const std::string* text = string_in(content)) return *text;
    std::string all;
    if (!content.is_array()) return all;
    for (const Json& part : content) {
        const std::string type = string_or(part, "type");
        if (type != "text" && type != "image") continue;
        if (!all.empty()) all += '\n';
        all += type == "text" ? string_or(part, "text") : "[image]";
    }
    return all;
}

std::string tool_result_block(std::string_view tool_use_id, const ToolResult& result) {
    return tool_result_block(tool_use_id, json_quote(result.text), result.is_error, result.images);
}

std::string tool_result_block(std::string_view tool_use_id, std::string_view quoted, bool is_error,
                              const std::vector<Image>& images) {
    std::string block;
    block.reserve(quoted.size() + tool_use_id.size() + 100);
    block += R"({"type":"tool_result","tool_use_id":)" + json_quote(tool_use_id);
    const bool has_text = !is_blank_quoted(quoted);
    if (images.empty() && has_text) block.append(R"(,"content":)").append(quoted);
    if (!images.empty()) {
        block += R"(,"content":[)";
        if (has_text) block.append(R"({"type":"text","text":)").append(quoted).append("},");
        for (std::size_t i = 0; i < images.size(); ++i)
            block += (i == 0 ? "" : ",") + image_block(images[i]);
        block += "]";
    }
    if (is_error) block += R"(,"is_error":true)";
    return block + "}";
}

}  // namespace tenon::agent
