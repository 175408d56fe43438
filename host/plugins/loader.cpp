#include "host/plugins/loader.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <system_error>

#include "host/base/limits.h"
#include "host/base/private_dirs.h"
#include "host/base/utf8.h"
#include "host/plugins/allow_list.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/grants.h"
#include "host/plugins/known_plugins.h"
#include "host/plugins/manifest.h"
#include "host/plugins/private_copy.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

plugin::Refusal needs_isolation(const std::string& id) {
    return {
        "it did not come with this host, so it has to run isolated, in tenon-plugin-host, which "
        "this build does not have",
        "set plugins." + id +
            ".isolated=false to run it inside the host, where a crash ends the host"};
}
std::string abi_text(unsigned major, unsigned minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

/// The most descriptors that one step has open: a plugin and its copy, or the user database.
constexpr unsigned kDescriptorsOfAStep = 4;

/// The errno of a shortage that a reason names in words: a plugin and the dynamic loader give only
/// text. 0 when it names none.
int shortage_in(const std::string& reason) {
    const auto says = [&](int code) {
        return reason.find(std::generic_category().message(code)) != std::string::npos;
    };
    for (const int code : {EMFILE, ENFILE, ENOMEM}) {
        if (says(code)) return code;
    }
    // A locked file has the same message.
    return says(EAGAIN) && processes_left().value_or(1) == 0 ? EAGAIN : 0;
}

/// Without a free descriptor every check fails with its own reason: a manifest is unreadable, an
/// owner unknown, a library not found. Then the shortage is reported instead of that reason.
Problem problem_with(const fs::path& file, const plugin::Refusal& refusal) {
    const int missing = descriptor_shortage(kDescriptorsOfAStep);
    const int code = missing != 0 ? missing : shortage_in(refusal.reason);
    if (code == 0) return {file, refusal.reason, refusal.remedy};
    return {file, shortage_error("load it", code).message, "", true};
}

Result<void, plugin::Refusal> check_abi(const plugin::Note& note) {
    if (plugin::is_supported_abi(note.abi_major, note.abi_minor)) return {};
    const std::string found = abi_text(note.abi_major, note.abi_minor);
    const std::string ours = abi_text(TENON_ABI_MAJOR, TENON_ABI_MINOR);
    return plugin::Refusal{"the plugin " + note.id + " is built for plugin ABI " + found +
                               "; this host supports " + ours + " and later minor versions",
                           "build it with the SDK of Tenon " TENON_VERSION};
}

const PluginOptions& options_of(const LoaderOptions& options, const std::string& id) {
    static const PluginOptions defaults;
    const auto found = options.by_id.find(id);
    return found != options.by_id.end() ? found->second : defaults;
}

/// The manifest of the first-party folder: file names in order.
struct FirstParty {
    fs::path folder;
    std::vector<std::string> names;
};

FirstParty first_party_of(const LoaderOptions& options, std::vector<Problem>& problems) {
    std::error_code error;
    FirstParty out{fs::canonical(options.first_party_folder, error), {}};
    if (error) return {};
    auto names = read_manifest(out.folder);
    if (names) {
        out.names = std::move(*names);
    } else {
        problems.push_back(problem_with(out.folder / "manifest.json", names.error()));
    }
    return out;
}

Result<Candidate, plugin::Refusal> inspect(const fs::path& path, const FirstParty& first_party) {
    auto file = open_trusted(path);
    if (!file) return file.error();
    auto note = plugin::read_note(file->fd.get());
    if (!note) return note.error();
    if (auto checked = check_abi(*note); !checked) return checked.error();
    Candidate candidate{std::move(*file), std::move(*note), false, 0, {}};
    const auto name =
        std::find(first_party.names.begin(), first_party.names.end(), path.filename().string());
    struct stat info {};
    candidate.first_party = name != first_party.names.end() &&
                            candidate.file.path.parent_path() == first_party.folder &&
                            ::fstat(candidate.file.fd.get(), &info) == 0 &&
                            owns_this_program(info.st_uid);
    if (candidate.first_party)
        candidate.manifest_index = static_cast<std::size_t>(name - first_party.names.begin());
    return candidate;
}

std::vector<fs::path> libraries_in(const fs::path& folder, std::vector<Problem>& problems) {
    std::vector<fs::path> out;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.front() != '.' && it->path().extension() == ".so") out.push_back(it->path());
    }
    if (error && error != std::errc::no_such_file_or_directory)
        problems.push_back(problem_with(folder, {"list the folder: " + error.message(),
                                                 "check plugins.path and the folder's mode"}));
    std::sort(out.begin(), out.end());
    return out;
}

