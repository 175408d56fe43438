#include "host/app/subagent_task.h"

#include "host/base/utf8.h"

namespace tenon::app {
namespace {

constexpr std::size_t kTitleCharacters = 80;

Result<std::string> text_of(const Json& params, const char* key) {
    const auto it = params.find(key);
    if (it == params.end() || it->is_null()) return std::string();
    if (!it->is_string()) return Error{std::string(key) + " is no text"};
    return it->get<std::string>();
}

Result<std::optional<std::vector<std::string>>> names_of(const Json& params, const char* key) {
    const auto it = params.find(key);
    std::optional<std::vector<std::string>> names;
    if (it == params.end() || it->is_null()) return names;
    const Error problem{std::string(key) + " is no list of tool names"};
    if (!it->is_array()) return problem;
    names.emplace();
    for (const Json& name : *it) {
        if (!name.is_string()) return problem;
        names->push_back(name.get<std::string>());
    }
    return names;
}

Result<std::optional<std::int64_t>> turns_of(const Json& params) {
    const auto it = params.find("max_turns");
    if (it == params.end() || it->is_null()) return std::optional<std::int64_t>();
    if (!it->is_number_integer() || it->get<std::int64_t>() < 1)
        return Error{"max_turns is no integer from 1 on"};
    return std::optional(it->get<std::int64_t>());
}

/// The first line with something on it.
std::string title_from(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    text = text.substr(0, text.find('\n'));
    text = text.substr(0, text.find_last_not_of(kBlank) + 1);
    return std::string(utf8::first(text, kTitleCharacters));
}

}  // namespace

Result<SubagentTask> read_subagent_task(const Json& params) {
    SubagentTask task;
    const std::pair<const char*, std::string*> texts[] = {{"prompt", &task.prompt},
                                                          {"description", &task.title},
                                                          {"system", &task.system},
                                                          {"model", &task.model}};
    for (const auto& [key, place] : texts) {
        auto text = text_of(params, key);
        if (!text) return text.error();
        *place = utf8::repair(*text);
    }
    if (title_from(task.prompt).empty()) return Error{"prompt is missing or blank"};
    task.title = title_from(task.title);
    if (task.title.empty()) task.title = title_from(task.prompt);

    auto tools = names_of(params, "tools");
    if (!tools) return tools.error();
    task.tools = std::move(*tools);
    auto disallowed = names_of(params, "disallowed_tools");
    if (!disallowed) return disallowed.error();
    if (*disallowed) task.disallowed_tools = std::move(**disallowed);
    auto turns = turns_of(params);
    if (!turns) return turns.error();
    task.max_turns = *turns;
    return task;
}

}  // namespace tenon::app
