#include "host/ui/tool_subject.h"

#include <algorithm>
#include <string_view>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"

namespace tenon::ui {
namespace {

/// No terminal is wider: more of a value is not looked at.
constexpr std::size_t kLongestValue = 2000;

std::string shown(std::string_view text) {
    return visible(utf8::first_bytes(text, kLongestValue));
}

/// Numbers and names alike.
std::string value_text(const Json& value) {
    return first_line(value.is_string() ? *string_in(value) : dump_json(value));
}

/// Text, an integer, or a list of both; empty for everything else.
std::string argument_text(const Json& value) {
    if (const std::string* text = string_in(value); text != nullptr) return shown(*text);
    if (value.is_number_integer()) return value_text(value);
    std::string out;
    if (!value.is_array()) return out;
    for (const Json& element : value)
        out.append(out.empty() ? "" : " ").append(value_text(element));
    return out;
}

/// `10-14`, `10-` without an end; empty when neither number is there.
std::string line_range(const Json& input, std::string_view first, std::string_view count) {
    const std::int64_t offset = integer_or(input, first, 1);
    const std::int64_t limit = integer_or(input, count, 0);
    if (member(input, first).is_null() && limit <= 0) return {};
    const bool sane = limit > 0 && offset > 0 && limit < INT64_MAX - offset;
    return std::to_string(offset) + "-" + (sane ? std::to_string(offset + limit - 1) : "");
}

/// One alternative of a placeholder: `a`, `a:first` or `a+b`.
std::string alternative(std::string_view text, const Json& input) {
    if (const auto plus = text.find('+'); plus != std::string_view::npos)
        return line_range(input, text.substr(0, plus), text.substr(plus + 1));
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return argument_text(member(input, text));
    return first_line(string_or(input, text.substr(0, colon)));
}

/// Fills in the subject that a tool states; FACTS OF A TOOL in plugin.h has the syntax.
class Subject {
public:
    Subject(std::string_view rest, const Json& input) : rest_(rest), input_(input) {}

    std::string text() {
        std::string out;
        while (!rest_.empty()) {
            const char c = take();
            if (c == '{') {
                out += placeholder();
            } else if (c == '[') {
                out += bracket();
            } else {
                out += c;
            }
        }
        return out;
    }

private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    /// What stands before `end`, which is taken too.
    std::string_view take_until(char end) {
        const std::string_view found = rest_.substr(0, rest_.find(end));
        rest_.remove_prefix(std::min(found.size() + 1, rest_.size()));
        return found;
    }
    std::string placeholder() {
        std::string_view names = take_until('}');
        std::string value;
        while (value.empty() && !names.empty()) {
            const std::string_view name = names.substr(0, names.find('|'));
            value = alternative(name, input_);
            names.remove_prefix(std::min(name.size() + 1, names.size()));
        }
        missing_ = missing_ || value.empty();
        return value;
    }
    std::string bracket() {
        Subject inner(take_until(']'), input_);
        std::string text = inner.text();
        return inner.missing_ ? std::string() : text;
    }

    std::string_view rest_;
    const Json& input_;
    bool missing_ = false;
};

/// name(key: value, …)
ToolSubject spelled_out(const agent::ToolCall& call) {
    std::string arguments;
    for (const auto& [key, value] : call.input.items()) {
        arguments.append(arguments.empty() ? "" : ", ")
            .append(shown(key))
            .append(": ")
            .append(value_text(value));
        if (arguments.size() > kLongestValue) break;
    }
    return {shown(call.name) + "(" + arguments + ")", {}};
}

}  // namespace

ToolSubject subject_of(const agent::ToolCall& call, const agent::ToolFacts& facts) {
    if (!call.input.is_object()) return {shown(call.name), {}};
    if (!facts.subject) return spelled_out(call);
    return {shown(call.name), visible(Subject(*facts.subject, call.input).text())};
}

}  // namespace tenon::ui
