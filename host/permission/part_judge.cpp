#include "host/permission/part_judge.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

#include "host/permission/arguments.h"
#include "host/permission/protected_paths.h"
#include "host/permission/read_only_git.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnknownWords = "only the shell knows its words";

fs::path absolute(const std::string& path, const fs::path& directory) {
    return !path.empty() && path[0] == '/' ? fs::path(path) : directory / path;
}

/// The pattern may find a name that begins with a dash, which a program takes for an option.
bool is_open_pattern(const shell::Word& word) {
    return word.pattern &&
           std::string_view("*?[-\"'\\").find(word.written[0]) != std::string_view::npos;
}

bool is_plain_file_or_directory(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
}

/// Paths in a moved or copied tree that are protected only in their new place: `fish` in a tree
/// that becomes `.config`. Each as it is written, and with links followed.
std::vector<std::pair<fs::path, fs::path>> carried_protected_pairs(const FileChange& change) {
    std::vector<fs::path> sources;
    if (change.deep) sources = change.read;
    for (const ChangedPath& target : change.changed)
        if (target.removed) sources.push_back(target.real);
    std::vector<std::pair<fs::path, fs::path>> out;
    for (const ChangedPath& target : change.changed) {
        if (target.removed) continue;
        const fs::path written = normalised(target.written, "/");
        for (const fs::path& place : {written, target.real})
            for (const std::string_view name : protected_in(place.filename().native()))
                for (const fs::path& source : sources) {
                    std::error_code none;
                    if (fs::exists(fs::symlink_status(source / name, none)))
                        out.emplace_back(written / name, target.real / name);
                }
    }
    return out;
}

}  // namespace

PartJudge::PartJudge(const CommandNeeds& command, const fs::path& home, const FileRoots& roots,
                     const ShellEnvironment& environment, const Restrictions& restrictions)
    : parts_(command.parts),
      directories_(command.directories),
      home_(home),
      roots_(roots),
      environment_(environment),
      restrictions_(restrictions),
      effects_(command.parts.size()) {
    const std::vector<shell::Part>& parts = command.parts;
    // The order of the parts does not count: in a pipeline, in the background and in a loop a part
    // may run before an earlier one, and in a loop after itself. Sums keep the time linear.
    std::vector<OtherEffects> own(parts.size());
    std::size_t names = 0;
    std::size_t links = 0;
    bool shell = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        own[i] = {changes_the_shell(parts[i]), makes_names(parts[i]),
                  i < command.leaves_links.size() && command.leaves_links[i]};
        shell = shell || own[i].shell;
        names += own[i].names ? 1 : 0;
        links += own[i].links ? 1 : 0;
    }
    for (std::size_t i = 0; i < parts.size(); ++i)
        effects_[i] = {shell, names > (own[i].names && !command.loops ? 1U : 0U),
                       links > (own[i].links && !command.loops ? 1U : 0U)};
}

/// The conditions that read-only commands and file commands share.
std::string PartJudge::why_not_plain(std::size_t i) const {
    const shell::Part& part = parts_[i];
    if (!part.opaque.empty()) return part.opaque;
    if (part.words.empty()) return "it runs no command";
    if (!part.assignments.empty()) return "it begins with an assignment";
    if (!part.words[0].literal()) return "the program is named by a pattern";
    if (effects_[i].shell) return "another part changes how the shell runs it";
    if (!directories_[i].known) return "only the shell knows the directory it runs in";
    if (effects_[i].links) return "another part may move or make links that it follows";
    for (const shell::Word& word : part.words) {
        if (word.pattern && environment_.changed_patterns)
            return "the environment changes what patterns of file names mean";
        if (effects_[i].names && is_open_pattern(word))
            return "another part makes names that its pattern could find";
    }
    return why_program_is_not_plain(i);
}

