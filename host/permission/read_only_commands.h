#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/permission/arguments.h"

/// The fixed list of programs and options that only read (DESIGN.md section 5). The man page has
/// the same list for users: change both together.
namespace tenon::permission {

/// A path that a command of the list reads.
struct ReadPath {
    std::string path;      ///< as the program gets it: relative to the directory where it runs
    bool beneath = false;  ///< if it is a directory: everything beneath is read too
    bool entries = false;  ///< if it is a directory: the names in it are read too
    bool follows = false;  ///< links beneath are followed
};

/// What a git command of the list does with the repository.
struct GitUse {
    bool used = false;       ///< the command is git
    bool work_tree = false;  ///< compares the work tree, and may update the index
    bool contents = false;   ///< shows contents of files of any commit
};

/// What a command of the list does.
struct ReadOnlyUse {
    /// Not empty: why the command is not on the list.
    std::string why;
    std::vector<ReadPath> paths;
    GitUse git;

    static ReadOnlyUse unlisted(std::string why) { return {std::move(why), {}, {}}; }
};

/// `arguments`: the program first, at least one. A command with an option that is not on the list,
/// or is abbreviated, is not on the list. Pure; thread-safe.
ReadOnlyUse read_only_use(const std::vector<Argument>& arguments);

/// Whether this command of the list is a builtin of bash, so that no file of that name can run.
bool is_read_only_builtin(std::string_view program);

}  // namespace tenon::permission
