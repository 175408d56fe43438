#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/plugin/note.h"
#include "host/plugins/plugin.h"
#include "host/plugins/problem.h"
#include "host/plugins/trusted_file.h"

namespace tenon::plugins {

/// What the configuration says about one plugin.
struct PluginOptions {
    bool enabled = true;
    std::optional<bool> isolated;
    std::map<std::string, std::string> own;  ///< plugins.<id>.<key>, raw
};

struct LoaderOptions {
    std::vector<std::filesystem::path> folders;  ///< in order of search; a missing one is empty
    /// The one folder whose manifest counts (see installed_plugin_folder); empty: none.
    std::filesystem::path first_party_folder;
    std::filesystem::path state_dir;
    std::string workspace;
    std::map<std::string, PluginOptions> by_id;
    LogSink log;
    /// Files that `load` passes over: their plugins are there already.
    std::set<std::filesystem::path> loaded;
};

/// A file that is a plugin for this host, as far as can be said without running any of its code.
struct Candidate {
    TrustedFile file;
    plugin::Note note;
    bool first_party = false;
    std::size_t rank = 0;  ///< of a first-party one: its place in the manifest
};

struct Scan {
    std::vector<Candidate> found;  ///< first-party ones as in the manifest, then others by id
    std::vector<Problem> problems;
};

struct Loaded {
    std::vector<std::unique_ptr<Plugin>> plugins;  ///< in the order of Scan
    std::vector<Problem> problems;
};

/// `<prefix>/lib/tenon/plugins` next to the running executable (`<prefix>/<any>/tenon`).
std::filesystem::path installed_plugin_folder();

/// Judges one file: who could change it, its machine, its ABI. Runs none of its code.
Result<Candidate, plugin::Refusal> inspect(const std::filesystem::path& file,
                                           const LoaderOptions& options);

/// Every *.so of the folders, each folder's by name; of two with one id the first stays. Disabled
/// ones are left out without a word. Runs no plugin code. Blocks on files.
Scan scan(const LoaderOptions& options);

/// Scans, maps and creates. A plugin that cannot be used becomes a Problem; the others go on. Where
/// the host itself lacks descriptors, processes or memory the Problem says so (`shortage`), and
/// what is in `plugins` may be incomplete, with plugins taken for strangers. First-party ones are
/// loaded in place, others, where `isolated` is false, from a private copy under the state folder;
/// so a file that was replaced is loaded anew by the next call, but a first-party one stays as it
/// was until the host starts again. `services` outlives the plugins.
Loaded load(const LoaderOptions& options, const Services& services);

}  // namespace tenon::plugins