/// No file in the workspace may run in the place of the program.
std::string PartJudge::why_program_is_not_plain(std::size_t i) const {
    const std::string& name = parts_[i].words[0].decoded;
    if (is_read_only_builtin(name)) return {};
    std::string_view rest = environment_.path;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        const std::string_view entry = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (entry.empty() || entry[0] != '/') return "PATH has an entry that is relative";
        const fs::path file = fs::path(entry) / name;
        if (effects_[i].names && is_beneath(resolved(fs::path(entry)), roots_.write))
            return "PATH has a directory of the workspace, and another part makes files";
        struct stat info {};
        if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
            ::access(file.c_str(), X_OK) != 0)
            continue;
        if (is_beneath(resolved(file), roots_.write) || is_beneath(file, roots_.write))
            return "the program lies in the workspace: " + file.string();
        return {};
    }
    return {};
}

std::string PartJudge::why_not_readable(const ReadPath& path, const fs::path& directory) const {
    const fs::path written = absolute(path.path, directory);
    const Location location = locate(written);
    if (!location.sure || !is_beneath(location.real, roots_.read))
        return "it looks at what is outside the workspace: " + path.path;
    if (restrictions_.no_read(location.real) || restrictions_.no_read(normalised(written, "/")))
        return "a rule is about reading " + path.path;
    if (!is_plain_file_or_directory(location.real))
        return path.path + " is neither a regular file nor a directory";
    std::error_code failed;
    if (!fs::is_directory(location.real, failed)) return {};
    const bool restricted = restrictions_.read_beneath(location.real);
    if (path.beneath && (restricted || path.follows)) {
        std::size_t budget = kMostTreeEntries;
        const TreeFacts facts = facts_of_tree(location.real, budget, restrictions_.no_read);
        if (!facts.complete || facts.refused || (path.follows && facts.links))
            return "a rule is about reading something in " + path.path +
                   ", or a link is in it, or too much to look at";
    } else if (path.entries && restricted) {
        fs::directory_iterator entry(location.real, failed);
        for (; !failed && entry != fs::directory_iterator(); entry.increment(failed))
            if (restrictions_.no_read(entry->path()))
                return "a rule is about reading something in " + path.path;
        if (failed) return path.path + " cannot be read to its end";
    }
    return {};
}

std::string PartJudge::why_git_is_not_read_only(const GitUse& use,
                                                const fs::path& directory) const {
    if (!use.used) return {};
    if (auto why = why_git_is_unsafe(use, resolved(directory), roots_.read); !why.empty())
        return why;
    const bool restricted =
        std::any_of(roots_.read.begin(), roots_.read.end(), restrictions_.read_beneath);
    return use.contents && restricted ? "git shows files that a rule on reading is about" : "";
}

std::string PartJudge::why_not_read_only(std::size_t i) const {
    if (auto why = why_not_plain(i); !why.empty()) return why;
    const auto& redirections = parts_[i].redirections;
    if (std::any_of(redirections.begin(), redirections.end(),
                    [](const shell::Redirection& r) { return r.writes_file(); }))
        return "its output is redirected to a file";
    for (const fs::path& directory : directories_[i].paths) {
        if (!is_beneath(resolved(directory), roots_.read)) return "it runs outside the workspace";
        const auto arguments = arguments_of(parts_[i], directory, home_);
        if (!arguments) return kUnknownWords;
        const ReadOnlyUse use = read_only_use(*arguments);
        if (!use.why.empty()) return use.why;
        for (const ReadPath& path : use.paths)
            if (auto why = why_not_readable(path, directory); !why.empty()) return why;
        if (auto why = why_git_is_not_read_only(use.git, directory); !why.empty()) return why;
    }
    return {};
}

