#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/permission/arguments.h"

/// The fixed list of programs and options that only read (DESIGN.md section 5). The man page has
/// the list for users; whoever changes one changes the other.
namespace tenon::permission {

/// A path that a command of the list looks at.
struct ReadPath {
    std::string path;      ///< as the program gets it; relative to where it runs
    bool beneath = false;  ///< and at everything beneath, if it is a directory
    bool entries = false;  ///< and at the names in it, if it is a directory
    bool follows = false;  ///< links beneath are followed
};

/// What `git` needs of the repository it runs in.
struct GitUse {
    bool used = false;
    bool work_tree = false;  ///< compares the work tree, and writes the index by the way
    bool contents = false;   ///< shows contents of files, of any commit
};

struct ReadOnlyUse {
    /// Not empty: the command is not on the list, and why.
    std::string why;
    std::vector<ReadPath> paths;
    GitUse git;

    static ReadOnlyUse unlisted(std::string why) { return {std::move(why), {}, {}}; }
};

/// `arguments`: the program first, at least one. Options that are not on the list, abbreviated ones
/// included, put the command off it. Pure.
ReadOnlyUse read_only_use(const std::vector<Argument>& arguments);

/// Whether bash itself runs this command of the list, so that no file of that name counts.
bool is_read_only_builtin(std::string_view program);

}  // namespace tenon::permission
