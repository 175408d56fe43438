#include "host/cli/plugin_words.h"

#include <algorithm>

#include <tenon/plugin.h>

#include "host/base/path_text.h"
#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

std::string comma_list(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words)
        out += (out.empty() ? "" : ", ") + visible(word);
    return out;
}

std::string or_none(const std::string& text) {
    return text.empty() ? "none" : text;
}

/// "isolated": in a process of its own.
std::string place_of(const SurveyedPlugin& plugin) {
    const std::string place = plugin.isolated ? "isolated" : "in the host";
    return plugin.first_party ? place + ", came with Tenon" : place;
}

std::string heading(const SurveyedPlugin& plugin) {
    if (plugin.id.empty()) return visible(path_to_text(plugin.file.native()));
    return plugin.id + (plugin.version.empty() ? "" : " " + visible(plugin.version));
}

std::string path_words(const std::filesystem::path& path) {
    return visible(path_to_text(path.native()));
}

std::vector<std::string> skill_names(const plugins::AgentPlugin& directory) {
    std::vector<std::string> out;
    for (const plugins::AgentSkill& skill : directory.skills)
        out.push_back(directory.name + ":" + skill.name);
    return out;
}

std::vector<std::string> library_names(const plugins::AgentPlugin& directory) {
    std::vector<std::string> out;
    for (const std::filesystem::path& library : directory.libraries)
        out.push_back(path_to_text(library.filename().native()));
    return out;
}

std::vector<std::string> server_names(const plugins::AgentPlugin& directory) {
    std::vector<std::string> out;
    for (const plugins::AgentServer& server : directory.servers)
        out.push_back(server.name);
    return out;
}

std::string problem_text(const SurveyedPlugin& plugin) {
    return visible(plugin.problem) +
           (plugin.remedy.empty() ? "" : " (" + visible(plugin.remedy) + ")");
}

std::string tool_words(const SurveyedTool& tool) {
    const std::string flags = comma_list(flag_words(tool.flags));
    return tool.name + (flags.empty() ? "" : " (" + flags + ")");
}

std::string type_words(const Json& schema);

std::string choice_words(const Json& choices) {
    std::string out;
    for (const Json& choice : choices)
        out += (out.empty() ? "one of " : ", ") + dump_json(choice);
    return out;
}

std::string type_words(const Json& schema) {
    if (const Json& choices = member(schema, "enum"); choices.is_array())
        return choice_words(choices);
    const std::string type = string_or(schema, "type");
    if (type == "array") {
        const std::string items = type_words(member(schema, "items"));
        return items == "anything" ? "list" : "list of " + items;
    }
    if (!type.empty()) return type;
    std::string types;
    for (const std::string& one : strings_in(member(schema, "type")))
        types += (types.empty() ? "" : " or ") + one;
    return types.empty() ? "anything" : types;
}

/// The keys below an object: `name.sub` for its properties.
void add_keys(const Json& schema, const std::string& before, std::vector<ConfigKey>& keys) {
    const std::vector<std::string> required = strings_in(member(schema, "required"));
    const Json& properties = member(schema, "properties");
    if (properties.is_object()) {
        for (const auto& [name, property] : properties.items()) {
            const std::string full = before + name;
            const bool nested = string_or(property, "type") == "object" && before.empty();
            if (nested && (member(property, "properties").is_object() ||
                           member(property, "additionalProperties").is_object())) {
                add_keys(property, full + ".", keys);
                continue;
            }
            const Json& standard = member(property, "default");
            keys.push_back({full, type_words(property),
                            std::find(required.begin(), required.end(), name) != required.end(),
                            standard.is_null() ? "" : dump_json(standard),
                            string_or(property, "description")});
        }
    }
    const Json& others = member(schema, "additionalProperties");
    const bool closed = others.is_boolean() && !bool_or(schema, "additionalProperties", true);
    if (!closed && (others.is_object() || properties.is_null()))
        keys.push_back(
            {before + "*", type_words(others), false, "", string_or(others, "description")});
}

