#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

/// What the parts of one understood command do to each other: in which directories they run, and
/// whether one of them changes the meaning of another.
namespace tenon::permission {

/// The directories in which a part may run.
struct RunDirectories {
    bool known = true;  ///< false: only the shell knows the directory
    /// As the shell spells them ($PWD); links not followed.
    std::vector<std::filesystem::path> paths;
};

/// The variables of the host's environment that change how bash reads a command.
struct ShellEnvironment {
    bool search_path_for_cd = false;  ///< CDPATH
    bool changed_patterns = false;    ///< GLOBIGNORE, BASHOPTS, SHELLOPTS
    std::string path;                 ///< PATH

    static ShellEnvironment of_this_process();
};

/// For each of `parts` where it may run, if the command `text` starts in `cwd` (absolute). A part
/// that && joins to the part before it runs where that one ended. Any other part may run wherever
/// an earlier part ran or went. Follows `cd` with one literal operand; any other change of the
/// directory makes it unknown, and so does `cd` in a loop. Touches the file system.
std::vector<RunDirectories> run_directories_of(std::string_view text,
                                               const std::vector<shell::Part>& parts,
                                               const std::filesystem::path& cwd,
                                               const std::filesystem::path& home,
                                               const ShellEnvironment& environment);

/// Whether the part changes how the shell runs other parts: lone assignments, `export`, `shopt`,
/// `source` …
bool changes_the_shell(const shell::Part& part);

/// Whether the part is known to make files or directories: `mkdir`, `cp`, `tar`, a redirection …
bool makes_names(const shell::Part& part);

/// Whether the part runs a program that is known to make links: `ln`, `tar`, `git` …
bool places_links(const shell::Part& part);

}  // namespace tenon::permission
