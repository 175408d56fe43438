#include <algorithm>
#include <array>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/unique_fd.h"
#include "host/permission/path_pattern.h"
#include "host/permission/read_only_git.h"

/// What a repository could make git do. See gitrepository-layout(5), git-config(1), githooks(5) and
/// gitformat-index(5).
namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestConfig = 1U << 20U;
constexpr std::size_t kLargestIndex = 256U << 20U;

/// Keys of a repository's configuration that name no program and no other file, in lower case.
/// `*` stands for the name in the middle; a section with `.*` at its end is harmless as a whole.
constexpr auto kHarmlessKeys = std::to_array<std::string_view>({"core.repositoryformatversion",
                                                                "core.filemode",
                                                                "core.logallrefupdates",
                                                                "core.ignorecase",
                                                                "core.precomposeunicode",
                                                                "core.symlinks",
                                                                "core.autocrlf",
                                                                "core.eol",
                                                                "core.safecrlf",
                                                                "core.quotepath",
                                                                "core.abbrev",
                                                                "core.compression",
                                                                "core.loosecompression",
                                                                "core.preloadindex",
                                                                "core.untrackedcache",
                                                                "core.trustctime",
                                                                "core.checkstat",
                                                                "core.sharedrepository",
                                                                "core.bigfilethreshold",
                                                                "core.commentchar",
                                                                "core.whitespace",
                                                                "core.sparsecheckout",
                                                                "core.sparsecheckoutcone",
                                                                "core.hidedotfiles",
                                                                "core.protecthfs",
                                                                "core.protectntfs",
                                                                "core.fsync",
                                                                "core.fsyncmethod",
                                                                "core.commitgraph",
                                                                "core.multipackindex",
                                                                "remote.*.url",
                                                                "remote.*.pushurl",
                                                                "remote.*.fetch",
                                                                "remote.*.push",
                                                                "remote.*.tagopt",
                                                                "remote.*.prune",
                                                                "remote.*.mirror",
                                                                "remote.pushdefault",
                                                                "branch.*.remote",
                                                                "branch.*.merge",
                                                                "branch.*.rebase",
                                                                "branch.*.pushremote",
                                                                "branch.*.description",
                                                                "branch.*.vscode-merge-base",
                                                                "branch.*.gk-merge-base",
                                                                "branch.autosetuprebase",
                                                                "branch.autosetupmerge",
                                                                "user.name",
                                                                "user.email",
                                                                "init.defaultbranch",
                                                                "diff.renames",
                                                                "diff.algorithm",
                                                                "diff.colormoved",
                                                                "diff.mnemonicprefix",
                                                                "diff.noprefix",
                                                                "diff.context",
                                                                "log.date",
                                                                "log.decorate",
                                                                "log.abbrevcommit"});
constexpr auto kHarmlessSections = std::to_array<std::string_view>(
    {"color.", "advice.", "gc.", "pack.", "push.", "pull.", "fetch.", "receive.", "rerere.",
     "index.", "status.", "commit-graph.", "merge-base.", "maintenance."});
/// Keys of these sections that are not harmless.
constexpr auto kExceptions = std::to_array<std::string_view>(
    {"status.submodulesummary", "receive.procreceiverefs", "fetch.fsck"});

/// The bytes of a regular file; nothing if it is a link, another kind of file, or larger than
/// `most`.
std::optional<std::string> bytes_of(const fs::path& path, std::size_t most) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    if (static_cast<std::uint64_t>(info.st_size) > most) return std::nullopt;
    std::string out(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t n = ::read(fd.get(), out.data() + done, out.size() - done);
        if (n <= 0) return std::nullopt;
        done += static_cast<std::size_t>(n);
    }
    return out;
}

bool entry_exists(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

std::string_view trimmed_config(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

bool is_key(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    });
}

bool is_harmless(const std::string& section, bool named, const std::string& key) {
    const std::string whole = section + (named ? ".*." : ".") + key;
    if (std::find(kExceptions.begin(), kExceptions.end(), whole) != kExceptions.end()) return false;
    if (std::find(kHarmlessKeys.begin(), kHarmlessKeys.end(), whole) != kHarmlessKeys.end())
        return true;
    return std::any_of(kHarmlessSections.begin(), kHarmlessSections.end(),
                       [&](std::string_view s) { return whole.compare(0, s.size(), s) == 0; });
}

/// Why a configuration file may be harmful; empty if each key is known to be harmless. Accepts less
/// than git: one header or one `key = value` in a line, and no continued lines.
std::string problem_of_config(const fs::path& file) {
    if (!entry_exists(file)) return {};
    const auto bytes = bytes_of(file, kLargestConfig);
    const std::string doubt = "the repository's configuration (" + file.string() + ") ";
    if (!bytes || bytes->find('\0') != std::string::npos) return doubt + "cannot be read";
    std::string section;
    bool named = false;
    std::string_view rest = *bytes;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = trimmed_config(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty() || line[0] == '#' || line[0] == ';') continue;
        if (line.back() == '\\') return doubt + "has a continued line";
        if (line[0] == '[') {
            if (line.back() != ']') return doubt + "is not understood: " + std::string(line);
            const std::string_view inside = line.substr(1, line.size() - 2);
            const auto blank = std::min(inside.find_first_of(" \t"), inside.size());
            const std::string_view name = trimmed_config(inside.substr(blank));
            section = lower(inside.substr(0, blank));
            named = !name.empty();
            const bool quoted =
                name.size() >= 2 && name.front() == '"' && name.back() == '"' &&
                name.substr(1, name.size() - 2).find_first_of("\"]\\") == std::string_view::npos;
            if (!is_key(section) || (named && !quoted))
                return doubt + "is not understood: " + std::string(line);
            continue;
        }
        const auto equals = std::min(line.find('='), line.size());
        const std::string key = lower(trimmed_config(line.substr(0, equals)));
        const std::string value =
            lower(trimmed_config(line.substr(std::min(equals + 1, line.size()))));
        if (section.empty() || !is_key(key))
            return doubt + "is not understood: " + std::string(line);
        const bool off = section == "core" && !named && value == "false" &&
                         (key == "bare" || key == "fsmonitor");
        if (!off && !is_harmless(section, named, key)) return doubt + "sets " + section + "." + key;
    }
    return {};
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i)
        out = (out << 8U) | static_cast<unsigned char>(bytes[at + i]);
    return out;
}

