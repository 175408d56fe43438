#include "host/permission/surroundings.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "host/base/is_among.h"
#include "host/permission/arguments.h"
#include "host/permission/path_pattern.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// With more directories, where a part runs counts as unknown.
constexpr std::size_t kMostRunDirectories = 64;

/// The builtins of bash(1) that can change variables, options, functions, descriptors or the
/// directory, or run text.
constexpr auto kShellCommands = std::to_array<std::string_view>(
    {".",        "source",  "alias",  "bind",    "builtin", "caller", "command", "compgen",
     "complete", "compopt", "coproc", "declare", "dirs",    "disown", "enable",  "eval",
     "exec",     "export",  "fc",     "getopts", "hash",    "help",   "history", "let",
     "[[",       "((",      "local",  "mapfile", "popd",    "pushd",  "read",    "readarray",
     "readonly", "set",     "shift",  "shopt",   "suspend", "trap",   "typeset", "umask",
     "unalias",  "unset",   "ulimit"});

constexpr auto kDirectoryCommands = std::to_array<std::string_view>(
    {".", "source", "builtin", "command", "eval", "popd", "pushd", "trap"});

constexpr auto kLinkPlacers = std::to_array<std::string_view>(
    {"ln", "link", "rsync", "tar", "bsdtar", "unzip", "cpio", "7z", "git", "svn", "hg", "mount",
     "install", "unsquashfs", "patch", "stow", "busybox"});

/// Commands of git that do not change the files of the work tree.
constexpr auto kGitApart = std::to_array<std::string_view>(
    {"status", "log", "diff", "show", "branch", "rev-parse", "add", "commit", "push", "fetch",
     "tag", "remote", "blame", "grep", "ls-files", "describe"});

bool is_command(const shell::Part& part, std::string_view name) {
    return !part.words.empty() && part.words[0].decoded == name;
}

void add_path_once(std::vector<fs::path>& list, fs::path path) {
    if (std::find(list.begin(), list.end(), path) == list.end()) list.push_back(std::move(path));
}

void add_all(RunDirectories& to, const RunDirectories& from) {
    to.known = to.known && from.known;
    for (const fs::path& directory : from.paths)
        add_path_once(to.paths, directory);
    if (to.paths.size() > kMostRunDirectories) to.known = false;
    if (!to.known) to.paths.clear();
}

/// The operand of `cd DIR` or `cd -- DIR`; nothing for any other form.
std::optional<std::string> operand_of_cd(const shell::Part& part, const fs::path& home) {
    const std::size_t at = part.words.size() == 3 && part.words[1].decoded == "--" ? 2 : 1;
    if (part.words.size() != at + 1) return std::nullopt;
    auto operand = value_of(part.words[at], home);
    if (!operand || operand->empty() || (at == 1 && operand->front() == '-')) return std::nullopt;
    if (*operand == "-") return std::nullopt;
    return operand;
}

bool is_dotted(const std::string& path) {
    return path == "." || path == ".." || path.compare(0, 2, "./") == 0 ||
           path.compare(0, 3, "../") == 0;
}

/// Where `cd` leads. The shell resolves `..` lexically (`cd link/..` stays), or by the file system
/// when that fails or after `set -P`: both count.
RunDirectories after_cd(const shell::Part& part, const RunDirectories& here, const fs::path& home,
                        const ShellEnvironment& environment) {
    const auto operand = operand_of_cd(part, home);
    const bool searched = environment.search_path_for_cd && operand && operand->front() != '/' &&
                          !is_dotted(*operand);
    if (!operand || searched) return {false, {}};
    RunDirectories there{here.known, {}};
    for (const fs::path& directory : here.paths) {
        const fs::path whole = operand->front() == '/' ? fs::path(*operand) : directory / *operand;
        add_path_once(there.paths, normalised(whole, "/"));
        add_path_once(there.paths, resolved(whole));
    }
    return there;
}

}  // namespace

ShellEnvironment ShellEnvironment::of_this_process() {
    const auto is_set = [](const char* name) {
        const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        return value != nullptr && *value != '\0';
    };
    ShellEnvironment out;
    out.search_path_for_cd = is_set("CDPATH");
    out.changed_patterns = is_set("GLOBIGNORE") || is_set("BASHOPTS") || is_set("SHELLOPTS");
    if (is_set("PATH")) out.path = ::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    return out;
}

bool changes_the_shell(const shell::Part& part) {
    if (!part.opaque.empty()) return true;
    if (part.words.empty()) return !part.assignments.empty();
    const std::string& name = part.words[0].decoded;
    // printf -v and wait -p set variables.
    if (name == "printf" || name == "wait")
        return std::any_of(part.words.begin(), part.words.end(), [](const shell::Word& word) {
            return word.decoded.size() > 1 && word.decoded[0] == '-';
        });
    return is_among(kShellCommands, name);
}

bool makes_names(const shell::Part& part) {
    if (std::any_of(part.redirections.begin(), part.redirections.end(),
                    [](const shell::Redirection& r) { return r.writes_file(); }))
        return true;
    static constexpr auto kMakers = std::to_array<std::string_view>({"mkdir", "touch", "mv", "cp"});
    return (!part.words.empty() && is_among(kMakers, shell::command_name(part.words[0]))) ||
           places_links(part);
}

bool places_links(const shell::Part& part) {
    if (part.words.empty()) return false;
    const std::string_view name = shell::command_name(part.words[0]);
    if (name == "git" && part.words.size() > 1 && is_among(kGitApart, part.words[1].decoded))
        return false;
    return is_among(kLinkPlacers, name);
}

std::vector<RunDirectories> run_directories_of(std::string_view text,
                                               const std::vector<shell::Part>& parts,
                                               const fs::path& cwd, const fs::path& home,
                                               const ShellEnvironment& environment) {
    const bool moves = std::any_of(parts.begin(), parts.end(),
                                   [](const shell::Part& part) { return is_command(part, "cd"); });
    // A loop ends with `done`, and may start again in another directory.
    const bool loops = moves && text.find("done") != std::string_view::npos;
    const bool unknown =
        loops || std::any_of(parts.begin(), parts.end(), [&](const shell::Part& part) {
            if (part.words.empty()) return moves && changes_the_shell(part);
            return is_among(kDirectoryCommands, part.words[0].decoded) ||
                   (moves && changes_the_shell(part)) || !part.words[0].literal();
        });
    std::vector<RunDirectories> out;
    RunDirectories anywhere{!unknown, {cwd}};
    RunDirectories left;
    for (const shell::Part& part : parts) {
        const RunDirectories here = part.after_success && !out.empty() ? left : anywhere;
        left = is_command(part, "cd") ? after_cd(part, here, home, environment) : here;
        out.push_back(here);
        add_all(anywhere, left);
    }
    if (unknown)
        for (RunDirectories& where : out)
            where.known = false;
    return out;
}

}  // namespace tenon::permission
