#include "host/plugins/named_prompts.h"

#include <algorithm>

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxPromptName = 128;
constexpr std::size_t kMostPrompts = 2'000;  // of one plugin

bool is_prompt_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == ':' || c == '-';
    };
    return !name.empty() && name.size() <= kMaxPromptName &&
           std::all_of(name.begin(), name.end(), is_allowed);
}

std::string on_one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
}

bool has_name(const std::vector<NamedPrompt>& prompts, std::string_view name) {
    return std::any_of(prompts.begin(), prompts.end(),
                       [&](const NamedPrompt& one) { return one.name == name; });
}

}  // namespace

std::vector<NamedPrompt> read_named_prompts(std::string_view json) {
    std::vector<NamedPrompt> prompts;
    const auto list = parse_json(json);
    if (!list || !list->is_array()) return prompts;
    for (const Json& entry : *list) {
        NamedPrompt prompt{string_or(entry, "name"), on_one_line(string_or(entry, "description")),
                           on_one_line(string_or(entry, "arguments"))};
        if (!is_prompt_name(prompt.name) || prompts.size() == kMostPrompts) continue;
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

Result<std::string> read_prompt_text(std::string_view json) {
    const auto answer = parse_json(json);
    if (!answer) return Error{"the plugin gave no usable answer"};
    if (const std::string why = string_or(*answer, "error"); !why.empty()) return Error{why};
    std::string text = string_or(*answer, "text");
    if (text.empty()) return Error{"it has no text"};
    return text;
}

std::vector<NamedPrompt> named_prompts(const Registry& registry) {
    std::vector<NamedPrompt> all;
    for (const auto& plugin : registry.plugins()) {
        for (NamedPrompt& prompt : read_named_prompts(plugin->prompts()))
            if (!has_name(all, prompt.name)) all.push_back(std::move(prompt));
    }
    return all;
}

Result<std::string> text_of_prompt(const Registry& registry, const std::string& name,
                                   const std::string& arguments) {
    for (const auto& plugin : registry.plugins()) {
        if (!has_name(read_named_prompts(plugin->prompts()), name)) continue;
        return read_prompt_text(
            plugin->prompt(dump_json(Json{{"name", name}, {"arguments", arguments}})));
    }
    return Error{"there is no skill " + name};
}

}  // namespace tenon::plugins