void sort_for_models(std::vector<Candidate>& found) {
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        if (a.first_party != b.first_party) return a.first_party;
        return a.first_party ? a.manifest_index < b.manifest_index : a.note.id < b.note.id;
    });
}

/// A plugin of the host that is not in its folder would be missed only by the model.
void report_missing_files(const FirstParty& first_party, std::vector<Problem>& problems) {
    for (const std::string& name : first_party.names) {
        struct stat info {};
        const fs::path file = first_party.folder / name;
        if (::lstat(file.c_str(), &info) != 0 && errno == ENOENT)
            problems.push_back(
                {file, "it came with this host and is not there", "install the host again"});
    }
}

/// Decides whether third-party files may be loaded where only known ones are.
class KnownFiles {
public:
    explicit KnownFiles(const fs::path& allow_file) {
        if (!allow_file.empty()) list_.emplace(AllowList::read(allow_file));
    }

    /// Sets the hash of the candidate that it has checked. `sha256` is the only one that is
    /// allowed, if not empty.
    Result<void, plugin::Refusal> check(Candidate& candidate, const std::string& sha256) const {
        candidate.sha256 = sha256;
        if (!list_ || candidate.first_party) return {};
        if (!*list_) return list_->error();
        auto hash = content_hash_of_file(candidate.file.fd.get());
        if (!hash) return plugin::Refusal{hash.error().message, "check that it is readable"};
        if (sha256.empty()) candidate.sha256 = *hash;
        return (*list_)->check(*hash, candidate.file.path);
    }

private:
    std::optional<Result<AllowList, plugin::Refusal>> list_;
};

/// One run of `load`.
class Opening {
public:
    Opening(const LoaderOptions& options, const Services& services, unsigned generation)
        : options_(options),
          services_(services),
          generation_(generation),
          known_(options.state_dir / kPluginCache) {}

