#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <vector>

#include "host/model/border_text.h"
#include "host/model/call_forms.h"

namespace tenon::model {
namespace {

constexpr std::string_view kPythonTag = "<|python_tag|>";

/// How models begin a call. Lines of their templates, not of any API.
struct CallMark {
    std::string_view begin;
    std::string_view end = {};   ///< empty: such a call is only looked for where it ends the text
    bool has_name_next = false;  ///< NAME and `>` follow, in quotes or not
};
constexpr std::array kCallMarks = {
    CallMark{"<tool_call>", "</tool_call>"},            // Hermes, Qwen, GLM
    CallMark{"<tool_calls>", "</tool_calls>"},          //
    CallMark{"<TOOLCALL>", "</TOOLCALL>"},              // Nemotron
    CallMark{"<function_call>", "</function_call>"},    //
    CallMark{"[TOOL_CALLS]"},                           // Mistral
    CallMark{"<function=", "</function>", true},        // Llama, Qwen Coder
    CallMark{"<|tool_call"},                            // Granite, Phi, Kimi
    CallMark{"<function_calls>", "</function_calls>"},  //
    CallMark{"<minimax:tool_call>"},                    //
    CallMark{"<invoke name=", "</invoke>", true},       // the same without what encloses it
    CallMark{"<｜tool▁call"},                           // DeepSeek
    CallMark{"<｜DSML｜function_calls>"},               // DeepSeek V3.2
    CallMark{"<｜DSML｜invoke name=", {}, true},        // the same without what encloses it
    CallMark{"<|START_ACTION|>", "<|END_ACTION|>"},     // Cohere
    CallMark{"<|action_start|>", "<|action_end|>"},     // InternLM
    CallMark{kPythonTag},                               // Llama
};
/// What models invent behind a call as its result.
constexpr std::array<std::string_view, 4> kResultMarks = {"<tool_response>", "<tool_result>",
                                                          "<tool_output>", "<function_results>"};
/// More marks than this in one text: the text is about them.
constexpr int kMostMarks = 16;
/// The name of the tool stands within so many bytes after the mark.
constexpr std::size_t kNameWithin = 300;
/// A longer text that ends with a block of JSON is about that.
constexpr std::size_t kShortText = 600;

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
std::optional<std::string> call_behind(const CallMark& mark, std::string_view rest, bool alone,
                                       const KnownTools& tools) {
    const std::string_view body = trimmed(rest.substr(mark.begin.size()));
    const std::string_view ends = mark.begin == kPythonTag ? "}>])" : "}>]";
    if (body.empty() || ends.find(body.back()) == ends.npos) return std::nullopt;
    if (mark.has_name_next) return call_in_tag(body, alone, tools);
    const std::string_view head = body.substr(0, kNameWithin);
    const bool has_tag_form = head.front() == '{' || head.front() == '[' || head.front() == '<' ||
                              (mark.begin.back() != '>' && mark.begin.back() != ']');
    if (!has_tag_form)  // the name itself
        return tools.first_word_in(head.substr(0, head.find_first_of("\n<{[ ")));
    if (auto name = tools.first_word_in(head)) return name;
    if (!alone) return std::nullopt;
    // A tool that there is not. The text is nothing but its call.
    for (const CallMark& inner : kCallMarks)
        if (inner.has_name_next && head.starts_with(inner.begin))
            return call_in_tag(body.substr(inner.begin.size()), alone, tools);
    constexpr std::string_view kNameKey = "name\"";  // or "tool_name"
    std::size_t at = head.find(kNameKey);
    at = at == head.npos ? 0 : head.find('"', head.find(':', at));
    if (at == head.npos) return std::nullopt;
    const auto* from = std::find_if(head.begin() + at, head.end(), is_name_char);
    const std::string_view name =
        name_at(head.substr(static_cast<std::size_t>(from - head.begin())));
    return name.empty() ? std::nullopt : std::optional(std::string(name));
}

/// The same for a call at `at`, the beginning of a line, behind which the text goes on. The text is
/// no explanation if it begins with the call and goes on with a new sentence, or if a result
/// follows.
std::optional<std::string> call_before_more(const CallMark& mark, std::string_view text,
                                            std::size_t at, const KnownTools& tools) {
    if (mark.end.empty()) return std::nullopt;
    std::size_t end = text.find(mark.end, at);
    if (end == text.npos) return std::nullopt;
    end += mark.end.size();
    const std::string_view behind = text.substr(end);
    const std::string_view more = trimmed(behind);
    const bool has_result =
        std::any_of(kResultMarks.begin(), kResultMarks.end(),
                    [&](std::string_view result) { return more.starts_with(result); });
    const std::string_view before = text.substr(0, at);
    const bool goes_on = !more.empty() && (behind.front() == '\n' || behind.front() == '\r') &&
                         std::islower(static_cast<unsigned char>(more.front())) == 0;
    const bool is_call = has_result ? may_precede_call(before)
                                    : goes_on && (before.empty() || announces_call(before));
    return is_call ? call_behind(mark, text.substr(at, end - at), false, tools) : std::nullopt;
}

std::optional<std::string> call_with_mark(std::string_view text, const KnownTools& tools) {
    const auto blocks = code_blocks(text);
    const auto is_in_code = [&](std::size_t at) {
        const auto behind = std::partition_point(
            blocks.begin(), blocks.end(), [&](const CodeBlock& block) { return block.from < at; });
        return behind != blocks.begin() &&
               at < static_cast<std::size_t>(std::prev(behind)->content.end() - text.begin());
    };
    for (const CallMark& mark : kCallMarks) {
        int left = kMostMarks;
        for (std::size_t at = text.find(mark.begin); at != text.npos && left-- > 0;
             at = text.find(mark.begin, at + 1)) {
            if (is_in_code(at) ||
                (at > 0 && std::string_view("`'\"").find(text[at - 1]) != text.npos))
                continue;
            const bool alone = at == 0;
            const bool begins_line = alone || text[at - 1] == '\n';
            if (!begins_line && (at > kShortText || !may_precede_call(text.substr(0, at))))
                continue;
            if (auto name = call_behind(mark, text.substr(at), alone, tools)) return name;
            if (!begins_line) continue;
            if (auto name = call_before_more(mark, text, at, tools)) return name;
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
    const JsonCall where = block.from == 0 ? JsonCall::kAlone : JsonCall::kBehindText;
    if (auto name = call_in_json_text(block.content, where, tools)) return name;
    const std::string_view content = trimmed(block.content);
    for (const CallMark& mark : kCallMarks)
        if (content.starts_with(mark.begin)) return call_behind(mark, content, false, tools);
    return std::nullopt;
}

/// JSON in the last lines of a short text.
std::optional<std::string> call_in_last_lines(std::string_view text, const KnownTools& tools) {
    int left = kMostMarks;  // what follows each of them may be long
    for (std::size_t at = text.find("\n{"); at != text.npos && at <= kShortText && left-- > 0;
         at = text.find("\n{", at + 1)) {
        if (auto name = call_in_json_text(text.substr(at), JsonCall::kBehindText, tools))
            return name;
    }
    return std::nullopt;
}

/// Forms that no single mark begins.
struct CallForm {
    std::string_view needs;  ///< without this in the text, it is not looked for
    std::optional<std::string> (*find)(std::string_view text, const KnownTools& tools);
};
constexpr std::array kCallForms = {
    CallForm{"to=functions.", call_in_channel},  CallForm{"Action Input:", call_as_action},
    CallForm{")]", call_in_python_list},         CallForm{">>>", call_behind_arrows},
    CallForm{"```tool_code", call_in_tool_code},
};

}  // namespace

std::optional<std::string> call_in_text(std::string_view text, std::string_view tools,
                                        bool json_is_answer) {
    text = trimmed(text);
    const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
    const bool has_mark = std::any_of(kCallMarks.begin(), kCallMarks.end(),
                                      [&](const CallMark& mark) { return has(mark.begin); });
    const bool has_form = std::any_of(kCallForms.begin(), kCallForms.end(),
                                      [&](const CallForm& form) { return has(form.needs); });
    const bool may_be_json = !json_is_answer && may_hold_json_call(text);
    if (!has_mark && !has_form && !may_be_json) return std::nullopt;
    const KnownTools known(tools);
    if (has_mark)
        if (auto name = call_with_mark(text, known)) return name;
    for (const CallForm& form : kCallForms)
        if (has(form.needs))
            if (auto name = form.find(text, known)) return name;
    if (!may_be_json) return std::nullopt;
    if (auto name = call_in_json_text(text, JsonCall::kAlone, known)) return name;
    if (auto name = call_in_last_block(text, known)) return name;
    return call_in_last_lines(text, known);
}

}  // namespace tenon::model
