#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

/// What the parts of one understood command do to each other: the directories they run in, and
/// whether one of them changes what another one means.
namespace tenon::permission {

/// Where a part may run.
struct RunDirectories {
    bool known = true;  ///< false: in a directory that only the shell knows
    /// As the shell spells them ($PWD); links not followed.
    std::vector<std::filesystem::path> paths;
};

/// What of the host's own environment changes how bash reads a command.
struct ShellEnvironment {
    bool search_path_for_cd = false;  ///< CDPATH
    bool changed_patterns = false;    ///< GLOBIGNORE, BASHOPTS, SHELLOPTS
    std::string path;                 ///< PATH

    static ShellEnvironment of_this_process();
};

/// For each part where it may run, when the command starts in `cwd` (absolute). A part that is
/// joined by && to the part before it runs where that one ended; any other part may run wherever an
/// earlier part was or went. Follows `cd` with one literal operand; whatever else changes the
/// directory makes it unknown, and so does `cd` in a loop. `text` is what the parts were found in.
/// Touches the file system.
std::vector<RunDirectories> run_directories_of(std::string_view text,
                                               const std::vector<shell::Part>& parts,
                                               const std::filesystem::path& cwd,
                                               const std::filesystem::path& home,
                                               const ShellEnvironment& environment);

/// Whether the part changes how the shell runs other parts: assignments alone, `export`, `shopt`,
/// `source`, …
bool changes_the_shell(const shell::Part& part);

/// Whether the part is known to make names: `mkdir`, `cp`, `tar`, a redirection to a file, ….
bool makes_names(const shell::Part& part);

/// Whether the part runs a program that is known to place links: `ln`, `tar`, `git`, ….
bool places_links(const shell::Part& part);

}  // namespace tenon::permission
