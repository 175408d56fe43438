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

/// The commands that acceptEdits lets through where they only make, move, copy or remove files
/// beneath the roots: mkdir, touch, rm, rmdir, mv, cp, each with a few options.
namespace tenon::permission {

/// What a directory holds, as far as it was looked at.
struct TreeFacts {
    bool complete = true;  ///< false: too much in it, or it cannot be read
    bool links = false;
    std::filesystem::path protected_path;  ///< the first one found
    bool refused = false;                  ///< `refuses` said yes to a path in it
};

/// Entries that are looked at for one command.
constexpr std::size_t kMostTreeEntries = 50'000;

/// Looks at everything beneath `path` without following links; at nothing when it is no directory.
/// Takes the number of entries from `budget`. `refuses` may be empty.
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
    /// Not empty: not one of the commands, or not in a way that is judged, and why.
    std::string why;
    std::vector<ChangedPath> changed;
    std::vector<std::filesystem::path> read;  ///< links followed
    bool deep = false;                        ///< what is read is read with everything in it
    bool places_links = false;                ///< may leave a link where there was none
};

/// `arguments`: the program first; `directory` is where it runs, absolute. Touches the file system.
FileChange change_of(const std::vector<Argument>& arguments,
                     const std::filesystem::path& directory);

bool is_file_command(std::string_view program);

/// Whether the part may leave a link where there was none: `ln`, `tar`, …; mv and cp where there
/// are links in what they take, or that is not known.
bool may_leave_links(const shell::Part& part, const RunDirectories& where,
                     const std::filesystem::path& home);

/// Every path that a command of these names, or `ln`, `tee`, `truncate`, `install` or `dd`, could
/// change, whatever its options are: for the question whether a protected one is among them.
std::vector<std::filesystem::path> may_change(const std::vector<Argument>& arguments,
                                              const std::filesystem::path& directory);

}  // namespace tenon::permission
