#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "host/base/json.h"
#include "host/model/border_text.h"
#include "host/model/call_forms.h"

namespace tenon::model {
namespace {

constexpr std::string_view kPythonTag = "<|python_tag|>";
/// The name stands behind these.
constexpr std::string_view kFunctionTag = "<function=";
constexpr std::string_view kInvokeTag = "<invoke name=";

/// How models begin a call. Lines of their templates, not of any API.
constexpr std::array<std::string_view, 9> kCallMarks = {
    "<tool_call>",          // Hermes, Qwen, GLM
    "[TOOL_CALLS]",         // Mistral
    kFunctionTag,           // Llama, Qwen Coder
    "<|tool_call",          // Granite, Phi, Kimi
    "<function_calls>",     //
    "<minimax:tool_call>",  //
    kInvokeTag,             // the same without what encloses it
    "<｜tool▁call",         // DeepSeek
    kPythonTag,             // Llama
};
/// More marks than this in one text: the text is about them.
constexpr int kMostMarks = 16;
/// The name of the tool stands within so many bytes after the mark.
constexpr std::size_t kNameWithin = 300;
/// A longer text that ends with a block of JSON is about that.
constexpr std::size_t kShortText = 600;
constexpr std::size_t kLongestJsonCall = std::size_t{1} << 20U;

/// The name in a JSON value that is nothing but a call of a known tool, or a list of such calls.
std::optional<std::string> call_in_json(const Json& value, const KnownTools& tools) {
    if (value.is_array()) return call_in_json(element(value, 0), tools);
    if (!value.is_object()) return std::nullopt;
    if (member(value, "function").is_object())
        return call_in_json(member(value, "function"), tools);
    bool has_arguments = false;
    for (const auto& [key, inner] : value.items()) {
        if (key == "arguments" || key == "parameters") {
            has_arguments = inner.is_object() || inner.is_string();
        } else if (key != "name" && key != "id" && key != "type") {
            return std::nullopt;
        }
    }
    std::string name = string_or(value, "name");
    if (!has_arguments || !tools.has(name)) return std::nullopt;
    return name;
}

std::optional<std::string> call_in_json_text(std::string_view text, const KnownTools& tools) {
    text = trimmed(text);
    const bool may_be = text.size() <= kLongestJsonCall && !text.empty() &&
                        (text.front() == '{' || text.front() == '[') &&
                        (text.back() == '}' || text.back() == ']');
    return may_be ? call_in_json(json_or_null(text), tools) : std::nullopt;
}

/// Parts of a text: blocks of code, and what is none.
struct CodeBlock {
    std::size_t from = 0;  // of the line that opens it
    std::string_view language;
    std::string_view content;
    bool is_last = false;  // nothing follows
};

std::vector<CodeBlock> code_blocks(std::string_view text) {
    constexpr std::string_view kFence = "```";
    std::vector<CodeBlock> blocks;
    const std::size_t text_end = text.find_last_not_of(" \t\r\n") + 1;
    bool open = false;
    std::size_t content = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = trimmed(text.substr(at, end - at));
        if (line.starts_with(kFence)) {
            if (open) {
                blocks.back().content = text.substr(content, at - content);
                blocks.back().is_last = end >= text_end;
            } else {
                blocks.push_back({at, trimmed(line.substr(kFence.size())), {}, false});
                content = std::min(end + 1, text.size());
            }
            open = !open;
        }
        at = end + 1;
    }
    if (open) blocks.back().content = text.substr(content);
    return blocks;
}

/// The name in the rest of a tag: `NAME>…` or `"NAME">…`. What follows the tag is arguments. A text
/// that is nothing but a call may name a tool that there is not.
std::optional<std::string> call_in_tag(std::string_view rest, bool alone, const KnownTools& tools) {
    const std::size_t end = rest.substr(0, kNameWithin).find('>');
    if (end == rest.npos) return std::nullopt;
    const std::string_view tag = rest.substr(0, end);
    const std::string_view behind = trimmed(rest.substr(end + 1));
    const bool has_arguments = behind.empty() ? alone || tag.find('{') != tag.npos
                                              : behind.front() == '<' || behind.front() == '{';
    if (!has_arguments) return std::nullopt;
    if (auto name = tools.first_word_in(tag)) return name;
    const auto* from = std::find_if(tag.begin(), tag.end(), is_name_char);
    const std::string_view name = name_at(tag.substr(static_cast<std::size_t>(from - tag.begin())));
    return alone && !name.empty() ? std::optional(std::string(name)) : std::nullopt;
}

/// The name in what follows a mark, if that can be a call and ends the text.
std::optional<std::string> call_behind(std::string_view mark, std::string_view rest, bool alone,
                                       const KnownTools& tools) {
    const std::string_view body = trimmed(rest.substr(mark.size()));
    const std::string_view ends = mark == kPythonTag ? "}>])" : "}>]";
    if (body.empty() || ends.find(body.back()) == ends.npos) return std::nullopt;
    if (mark == kFunctionTag || mark == kInvokeTag) return call_in_tag(body, alone, tools);
    const std::string_view head = body.substr(0, kNameWithin);
    const bool has_tag_form = head.front() == '{' || head.front() == '[' || head.front() == '<' ||
                              (mark.back() != '>' && mark.back() != ']');
    if (!has_tag_form)  // the name itself
        return tools.first_word_in(head.substr(0, head.find_first_of("\n<{[ ")));
    if (auto name = tools.first_word_in(head)) return name;
    if (!alone) return std::nullopt;
    // A tool that there is not. The text is nothing but its call.
    for (const std::string_view tag : {kFunctionTag, kInvokeTag})
        if (head.starts_with(tag)) return call_in_tag(body.substr(tag.size()), alone, tools);
    constexpr std::string_view kNameKey = "\"name\"";
    std::size_t at = head.find(kNameKey);
    at = at == head.npos ? 0 : head.find('"', head.find(':', at));
    if (at == head.npos) return std::nullopt;
    const auto* from = std::find_if(head.begin() + at, head.end(), is_name_char);
    const std::string_view name =
        name_at(head.substr(static_cast<std::size_t>(from - head.begin())));
    return name.empty() ? std::nullopt : std::optional(std::string(name));
}

std::optional<std::string> call_with_mark(std::string_view text, const KnownTools& tools) {
    const auto blocks = code_blocks(text);
    const auto is_in_code = [&](std::size_t at) {
        const auto behind = std::partition_point(
            blocks.begin(), blocks.end(), [&](const CodeBlock& block) { return block.from < at; });
        return behind != blocks.begin() &&
               at < static_cast<std::size_t>(std::prev(behind)->content.end() - text.begin());
    };
    for (const std::string_view mark : kCallMarks) {
        int left = kMostMarks;
        for (std::size_t at = text.find(mark); at != text.npos && left-- > 0;
             at = text.find(mark, at + 1)) {
            if (is_in_code(at) ||
                (at > 0 && std::string_view("`'\"").find(text[at - 1]) != text.npos))
                continue;
            const bool alone = at == 0;
            const bool begins_line = alone || text[at - 1] == '\n';
            if (!begins_line && at > kShortText) continue;
            if (auto name = call_behind(mark, text.substr(at), alone, tools)) return name;
        }
    }
    return std::nullopt;
}

std::optional<std::string> call_in_last_block(std::string_view text, const KnownTools& tools) {
    const auto blocks = code_blocks(text);
    if (blocks.size() != 1 || !blocks.back().is_last || blocks.back().from > kShortText)
        return std::nullopt;
    const CodeBlock& block = blocks.back();
    const bool may_hold_one = block.language.empty() || block.language == "json" ||
                              block.language.starts_with("tool_call");
    if (!may_hold_one) return std::nullopt;
    if (auto name = call_in_json_text(block.content, tools)) return name;
    const std::string_view content = trimmed(block.content);
    for (const std::string_view mark : kCallMarks)
        if (content.starts_with(mark)) return call_behind(mark, content, false, tools);
    return std::nullopt;
}

/// JSON in the last lines of a short text.
std::optional<std::string> call_in_last_lines(std::string_view text, const KnownTools& tools) {
    int left = kMostMarks;  // what follows each of them may be long
    for (std::size_t at = text.find("\n{"); at != text.npos && at <= kShortText && left-- > 0;
         at = text.find("\n{", at + 1)) {
        if (auto name = call_in_json_text(text.substr(at), tools)) return name;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> call_in_text(std::string_view text, std::string_view tools,
                                        bool json_is_answer) {
    text = trimmed(text);
    const bool has_mark = std::any_of(kCallMarks.begin(), kCallMarks.end(),
                                      [&](auto mark) { return text.find(mark) != text.npos; });
    const bool may_be_json = !json_is_answer && text.find("\"name\"") != text.npos;
    const bool may_have_form = text.find("to=functions.") != text.npos ||
                               text.find("Action Input:") != text.npos || text.ends_with(")]");
    if (!has_mark && !may_be_json && !may_have_form) return std::nullopt;
    const KnownTools known(tools);
    if (has_mark)
        if (auto name = call_with_mark(text, known)) return name;
    if (may_have_form) {
        for (const auto& form : {call_in_channel, call_in_python_list, call_as_action})
            if (auto name = form(text, known)) return name;
    }
    if (!may_be_json) return std::nullopt;
    if (auto name = call_in_json_text(text, known)) return name;
    if (auto name = call_in_last_block(text, known)) return name;
    return call_in_last_lines(text, known);
}

}  // namespace tenon::model
