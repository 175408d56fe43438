#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/plugins/known_plugins.h"
#include "host/plugins/loader.h"
#include "host/plugins/registry.h"

namespace tenon::plugins {

/// What becomes of a third-party plugin file when it is loaded, as far as this is known without
/// running its code: from its file, its configuration, and what its last load has shown.
struct Outlook {
    /// What is known of the file; nothing: it has not been loaded with this content and
    /// configuration.
    std::optional<KnownPlugin> known;
    std::optional<plugin::Refusal> refusal;  ///< why it is left out; nothing: no reason is known
    std::vector<std::string> warnings;  ///< what a person should know about its keys and grants

    [[nodiscard]] bool knows_statement() const {
        return known && known->extent != KnownPlugin::Extent::kNothing;
    }
    [[nodiscard]] bool knows_tools() const {
        return known && known->extent == KnownPlugin::Extent::kTools;
    }
};

/// Does not see whether the plugin is switched off, nor whether a name of its tools is taken.
/// Blocks on files.
Outlook outlook_of(const Candidate& candidate, const LoaderOptions& options);

/// About the plugin that has a tool, or may have it, and is left out or switched off. `left_out`
/// are the files that `load` or the registry has refused. Runs no code of plugins; blocks on files.
MissingTool why_tool_is_missing(const std::string& tool, const LoaderOptions& options,
                                const std::vector<Problem>& left_out);

/// The plugins that are left out or switched off and whose tools are not known: any missing tool
/// may be theirs. By their ids, and by the names of files whose id is not known. `left_out`, and
/// what it does, are as above.
std::vector<std::string> plugins_with_unknown_tools(const LoaderOptions& options,
                                                    const std::vector<Problem>& left_out);

}  // namespace tenon::plugins
