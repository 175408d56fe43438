#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

/// Path patterns of rules (gitignore(5), "PATTERN FORMAT"), and the paths that they match.
namespace tenon::permission {

/// The directories where relative path patterns and relative paths start.
struct BaseDirectories {
    std::filesystem::path workspace;  ///< absolute; of `x` and `./x`
    std::filesystem::path home;       ///< absolute, or empty; of `~/x`
};

/// `path` made absolute, and without `.`, `..` and double slashes. Purely lexical. A relative path
/// starts at `base`.
std::filesystem::path normalised(const std::filesystem::path& path,
                                 const std::filesystem::path& base);

/// `path` (absolute) as the kernel would resolve it. Follows symlinks, also dangling ones, as far
/// as the path exists, and appends the rest. After too many links: the path so far. Touches the
/// file system.
std::filesystem::path resolved(const std::filesystem::path& path);

/// Where a path leads.
struct Location {
    std::filesystem::path real;
    /// False: there are too many links, or the path is too long, or it goes through a link of
    /// /proc, which leads elsewhere for each process.
    bool sure = true;
};
/// As `resolved`.
Location locate(const std::filesystem::path& path);

/// Compares without the case of the letters A to Z.
bool equal_letters(std::string_view a, std::string_view b);

/// Whether `path` is one of `roots` or beneath one. Purely lexical.
bool is_beneath(const std::filesystem::path& path, const std::vector<std::filesystem::path>& roots);

/// One gitignore pattern. If it matches a directory, it matches everything beneath it too.
/// Immutable; thread-safe.
class PathPattern {
public:
    /// `//abs`, `~/x`, `/x` (from `base`), `x` and `./x` (from the workspace; without a slash at
    /// any depth of it). A leading `!` is an Error.
    static Result<PathPattern> parse(std::string_view text, const std::filesystem::path& base,
                                     const BaseDirectories& places);

    /// `path` is absolute and normalised. Asks the file system only whether `path` is a directory,
    /// and only if the pattern ends in a slash.
    [[nodiscard]] bool matches(const std::filesystem::path& path) const;
    /// As `matches`; also compares with the pattern whose own symlinks were followed when it was
    /// parsed.
    [[nodiscard]] bool matches_strictly(const std::filesystem::path& path) const;
    /// False: nothing in or beneath the directory `path` can match, with or without the pattern's
    /// own symlinks. Does not touch the file system.
    [[nodiscard]] bool may_match_beneath(const std::filesystem::path& path) const;
    /// Whether one of its names is exactly `name`, without a wildcard, but for the case of the
    /// letters A to Z.
    [[nodiscard]] bool names(std::string_view name) const;

private:
    using Names = std::vector<std::string>;

    std::vector<Names> roots_;  ///< the directory where it starts, as written and without symlinks
    Names names_;               ///< beneath that directory
    Names without_links_;  ///< from /: root and literal names with symlinks followed, then the rest
    bool directory_only_ = false;  ///< ends in a slash

    [[nodiscard]] bool matches_from(const Names& root, const Names& names, const Names& path,
                                    const std::filesystem::path& whole) const;
};

}  // namespace tenon::permission
