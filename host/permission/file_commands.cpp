#include "host/permission/file_commands.h"

#include <algorithm>
#include <array>

#include "host/permission/path_pattern.h"
#include "host/permission/protected_paths.h"
#include "host/permission/read_only_options.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

struct FileCommand {
    std::string_view name;
    KnownOptions options;
};

/// Without the options that make links (`cp -l`, `cp -s`) or rename the old file (`-b`).
constexpr auto kFileCommands = std::to_array<FileCommand>({
    {"mkdir", {"pv", "m", "parents verbose", false, {}, {}, false}},
    {"touch", {"acmh", "dtr", "no-create no-dereference", false, {}, {}, false}},
    {"rm", {"rRfivId", "", "recursive force verbose dir", false, {}, {}, false}},
    {"rmdir", {"pv", "", "parents verbose", false, {}, {}, false}},
    {"mv",
     {"finuvT", "t", "force no-clobber update verbose no-target-directory", false, {}, {}, false}},
    {"cp",
     {"aRrfinpuvdLPHTx",
      "t",
      "archive recursive force no-clobber update verbose no-target-directory no-dereference "
      "dereference",
      false,
      {},
      {},
      false}},
});

const FileCommand* file_command(std::string_view name) {
    const auto* found = std::find_if(kFileCommands.begin(), kFileCommands.end(),
                                     [&](const FileCommand& c) { return c.name == name; });
    return found == kFileCommands.end() ? nullptr : found;
}

bool has_any(const ParsedOptions& parsed, std::initializer_list<std::string_view> options) {
    return std::any_of(options.begin(), options.end(),
                       [&](std::string_view option) { return parsed.has(option); });
}

std::string_view without_slashes(std::string_view path) {
    while (path.size() > 1 && path.back() == '/')
        path.remove_suffix(1);
    return path;
}

/// The last name of a path that may end with slashes.
std::string last_name(std::string_view path) {
    path = without_slashes(path);
    return std::string(path.substr(path.rfind('/') + 1));
}

class ChangeOfCommand {
public:
    ChangeOfCommand(const ParsedOptions& parsed, const fs::path& directory)
        : parsed_(parsed), directory_(directory) {}

    FileChange make_directories() && {
        const bool parents = has_any(parsed_, {"p", "parents"});
        for (const Argument& operand : parsed_.operands) {
            // Each directory on the way is made too, also one that a later `..` leaves.
            const std::string& text = operand.text;
            for (auto slash = text.find('/'); parents && slash != std::string::npos;
                 slash = text.find('/', slash + 1)) {
                std::error_code none;
                const fs::path before = absolute(text.substr(0, slash));
                if (slash > 0 && !fs::is_directory(before, none)) note_target(before);
            }
            note_target(absolute(text));
        }
        return std::move(out_);
    }

    FileChange touch() && {
        for (const Argument& operand : parsed_.operands) {
            note_target(absolute(operand.text));
            if (has_any(parsed_, {"h", "no-dereference"}))
                note_entry(absolute(operand.text), false);
        }
        for (const std::string& reference : parsed_.values_of("r"))
            out_.read.push_back(resolved(absolute(reference)));
        return std::move(out_);
    }

    FileChange remove() && {
        for (const Argument& operand : parsed_.operands)
            note_entry(absolute(operand.text), true);
        return std::move(out_);
    }

    FileChange remove_directories() && {
        const bool parents = has_any(parsed_, {"p", "parents"});
        for (const Argument& operand : parsed_.operands) {
            std::string_view text = without_slashes(operand.text);
            note_entry(absolute(text), true);
            while (parents && text.rfind('/') != std::string_view::npos && text.rfind('/') > 0) {
                text = without_slashes(text.substr(0, text.rfind('/')));
                note_entry(absolute(text), true);
            }
        }
        return std::move(out_);
    }

    FileChange move() && {
        for (const auto& [source, target] : pairs()) {
            note_entry(source, true);
            place_at(target, source, false);
            note_links(source, true);
        }
        return std::move(out_);
    }

