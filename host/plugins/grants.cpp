#include "host/plugins/grants.h"

#include <algorithm>
#include <optional>

#include "host/base/path_text.h"
#include "host/base/tilde.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/plugin/needs.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using plugin::Need;
using plugin::NeedKind;

constexpr std::string_view kUnconfinedGrant = "unconfined";
constexpr std::size_t kShownSummary = 200;  // characters

/// Without links, as far as it exists; without a slash at its end. A path that cannot be examined
/// stays as it is.
std::string real_path(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    std::string text = (error ? path.lexically_normal() : real).string();
    while (text.size() > 1 && text.back() == '/')
        text.pop_back();
    return text;
}

/// A need or a grant whose directory is absolute; none when `~` has no meaning.
std::optional<Need> made_real(const Need& need, const fs::path& home) {
    if (need.kind == NeedKind::kNetwork || need.kind == NeedKind::kExec) return need;
    const fs::path path = expanded(need.directory, home);
    if (!path.is_absolute()) return std::nullopt;
    return Need{need.kind, real_path(path)};
}

bool covers(const Need& grant, const Need& need) {
    const bool suits =
        grant.kind == need.kind || (grant.kind == NeedKind::kWrite && need.kind == NeedKind::kRead);
    return suits && (need.directory.empty() || is_beneath(need.directory, grant.directory));
}

/// Why a directory that is granted cannot be used as one; empty: it can, or this is not known.
std::string flaw_of_directory(const std::string& directory) {
    std::error_code error;
    switch (fs::status(directory, error).type()) {
        case fs::file_type::not_found:
            return "which does not exist: make it before the plugin starts";
        case fs::file_type::directory:
        case fs::file_type::none:
            return {};
        default:
            return "which is no directory: the plugin gets this one file, and no longer after it "
                   "has been replaced";
    }
}

std::string key_of_grants(const std::string& id) {
    return "plugins." + id + ".grants";
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += i + 1 == texts.size() ? " and " : ", ";
        out += texts[i];
    }
    return out;
}

std::string shown_list(const std::vector<std::string>& texts) {
    std::vector<std::string> shown;
    for (const std::string& text : texts)
        shown.push_back(visible(text));
    return joined(shown);
}

/// The lines that would grant `missing`, in both forms of a configuration file.
std::string lines_to_add(const std::string& id, std::size_t granted,
                         const std::vector<std::string>& missing) {
    std::vector<std::string> lines;
    std::string elements;
    for (const std::string& text : missing) {
        lines.push_back(key_of_grants(id) + "." + std::to_string(++granted) + "=" + visible(text));
        elements += "<grants>" + visible(text) + "</grants>";
    }
    return "add " + joined(lines) + " to your tenon.properties (in tenon.xml: <plugins><" + id +
           ">" + elements + "</" + id + "></plugins>)";
}

plugin::Refusal not_granted(const plugin::Note& note, std::size_t granted,
                            const std::vector<std::string>& missing) {
    std::string reason =
        "the plugin " + note.id + " needs " + shown_list(missing) + ", which is not granted to it";
    if (!note.summary.empty()) {
        const std::string summary = harmless_line(note.summary);
        reason += "; its author says: \"" + std::string(utf8::first(summary, kShownSummary)) + "\"";
    }
    return {reason, "if it may do that, " + lines_to_add(note.id, granted, missing)};
}

/// The grants of one plugin as the configuration has them.
struct Grants {
    std::vector<Need> needs;  ///< with absolute directories
    bool unconfined = false;
};