    Result<std::unique_ptr<Plugin>, ProcessFailure> open(Candidate& candidate) {
        const std::string& id = candidate.note.id;
        const bool isolated = options_of(options_, id).isolated.value_or(!candidate.first_party);
        if (isolated) return open_isolated(candidate);
        if (candidate.first_party) return open_in_host(candidate, candidate.file.path);
        auto confinement = confinement_of(candidate);
        if (!confinement) return refused(confinement.error());
        auto hash = hash_of(candidate);
        if (!hash) return refused(hash.error());
        auto copy = private_copy(candidate.file.fd.get(), candidate.note,
                                 options_.state_dir / "plugins", generation_, *hash);
        if (!copy) return refused(copy.error());
        confinement->library = copy->string();
        auto checked = check_in_other_process(candidate, std::move(*confinement), *hash);
        if (!checked) return checked.error();
        auto plugin = open_in_host(candidate, *copy);
        if (plugin) {
            remember_tools(**plugin, *hash);
        } else {
            remember_left_out(candidate.note.id, *hash, plugin.error());
        }
        return plugin;
    }

private:
    /// For `tenon plugin list`, which does not run the plugin.
    void remember_tools(const Plugin& plugin, const std::string& hash) const {
        const auto known = known_.find(plugin.id(), hash);
        KnownPlugin now{plugin.version(), plugin.config_schema(), {}, plugin.declarations(), {}};
        if (known && !known->refusal && known->tools == now.tools) {
            now.config_hash = known->config_hash;
            now.hooks = known->hooks;
        }
        if (known != now) known_.remember(plugin.id(), hash, now);
    }
    /// For the same. What the system lacked says nothing about the plugin.
    void remember_left_out(const std::string& id, const std::string& hash,
                           const ProcessFailure& failure) const {
        if (failure.kind != ProcessFailure::Kind::kRefused) return;
        if (problem_with({}, failure.refusal).shortage) return;
        known_.remember_left_out(id, hash, failure.refusal,
                                 raw_config_hash(options_of(options_, id)));
    }
    static ProcessFailure refused(plugin::Refusal refusal) {
        return {ProcessFailure::Kind::kRefused, std::move(refusal)};
    }
    [[nodiscard]] PluginOrigin origin_of(const Candidate& candidate) const {
        PluginOrigin origin{candidate.file.path, candidate.note.id, candidate.first_party,
                            options_.workspace};
        const PluginOptions& configured = options_of(options_, candidate.note.id);
        origin.key_origins = configured.origins;
        origin.warnings =
            warnings_about_grants(candidate.note, configured.grants, options_.home,
                                  configured.isolated.value_or(!candidate.first_party));
        return origin;
    }
    Result<std::unique_ptr<Plugin>, ProcessFailure> open_in_host(const Candidate& candidate,
                                                                 const fs::path& library) {
        auto own_folder = make_own_folder(candidate.note.id);
        if (!own_folder) return refused(own_folder.error());
        PluginOrigin origin = origin_of(candidate);
        origin.state_dir = own_folder->string();
        auto plugin =
            Plugin::open(library, std::move(origin), options_of(options_, candidate.note.id).own,
                         services_, options_.log);
        if (!plugin) return refused(plugin.error());
        return std::move(*plugin);
    }

    Result<std::string, plugin::Refusal> hash_of(const Candidate& candidate) {
        if (!hashes_) hashes_.emplace(options_.state_dir / kPluginCache / "files.json");
        auto hash = hashes_->of(candidate.file.fd.get());
        if (!hash) return plugin::Refusal{hash.error().message, "check the file"};
        if (!candidate.sha256.empty() && candidate.sha256 != *hash)
            return plugin::Refusal{
                "its bytes are not those that were checked",
                "try again; for a file of a workspace, see 'tenon config trust'"};
        return std::move(*hash);
    }

    /// tenon_host.state_dir of a plugin; empty: there is no state directory.
    [[nodiscard]] Result<fs::path, plugin::Refusal> make_own_folder(const std::string& id) const {
        if (options_.state_dir.empty()) return fs::path();
        fs::path folder = options_.state_dir / "plugin-data" / id;
        if (auto made = make_private_dirs(folder); !made)
            return plugin::Refusal{made.error().message, "check the state directory"};
        return folder;
    }

    /// What this plugin may do, if its needs are granted. Its folder for files of its own is made.
    Result<plugin::Confinement, plugin::Refusal> confinement_of(const Candidate& candidate) const {
        PluginPlaces places;
        places.plugin_dir = candidate.file.path.parent_path();
        auto own_folder = make_own_folder(candidate.note.id);
        if (!own_folder) return own_folder.error();
        places.state_dir = std::move(*own_folder);
        return confinement_for(candidate.note, places, options_);
    }