    FileChange copy() && {
        const bool deep = has_any(parsed_, {"a", "r", "R", "archive", "recursive"});
        const bool keeps = deep || has_any(parsed_, {"d", "P", "no-dereference"});
        const auto all = pairs();
        for (const auto& [source, target] : all) {
            out_.read.push_back(resolved(source));
            out_.deep = deep;
            place_at(target, source, true);
            if (!keeps) continue;
            note_links(source, deep);
            // With -L, what links in the tree lead to is read.
            if (out_.places_links && has_any(parsed_, {"L", "dereference"}))
                out_.why = "it follows links in what it copies";
            // If the target directory exists, cp would write through links in it.
            for (const fs::path& place : {target, target / last_name(source.string())}) {
                if (!deep) continue;
                const TreeFacts there = facts_of_tree(resolved(place), budget_, {});
                if ((there.links || !there.complete))
                    out_.why = "there are links where it writes, or too many files to look at";
            }
        }
        if (all.size() > 1 && out_.places_links)
            out_.why = "it copies a link that it may write through itself";
        return std::move(out_);
    }

private:
    [[nodiscard]] fs::path absolute(std::string_view text) const {
        return !text.empty() && text[0] == '/' ? fs::path(text) : directory_ / text;
    }

    /// The file where the path leads is made or changed.
    void note_target(const fs::path& path) {
        const Location location = locate(path);
        out_.changed.push_back({path, location.real, location.sure, false});
    }

    /// The entry itself is made or changed: a link, not its target. With a `/`, `.` or `..` at its
    /// end, the path means the target.
    void note_entry(const fs::path& path, bool removed) {
        const std::string name = path.filename().string();
        if (name.empty() || name == "." || name == "..") {
            note_target(path);
            out_.changed.back().removed = removed;
            if (!name.empty()) return;
        }
        const fs::path plain(without_slashes(path.native()));
        const Location parent = locate(plain.parent_path());
        out_.changed.push_back({path, parent.real / plain.filename(), parent.sure, removed});
    }

    /// Each source with the common target; sets `why` if there is none.
    std::vector<std::pair<fs::path, fs::path>> pairs() {
        std::vector<std::string> given = parsed_.values_of("t");
        std::vector<Argument> sources = parsed_.operands;
        if (given.empty() && sources.size() > 1) {
            given.push_back(sources.back().text);
            sources.pop_back();
        }
        if (given.size() != 1 || sources.empty()) {
            out_.why = "it names no source or no target";
            return {};
        }
        std::vector<std::pair<fs::path, fs::path>> out;
        for (const Argument& source : sources)
            out.emplace_back(absolute(source.text), absolute(given.front()));
        return out;
    }

    /// The target itself, and the source's name in it: the target may be a directory when the
    /// command runs.
    void place_at(const fs::path& target, const fs::path& source, bool through_links) {
        const fs::path inside = target / last_name(source.string());
        for (const fs::path& path : {target, inside}) {
            note_target(path);
            if (!through_links) note_entry(path, false);
        }
    }

    void note_links(const fs::path& source, bool deep) {
        std::error_code none;
        const fs::path plain(without_slashes(source.native()));
        const TreeFacts facts = deep ? facts_of_tree(resolved(source), budget_, {}) : TreeFacts{};
        out_.places_links = out_.places_links || facts.links || !facts.complete ||
                            fs::is_symlink(fs::symlink_status(plain, none));
    }

    const ParsedOptions& parsed_;
    const fs::path& directory_;
    std::size_t budget_ = kMostTreeEntries;
    FileChange out_;
};

}  // namespace

