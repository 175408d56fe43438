#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/sandbox/policy.h"

/// A private view of the file system, in a mount namespace of the process's own. It does what
/// Landlock cannot: it takes away below what is allowed, it keeps modes, owners and times of files
/// outside as they are, and it hides.
namespace tenon::sandbox {

/// What is laid over itself, so that it can be neither renamed nor removed.
struct Pin {
    std::string path;
    bool read_only = false;  ///< with everything beneath; else only its name is kept in place
};

/// Paths exist when the plan is carried out; what has gone by then is passed over.
struct MountPlan {
    std::vector<std::string> writable;  ///< none beneath another; everything else is read-only
    std::vector<Pin> pins;              ///< outer ones first
    std::vector<std::string> hidden;    ///< none beneath another
    std::string empty_directory;        ///< is shown in the place of hidden directories
    std::string empty_file;             ///< in the place of other hidden files
};

/// Makes the two that are shown in the place of hidden ones, where they are not there yet.
Result<void> make_empty(const std::filesystem::path& parent, const std::string& directory,
                        const std::string& file);

/// Those of `directories` that are not beneath another, sorted, each once.
std::vector<std::string> outermost(std::vector<std::string> directories);

/// The pins that keep `protected_paths` from being written in spite of the writable directories
/// around them, and `kept_names` from being given another name. Looks at the file system: a
/// symbolic link on the way is pinned itself, and what it leads to is protected as well.
std::vector<Pin> pins_for(const std::vector<std::string>& protected_paths,
                          const std::vector<std::string>& kept_names,
                          const std::vector<std::string>& writable);

/// Tries it out in a short-lived child process.
bool can_make_mount_namespace();

/// Carries out the plan for this process and its descendants: in a mount namespace, where needed
/// in a user namespace in which the user stays who they are. False: the kernel, or the machine's
/// configuration, does not let this user make one; nothing has changed then but the user namespace.
/// For a process with one thread.
Result<bool> enter_mount_namespace(const MountPlan& plan);

}  // namespace tenon::sandbox