Json key_json(const ConfigKey& key) {
    Json out = {{"key", key.name}, {"type", key.type}, {"required", key.required}};
    if (!key.standard.empty()) out["default"] = json_or_null(key.standard);
    if (!key.description.empty()) out["description"] = key.description;
    return out;
}

std::string key_line(const SurveyedPlugin& plugin, const ConfigKey& key) {
    std::string line = "  plugins." + plugin.id + "." + visible(key.name) +
                       (key.type.starts_with("list") ? ".1, .2, …" : "") + ": " + visible(key.type);
    if (key.required) line += ", required";
    if (!key.standard.empty()) line += ", default " + visible(key.standard);
    if (!key.description.empty()) line += "; " + first_line(key.description);
    return line + "\n";
}

/// What the facts of a tool say for judging its calls.
std::string judged_words(const agent::ToolFacts& facts) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    if (!facts.command.empty()) add("its argument " + facts.command + " is judged as a command");
    if (!facts.reads.empty()) add("reads " + comma_list(facts.reads));
    if (!facts.writes.empty()) add("writes " + comma_list(facts.writes));
    if (!facts.for_subagents) add("not for subagents");
    return out;
}

std::string tool_block(const SurveyedTool& tool) {
    std::string out = "  " + tool_words(tool) + "\n";
    out += "    " + first_line(tool.spec.description) + "\n";
    if (const std::string judged = judged_words(tool.spec.facts); !judged.empty())
        out += "    " + judged + "\n";
    const std::string rule = allow_line(tool);
    out += "    " + (rule.empty() ? "its calls need no question" : "to allow its calls: " + rule) +
           "\n";
    out += "    " + std::to_string(tool.request_bytes) + " bytes in each request\n";
    return out;
}

std::size_t request_bytes(const SurveyedPlugin& plugin) {
    std::size_t bytes = 0;
    for (const SurveyedTool& tool : plugin.tools)
        bytes += tool.request_bytes;
    return bytes;
}

/// "usable": nothing is known that would keep it from being loaded.
std::string status_of(const SurveyedPlugin& plugin) {
    if (plugin.problem.empty())
        return plugin.known || plugin.directory ? "usable" : "not loaded yet";
    return plugin.enabled ? "left out" : "switched off";
}

constexpr const char* kKnownAfterLoad = "its tools are known after the first session with it";

std::string row(const char* name, const std::string& text) {
    constexpr std::size_t kNameWidth = 14;
    std::string out = std::string(name) + ":";
    out.resize(kNameWidth, ' ');
    return out + text + "\n";
}

std::string tools_text(const SurveyedPlugin& plugin) {
    if (!plugin.known)
        return plugin.problem.empty() ? std::string("Tools: not known; ") + kKnownAfterLoad + "\n"
                                      : "";
    std::string out =
        "Tools (" + std::to_string(request_bytes(plugin)) + " bytes in each request):\n";
    for (const SurveyedTool& tool : plugin.tools)
        out += tool_block(tool);
    return plugin.tools.empty() ? "Tools: none\n" : out;
}

std::string state_text(const SurveyedPlugin& plugin) {
    return plugin.problem.empty() ? status_of(plugin)
                                  : status_of(plugin) + ": " + problem_text(plugin);
}

constexpr const char* kDirectory = "a directory in the Agent Plugins form";

/// Its native libraries are plugins with entries of their own.
std::string directory_in_list(const SurveyedPlugin& plugin) {
    std::string out = std::string("  ") + kDirectory + "\n  " + path_words(plugin.file) + "\n";
    for (const std::string& warning : plugin.warnings)
        out += "  warning: " + visible(warning) + "\n";
    if (!plugin.problem.empty()) return out + "  " + state_text(plugin) + "\n";
    out += "  " + status_of(plugin) +
           "; skills: " + or_none(comma_list(skill_names(*plugin.directory))) +
           "; native plugins: " + or_none(comma_list(library_names(*plugin.directory)));
    const std::string servers = comma_list(server_names(*plugin.directory));
    return out + (servers.empty() ? "" : "; MCP servers, not started yet: " + servers) + "\n";
}