    Result<std::unique_ptr<Plugin>, ProcessFailure> open_isolated(Candidate& candidate) {
        const std::string id = candidate.note.id;
        if (options_.plugin_host.empty()) return refused(needs_isolation(id));
        auto hash = hash_of(candidate);
        if (!hash) return refused(hash.error());
        auto confinement = confinement_of(candidate);
        if (!confinement) return refused(confinement.error());
        if (!options_.cannot_confine.empty() && !confinement->unconfined)
            return refused(with_lock_of_grants(
                cannot_be_confined(id, options_of(options_, id).grants, options_.cannot_confine),
                id, options_));
        std::optional<KnownPlugin> known = known_.find(id, *hash);
        const std::string raw_config = raw_config_hash(options_of(options_, id));
        if (known && known->refusal) {
            if (auto broken = known_.refusal_of_broken(id, *hash, *known, raw_config))
                return refused(std::move(*broken));
            known.reset();  // it broke with another configuration
        }
        IsolatedOptions isolated;
        isolated.id = id;
        isolated.program = options_.plugin_host;
        isolated.confinement = std::move(*confinement);
        isolated.secrets = options_.secrets;
        isolated.needs = candidate.note.needs;
        isolated.grants = options_of(options_, id).grants.size();
        isolated.workspace = options_.workspace;
        isolated.call_timeout = options_of(options_, id).call_timeout;
        isolated.library = library_of(candidate, *hash);
        isolated.learned = [store = known_, id, hash = *hash, raw_config](KnownPlugin plugin) {
            if (plugin.refusal && !plugin.config_hash.empty()) plugin.config_hash = raw_config;
            // A list of tools from another configuration is worth more than none.
            if (const auto before = store.find(id, hash);
                plugin.extent != KnownPlugin::Extent::kTools && before && !before->refusal &&
                before->extent == KnownPlugin::Extent::kTools)
                return;
            store.remember(id, hash, plugin);
        };
        PluginOrigin origin = origin_of(candidate);
        auto plugin =
            Plugin::open_isolated(std::move(isolated), std::move(known), std::move(origin),
                                  options_of(options_, id).own, services_, options_.log);
        if (!plugin) remember_left_out(id, *hash, plugin.error());
        return plugin;
    }

    /// Makes the private copy when the process is started for the first time. The file is kept open
    /// until then: a file that has replaced it meanwhile is not the one that was checked.
    std::function<Result<fs::path, plugin::Refusal>()> library_of(Candidate& candidate,
                                                                  const std::string& hash) const {
        if (candidate.first_party)
            return [path = candidate.file.path]() -> Result<fs::path, plugin::Refusal> {
                return path;
            };
        auto file = std::make_shared<UniqueFd>(std::move(candidate.file.fd));
        return [file, hash, note = candidate.note, folder = options_.state_dir / "plugins",
                generation = generation_]() -> Result<fs::path, plugin::Refusal> {
            const auto is_same = [&](int fd) {
                const auto found = content_hash_of_file(fd);
                return found && *found == hash;
            };
            const plugin::Refusal changed{"its file has changed since this session began",
                                          "load the new one with /reload"};
            if (!is_same(file->get())) return changed;
            auto copy = make_private_copy(file->get(), note, folder, generation, hash);
            if (!copy) return copy.error();
            *file = std::move(copy->in_use);  // for as long as a process may be started from it
            return std::move(copy->path);
        };
    }

    /// Opens the library in another process first, when nothing is known of it: there it can break
    /// without harm. It is not confined, as it will not be in the host.
    Result<void, ProcessFailure> check_in_other_process(const Candidate& candidate,
                                                        plugin::Confinement confinement,
                                                        const std::string& hash) const {
        const std::string& id = candidate.note.id;
        if (options_.plugin_host.empty()) return {};
        const auto known = known_.find(id, hash);
        if (known) {
            if (auto broken = known_.refusal_of_broken(id, hash, *known, {}))
                return refused(std::move(*broken));
            if (known->extent != KnownPlugin::Extent::kNothing) return {};
        }
        plugin::LoadOrder order;
        order.id = id;
        order.confine = false;
        order.confinement = std::move(confinement);
        PluginHostPort log(id, false, services_, options_.log);
        const auto process =
            PluginProcess::start(options_.plugin_host, order, log, options_.secrets);
        KnownPlugin learned;
        learned.extent = KnownPlugin::Extent::kStatement;
        if (process) {
            learned.version = utf8::repair((*process)->hello().version);
            learned.config_schema = (*process)->hello().config_schema;
        } else if (process.error().kind == ProcessFailure::Kind::kFault) {
            learned = {};
            learned.refusal = process.error().refusal;
        } else {
            remember_left_out(id, hash, process.error());
            return process.error();
        }
        known_.remember(id, hash, learned);
        if (!process) return process.error();
        return {};
    }

