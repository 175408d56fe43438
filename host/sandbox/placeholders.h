#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::sandbox {

/// Empty directories in the place of protected or denied paths that are not there, such as
/// `.claude` of a workspace: what is not there can be neither protected nor hidden. They are there
/// while any sandboxed command of the workspace runs; the last one to end removes them, also those
/// of a supervisor that was killed. The lock's file lists them with their inodes: nothing else is
/// ever removed or changed, wherever a command in a sandbox has moved them or put something else.
class Placeholders {
public:
    Placeholders() = default;
    /// Makes the missing ones of `paths` that are beneath one of the `writable` directories.
    /// `records` holds a lock for each workspace. May wait a moment for one who is removing.
    static Result<Placeholders> make(const std::filesystem::path& records,
                                     const std::string& workspace,
                                     const std::vector<std::string>& paths,
                                     const std::vector<std::string>& writable);
    Placeholders(Placeholders&& other) noexcept = default;
    Placeholders& operator=(Placeholders&& other) noexcept = default;
    ~Placeholders();

private:
    void remove();

    UniqueFd lock_;  // held shared; its file lists what was made, outer ones first
};

}  // namespace tenon::sandbox
