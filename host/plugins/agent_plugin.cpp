#include "host/plugins/agent_plugin.h"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/beneath.h"
#include "host/base/ids.h"
#include "host/base/nearest.h"
#include "host/base/path_text.h"
#include "host/base/untrusted.h"
#include "host/plugins/trusted_file.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestSchema =
    "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json";
constexpr std::string_view kExtensionFolder = "dev.tenon";
constexpr std::size_t kMaxTextBytes = 1U << 20U;
constexpr std::size_t kMaxEntries = 1'000;  // of one folder

/// Whether something of that name exists, also a link that leads nowhere.
bool has_entry(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

bool is_list_of_strings(const Json& value) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
}

/// The names in a folder, sorted; hidden ones are left out.
std::vector<std::string> names_in_folder(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        std::string name = it->path().filename().string();
        if (!name.starts_with('.') && names.size() < kMaxEntries) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// Reads one directory. Each part that fails is left out with a sentence in `problems`.
class AgentPluginReader {
public:
    explicit AgentPluginReader(const fs::path& folder) {
        std::error_code failed;
        out_.folder = fs::canonical(folder.parent_path(), failed) / folder.filename();
        out_.root = fs::canonical(folder, failed);
        if (failed) out_.refusal = "find its directory: " + failed.message();
    }

    AgentPlugin read() && {
        if (!out_.refusal.empty()) return std::move(out_);
        out_.refusal = untrusted();
        if (!out_.refusal.empty()) return std::move(out_);
        out_.refusal = wrong_manifest();
        if (!out_.refusal.empty()) {
            out_.refusal = "plugin.json: " + out_.refusal;
            return std::move(out_);
        }
        find_skills();
        find_libraries();
        find_servers();
        return std::move(out_);
    }

private:
    /// Why others could have put this directory here; empty: they could not. Who may write the
    /// folder around a link decides where the link leads.
    [[nodiscard]] std::string untrusted() const {
        if (auto checked = check_trusted_path(out_.folder.parent_path()); !checked)
            return visible(checked.error().reason + " (" + checked.error().remedy + ")");
        return who_could_change(out_.folder, out_.root);
    }

    /// Why others could change the file or directory `real`, which the entry `entry` is or links
    /// to; empty: they could not. The folder around `entry` was checked before.
    [[nodiscard]] static std::string who_could_change(const fs::path& entry, const fs::path& real) {
        if (auto checked = check_trusted_path(real); !checked)
            return visible(checked.error().reason + " (" + checked.error().remedy + ")");
        struct stat link {};
        struct stat target {};
        if (::lstat(entry.c_str(), &link) != 0 || ::stat(real.c_str(), &target) != 0)
            return "it has gone meanwhile";
        if (S_ISLNK(link.st_mode) && link.st_uid != target.st_uid)
            return "it is a symbolic link of another user than the owner of its target (put the "
                   "target itself there)";
        return {};
    }

    /// A file or folder inside the root after links.
    [[nodiscard]] Result<Beneath::Opened> open(const std::string& path) const {
        return Beneath(out_.root, {}, {}).open(path, [](const fs::path&) {
            return Result<void>();
        });
    }

    /// The same for what others must not be able to change, since it decides what the model reads
    /// and what is started. The folder around `path` was checked before, unless it is the root.
    /// (Libraries are checked when they are loaded.)
    [[nodiscard]] Result<Beneath::Opened> open_trusted_part(const std::string& path) const {
        auto opened = open(path);
        if (!opened) return opened;
        std::string doubt = who_could_change(out_.root / path, opened->real);
        if (!doubt.empty()) return Error{std::move(doubt)};
        return opened;
    }

    [[nodiscard]] Result<std::string> text_of(const std::string& path) const {
        const auto opened = open_trusted_part(path);
        if (!opened) return opened.error();
        struct stat info {};
        if (::fstat(opened->fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
            return Error{"it is not a regular file"};
        return read_whole_file("/proc/self/fd/" + std::to_string(opened->fd.get()), kMaxTextBytes);
    }

    /// Why the manifest refuses the plugin; empty: it does not.
    std::string wrong_manifest() {
        const auto text = text_of("plugin.json");
        if (!text) return text.error().message;
        const auto manifest = parse_json(*text);
        if (!manifest) return manifest.error().message;
        if (!manifest->is_object()) return "it must be a JSON object";
        if (std::string wrong = wrong_identity(*manifest); !wrong.empty()) return wrong;
        if (std::string wrong = wrong_metadata(*manifest); !wrong.empty()) return wrong;
        out_.version = string_or(*manifest, "version");
        out_.description = string_or(*manifest, "description");
        report_ignored(*manifest);
        return {};
    }

    /// For a manifest without a name: the member that may be meant as it.
    static std::string misspelt_name(const Json& manifest) {
        constexpr std::string_view kName[] = {"name"};
        for (const auto& [key, ignored] : manifest.items())
            if (nearest(key, kName)) return "; is " + in_quotes(key) + " meant?";
        return {};
    }

    std::string wrong_identity(const Json& manifest) {
        const std::string* schema = string_in(member(manifest, "$schema"));
        if (schema == nullptr || *schema != kManifestSchema) {
            return "its $schema must be " + std::string(kManifestSchema) +
                   (schema == nullptr ? "" : ", not " + in_quotes(*schema));
        }
        if (!manifest.contains("name")) return "it has no member name" + misspelt_name(manifest);
        const std::string* name = string_in(member(manifest, "name"));
        if (name == nullptr) return "its name must be a text";
        if (!is_agent_plugin_name(*name))
            return "its name " + in_quotes(*name) +
                   " must be 1 to 64 of a-z, 0-9, - and ., begin and end with a letter or digit, "
                   "and "
                   "have no -- and no ..";
        out_.name = *name;
        return {};
    }

    static std::string wrong_metadata(const Json& manifest) {
        for (const char* key : {"version", "description", "homepage", "repository", "license"}) {
            if (manifest.contains(key) && !member(manifest, key).is_string())
                return std::string("its ") + key + " must be a text";
        }
        if (manifest.contains("keywords") && !is_list_of_strings(member(manifest, "keywords")))
            return "its keywords must be a list of texts";
        if (!manifest.contains("author")) return {};
        const Json& author = member(manifest, "author");
        if (!author.is_object()) return "its author must be an object";
        for (const auto& [key, value] : author.items()) {
            if (key != "name" && key != "email" && key != "url")
                return "its author has the unknown member " + in_quotes(key);
            if (!value.is_string()) return "its author's " + key + " must be a text";
        }
        return {};
    }

    void report_ignored(const Json& manifest) {
        constexpr std::string_view kKnown[] = {"$schema",  "name",      "version",    "description",
                                               "author",   "homepage",  "repository", "license",
                                               "keywords", "extensions"};
        for (const auto& [key, ignored] : manifest.items()) {
            if (std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown))
                problem("plugin.json: the unknown member " + in_quotes(key) + " is ignored");
        }
        // The values of other clients' namespaces are not looked at.
        if (manifest.contains("extensions") && !member(manifest, "extensions").is_object())
            problem("plugin.json: extensions is ignored, since it is no object");
    }

    void find_skills() {
        if (!has_entry(out_.root / "skills")) return;
        const auto folder = open_trusted_part("skills");
        if (!folder) return problem("skills: none is used: " + folder.error().message);
        std::error_code failed;
        if (!fs::is_directory(folder->real, failed))
            return problem("skills: none is used, since it is no directory");
        for (const std::string& name : names_in_folder(folder->real))
            take_skill(folder->real, name);
    }

    void take_skill(const fs::path& skills, const std::string& name) {
        const fs::path file = skills / name / "SKILL.md";
        std::error_code failed;
        if (!fs::is_directory(skills / name, failed) || !has_entry(file)) return;
        const std::string below = "skills/" + name;
        const auto folder = open_trusted_part(below);
        const auto opened = open_trusted_part(below + "/SKILL.md");
        if (!folder || !opened) {
            return problem(visible(below) + " is left out: " +
                           visible((folder ? opened.error() : folder.error()).message));
        }
        if (!fs::is_regular_file(opened->real, failed))
            return problem(visible(below) + " is left out: its SKILL.md is not a regular file");
        out_.skills.push_back({name, skills / name});
    }

    void find_libraries() {
        const std::string below = native_library_folder();
        if (!has_entry(out_.root / below)) return report_other_machines();
        const auto folder = open(below);
        std::error_code failed;
        if (!folder || !fs::is_directory(folder->real, failed)) {
            return problem(below + ": no library is used: " +
                           (folder ? "it is no directory" : visible(folder.error().message)));
        }
        for (const std::string& name : names_in_folder(folder->real)) {
            if (!name.ends_with(".so")) continue;
            const auto opened = open((fs::path(below) / name).string());
            if (opened) {
                out_.libraries.push_back(folder->real / name);
            } else {
                problem(visible(below + "/" + name) +
                        " is left out: " + visible(opened.error().message));
            }
        }
    }

    /// Libraries for other machines only may be meant so, or be in a folder with the name that
    /// another tool has for this machine.
    void report_other_machines() {
        const auto folder = open(std::string(kExtensionFolder));
        if (!folder) return;
        std::string others;
        for (const std::string& name : names_in_folder(folder->real)) {
            std::error_code failed;
            if (fs::is_directory(folder->real / name, failed))
                others += (others.empty() ? "" : ", ") + visible(name);
        }
        if (!others.empty())
            problem(std::string(kExtensionFolder) +
                    ": no library is used: those for this machine would be in " +
                    native_library_folder() + ", and there is only " + others);
    }

    void find_servers() {
        if (!has_entry(out_.root / "mcp.json")) return;
        const auto text = text_of("mcp.json");
        if (!text) return problem("mcp.json: no server is used: " + visible(text.error().message));
        AgentServers found = read_agent_servers(*text, out_.root);
        if (!found.problem.empty()) problem("mcp.json: no server is used: " + found.problem);
        for (const AgentServer& server : found.servers) {
            if (!server.problem.empty())
                problem("mcp.json: the server " + in_quotes(server.name) +
                        " is left out: " + server.problem);
        }
        out_.servers = std::move(found.servers);
    }

    void problem(std::string text) { out_.problems.push_back(std::move(text)); }

    AgentPlugin out_;
};

}  // namespace

std::string native_library_folder() {
    struct utsname system {};
    ::uname(&system);
    return std::string(kExtensionFolder) + "/" + system.machine + "-linux";
}

AgentPlugin read_agent_plugin(const fs::path& folder) {
    return AgentPluginReader(folder).read();
}

std::vector<AgentPlugin> find_agent_plugins(const AgentPluginOptions& options) {
    std::vector<AgentPlugin> all;
    std::map<std::string, fs::path> taken;
    for (const fs::path& folder : options.folders) {
        for (const std::string& name : names_in_folder(folder)) {
            const fs::path path = folder / name;
            std::error_code failed;
            if (!fs::is_directory(path, failed) || !has_entry(path / "plugin.json")) continue;
            AgentPlugin found = read_agent_plugin(path);
            const auto same_root = [&](const AgentPlugin& other) {
                return other.root == found.root;
            };
            // One directory may be reached in two ways.
            if (std::any_of(all.begin(), all.end(), same_root)) continue;
            if (found.refusal.empty() && options.is_not_trusted)
                found.refusal = options.is_not_trusted(path);
            if (found.refusal.empty() && options.is_switched_off)
                found.enabled = !options.is_switched_off(found.name);
            if (found.is_used()) {
                const auto [first, is_new] = taken.emplace(found.name, found.folder);
                if (!is_new)
                    found.refusal = "a second plugin with the name " + found.name +
                                    "; the first is " + visible(first->second.string());
            }
            all.push_back(std::move(found));
        }
    }
    return all;
}

}  // namespace tenon::plugins
