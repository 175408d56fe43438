#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/permission/arguments.h"
#include "host/permission/surroundings.h"
#include "host/shell/script.h"

/// The commands that the mode acceptEdits allows if they only make, move, copy or remove files
/// beneath the roots: mkdir, touch, rm, rmdir, mv and cp, each with a few options.
namespace tenon::permission {

/// What a directory contains, as far as it was read.
struct TreeFacts {
    bool complete = true;  ///< false: there is too much in it, or it cannot be read
    bool links = false;
    std::filesystem::path protected_path;  ///< the first one found
    bool refused = false;                  ///< `refuses` was true for a path in it
};

/// Directory entries that are read for one command.
constexpr std::size_t kMostTreeEntries = 50'000;

/// Reads everything beneath `path` without following links; nothing if `path` is not a directory.
/// Subtracts the number of entries from `budget`. `refuses` may be empty. Touches the file system.
TreeFacts facts_of_tree(const std::filesystem::path& path, std::size_t& budget,
                        const std::function<bool(const std::filesystem::path&)>& refuses);

/// A path that a file command makes, changes or removes.
struct ChangedPath {
    std::filesystem::path written;  ///< absolute, as it is written
    std::filesystem::path real;     ///< what is changed: links followed as the command does
    bool sure = true;               ///< see Location
    bool removed = false;           ///< with everything in it
};

/// What one file command would do.
struct FileChange {
    /// Not empty: why the command, or its options, are not judged.
    std::string why;
    std::vector<ChangedPath> changed;
    std::vector<std::filesystem::path> read;  ///< links followed
    bool deep = false;                        ///< each path in `read` is read with everything in it
    bool places_links = false;                ///< may make a link where there was none
};

/// `arguments`: the program first, at least one. `directory`: where it runs, absolute. Touches the
/// file system.
FileChange change_of(const std::vector<Argument>& arguments,
                     const std::filesystem::path& directory);

bool is_file_command(std::string_view program);

/// Whether the part may make a link where there was none: `ln`, `tar` …; also mv and cp, unless it
/// is known that they take no links. Touches the file system.
bool may_leave_links(const shell::Part& part, const RunDirectories& where,
                     const std::filesystem::path& home);

/// Every path that a file command, or `ln`, `tee`, `truncate`, `install`, `dd`, `unlink` or `link`,
/// could change with any options. For finding protected paths among them.
std::vector<std::filesystem::path> may_change(const std::vector<Argument>& arguments,
                                              const std::filesystem::path& directory);

}  // namespace tenon::permission