std::string directory_in_detail(const SurveyedPlugin& plugin) {
    std::string out = row("Directory", path_words(plugin.file));
    out += row("Form", kDirectory);
    out += row("State", state_text(plugin));
    for (const std::string& warning : plugin.warnings)
        out += row("Warning", visible(warning));
    const plugins::AgentPlugin& directory = *plugin.directory;
    if (!directory.description.empty()) out += row("Summary", first_line(directory.description));
    out += row("Skills", or_none(comma_list(skill_names(directory))));
    out += row("Libraries", or_none(comma_list(library_names(directory))) +
                                (directory.libraries.empty() ? "" : ", each a plugin of its own"));
    const std::string servers = comma_list(server_names(directory));
    return out + (servers.empty() ? "" : row("MCP servers", servers + "; not started yet"));
}

std::string config_text(const SurveyedPlugin& plugin) {
    if (!plugin.knows_statement) return {};
    std::string out;
    for (const ConfigKey& key : config_keys(plugin.config_schema))
        out += key_line(plugin, key);
    return out.empty() ? "Configuration: no keys of its own\n" : "Configuration:\n" + out;
}

}  // namespace

std::vector<std::string> flag_words(std::uint32_t flags) {
    std::vector<std::string> out;
    const auto add = [&](std::uint32_t flag, const char* word) {
        if ((flags & flag) != 0) out.emplace_back(word);
    };
    add(TENON_READ_ONLY, "read-only");
    add(TENON_ADDITIVE, "additive");
    add(TENON_IDEMPOTENT, "idempotent");
    add(TENON_CLOSED_WORLD, "closed-world");
    add(TENON_CONCURRENT, "concurrent");
    add(TENON_LONG_RUNNING, "long-running");
    return out;
}

std::string allow_line(const SurveyedTool& tool) {
    const agent::ToolSpec& spec = tool.spec;
    const std::string key = "permissions.allow.1=";
    if (!spec.first_party) return key + tool.name;
    if (!spec.facts.command.empty()) return key + "Bash(COMMAND)";
    if (!spec.facts.writes.empty()) return key + "Edit(PATH)";
    if (spec.read_only || spec.facts.no_question || spec.facts.conversation_only) return {};
    return key + tool.name;
}

std::vector<ConfigKey> config_keys(const std::string& schema) {
    std::vector<ConfigKey> keys;
    if (!schema.empty()) add_keys(json_or_null(schema), "", keys);
    return keys;
}

std::string in_list(const SurveyedPlugin& plugin) {
    std::string out = heading(plugin);
    if (plugin.id.empty()) return out + "\n  left out: " + problem_text(plugin) + "\n";
    if (plugin.directory) return out + directory_in_list(plugin);
    out += "  " + place_of(plugin) + "\n  " + visible(path_to_text(plugin.file.native())) + "\n";
    if (!plugin.problem.empty())
        out += "  " + status_of(plugin) + ": " + problem_text(plugin) + "\n";
    if (!plugin.needs.empty() || !plugin.grants.empty())
        out += "  needs: " + or_none(comma_list(plugin.needs)) +
               "; granted: " + or_none(comma_list(plugin.grants)) + "\n";
    for (const std::string& warning : plugin.warnings)
        out += "  warning: " + visible(warning) + "\n";
    if (!plugin.known)
        return plugin.problem.empty()
                   ? out + "  " + status_of(plugin) + "; " + kKnownAfterLoad + "\n"
                   : out;
    std::string tools;
    for (const SurveyedTool& tool : plugin.tools)
        tools += (tools.empty() ? "" : ", ") + tool_words(tool);
    const std::string usable = plugin.problem.empty() ? status_of(plugin) + "; " : "";
    return out + "  " + usable + "tools: " + or_none(tools) + "\n";
}

