#include "host/session/subagent_task.h"

#include <algorithm>

#include "host/base/utf8.h"

namespace tenon::session {
namespace {

constexpr std::size_t kTitleCharacters = 80;

Result<std::string> text_parameter(const Json& params, const char* key) {
    const Json& value = member(params, key);
    if (value.is_null()) return std::string();
    const std::string* text = string_in(value);
    if (text == nullptr) return Error{std::string(key) + " is no text"};
    return *text;
}

Result<std::optional<std::vector<std::string>>> names_parameter(const Json& params,
                                                                const char* key) {
    const Json& value = member(params, key);
    std::optional<std::vector<std::string>> names;
    if (value.is_null()) return names;
    names = strings_in(value);
    if (!value.is_array() || names->size() != value.size())
        return Error{std::string(key) + " is no list of tool names"};
    return names;
}

Result<std::optional<std::int64_t>> turns_parameter(const Json& params) {
    const Json& value = member(params, "max_turns");
    const auto turns = integer_in(value);
    if (value.is_null()) return turns;
    if (!turns || *turns < 1) return Error{"max_turns is no integer from 1 on"};
    return turns;
}

/// The first line with something on it.
std::string title_from(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    text = text.substr(0, text.find('\n'));
    text = text.substr(0, text.find_last_not_of(kBlank) + 1);
    return std::string(utf8::first(text, kTitleCharacters));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The names that are not tools, as a list; empty: there are none.
std::string unknown_names(const std::vector<std::string>& names, agent::Toolbox& all) {
    std::string unknown;
    for (const std::string& name : names) {
        if (all.find(name) == nullptr) unknown += (unknown.empty() ? "" : ", ") + name;
    }
    return unknown;
}

std::string names_of_tools(const std::vector<const agent::ToolSpec*>& specs) {
    std::string names;
    for (const agent::ToolSpec* spec : specs)
        names += (names.empty() ? "" : ", ") + spec->name;
    return names;
}

}  // namespace

std::vector<plugins::Parameter> subagent_parameters() {
    using Type = plugins::Parameter::Type;
    return {{"prompt", Type::kText, true},
            {"description"},
            {"system"},
            {"model"},
            {"tools", Type::kTexts},
            {"disallowed_tools", Type::kTexts},
            {"max_turns", Type::kNumber}};
}

Result<SubagentTask> read_subagent_task(const Json& params) {
    SubagentTask task;
    const std::pair<const char*, std::string*> texts[] = {{"prompt", &task.prompt},
                                                          {"description", &task.title},
                                                          {"system", &task.system},
                                                          {"model", &task.model}};
    for (const auto& [key, place] : texts) {
        auto text = text_parameter(params, key);
        if (!text) return text.error();
        *place = utf8::repair(*text);
    }
    if (title_from(task.prompt).empty()) return Error{"prompt is missing or blank"};
    task.title = title_from(task.title);
    if (task.title.empty()) task.title = title_from(task.prompt);

    auto tools = names_parameter(params, "tools");
    if (!tools) return tools.error();
    task.tools = std::move(*tools);
    auto disallowed = names_parameter(params, "disallowed_tools");
    if (!disallowed) return disallowed.error();
    if (*disallowed) task.disallowed_tools = std::move(**disallowed);
    auto turns = turns_parameter(params);
    if (!turns) return turns.error();
    task.max_turns = *turns;
    return task;
}

Result<SubagentTools> SubagentTools::select(agent::Toolbox& all, const SubagentTask& task,
                                            const Withheld& withheld) {
    SubagentTools selected(all);
    SubagentTools possible(all);
    for (const agent::ToolSpec* spec : all.specs()) {
        if (!spec->facts.for_subagents || withheld(*spec)) continue;
        possible.specs_.push_back(spec);
        if (task.tools && !contains(*task.tools, spec->name)) continue;
        if (contains(task.disallowed_tools, spec->name)) continue;
        selected.specs_.push_back(spec);
        selected.names_.insert(spec->name);
    }
    if (!task.tools) return selected;
    if (const std::string unknown = unknown_names(*task.tools, all); !unknown.empty()) {
        return Error{"unknown tools: " + unknown +
                     ". Tools for subagents: " + names_of_tools(possible.specs_)};
    }
    return selected;
}

agent::Tool* SubagentTools::find(std::string_view name) {
    return names_.find(name) == names_.end() ? nullptr : all_->find(name);
}

}  // namespace tenon::session
