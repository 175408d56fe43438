#pragma once

#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/cli/plugin_survey.h"

/// Plugins as text for people and as JSON for programs. Pure functions.
namespace tenon::cli {

/// The flags of a tool as words: "read-only", "concurrent", …
std::vector<std::string> flag_words(std::uint32_t flags);

/// The line of configuration that lets a tool be called without a question; empty: its calls need
/// none. The rule stands for every call; where a group of rules judges the tool, it names that
/// group.
std::string allow_line(const SurveyedTool& tool);

/// One key of a plugin's configuration, according to its schema.
struct ConfigKey {
    std::string name;  ///< "greeting"; "servers.*" where the schema allows any further name
    std::string type;  ///< "string", "list of integer", "one of \"a\", \"b\""
    bool required = false;
    std::string standard;     ///< its default as JSON; empty: the schema states none
    std::string description;  ///< one line; may be empty
};
std::vector<ConfigKey> config_keys(const std::string& schema);

/// A few lines, each ended.
std::string in_list(const SurveyedPlugin& plugin);
std::string in_detail(const SurveyedPlugin& plugin);

Json list_entry(const SurveyedPlugin& plugin);
Json detail_json(const SurveyedPlugin& plugin);

}  // namespace tenon::cli