std::string in_detail(const SurveyedPlugin& plugin) {
    std::string out = heading(plugin) + "\n";
    if (plugin.id.empty()) return out + row("State", "left out: " + problem_text(plugin));
    if (plugin.directory) return out + directory_in_detail(plugin);
    out += row("File", visible(path_to_text(plugin.file.native())));
    if (!plugin.part_of.empty()) out += row("Part of", path_words(plugin.part_of));
    out += row("Runs", place_of(plugin));
    out += row("ABI", plugin.abi);
    out += row("State", state_text(plugin));
    if (!plugin.first_party) {
        out += row("Needs", or_none(comma_list(plugin.needs)));
        if (!plugin.summary.empty()) out += row("Summary", first_line(plugin.summary));
        out += row("Granted", or_none(comma_list(plugin.grants)));
    }
    for (const std::string& warning : plugin.warnings)
        out += row("Warning", visible(warning));
    out += row("Stores in", visible(path_to_text(plugin.state_dir.native())));
    if (!plugin.hooks.empty()) out += row("Hooks", comma_list(plugin.hooks));
    return out + config_text(plugin) + tools_text(plugin);
}

Json list_entry(const SurveyedPlugin& plugin) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? Json() : Json(text);
    };
    Json tools = plugin.known ? Json::array() : Json();
    for (const SurveyedTool& tool : plugin.tools)
        tools.push_back({{"name", tool.name}, {"flags", flag_words(tool.flags)}});
    Json problem;
    if (!plugin.problem.empty()) problem = {{"reason", plugin.problem}, {"remedy", plugin.remedy}};
    return {{"id", text_or_null(plugin.id)},
            {"version", text_or_null(plugin.version)},
            {"file", path_to_text(plugin.file.native())},
            {"kind", plugin.directory ? "directory" : "library"},
            {"part_of", text_or_null(path_to_text(plugin.part_of.native()))},
            {"first_party", plugin.first_party},
            {"isolated", plugin.isolated},
            {"enabled", plugin.enabled},
            {"status", status_of(plugin)},
            {"needs", plugin.needs},
            {"grants", plugin.grants},
            {"tools", std::move(tools)},
            {"warnings", plugin.warnings},
            {"problem", std::move(problem)}};
}

Json detail_json(const SurveyedPlugin& plugin) {
    Json out = list_entry(plugin);
    if (plugin.id.empty()) return out;
    if (plugin.directory) {
        out["description"] = plugin.directory->description;
        out["skills"] = skill_names(*plugin.directory);
        out["libraries"] = library_names(*plugin.directory);
        out["mcp_servers"] = server_names(*plugin.directory);
        return out;
    }
    out["abi"] = plugin.abi;
    out["summary"] = plugin.summary;
    out["state_dir"] = path_to_text(plugin.state_dir.native());
    if (!plugin.knows_statement) return out;
    Json keys = Json::array();
    for (const ConfigKey& key : config_keys(plugin.config_schema))
        keys.push_back(key_json(key));
    out["configuration"] = std::move(keys);
    if (!plugin.known) return out;
    out["hooks"] = plugin.hooks;
    out["request_bytes"] = request_bytes(plugin);
    Json tools = Json::array();
    for (const SurveyedTool& tool : plugin.tools) {
        const std::string rule = allow_line(tool);
        tools.push_back({{"name", tool.name},
                         {"flags", flag_words(tool.flags)},
                         {"description", tool.spec.description},
                         {"input_schema", tool.spec.input_schema},
                         {"reads", tool.spec.facts.reads},
                         {"writes", tool.spec.facts.writes},
                         {"command", tool.spec.facts.command},
                         {"for_subagents", tool.spec.facts.for_subagents},
                         {"rule", rule.empty() ? Json() : Json(rule)},
                         {"request_bytes", tool.request_bytes}});
    }
    out["tools"] = std::move(tools);
    return out;
}

}  // namespace tenon::cli
