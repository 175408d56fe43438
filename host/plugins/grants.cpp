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
    std::vector<std::string> shown;
    for (const std::string& text : missing)
        shown.push_back(visible(text));
    std::string reason =
        "the plugin " + note.id + " needs " + joined(shown) + ", which is not granted to it";
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
                                          const fs::path& home) {
    const auto granted = parse_grants(note.id, grants, home);
    if (!granted) return granted.error();
    Rights rights;
    rights.unconfined = granted->unconfined;
    std::vector<std::string> missing;
    std::vector<bool> used(granted->needs.size(), false);
    for (const std::string& text : note.needs) {
        const auto parsed = plugin::parse_need(text);
        const auto need = parsed ? made_real(*parsed, home) : std::nullopt;
        bool is_granted = false;
        for (std::size_t i = 0; need && i < granted->needs.size(); ++i) {
            if (!covers(granted->needs[i], *need)) continue;
            is_granted = true;
            used[i] = true;
        }
        if (is_granted) {
            give(*need, rights);
        } else {
            missing.push_back(text);
        }
    }
    if (!missing.empty()) return not_granted(note, grants.size(), missing);
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) rights.unused.push_back(to_string(granted->needs[i]));
    return rights;
}

Result<plugin::Confinement, plugin::Refusal> confinement_for(const plugin::Note& note,
                                                             const PluginPlaces& places,
                                                             const LoaderOptions& options) {
    const auto configured = options.by_id.find(note.id);
    auto rights = rights_of(
        note,
        configured != options.by_id.end() ? configured->second.grants : std::vector<std::string>(),
        options.home);
    if (!rights) return rights.error();
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

std::string hint_of_confinement(const std::string& id, const plugin::Confinement& confinement,
                                std::string_view result) {
    constexpr std::string_view kSigns[] = {"Operation not permitted", "Permission denied", "EPERM",
                                           "EACCES"};
    const bool has_sign = std::any_of(
        std::begin(kSigns), std::end(kSigns),
        [&](std::string_view sign) { return result.find(sign) != std::string_view::npos; });
    if (!has_sign) return {};
    std::vector<std::string> limits{
        "writes only its own directory" +
        std::string(confinement.write.empty() ? "" : " and " + joined(confinement.write))};
    if (confinement.workspace.empty()) limits.emplace_back("does not read the workspace itself");
    if (!confinement.network) limits.emplace_back("has no network");
    if (!confinement.exec) limits.emplace_back("starts no programs");
    return "[sandbox: the plugin " + id + " " + joined(limits) + "; " + key_of_grants(id) +
           " can allow what its needs name]";
}

plugin::Refusal cannot_be_confined(const std::string& id, const std::vector<std::string>& grants,
                                   const std::string& why) {
    return {why, "update the kernel; or, to run the plugin with all rights of your user, " +
                     lines_to_add(id, grants.size(), {std::string(kUnconfinedGrant)})};
}

}  // namespace tenon::plugins
