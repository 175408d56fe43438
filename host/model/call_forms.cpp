#include "host/model/call_forms.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "host/agent/wire.h"
#include "host/base/json.h"

namespace tenon::model {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
/// More beginnings of a call than this in one text: the text is about them.
constexpr int kMostBeginnings = 16;
constexpr std::size_t kLongestArguments = std::size_t{1} << 20U;

bool is_json_object(std::string_view text) {
    text = trimmed(text);
    return text.size() <= kLongestArguments && text.starts_with('{') && text.ends_with('}') &&
           json_or_null(text).is_object();
}

/// Takes a special token such as `<|message|>` from the beginning of the text, or from its end.
bool take_first_token(std::string_view& text) {
    const std::size_t end = text.find("|>");
    if (!text.starts_with("<|") || end == text.npos) return false;
    text = trimmed(text.substr(end + 2));
    return true;
}
bool take_last_token(std::string_view& text) {
    const std::size_t begin = text.rfind("<|");
    if (!text.ends_with("|>") || begin == text.npos) return false;
    text = trimmed(text.substr(0, begin));
    return true;
}

/// What stands between the recipient of a message and the message.
std::string_view without_header(std::string_view text) {
    constexpr std::array<std::string_view, 4> kWords = {"json", "code", "commentary", "analysis"};
    text = trimmed(text);
    for (bool more = true; more;) {
        more = take_first_token(text);
        for (const std::string_view word : kWords) {
            if (!text.starts_with(word)) continue;
            text = trimmed(text.substr(word.size()));
            more = true;
        }
    }
    return text;
}

/// Whether a message may begin behind this text, which may be that of another message.
bool ends_in_header(std::string_view text) {
    constexpr std::array<std::string_view, 3> kWords = {"commentary", "analysis", "assistant"};
    text = trimmed(text);
    return text.empty() || text.ends_with("|>") ||
           std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return text.ends_with(word); });
}

/// The position behind the bracket that closes the one at the beginning; npos: it stays open.
std::size_t end_of_brackets(std::string_view text) {
    int depth = 0;
    char quote = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quote != 0) {
            if (c == '\\') ++at;
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if (c == ')' || c == ']' || c == '}') {
            if (--depth == 0) return at + 1;
        }
    }
    return text.npos;
}

/// `key=value, …`, one object, or nothing.
bool are_arguments(std::string_view text) {
    text = trimmed(text);
    if (text.empty() || text.starts_with('{')) return true;
    const std::string_view key = name_at(text);
    return !key.empty() && trimmed(text.substr(key.size())).starts_with('=');
}

/// Takes `NAME(…)` and a comma behind it. Empty: there is none.
std::string_view take_python_call(std::string_view& text) {
    const std::string_view name = name_at(text);
    const std::string_view brackets = text.substr(name.size());
    const std::size_t end = brackets.starts_with('(') ? end_of_brackets(brackets) : brackets.npos;
    if (end == brackets.npos || !are_arguments(brackets.substr(1, end - 2))) return {};
    text = trimmed(brackets.substr(end));
    if (text.starts_with(',')) text = trimmed(text.substr(1));
    return name;
}

/// Takes the first line with its line end, and returns it without white space around it.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// Whether this is the input of an action, alone or with what the model takes for its result.
bool is_action_input(std::string_view text, bool may_go_on) {
    constexpr std::string_view kInput = "Action Input:";
    text = trimmed(text);
    if (!text.starts_with(kInput)) return false;
    text.remove_prefix(kInput.size());
    const std::size_t result = may_go_on ? text.find("\nObservation") : text.npos;
    return is_json_object(text.substr(0, result));
}

/// The members that name a tool and hold its arguments.
struct CallKeys {
    std::string_view name;
    std::string_view arguments;
    bool only_alone = true;  ///< behind a text such JSON may be anything
};
constexpr std::array kCallKeys = {
    CallKeys{"name", "arguments", false},
    CallKeys{"name", "parameters", false},
    CallKeys{"tool", "args"},
    CallKeys{"tool", "arguments"},
    CallKeys{"tool", "parameters"},
    CallKeys{"tool_name", "parameters"},
    CallKeys{"tool_name", "arguments"},
    CallKeys{"action", "action_input"},
};

