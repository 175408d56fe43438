#include "host/permission/protected_paths.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sys/stat.h>

#include "host/permission/path_pattern.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr auto kProtectedNames =
    std::to_array<std::string_view>({".git", ".tenon", ".envrc", ".vscode", ".claude"});

/// bash(1) INVOCATION, zsh(1) STARTUP/SHUTDOWN FILES, fish(1), ksh(1), csh(1), readline(3).
constexpr auto kShellStartFiles = std::to_array<std::string_view>(
    {".bashrc",    ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases",
     ".profile",   ".zshrc",        ".zshenv",     ".zprofile",    ".zlogin",
     ".zlogout",   ".kshrc",        ".mkshrc",     ".shrc",        ".shinit",
     ".cshrc",     ".tcshrc",       ".login",      ".logout",      ".inputrc",
     ".xprofile",  ".xsessionrc",   ".xinitrc",    "config.fish",  "fish_variables",
     "bash.bashrc"});

/// Directories whose files a shell reads, as pairs of directory and name in it.
constexpr auto kProtectedPairs = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".config", "fish"},
    {"etc", "profile.d"},
    {"etc", "profile"},
});

/// Empty if no root contains `path`.
fs::path innermost_root(const fs::path& path, const std::vector<fs::path>& roots) {
    fs::path best;
    for (const fs::path& root : roots)
        if (is_beneath(path, {root}) && root.native().size() > best.native().size()) best = root;
    return best;
}

/// The target of `gitdir: PATH` in the file `.git` of a worktree or submodule; else empty.
fs::path git_directory_of(const fs::path& file) {
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
    std::ifstream in(file);
    std::string line;
    constexpr std::string_view kKey = "gitdir: ";
    if (!std::getline(in, line) || line.compare(0, kKey.size(), kKey) != 0) return {};
    const fs::path target(line.substr(kKey.size()));
    return resolved(target.is_absolute() ? target : file.parent_path() / target);
}

}  // namespace

bool is_protected_name(std::string_view name) {
    const auto is = [&](std::string_view own) { return equal_letters(own, name); };
    return std::any_of(kProtectedNames.begin(), kProtectedNames.end(), is) ||
           std::any_of(kShellStartFiles.begin(), kShellStartFiles.end(), is);
}

bool is_protected_in(std::string_view directory, std::string_view name) {
    return std::any_of(kProtectedPairs.begin(), kProtectedPairs.end(), [&](const auto& pair) {
        return equal_letters(directory, pair.first) && equal_letters(name, pair.second);
    });
}

std::vector<std::string_view> protected_in(std::string_view directory) {
    std::vector<std::string_view> names;
    for (const auto& [first, second] : kProtectedPairs)
        if (equal_letters(directory, first)) names.push_back(second);
    return names;
}

std::optional<std::string> protected_name(const fs::path& path,
                                          const std::vector<fs::path>& roots) {
    const fs::path root = innermost_root(path, roots);
    const fs::path below = root.empty() ? path : path.lexically_relative(root);
    std::string before;
    for (const fs::path& part : below) {
        const std::string& name = part.native();
        if (is_protected_name(name)) return name;
        if (is_protected_in(before, name)) return name;
        before = name;
    }
    return std::nullopt;
}

std::optional<std::string> protected_target(const fs::path& path,
                                            const std::vector<fs::path>& roots) {
    if (auto name = protected_name(path, roots)) return name;
    for (const fs::path& root : roots) {
        for (const std::string_view name : kProtectedNames) {
            const fs::path entry = root / name;
            std::error_code none;
            fs::path target;
            if (fs::is_symlink(fs::symlink_status(entry, none))) target = resolved(entry);
            if (target.empty() && name == ".git") target = git_directory_of(entry);
            if (!target.empty() && is_beneath(path, {target})) return std::string(name);
        }
        for (const std::string_view name : kShellStartFiles) {
            std::error_code none;
            const fs::path entry = root / name;
            if (fs::is_symlink(fs::symlink_status(entry, none)) && resolved(entry) == path)
                return std::string(name);
        }
    }
    return std::nullopt;
}

}  // namespace tenon::permission