Result<Grants, plugin::Refusal> parse_grants(const std::string& id,
                                             const std::vector<std::string>& grants,
                                             const fs::path& home) {
    Grants out;
    for (const std::string& text : grants) {
        if (text == kUnconfinedGrant) {
            out.unconfined = true;
            continue;
        }
        const auto parsed = plugin::parse_need(text);
        const auto real = parsed ? made_real(*parsed, home) : std::nullopt;
        if (!real) {
            const std::string why = parsed ? in_quotes(text) + ": the home directory is not known"
                                           : parsed.error().message;
            return plugin::Refusal{key_of_grants(id) + ": " + why,
                                   "correct " + key_of_grants(id) +
                                       "; allowed: network, exec, read:DIR, write:DIR, unconfined"};
        }
        out.needs.push_back(*real);
    }
    return out;
}

/// Signs of a system call that the confinement may have refused.
constexpr std::string_view kRefusedCalls[] = {"Operation not permitted", "Permission denied",
                                              "EPERM", "EACCES"};
constexpr std::string_view kRefusedFiles[] = {"Permission denied", "EACCES"};
/// Without sockets and /etc/resolv.conf, getaddrinfo(3) says one of these.
constexpr std::string_view kUnresolvedNames[] = {"failure in name resolution",
                                                 "Name or service not known",
                                                 "No address associated with hostname",
                                                 "Could not resolve host",
                                                 "EAI_AGAIN",
                                                 "EAI_NONAME"};
constexpr std::string_view kMissingFiles[] = {"No such file or directory", "ENOENT"};
/// Words of a call that needs a right of its own.
constexpr std::string_view kNetworkWords[] = {"connect", "Connect", "socket",
                                              "Socket",  "network", "getaddrinfo"};
constexpr std::string_view kProgramWords[] = {"fork", "exec", "spawn", "clone"};

template <std::size_t Count>
bool names_any(std::string_view text, const std::string_view (&words)[Count]) {
    return std::any_of(std::begin(words), std::end(words), [&](std::string_view word) {
        return text.find(word) != std::string_view::npos;
    });
}

/// The first absolute path that a text names; empty: none. A URL is no path.
std::string path_in(std::string_view text) {
    constexpr std::string_view kBefore = " \t\n'\"`(=[<";
    constexpr std::string_view kEnd = " \t\n'\"`:,;)]>";
    for (std::size_t at = text.find('/'); at != std::string_view::npos;
         at = text.find('/', at + 1)) {
        if (at > 0 && kBefore.find(text[at - 1]) == std::string_view::npos) continue;
        const std::string_view rest = text.substr(at);
        return std::string(rest.substr(0, rest.find_first_of(kEnd)));
    }
    return {};
}

/// The needs that would allow what has failed, as far as the text shows what that was; none when
/// the plugin has them.
std::vector<std::string> needs_that_fit(const plugin::Confinement& confinement,
                                        std::string_view text, const std::string& path) {
    const bool network = names_any(text, kUnresolvedNames) || names_any(text, kNetworkWords);
    const bool program = names_any(text, kProgramWords);
    const bool anything = !network && !program && path.empty();
    std::vector<std::string> out;
    if ((network || anything) && !confinement.network) out.emplace_back("network");
    if ((program || anything) && !confinement.exec) out.emplace_back("exec");
    if (network || program) return out;
    const std::string directory = path.empty() ? "DIR" : fs::path(path).parent_path().string();
    if (anything || !is_beneath_any(path, confinement.read)) out.push_back("read:" + directory);
    if (anything || !is_beneath_any(path, confinement.write)) out.push_back("write:" + directory);
    return out;
}

std::string advice_on_needs(const ConfinedPlugin& plugin, const std::vector<std::string>& fitting) {
    if (fitting.empty()) return "if that is the reason, no further need allows it";
    std::string names;
    for (const std::string& need : fitting)
        names += (names.empty() ? "" : " or ") + visible(need);
    return "if that is the reason, its author has to state the need " + names +
           " in its note (TENON_PLUGIN_NEEDS); then " +
           lines_to_add(plugin.id, plugin.grants, {fitting.size() == 1 ? fitting[0] : "NEED"});
}