    const LoaderOptions& options_;
    const Services& services_;
    const unsigned generation_;
    const KnownPlugins known_;
    std::optional<ContentHashes> hashes_;
};

}  // namespace

std::string raw_config_hash(const PluginOptions& options) {
    return content_hash(dump_json(Json(options.own)));
}

std::optional<plugin::Refusal> refusal_before_load(const Candidate& candidate,
                                                   const LoaderOptions& options) {
    const std::string& id = candidate.note.id;
    const PluginOptions& configured = options_of(options, id);
    if (!candidate.first_party) {
        const auto rights = rights_of(candidate.note, configured.grants, options.home);
        if (!rights) return with_lock_of_grants(rights.error(), id, options);
        if (configured.isolated.value_or(true) && !options.cannot_confine.empty() &&
            !rights->unconfined)
            return with_lock_of_grants(
                cannot_be_confined(id, configured.grants, options.cannot_confine), id, options);
    }
    if (configured.isolated.value_or(!candidate.first_party) && options.plugin_host.empty())
        return needs_isolation(id);
    return std::nullopt;
}

Scan scan(const LoaderOptions& options) {
    Scan out;
    const FirstParty first_party = first_party_of(options, out.problems);
    out.has_first_party_list = !first_party.names.empty();
    report_missing_files(first_party, out.problems);
    const KnownFiles known(options.allow_file);
    std::map<std::string, fs::path> taken;
    std::set<std::string> named;  // the ids of `files`
    const auto consider = [&](const fs::path& path, const std::string& sha256) {
        auto candidate = inspect(path, first_party);
        if (!candidate) {
            out.problems.push_back(problem_with(path, candidate.error()));
            return;
        }
        const std::string id = candidate->note.id;
        out.ids.insert(id);
        if (!options_of(options, id).enabled) {
            out.switched_off.push_back(std::move(*candidate));
            return;
        }
        if (auto allowed = known.check(*candidate, sha256); !allowed) {
            out.problems.push_back(problem_with(path, allowed.error()));
            return;
        }
        const auto [first, is_new] = taken.emplace(id, candidate->file.path);
        if (is_new) {
            out.found.push_back(std::move(*candidate));
        } else if (named.count(id) > 0) {
            if (first->second != candidate->file.path)
                out.replaced.push_back({id, first->second, path});
        } else if (first->second != candidate->file.path) {  // the same folder may be named twice
            out.problems.push_back(
                {path,
                 "a second plugin with the id " + id + "; the first is " + first->second.string(),
                 "remove one of the two"});
        }
    };
    for (const fs::path& file : options.files)
        consider(file, {});
    for (const auto& [id, ignored] : taken)
        named.insert(id);
    for (const fs::path& folder : options.folders) {
        for (const fs::path& path : libraries_in(folder, out.problems))
            consider(path, {});
    }
    for (const ListedFile& file : options.listed)
        consider(file.path, file.sha256);
    sort_for_models(out.found);
    return out;
}

Loaded load(const LoaderOptions& options, const Services& services) {
    static std::atomic<unsigned> generation{0};
    const unsigned current = ++generation;
    if (!options.state_dir.empty()) remove_unused_copies(options.state_dir / "plugins");
    Scan scanned = scan(options);
    Loaded out{{},
               std::move(scanned.problems),
               std::move(scanned.replaced),
               std::move(scanned.ids),
               scanned.has_first_party_list};
    Opening opening(options, services, current);
    for (Candidate& candidate : scanned.found) {
        if (options.only_first_party && !candidate.first_party) continue;
        if (options.skip.count(candidate.file.path) > 0) continue;
        auto plugin = opening.open(candidate);
        if (plugin) {
            out.plugins.push_back(std::move(*plugin));
        } else if (plugin.error().kind == ProcessFailure::Kind::kShortage) {
            out.problems.push_back({candidate.file.path, plugin.error().refusal.reason, "", true});
        } else {
            out.problems.push_back(problem_with(candidate.file.path, plugin.error().refusal));
        }
    }
    return out;
}

}  // namespace tenon::plugins