std::string PartJudge::why_not_changed(const ChangedPath& target) const {
    const std::string name = target.written.string();
    if (!target.sure || !is_beneath(target.real, roots_.write))
        return "it changes what is outside the workspace: " + name;
    if (target.removed &&
        std::any_of(roots_.write.begin(), roots_.write.end(),
                    [&](const fs::path& root) { return is_beneath(root, {target.real}); }))
        return "it removes the workspace, or a directory given with --add-dir: " + name;
    const fs::path written = normalised(target.written, "/");
    for (const fs::path& path : {target.real, written})
        if (restrictions_.no_edit(path) || restrictions_.no_read(path))
            return "a rule is about " + name;
    if (!target.removed) return {};
    std::size_t budget = kMostTreeEntries;
    const TreeFacts facts = facts_of_tree(target.real, budget, [this](const fs::path& path) {
        return restrictions_.no_edit(path) || restrictions_.no_read(path);
    });
    return facts.refused || !facts.complete
               ? "a rule is about something in " + name + ", or too much is in it"
               : "";
}

std::string PartJudge::why_not_judged(const FileChange& change) const {
    if (!change.why.empty()) return change.why;
    for (const ChangedPath& target : change.changed)
        if (auto why = why_not_changed(target); !why.empty()) return why;
    for (const fs::path& path : change.read) {
        if (!is_beneath(path, roots_.write))
            return "it reads what is outside the workspace: " + path.string();
        if (restrictions_.no_read(path) || restrictions_.no_edit(path))
            return "a rule is about " + path.string();
        if (!change.deep || !restrictions_.read_beneath(path)) continue;
        std::size_t budget = kMostTreeEntries;
        const TreeFacts facts = facts_of_tree(path, budget, restrictions_.no_read);
        if (facts.refused || !facts.complete)
            return "a rule is about something in " + path.string();
    }
    return {};
}

std::string PartJudge::why_not_file_command(std::size_t i) const {
    if (parts_[i].words.empty() || !is_file_command(parts_[i].words[0].decoded))
        return "it is not one of the file commands";
    if (auto why = why_not_plain(i); !why.empty()) return why;
    for (const fs::path& directory : directories_[i].paths) {
        const auto arguments = arguments_of(parts_[i], directory, home_);
        if (!arguments) return kUnknownWords;
        if (auto why = why_not_judged(change_of(*arguments, directory)); !why.empty()) return why;
    }
    return {};
}

std::vector<Need> PartJudge::protected_changes(std::size_t i) const {
    std::vector<Need> out;
    const auto add = [&](const fs::path& written, const fs::path& real) {
        auto name = protected_target(real, roots_.write);
        if (!name) name = protected_name(normalised(written, "/"), roots_.write);
        const auto covers = [&](const Need& need) { return is_beneath(real, {need.real}); };
        if (!name || std::any_of(out.begin(), out.end(), covers)) return;
        Need need;
        need.kind = NeedKind::kEdit;
        need.path = normalised(written, "/");
        need.real = real;
        need.inside = is_beneath(real, roots_.write);
        need.protected_name = *name;
        out.push_back(std::move(need));
    };
    const auto add_tree = [&](const fs::path& path, std::size_t& budget) {
        const TreeFacts facts = facts_of_tree(path, budget, {});
        if (!facts.protected_path.empty()) add(facts.protected_path, facts.protected_path);
    };
    if (parts_[i].words.empty() || !parts_[i].words[0].literal()) return out;
    for (const fs::path& directory : directories_[i].paths) {
        const auto arguments = arguments_of(parts_[i], directory, home_);
        if (!arguments) continue;
        const FileChange change = change_of(*arguments, directory);
        std::size_t budget = kMostTreeEntries;
        for (const ChangedPath& target : change.changed) {
            add(target.written, target.real);
            if (target.removed) add_tree(target.real, budget);
        }
        if (change.deep)
            for (const fs::path& path : change.read)
                add_tree(path, budget);
        for (const auto& [written, real] : carried_protected_pairs(change))
            add(written, real);
        if (change.why.empty()) continue;
        for (const fs::path& path : may_change(*arguments, directory))
            add(path, resolved(path));
    }
    return out;
}

}  // namespace tenon::permission