/// What the plugin may not do, and why that is so.
std::string limits_of(const ConfinedPlugin& plugin, const plugin::Confinement& confinement) {
    std::vector<std::string> limits{
        "writes only its own directory" +
        std::string(confinement.write.empty() ? "" : " and " + joined(confinement.write))};
    if (!confinement.network) limits.emplace_back("has no network");
    if (!confinement.exec) limits.emplace_back("starts no programs");
    if (plugin.needs.empty()) return "states no needs, so it " + joined(limits);
    return "has the needs " + shown_list(plugin.needs) + " and no others, so it " + joined(limits);
}

/// Whether a part of the path is in a directory that the plugin may write, so that the plugin can
/// replace it by a link. `path` is absolute, with its links.
bool can_be_replaced(const fs::path& path, const std::vector<std::string>& writable) {
    for (fs::path part = path; part.has_relative_path(); part = part.parent_path()) {
        if (is_beneath_any(real_path(part.parent_path()), writable)) return true;
    }
    return false;
}

/// A need that is granted, with its path as the plugin has stated it.
struct GrantedNeed {
    Need need;
    fs::path stated;
};

void give(const Need& need, Rights& rights) {
    switch (need.kind) {
        case NeedKind::kNetwork:
            rights.network = true;
            break;
        case NeedKind::kExec:
            rights.exec = true;
            break;
        case NeedKind::kRead:
            rights.read.push_back(need.directory);
            break;
        case NeedKind::kWrite:
            rights.read.push_back(need.directory);
            rights.write.push_back(need.directory);
            break;
    }
}

}  // namespace

Result<Rights, plugin::Refusal> rights_of(const plugin::Note& note,
                                          const std::vector<std::string>& grants,
                                          const fs::path& home, const fs::path& state_dir) {
    const auto granted = parse_grants(note.id, grants, home);
    if (!granted) return granted.error();
    Rights rights;
    rights.unconfined = granted->unconfined;
    std::vector<std::string> missing;
    std::vector<bool> used(granted->needs.size(), false);
    std::vector<GrantedNeed> given;
    std::vector<std::string> writable;
    if (!state_dir.empty()) writable.push_back(real_path(state_dir));
    for (const std::string& text : note.needs) {
        const auto parsed = plugin::parse_need(text);
        const auto need = parsed ? made_real(*parsed, home) : std::nullopt;
        bool is_granted = false;
        for (std::size_t i = 0; need && i < granted->needs.size(); ++i) {
            if (!covers(granted->needs[i], *need)) continue;
            is_granted = true;
            used[i] = true;
            if (!need->directory.empty())
                rights.granted_by.emplace(need->directory, to_string(granted->needs[i]));
        }
        if (!is_granted) {
            missing.push_back(text);
            continue;
        }
        given.push_back({*need, expanded(parsed->directory, home).lexically_normal()});
        if (need->kind == NeedKind::kWrite) writable.push_back(need->directory);
    }
    if (!missing.empty()) return not_granted(note, grants.size(), missing);
    for (const GrantedNeed& one : given)
        if (one.need.directory.empty() || !can_be_replaced(one.stated, writable))
            give(one.need, rights);
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) rights.unused.push_back(to_string(granted->needs[i]));
    return rights;
}

std::vector<std::string> warnings_about_grants(const plugin::Note& note,
                                               const std::vector<std::string>& grants,
                                               const fs::path& home, bool confined) {
    std::vector<std::string> out;
    const auto rights = rights_of(note, grants, home);
    if (!rights) return out;
    for (const std::string& grant : rights->unused)
        out.push_back(key_of_grants(note.id) + ": " + visible(grant) +
                      " has no effect, since the " + "plugin " + note.id +
                      " does not need it: it states " +
                      (note.needs.empty() ? "no needs" : "the needs " + shown_list(note.needs)));
    if (!confined) return out;
    for (const auto& [directory, grant] : rights->granted_by)
        if (const std::string flaw = flaw_of_directory(directory); !flaw.empty())
            out.push_back(key_of_grants(note.id) + ": " + visible(grant) + " gives the plugin " +
                          note.id + " the directory " + visible(directory) + ", " + flaw);
    return out;
}

