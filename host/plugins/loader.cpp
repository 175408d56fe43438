#include "host/plugins/loader.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>

#include "host/base/limits.h"
#include "host/plugins/allow_list.h"
#include "host/plugins/file_hash.h"
#include "host/plugins/manifest.h"
#include "host/plugins/private_copy.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNeedsIsolation =
    "it did not come with this host, so it has to run isolated, in tenon-plugin-host, which this "
    "build does not have";

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
        auto hash = sha256_of(candidate.file.fd.get());
        if (!hash) return plugin::Refusal{hash.error().message, "check that it is readable"};
        if (sha256.empty()) candidate.sha256 = *hash;
        return (*list_)->check(*hash, candidate.file.path);
    }

private:
    std::optional<Result<AllowList, plugin::Refusal>> list_;
};

/// The file to load the plugin from.
Result<fs::path, plugin::Refusal> file_to_load(const Candidate& candidate,
                                               const LoaderOptions& options, unsigned generation) {
    const auto isolated = options_of(options, candidate.note.id).isolated;
    const std::string key = "plugins." + candidate.note.id + ".isolated";
    if (candidate.first_party && isolated.value_or(false))
        return plugin::Refusal{"it is to run isolated (" + key +
                                   "=true), in tenon-plugin-host, which this build does not have",
                               "remove " + key};
    if (candidate.first_party) return candidate.file.path;
    if (isolated.value_or(true))
        return plugin::Refusal{
            kNeedsIsolation,
            "set " + key + "=false to run it inside the host, where a crash ends the host"};
    return private_copy(candidate.file.fd.get(), candidate.note, options.state_dir / "plugins",
                        generation, candidate.sha256);
}

Result<std::unique_ptr<Plugin>, plugin::Refusal> open(const Candidate& candidate,
                                                      const LoaderOptions& options,
                                                      const Services& services,
                                                      unsigned generation) {
    auto place = file_to_load(candidate, options, generation);
    if (!place) return place.error();
    PluginOrigin origin{candidate.file.path, candidate.note.id, candidate.first_party,
                        options.workspace, options_of(options, candidate.note.id).origins};
    return Plugin::open(*place, std::move(origin), options_of(options, candidate.note.id).own,
                        services, options.log);
}

}  // namespace

Scan scan(const LoaderOptions& options) {
    Scan out;
    const FirstParty first_party = first_party_of(options, out.problems);
    out.has_first_party_list = !first_party.names.empty();
    report_missing_files(first_party, out.problems);
    const KnownFiles known(options.allow_file);
    std::map<std::string, fs::path> taken;
    const auto consider = [&](const fs::path& path, const std::string& sha256) {
        auto candidate = inspect(path, first_party);
        if (!candidate) {
            out.problems.push_back(problem_with(path, candidate.error()));
            return;
        }
        const std::string id = candidate->note.id;
        out.ids.insert(id);
        if (!options_of(options, id).enabled) return;
        if (auto allowed = known.check(*candidate, sha256); !allowed) {
            out.problems.push_back(problem_with(path, allowed.error()));
            return;
        }
        const auto [first, is_new] = taken.emplace(id, candidate->file.path);
        if (is_new) {
            out.found.push_back(std::move(*candidate));
        } else if (first->second != candidate->file.path) {  // the same folder may be named twice
            out.problems.push_back(
                {path,
                 "a second plugin with the id " + id + "; the first is " + first->second.string(),
                 "remove one of the two"});
        }
    };
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
    remove_unused_copies(options.state_dir / "plugins");
    Scan scanned = scan(options);
    Loaded out{
        {}, std::move(scanned.problems), std::move(scanned.ids), scanned.has_first_party_list};
    for (const Candidate& candidate : scanned.found) {
        if (options.skip.count(candidate.file.path) > 0) continue;
        auto plugin = open(candidate, options, services, current);
        if (plugin) {
            out.plugins.push_back(std::move(*plugin));
        } else {
            out.problems.push_back(problem_with(candidate.file.path, plugin.error()));
        }
    }
    return out;
}

}  // namespace tenon::plugins
