#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/plugin/note.h"
#include "host/plugins/plugin.h"
#include "host/plugins/trusted_file.h"

namespace tenon::plugins {

/// What the configuration says about one plugin.
struct PluginOptions {
    bool enabled = true;
    std::optional<bool> isolated;
    std::chrono::milliseconds call_timeout{std::chrono::minutes(10)};  ///< of an isolated plugin
    std::vector<std::string> grants;         ///< network, exec, read:DIR, write:DIR, unconfined
    std::map<std::string, std::string> own;  ///< plugins.<id>.<key>, raw
    /// Where each of its keys was written, by the name as in `own`.
    std::map<std::string, std::string> origins;
};

/// Of the configuration as it is written. A plugin that is left out with it may not be left out
/// with another one.
std::string raw_config_hash(const PluginOptions& options);

/// A plugin file that is found in another way than by listing a folder.
struct ListedFile {
    std::filesystem::path path;
    std::string sha256;  ///< the only bytes that may be loaded; empty: any
};

struct LoaderOptions {
    std::vector<std::filesystem::path> folders;  ///< in the order of search; they may be missing
    std::vector<std::filesystem::path> files;    ///< plugin files that take the place of others
    std::vector<ListedFile> listed;              ///< searched after the folders
    /// The only folder whose manifest is used; empty: none.
    std::filesystem::path first_party_folder;
    std::filesystem::path state_dir;    ///< empty: none, and nothing is created or removed
    std::filesystem::path plugin_host;  ///< the program tenon-plugin-host; empty: there is none
    std::string workspace;
    std::filesystem::path home;  ///< for `~` in needs and grants; empty: not known
    /// Whether isolated plugins may read the workspace directly. Not while a deny rule forbids to
    /// read some of it: then path.open/1 decides about each file.
    bool workspace_readable = true;
    std::vector<std::filesystem::path> hidden;  ///< what no isolated plugin reads unasked
    std::map<std::string, PluginOptions> by_id;
    /// Where the grants of plugins are locked, by id; an empty id is for all. For messages.
    std::map<std::string, std::string> grants_locks;
    /// Not empty: of third-party files, only those with a hash in this list are loaded (AllowList).
    std::filesystem::path allow_file;
    /// What this kernel lacks to confine plugins; empty: nothing.
    std::string cannot_confine;
    bool only_first_party = false;  ///< `load` opens no other plugin
    LogSink log;
    /// Removed from what isolated plugins print, before `log` gets it; null: there are none. They
    /// outlive the plugins. Only whoever cuts a long line knows where a value may be cut.
    const Secrets* secrets = nullptr;
    /// Files that `load` skips, since their plugins are already loaded.
    std::set<std::filesystem::path> skip;
};

/// A file that is a plugin for this host, as far as this is known without running any of its code.
struct Candidate {
    TrustedFile file;
    plugin::Note note;
    bool first_party = false;
    std::size_t manifest_index = 0;  ///< only of a first-party plugin
    std::string sha256;              ///< what the file must still have when it is loaded; or empty
};

/// A file that is not used since one of LoaderOptions::files has the same id, as it was meant.
struct ReplacedFile {
    std::string id;
    std::filesystem::path used, replaced;
};

struct Scan {
    std::vector<Candidate> found;  ///< first-party plugins as in the manifest, then others by id
    std::vector<Candidate> switched_off;
    std::vector<Problem> problems;
    std::vector<ReplacedFile> replaced;
    std::set<std::string> ids;          ///< all that files state, also of switched-off plugins
    bool has_first_party_list = false;  ///< a manifest that lists plugins
};

struct Loaded {
    std::vector<std::unique_ptr<Plugin>> plugins;  ///< in the order of Scan
    std::vector<Problem> problems;
    std::vector<ReplacedFile> replaced;
    std::set<std::string> ids;  ///< as in Scan
    bool has_first_party_list = false;
};

/// Finds every *.so in the folders, in each folder in the order of their names, and then the listed
/// files. Of two plugins with one id the first is taken; the other is a Problem, unless the first
/// is one of LoaderOptions::files. A plugin that is switched off is skipped and is not a Problem.
/// Runs no code of plugins. Blocks on files.
Scan scan(const LoaderOptions& options);

/// Why `load` would refuse a candidate, as far as this is known without running any of its code.
std::optional<plugin::Refusal> refusal_before_load(const Candidate& candidate,
                                                   const LoaderOptions& options);

/// Scans the folders and opens every plugin that was found. A plugin that cannot be used becomes a
/// Problem; the others are opened. When the host itself lacks descriptors, processes or memory, the
/// Problem says so (`shortage`); then `plugins` may be incomplete, and a first-party plugin may
/// have been taken for a third-party one.
/// A first-party plugin is loaded in place and stays as it is until the host starts again. A
/// third-party plugin is loaded from a private copy under the state folder, so that the next call
/// can load a file that was replaced. It runs in a process of its own unless `isolated` is false;
/// that process is started now only if nothing is known of the file's content (KnownPlugins). Also
/// a file that is to run in the host is opened in another process the first time. A file that broke
/// there is refused until it changes. `services` outlives the plugins.
Loaded load(const LoaderOptions& options, const Services& services);

}  // namespace tenon::plugins
