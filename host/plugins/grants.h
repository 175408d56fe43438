#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/confinement.h"
#include "host/plugin/note.h"
#include "host/plugin/refusal.h"
#include "host/plugins/loader.h"

/// What a third-party plugin may do besides what all of them may: what is both in its needs (see
/// plugin::Note) and in plugins.<id>.grants.
namespace tenon::plugins {

/// What the needs and the grants of a plugin come to. Paths are absolute; links in them have been
/// followed as far as they exist.
struct Rights {
    bool network = false;
    bool exec = false;
    bool unconfined = false;  ///< granted; has an effect only where the kernel cannot confine
    std::vector<std::string> read, write;  ///< what may be written may be read as well
    std::vector<std::string> unused;       ///< grants that no need asks for: they have no effect
    /// Each directory of `read` and `write` with the grant that covers it.
    std::map<std::string, std::string> granted_by;
};

/// Compares the needs of a plugin with `grants`, whose forms are network, exec, read:DIR, write:DIR
/// and unconfined. A granted DIR covers needed directories at and beneath it, and write:DIR covers
/// read:DIR. `home` stands for `~`; it may be empty. Refused when a need is not granted (the remedy
/// is the line to add), or a grant has none of the forms. Looks at the file system for links.
/// A needed directory that lies inside of one that the plugin may write adds nothing: the plugin
/// may use it anyway, and could replace it by a link to anywhere. `state_dir`, if not empty, is
/// such a directory, too.
Result<Rights, plugin::Refusal> rights_of(const plugin::Note& note,
                                          const std::vector<std::string>& grants,
                                          const std::filesystem::path& home,
                                          const std::filesystem::path& state_dir = {});

/// What a person should know about the grants of a plugin that may be loaded, a sentence each: a
/// grant that has no effect, and, if the plugin is `confined`, a directory that is missing or is
/// none. Looks at the file system.
std::vector<std::string> warnings_about_grants(const plugin::Note& note,
                                               const std::vector<std::string>& grants,
                                               const std::filesystem::path& home, bool confined);

/// Where one plugin is; each absolute.
struct PluginPlaces {
    std::filesystem::path library;     ///< the file to open
    std::filesystem::path plugin_dir;  ///< where it was found
    std::filesystem::path state_dir;   ///< of the plugin's own
};

/// What a plugin may do in this run, by its needs and the configuration. Refused like `rights_of`.
Result<plugin::Confinement, plugin::Refusal> confinement_for(const plugin::Note& note,
                                                             const PluginPlaces& places,
                                                             const LoaderOptions& options);

/// A plugin that runs confined, for a hint to its author and its user.
struct ConfinedPlugin {
    std::string id;
    std::vector<std::string> needs;  ///< as its note states them; all are granted
    std::size_t grants = 0;          ///< how many the configuration has
    std::string workspace;           ///< absolute, also where the plugin may not read it
};

/// A line for the end of a failed result: that the confinement may be the reason, which need would
/// change it, and the line that grants this need. Empty when `own_words` do not name an error that
/// the confinement causes: EPERM and EACCES; without network, a failed resolution of a name; ENOENT
/// where only path.open/1 reads the workspace. `own_words` are those of the plugin, without what
/// the host has answered: they are the only sign, since neither Landlock nor a filter reports to
/// this process what it has refused.
std::string hint_of_confinement(const ConfinedPlugin& plugin,
                                const plugin::Confinement& confinement, std::string_view own_words);

/// `refusal`, which advises to add grants; where they are locked for this plugin, it says so.
plugin::Refusal with_lock_of_grants(plugin::Refusal refusal, const std::string& id,
                                    const LoaderOptions& options);

/// The plugin cannot run since this kernel cannot confine it; `why` says what the kernel lacks.
plugin::Refusal cannot_be_confined(const std::string& id, const std::vector<std::string>& grants,
                                   const std::string& why);

}  // namespace tenon::plugins