/// Whether the index may contain a repository inside the repository, where git would run itself.
/// True also if the index is not understood.
bool may_hold_repositories(const fs::path& index) {
    if (!entry_exists(index)) return false;
    const auto bytes = bytes_of(index, kLargestIndex);
    if (!bytes || bytes->size() < 12 || bytes->compare(0, 4, "DIRC") != 0) return true;
    const std::uint32_t version = number_at(*bytes, 4);
    if (version < 2 || version > 4) return true;
    std::size_t at = 12;
    constexpr std::size_t kFixed = 62;  // times, ids, mode and SHA-1; flags at its end
    for (std::uint32_t entries = number_at(*bytes, 8); entries > 0; --entries) {
        if (at + kFixed > bytes->size()) return true;
        const std::uint32_t mode = number_at(*bytes, at + 24);
        if ((mode & 0170000U) == 0160000U) return true;
        const bool extended = (static_cast<unsigned char>((*bytes)[at + 60]) & 0x40U) != 0;
        std::size_t name = at + kFixed + (extended ? 2 : 0);
        if (version == 4)
            while (name < bytes->size() &&
                   (static_cast<unsigned char>((*bytes)[name++]) & 0x80U) != 0) {
            }
        const auto end = bytes->find('\0', name);
        if (end == std::string::npos) return true;
        at = version == 4 ? end + 1 : at + ((end - at + 8) & ~std::size_t{7});
    }
    // A split index has entries in another file. A checksum follows the extensions.
    while (at + 8 + 20 <= bytes->size()) {
        if (bytes->compare(at, 4, "link") == 0) return true;
        at += 8 + std::size_t{number_at(*bytes, at + 4)};
    }
    return false;
}

bool looks_like_git_directory(const fs::path& directory) {
    return entry_exists(directory / "HEAD") &&
           (entry_exists(directory / "objects") || entry_exists(directory / "refs") ||
            entry_exists(directory / "commondir"));
}

/// The path that the file contains after `key`, as in `gitdir: PATH` or `commondir`.
std::optional<fs::path> path_in_file(const fs::path& file, std::string_view key) {
    auto bytes = bytes_of(file, 4096);
    if (!bytes || bytes->compare(0, key.size(), key) != 0) return std::nullopt;
    while (!bytes->empty() && (bytes->back() == '\n' || bytes->back() == '\r'))
        bytes->pop_back();
    const fs::path path(bytes->substr(key.size()));
    return resolved(path.is_absolute() ? path : file.parent_path() / path);
}

struct Repository {
    fs::path top, directory, common;
};

/// The repository that git finds from `directory`; empty if there is none. The Error says why it
/// cannot be judged.
Result<Repository> repository_of(const fs::path& directory) {
    for (fs::path at = directory;; at = at.parent_path()) {
        const fs::path entry = at / ".git";
        if (entry_exists(entry)) {
            struct stat info {};
            Repository found{at, resolved(entry), {}};
            if (::stat(entry.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
                const auto target = path_in_file(resolved(entry), "gitdir: ");
                if (!target) return Error{entry.string() + " is not understood"};
                found.directory = *target;
            }
            if (!looks_like_git_directory(found.directory))
                return Error{entry.string() + " is no repository"};
            found.common = found.directory;
            if (entry_exists(found.directory / "commondir")) {
                const auto common = path_in_file(found.directory / "commondir", "");
                if (!common) return Error{entry.string() + " is not understood"};
                found.common = *common;
            }
            return found;
        }
        if (looks_like_git_directory(at))
            return Error{at.string() + " is itself the directory of a repository"};
        if (at == at.root_path()) return Repository{};
    }
}

}  // namespace

std::string why_git_is_unsafe(const GitUse& use, const fs::path& directory,
                              const std::vector<fs::path>& roots) {
    const auto found = repository_of(directory);
    if (!found) return found.error().message;
    if (found->top.empty()) return use.work_tree && use.contents ? "there is no repository" : "";
    for (const fs::path& path : {found->top, found->directory, found->common})
        if (!is_beneath(path, roots))
            return "the repository lies outside the workspace: " + path.string();
    for (const char* name : {"objects", "refs", "HEAD", "packed-refs", "logs"})
        if (!is_beneath(resolved(found->common / name), roots))
            return "the repository is kept outside the workspace";
    for (const char* name : {"objects/info/alternates", "objects/info/http-alternates"})
        if (entry_exists(found->common / name))
            return "the repository takes objects from elsewhere";
    if (auto problem = problem_of_config(found->common / "config"); !problem.empty())
        return problem;
    if (!use.work_tree) return {};
    for (const fs::path& git : {found->directory, found->common})
        if (entry_exists(git / "hooks/post-index-change"))
            return "the repository has a hook that git runs: post-index-change";
    if (entry_exists(found->top / ".gitmodules") || entry_exists(found->common / "modules") ||
        may_hold_repositories(found->directory / "index"))
        return "the repository may hold others, with configurations of their own";
    return {};
}

}  // namespace tenon::permission
