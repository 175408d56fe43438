#include "host/agent/repair.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

constexpr std::size_t kLongestName = 64;
/// No answer has so many tokens: a larger number is wrong.
constexpr double kMostTokens = 1e9;

/// The characters beyond ASCII that Unicode calls white space (PropList.txt, White_Space).
constexpr std::array<std::string_view, 19> kWideBlanks = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

/// The length of the white space that `text` begins with; 0: it begins with something else.
std::size_t blank_length(std::string_view text) {
    const char c = text.front();
    if (c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1C' && c <= '\x1F')) return 1;
    for (const std::string_view blank : kWideBlanks) {
        if (text.starts_with(blank)) return blank.size();
    }
    return 0;
}

std::optional<double> number_or_text_of_one(const Json& value) {
    if (const auto number = number_in(value)) return number;
    const std::string* text = string_in(value);
    if (text == nullptr) return std::nullopt;
    double number = 0;
    const char* end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, number);
    return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

std::int64_t tokens_or(const Json& usage, std::string_view key, std::int64_t otherwise) {
    return read_token_count(member(usage, key)).value_or(otherwise);
}

}  // namespace

bool is_blank(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = blank_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::size_t count_without_final_thinking(const std::vector<std::string_view>& blocks) {
    std::size_t count = blocks.size();
    while (count > 0 && is_thinking_block(blocks[count - 1]))
        --count;
    return count;
}

bool ends_in_server_tool(std::string_view content) {
    const auto blocks = split_blocks(content);
    if (blocks.empty()) return false;
    const std::string type = string_or(json_or_null(blocks.back()), "type");
    return type == "server_tool_use" || type.ends_with("_tool_result");
}

std::vector<std::string_view> without_open_server_calls(
    const std::vector<std::string_view>& blocks) {
    constexpr std::string_view kCall = "server_tool_use";
    const bool has_calls = std::any_of(blocks.begin(), blocks.end(), [&](std::string_view block) {
        return block.find(kCall) != std::string_view::npos;
    });
    if (!has_calls) return blocks;
    std::set<std::string> ended;
    for (const std::string_view text : blocks) {
        const Json block = json_or_null(text);
        if (string_or(block, "type").ends_with("_tool_result"))
            ended.insert(string_or(block, "tool_use_id"));
    }
    std::vector<std::string_view> kept;
    for (const std::string_view text : blocks) {
        const Json block = json_or_null(text);
        const bool is_open =
            string_or(block, "type") == kCall && ended.count(string_or(block, "id")) == 0;
        if (!is_open) kept.push_back(text);
    }
    if (kept.size() < blocks.size()) kept.resize(count_without_final_thinking(kept));
    return kept;
}

std::string accepted_tool_name(std::string_view name) {
    std::string out(name.substr(0, kLongestName));
    for (char& c : out) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!fits) c = '_';
    }
    return out;
}

std::optional<std::int64_t> read_token_count(const Json& value) {
    const auto count = number_or_text_of_one(value);
    if (!count || !(*count >= 0 && *count <= kMostTokens)) return std::nullopt;
    return static_cast<std::int64_t>(*count);
}

Usage read_usage(const Json& usage, Usage before) {
    return {tokens_or(usage, "input_tokens", before.input_tokens),
            tokens_or(usage, "output_tokens", before.output_tokens),
            tokens_or(usage, "cache_read_input_tokens", before.cache_read_input_tokens),
            tokens_or(usage, "cache_creation_input_tokens", before.cache_creation_input_tokens)};
}

}  // namespace tenon::agent
