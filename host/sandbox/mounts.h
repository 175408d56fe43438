#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/sandbox/policy.h"

/// A private view of the file system, in a mount namespace of the process's own. It does what
/// Landlock cannot: it protects paths inside writable directories, prevents changes of the modes,
/// owners and times of files outside, and hides files.
namespace tenon::sandbox {

/// A path that is mounted on itself, so that it can be neither renamed nor removed.
struct Pin {
    std::string path;
    bool read_only =
        false;  ///< it and everything beneath; otherwise only its name is kept in place
};

/// The mounts of a namespace. Paths that do not exist any more when it is entered are ignored.
struct MountPlan {
    std::vector<std::string> writable;  ///< none beneath another; everything else is read-only
    std::vector<Pin> pins;              ///< outer ones first
    std::vector<std::string> hidden;    ///< none beneath another
    std::string empty_directory;        ///< shown in the place of hidden directories
    std::string empty_file;             ///< shown in the place of other hidden files
};

/// Makes the directory and the file that are shown in the place of hidden ones, if they are
/// missing.
Result<void> make_empty(const std::filesystem::path& parent, const std::string& directory,
                        const std::string& file);

/// Those of `directories` that are not beneath another, sorted, each once.
std::vector<std::string> outermost(std::vector<std::string> directories);

/// The pins that prevent writing of `protected_paths` inside writable directories, and renaming of
/// `kept_names`. Reads the file system: a symbolic link on the way is pinned itself, and what it
/// leads to is protected as well.
std::vector<Pin> pins_for(const std::vector<std::string>& protected_paths,
                          const std::vector<std::string>& kept_names,
                          const std::vector<std::string>& writable);

/// Tries it in a short-lived child process.
bool can_make_mount_namespace();

/// Moves this process and its future descendants into a mount namespace with these mounts, and if
/// needed into a user namespace with the same user. False: the kernel, or the machine's
/// configuration, does not let this user make one; then nothing has changed except perhaps the user
/// namespace. For a process with one thread.
Result<bool> enter_mount_namespace(const MountPlan& plan);

}  // namespace tenon::sandbox
