#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

/// Paths in rules: gitignore patterns (gitignore(5), "PATTERN FORMAT"), and the paths they judge.
namespace tenon::permission {

/// Where the beginnings of path patterns lead.
struct BaseDirectories {
    std::filesystem::path workspace;  ///< absolute; `x` and `./x`
    std::filesystem::path home;       ///< absolute, or empty; `~/x`
};

/// `path` absolute and free of `.`, `..` and double slashes by its letters alone; a relative one
/// starts at `base`.
std::filesystem::path normalised(const std::filesystem::path& path,
                                 const std::filesystem::path& base);

/// `path` (absolute) as the kernel would find it: symlinks followed, also dangling ones, as far as
/// the path exists; the rest is appended. Touches the file system. After too many links the path so
/// far.
std::filesystem::path resolved(const std::filesystem::path& path);

/// Where a path leads, and whether it leads there for every process.
struct Location {
    std::filesystem::path real;
    /// False: too many links, or too long, or through a link of /proc, which leads elsewhere for
    /// each process.
    bool sure = true;
};
/// As `resolved`.
Location locate(const std::filesystem::path& path);

/// Letters A to Z count as a to z.
bool equal_letters(std::string_view a, std::string_view b);

/// `path` is one of `roots` or lies beneath it, by the letters alone.
bool is_beneath(const std::filesystem::path& path, const std::vector<std::filesystem::path>& roots);

/// One gitignore pattern. What it matches, it matches with everything beneath.
class PathPattern {
public:
    /// `//abs`, `~/x`, `/x` (from `base`), `x` and `./x` (from the workspace; without a slash at
    /// any depth of it). A leading `!` is an Error.
    static Result<PathPattern> parse(std::string_view text, const std::filesystem::path& base,
                                     const BaseDirectories& places);

    /// `path` is absolute and normalised. Thread-safe; asks the file system only whether `path` is
    /// a folder, when the pattern ends in a slash.
    [[nodiscard]] bool matches(const std::filesystem::path& path) const;
    /// As `matches`, but the pattern's own beginning may have been a symlink too when it was
    /// parsed.
    [[nodiscard]] bool matches_strictly(const std::filesystem::path& path) const;
    /// False: nothing in the directory `path` or anywhere beneath it can match, by its name or
    /// behind the pattern's own links. Does not touch the file system.
    [[nodiscard]] bool may_match_beneath(const std::filesystem::path& path) const;
    /// Whether one of its names is exactly `name`, without a wildcard. Letters A to Z count as a
    /// to z.
    [[nodiscard]] bool names(std::string_view name) const;

private:
    using Names = std::vector<std::string>;

    std::vector<Names> roots_;  ///< the folder it starts at, and the same without symlinks
    Names names_;               ///< below it
    Names behind_links_;   ///< from /: root and literal names without symlinks, then the others
    bool folder_ = false;  ///< ends in a slash

    [[nodiscard]] bool from(const Names& root, const Names& names, const Names& path,
                            const std::filesystem::path& whole) const;
};

}  // namespace tenon::permission