TreeFacts facts_of_tree(const fs::path& path, std::size_t& budget,
                        const std::function<bool(const fs::path&)>& refuses) {
    TreeFacts facts;
    std::error_code failed;
    if (!fs::is_directory(fs::symlink_status(path, failed))) return facts;
    fs::recursive_directory_iterator entry(path, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (budget == 0) {
            facts.complete = false;
            return facts;
        }
        --budget;
        if (facts.protected_path.empty() &&
            (is_protected_name(entry->path().filename().native()) ||
             is_protected_in(entry->path().parent_path().filename().native(),
                             entry->path().filename().native())))
            facts.protected_path = entry->path();
        std::error_code none;
        facts.links = facts.links || entry->is_symlink(none);
        facts.refused = facts.refused || (refuses && refuses(entry->path()));
    }
    facts.complete = !failed;
    return facts;
}

bool is_file_command(std::string_view program) {
    return file_command(program) != nullptr;
}

FileChange change_of(const std::vector<Argument>& arguments, const fs::path& directory) {
    FileChange none;
    const std::string& name = arguments.front().text;
    const FileCommand* command = file_command(name);
    if (command == nullptr || arguments.front().found) {
        none.why = "it is not one of the file commands";
        return none;
    }
    const ParsedOptions parsed = parse_options(arguments, 1, command->options);
    if (!parsed.unknown.empty() || parsed.operands.empty()) {
        none.why = parsed.unknown.empty() ? "it names no file"
                                          : "an option that is not judged: " + parsed.unknown;
        return none;
    }
    ChangeOfCommand change(parsed, directory);
    if (name == "mkdir") return std::move(change).make_directories();
    if (name == "touch") return std::move(change).touch();
    if (name == "rm") return std::move(change).remove();
    if (name == "rmdir") return std::move(change).remove_directories();
    return name == "mv" ? std::move(change).move() : std::move(change).copy();
}

bool may_leave_links(const shell::Part& part, const RunDirectories& where, const fs::path& home) {
    if (part.words.empty()) return false;
    if (places_links(part)) return true;
    const std::string_view name = shell::command_name(part.words[0]);
    if (name != "mv" && name != "cp") return false;
    if (!where.known || name != part.words[0].decoded) return true;
    return std::any_of(where.paths.begin(), where.paths.end(), [&](const fs::path& directory) {
        const auto arguments = arguments_of(part, directory, home);
        if (!arguments) return true;
        const FileChange change = change_of(*arguments, directory);
        return !change.why.empty() || change.places_links;
    });
}

std::vector<fs::path> may_change(const std::vector<Argument>& arguments,
                                 const fs::path& directory) {
    constexpr auto kMore = std::to_array<std::string_view>(
        {"ln", "tee", "truncate", "install", "dd", "unlink", "link"});
    const std::string& whole = arguments.front().text;
    const std::string name = whole.substr(whole.rfind('/') + 1);
    if (file_command(name) == nullptr && std::find(kMore.begin(), kMore.end(), name) == kMore.end())
        return {};
    std::vector<fs::path> out;
    std::vector<std::string> operands;
    const auto add = [&](std::string_view text) {
        out.push_back(!text.empty() && text[0] == '/' ? fs::path(text) : directory / text);
    };
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& text = arguments[i].text;
        const auto equals = text.find('=');
        if (text.size() > 1 && text[0] == '-') {
            if (equals != std::string::npos) add(std::string_view(text).substr(equals + 1));
            if (text[1] != '-' && text.size() > 2 && text[1] == 't')
                add(std::string_view(text).substr(2));
        } else if (name == "dd") {
            if (text.compare(0, 3, "of=") == 0) add(std::string_view(text).substr(3));
        } else {
            operands.push_back(text);
        }
    }
    // cp, install and link only read their sources; their copies have the same names.
    const bool reads = name == "cp" || name == "install" || name == "link";
    const bool makes_in = reads || name == "mv" || name == "ln";
    const std::vector<fs::path> named = out;
    for (const std::string& operand : operands) {
        const bool last = &operand == &operands.back();
        if (!reads || last || !named.empty()) add(operand);
        if (makes_in && !last) {
            add(operands.back() + "/" + last_name(operand));
            for (const fs::path& target : named)
                out.push_back(target / last_name(operand));
        }
    }
    return out;
}

}  // namespace tenon::permission
