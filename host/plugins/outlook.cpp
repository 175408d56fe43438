#include "host/plugins/outlook.h"

#include <algorithm>

#include "host/plugins/config.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/grants.h"

namespace tenon::plugins {
namespace {

const PluginOptions& options_for(const Candidate& candidate, const LoaderOptions& options) {
    static const PluginOptions defaults;
    const auto found = options.by_id.find(candidate.note.id);
    return found != options.by_id.end() ? found->second : defaults;
}

/// What the last load has shown, unless it broke with another configuration.
void take_memory(const Candidate& candidate, const LoaderOptions& options, Outlook& out) {
    const KnownPlugins memory(options.state_dir / kPluginCache);
    const auto hash = content_hash_of_file(candidate.file.fd.get());
    if (!hash) return;
    auto known = memory.find(candidate.note.id, *hash);
    if (!known) return;
    if (known->refusal) {
        const PluginOptions& configured = options_for(candidate, options);
        const std::string config =
            configured.isolated.value_or(true) ? raw_config_hash(configured) : std::string();
        out.refusal = memory.refusal_of_broken(candidate.note.id, *hash, *known, config);
        return;
    }
    out.known = std::move(known);
}

/// What the load would find wrong with the configuration, the tools, or else what it found wrong
/// the last time.
void judge_known(const Candidate& candidate, const LoaderOptions& options, Outlook& out) {
    const PluginOptions& configured = options_for(candidate, options);
    const std::string& id = candidate.note.id;
    if (out.knows_statement()) {
        const auto about_keys =
            warnings_about_keys(out.known->config_schema, id, configured.own, configured.origins);
        out.warnings.insert(out.warnings.end(), about_keys.begin(), about_keys.end());
        const auto checked =
            checked_config(out.known->config_schema, id, configured.own, configured.origins);
        if (!checked) {
            out.refusal = checked.error();
            return;
        }
    }
    if (out.knows_tools()) {
        for (const plugin::ToolDeclaration& tool : out.known->tools) {
            if (const auto fine = check_tool(tool, id, false); !fine) {
                out.refusal = fine.error();
                return;
            }
        }
    }
    if (out.known->left_out && out.known->left_out->config == raw_config_hash(configured)) {
        out.refusal = out.known->left_out->why;
        out.refusal->reason += "; so it was when it was loaded the last time";
    }
}

/// The templates of plugins name the tool after the plugin, and the file too.
bool may_name(std::string name, const std::string& tool) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name == tool;
}

bool lists(const Outlook& outlook, const std::string& tool) {
    return outlook.knows_tools() &&
           std::any_of(outlook.known->tools.begin(), outlook.known->tools.end(),
                       [&](const plugin::ToolDeclaration& one) { return one.name == tool; });
}

/// "the plugin ID (FILE) has this tool"; empty: it does not, as far as this is known.
std::string claim_of(const Candidate& candidate, const LoaderOptions& options,
                     const std::string& tool) {
    const Outlook outlook = outlook_of(candidate, options);
    const std::string who =
        "the plugin " + candidate.note.id + " (" + candidate.file.path.string() + ")";
    if (lists(outlook, tool)) return who + " has this tool";
    if (outlook.knows_tools() || !may_name(candidate.note.id, tool)) return {};
    return who + " may have this tool";
}

std::string with_remedy(const Problem& problem) {
    return problem.reason + (problem.remedy.empty() ? "" : " (" + problem.remedy + ")");
}

/// Of a file that was refused before its id was known.
bool is_about(const Problem& problem, const Scan& found, const std::string& tool) {
    const auto same_file = [&](const Candidate& one) { return one.file.path == problem.file; };
    return may_name(problem.file.stem().string(), tool) &&
           std::none_of(found.found.begin(), found.found.end(), same_file);
}

}  // namespace

Outlook outlook_of(const Candidate& candidate, const LoaderOptions& options) {
    Outlook out;
    if (candidate.first_party) return out;
    const PluginOptions& configured = options_for(candidate, options);
    out.warnings = warnings_about_grants(candidate.note, configured.grants, options.home,
                                         configured.isolated.value_or(true));
    take_memory(candidate, options, out);
    if (auto refusal = refusal_before_load(candidate, options)) {
        out.refusal = std::move(refusal);
        return out;
    }
    if (!out.refusal && out.known) judge_known(candidate, options, out);
    return out;
}

MissingTool why_tool_is_missing(const std::string& tool, const LoaderOptions& options,
                                const std::vector<Problem>& left_out) {
    const Scan found = scan(options);
    for (const Candidate& candidate : found.found) {
        for (const Problem& problem : left_out) {
            if (problem.file != candidate.file.path) continue;
            const std::string claim = claim_of(candidate, options, tool);
            if (!claim.empty()) return {claim + ", but it is left out", with_remedy(problem)};
        }
    }
    for (const Candidate& candidate : found.switched_off) {
        const std::string claim = claim_of(candidate, options, tool);
        if (!claim.empty())
            return {claim + ", but it is switched off",
                    "plugins." + candidate.note.id + ".enabled=false"};
    }
    for (const Problem& problem : left_out) {
        if (is_about(problem, found, tool))
            return {
                "the plugin " + problem.file.string() + " may have this tool, but it is left out",
                with_remedy(problem)};
    }
    return {};
}

std::vector<std::string> plugins_with_unknown_tools(const LoaderOptions& options,
                                                    const std::vector<Problem>& left_out) {
    const Scan found = scan(options);
    std::vector<std::string> out;
    const auto add_unknown = [&](const Candidate& candidate) {
        if (!outlook_of(candidate, options).knows_tools()) out.push_back(candidate.note.id);
    };
    for (const Candidate& candidate : found.switched_off)
        add_unknown(candidate);
    for (const Problem& problem : left_out) {
        const auto candidate =
            std::find_if(found.found.begin(), found.found.end(),
                         [&](const Candidate& one) { return one.file.path == problem.file; });
        if (candidate != found.found.end()) {
            add_unknown(*candidate);
        } else if (problem.file.extension() == ".so") {
            out.push_back(problem.file.stem().string());
        }
    }
    return out;
}

}  // namespace tenon::plugins