plugin::Refusal with_lock_of_grants(plugin::Refusal refusal, const std::string& id,
                                    const LoaderOptions& options) {
    auto lock = options.grants_locks.find(id);
    if (lock == options.grants_locks.end()) lock = options.grants_locks.find("");
    if (lock != options.grants_locks.end())
        refusal.remedy += "; " + key_of_grants(id) + " is locked by " + visible(lock->second) +
                          ", so only the machine's administrator can add to it";
    return refusal;
}

Result<plugin::Confinement, plugin::Refusal> confinement_for(const plugin::Note& note,
                                                             const PluginPlaces& places,
                                                             const LoaderOptions& options) {
    const auto configured = options.by_id.find(note.id);
    auto rights = rights_of(
        note,
        configured != options.by_id.end() ? configured->second.grants : std::vector<std::string>(),
        options.home, places.state_dir);
    if (!rights) return with_lock_of_grants(rights.error(), note.id, options);
    plugin::Confinement out;
    out.library = real_path(places.library);
    out.plugin_dir = real_path(places.plugin_dir);
    out.state_dir = real_path(places.state_dir);
    out.network = rights->network;
    out.exec = rights->exec;
    out.unconfined = rights->unconfined;
    out.read = std::move(rights->read);
    out.write = std::move(rights->write);
    for (const fs::path& path : options.hidden)
        out.hidden.push_back(real_path(path));
    const std::string workspace = real_path(options.workspace);
    if (options.workspace_readable) {
        out.workspace = workspace;
        return out;
    }
    // The rules also decide about what is granted there.
    std::erase_if(out.read, [&](const std::string& path) { return is_beneath(path, workspace); });
    out.hidden.push_back(workspace);
    return out;
}

std::string hint_of_confinement(const ConfinedPlugin& plugin,
                                const plugin::Confinement& confinement,
                                std::string_view own_words) {
    const std::string path = path_in(own_words);
    const bool in_workspace = !plugin.workspace.empty() && is_beneath(path, plugin.workspace);
    const bool by_rules = confinement.workspace.empty() && (path.empty() || in_workspace);
    const bool refused = names_any(own_words, kRefusedCalls);
    const bool unresolved = !confinement.network && names_any(own_words, kUnresolvedNames);
    std::vector<std::string> sentences;
    if (by_rules && (refused || names_any(own_words, kMissingFiles)))
        sentences.push_back("while deny rules Read(…) are in force, the plugin " + plugin.id +
                            " reads the workspace only through path.open/1");
    // A relative path is one of the workspace, unless the plugin has changed its directory.
    // Landlock refuses files by EACCES, the filter of system calls by EPERM.
    const bool may_be_relative =
        path.empty() && names_any(own_words, kRefusedFiles) && !plugin.workspace.empty() &&
        !names_any(own_words, kNetworkWords) && !names_any(own_words, kProgramWords);
    if (refused && (in_workspace || may_be_relative))
        sentences.push_back("the plugin " + plugin.id +
                            " changes files of the workspace only through path.open/1");
    if (unresolved || (refused && !in_workspace)) {
        sentences.push_back("the plugin " + plugin.id + " " + limits_of(plugin, confinement));
        sentences.push_back(advice_on_needs(plugin, needs_that_fit(confinement, own_words, path)));
    }
    std::string out;
    for (const std::string& sentence : sentences)
        out += (out.empty() ? "[sandbox: " : "; ") + sentence;
    return out.empty() ? out : out + "]";
}

plugin::Refusal cannot_be_confined(const std::string& id, const std::vector<std::string>& grants,
                                   const std::string& why) {
    return {why, "update the kernel; or, to run the plugin with all rights of your user, " +
                     lines_to_add(id, grants.size(), {std::string(kUnconfinedGrant)})};
}

}  // namespace tenon::plugins
