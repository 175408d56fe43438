#include "host/ui/tool_subject.h"

#include <array>
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

std::string member(const Json& input, const char* key) {
    return shown(string_or(input, key));
}

/// Numbers and names alike.
std::string value_text(const Json& value) {
    return first_line(value.is_string() ? *string_in(value) : dump_json(value));
}

std::string command(const Json& input) {
    const std::string name = member(input, "name");
    return (name.empty() ? "" : name + ": ") + first_line(string_or(input, "command"));
}

std::string path(const Json& input) {
    return member(input, "path");
}

std::string lines_of_file(const Json& input) {
    const std::int64_t offset = integer_or(input, "offset", 1);
    const std::int64_t limit = integer_or(input, "limit", 0);
    std::string out = path(input);
    if (!input.contains("offset") && limit <= 0) return out;
    out += ":" + std::to_string(offset) + "-";
    const bool sane = limit > 0 && offset > 0 && limit < INT64_MAX - offset;
    return sane ? out + std::to_string(offset + limit - 1) : out;
}

std::string pattern(const Json& input) {
    std::string out = member(input, "pattern");
    if (const std::string where = path(input); !where.empty()) out += " in " + where;
    if (const std::string files = member(input, "glob"); !files.empty()) out += " (" + files + ")";
    return out;
}

std::string job(const Json& input) {
    return member(input, "job_id");
}

std::string jobs(const Json& input) {
    std::string out;
    const auto ids = input.find("job_ids");
    if (ids == input.end() || !ids->is_array()) return out;
    for (const Json& id : *ids)
        out.append(out.empty() ? "" : " ").append(value_text(id));
    return out;
}

std::string nothing(const Json&) {
    return {};
}

std::string subject(const Json& input) {
    return member(input, "subject");
}

std::string task(const Json& input) {
    const auto id = input.find("task_id");
    std::string out = id == input.end() ? "" : value_text(*id);
    if (const std::string status = member(input, "status"); !status.empty()) out += " " + status;
    return out;
}

std::string skill(const Json& input) {
    return member(input, "name");
}

std::string work(const Json& input) {
    const std::string description = first_line(string_or(input, "description"));
    return description.empty() ? first_line(string_or(input, "prompt")) : description;
}

std::string focus(const Json& input) {
    return first_line(string_or(input, "focus"));
}

struct Known {
    std::string_view tool;
    std::string (*subject)(const Json& input);
};
constexpr std::array kKnown = {Known{"bash", command},
                               Known{"background_run", command},
                               Known{"background_check", job},
                               Known{"background_wait", jobs},
                               Known{"background_cancel", job},
                               Known{"read_file", lines_of_file},
                               Known{"write_file", path},
                               Known{"edit_file", path},
                               Known{"glob", pattern},
                               Known{"grep", pattern},
                               Known{"todo", nothing},
                               Known{"task_create", subject},
                               Known{"task_update", task},
                               Known{"task_list", nothing},
                               Known{"task_get", task},
                               Known{"load_skill", skill},
                               Known{"agent", work},
                               Known{"compact", focus}};

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

ToolSubject subject_of(const agent::ToolCall& call) {
    if (!call.input.is_object()) return {shown(call.name), {}};
    for (const Known& known : kKnown) {
        if (known.tool == call.name) return {call.name, known.subject(call.input)};
    }
    return spelled_out(call);
}

}  // namespace tenon::ui
