#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/plugins/registry.h"

namespace tenon::plugins {

/// A text that a person can send to the model by its name, as `/NAME ARGUMENTS`: a skill.
struct NamedPrompt {
    std::string name;         ///< A-Z a-z 0-9 _ . : -
    std::string description;  ///< one line, valid UTF-8; may be empty
    std::string arguments;    ///< what may be written behind the name, one line; may be empty
    bool operator==(const NamedPrompt&) const = default;
};

/// What tenon_prompts::list of a plugin has put. Entries without a usable name
/// are left out. Pure.
std::vector<NamedPrompt> read_named_prompts(std::string_view json);
/// What tenon_prompts::text has put: the text, or the reason why there is none. Pure.
Result<std::string> read_prompt_text(std::string_view json);

/// Those of all plugins, in their order; of several with one name the first. This and the function
/// below run hooks: see Registry::begin_session.
std::vector<NamedPrompt> named_prompts(const Registry& registry);
/// The text of one of them. Valid UTF-8.
Result<std::string> text_of_prompt(const Registry& registry, const std::string& name,
                                   const std::string& arguments);

}  // namespace tenon::plugins