/// The name in a JSON object that has these members and no others.
std::optional<std::string> call_with_keys(const Json& value, const CallKeys& keys,
                                          const KnownTools& tools) {
    for (const auto& [key, inner] : value.items())
        if (key != keys.name && key != keys.arguments && key != "id" && key != "type")
            return std::nullopt;
    const Json& arguments = member(value, keys.arguments);
    std::string name = string_or(value, keys.name);
    if (!arguments.is_object() && !arguments.is_string()) return std::nullopt;
    return tools.has(name) ? std::optional(std::move(name)) : std::nullopt;
}

std::optional<std::string> call_in_json(const Json& value, JsonCall where,
                                        const KnownTools& tools) {
    if (value.is_array()) return call_in_json(element(value, 0), where, tools);
    if (!value.is_object()) return std::nullopt;
    if (member(value, "function").is_object())
        return call_in_json(member(value, "function"), where, tools);
    const Json& calls = member(value, "tool_calls");
    if (calls.is_array() && value.size() == 1 && where == JsonCall::kAlone)
        return call_in_json(calls, where, tools);
    for (const CallKeys& keys : kCallKeys) {
        if (keys.only_alone && where != JsonCall::kAlone) continue;
        if (auto name = call_with_keys(value, keys, tools)) return name;
    }
    return std::nullopt;
}

/// `{…}; {…}`, or on lines of their own. All of them are calls.
std::optional<std::string> call_in_json_row(std::string_view text, JsonCall where,
                                            const KnownTools& tools) {
    std::optional<std::string> first;
    while (!text.empty()) {
        const std::size_t end = text.front() == '{' ? end_of_brackets(text) : text.npos;
        if (end == text.npos) return std::nullopt;
        auto name = call_in_json(json_or_null(text.substr(0, end)), where, tools);
        if (!name) return std::nullopt;
        if (!first) first = std::move(name);
        text = trimmed(text.substr(end));
        if (text.starts_with(';') || text.starts_with(',')) text = trimmed(text.substr(1));
    }
    return first;
}

}  // namespace

KnownTools::KnownTools(std::string_view tools) {
    for (const std::string_view tool : agent::split_blocks(tools)) {
        const Json name = json_or_null(agent::raw_member(tool, "name"));
        if (const std::string* text = string_in(name)) names_.push_back(*text);
    }
}

bool KnownTools::has(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::optional<std::string> KnownTools::first_word_in(std::string_view text) const {
    while (!text.empty()) {
        const std::string_view word = name_at(text);
        if (has(word)) return std::string(word);
        text.remove_prefix(std::max<std::size_t>(word.size(), 1));
    }
    return std::nullopt;
}

bool is_name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

std::string_view name_at(std::string_view text) {
    const auto* end = std::find_if_not(text.begin(), text.end(), is_name_char);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(kSpace);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(kSpace) + 1 - from);
}

std::optional<std::string> call_in_channel(std::string_view text, const KnownTools& tools) {
    constexpr std::string_view kRecipient = "to=functions.";
    std::string_view whole = trimmed(text);
    while (take_last_token(whole)) {
    }
    int left = kMostBeginnings;
    for (std::size_t at = whole.find(kRecipient); at != whole.npos && left-- > 0;
         at = whole.find(kRecipient, at + 1)) {
        const std::string_view behind = whole.substr(at + kRecipient.size());
        const std::string_view name = name_at(behind);
        if (ends_in_header(whole.substr(0, at)) && tools.has(name) &&
            is_json_object(without_header(behind.substr(name.size()))))
            return std::string(name);
    }
    return std::nullopt;
}

std::optional<std::string> call_in_python_list(std::string_view text, const KnownTools& tools) {
    text = trimmed(text);
    if (!text.starts_with('[') || !text.ends_with(")]")) return std::nullopt;
    text = trimmed(text.substr(1, text.size() - 2));
    const std::string_view first = take_python_call(text);
    if (!tools.has(first)) return std::nullopt;
    while (!text.empty())
        if (take_python_call(text).empty()) return std::nullopt;
    return std::string(first);
}

std::optional<std::string> call_as_action(std::string_view text, const KnownTools& tools) {
    constexpr std::string_view kAction = "Action:";
    text = trimmed(text);
    // A text that begins otherwise, and goes on behind the call, may be about such calls.
    const bool may_go_on = text.starts_with("Thought:") || text.starts_with(kAction);
    bool in_code = false;
    int left = kMostBeginnings;
    while (!text.empty() && left > 0) {
        const std::string_view line = take_line(text);
        if (line.starts_with("```")) in_code = !in_code;
        if (in_code || !line.starts_with(kAction)) continue;
        const std::string_view name = trimmed(line.substr(kAction.size()));
        if (tools.has(name) && is_action_input(text, may_go_on)) return std::string(name);
        --left;
    }
    return std::nullopt;
}

bool announces_call(std::string_view text) {
    constexpr std::array<std::string_view, 5> kWords = {"I'll ", "I’ll ", "I will ", "Let me ",
                                                        "let me "};
    text = trimmed(text);
    const std::string_view line = text.substr(text.rfind('\n') + 1);
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return line.find(word) != line.npos; });
}

bool may_precede_call(std::string_view text) {
    constexpr std::array<std::string_view, 6> kEnds = {".", "!", "?", "。", "！", "？"};
    text = trimmed(text);
    return text.empty() ||
           std::any_of(kEnds.begin(), kEnds.end(),
                       [&](std::string_view end) { return text.ends_with(end); }) ||
           announces_call(text);
}

std::optional<std::string> call_behind_arrows(std::string_view text, const KnownTools& tools) {
    constexpr std::string_view kArrows = ">>>";
    text = trimmed(text);
    const bool has_recipients = text.starts_with(kArrows) || text.starts_with("all\n");
    int left = kMostBeginnings;
    for (std::size_t at = text.find(kArrows); at != text.npos && left-- > 0;
         at = text.find(kArrows, at + 1)) {
        const std::string_view behind = text.substr(at + kArrows.size());
        const std::string_view name = name_at(behind);
        const std::string_view rest = behind.substr(name.size());
        if (!tools.has(name) || !rest.starts_with('\n')) continue;
        const bool begins_line = at == 0 || text[at - 1] == '\n';
        if (!has_recipients && !(begins_line && may_precede_call(text.substr(0, at)))) continue;
        if (is_json_object(rest.substr(0, rest.find("\n>>>")))) return std::string(name);
    }
    return std::nullopt;
}

std::optional<std::string> call_in_tool_code(std::string_view text, const KnownTools& tools) {
    constexpr std::string_view kFence = "```";
    constexpr std::string_view kBegin = "```tool_code\n";
    constexpr std::string_view kPrint = "print(";
    text = trimmed(text);
    const std::size_t at = text.find(kFence);
    if (at == text.npos || !text.substr(at).starts_with(kBegin)) return std::nullopt;
    if (!may_precede_call(text.substr(0, at))) return std::nullopt;
    std::string_view code = text.substr(at + kBegin.size());
    if (!code.ends_with(kFence) || code.find(kFence) != code.size() - kFence.size())
        return std::nullopt;
    code = trimmed(code.substr(0, code.size() - kFence.size()));
    if (code.starts_with(kPrint) && code.ends_with(')'))
        code = trimmed(code.substr(kPrint.size(), code.size() - kPrint.size() - 1));
    const std::string_view name = take_python_call(code);
    return tools.has(name) && code.empty() ? std::optional(std::string(name)) : std::nullopt;
}

std::optional<std::string> call_in_json_text(std::string_view text, JsonCall where,
                                             const KnownTools& tools) {
    text = trimmed(text);
    if (text.ends_with(';')) text.remove_suffix(1);
    const bool may_be = text.size() <= kLongestArguments && !text.empty() &&
                        (text.front() == '{' || text.front() == '[') &&
                        (text.back() == '}' || text.back() == ']');
    if (!may_be) return std::nullopt;
    const Json value = json_or_null(text);
    return value.is_null() ? call_in_json_row(text, where, tools)
                           : call_in_json(value, where, tools);
}

bool may_hold_json_call(std::string_view text) {
    return std::any_of(kCallKeys.begin(), kCallKeys.end(), [&](const CallKeys& keys) {
        return text.find("\"" + std::string(keys.name) + "\"") != text.npos;
    });
}

}  // namespace tenon::model
