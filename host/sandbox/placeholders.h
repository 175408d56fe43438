#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::sandbox {

/// Empty directories in the place of missing paths that are protected or must not be read, such as
/// `.claude` of a workspace: a missing path can be neither protected nor hidden. They exist while
/// any sandboxed command of the workspace runs. The supervisor of the last command removes them,
/// also those of a supervisor that was killed. The lock's file lists them with their inodes.
/// Nothing else is ever removed or changed, even if a command in a sandbox has moved or replaced
/// them.
class Placeholders {
public:
    Placeholders() = default;
    /// Makes those of `paths` that are missing and beneath one of the `writable` directories.
    /// `records` contains a lock for each workspace. May wait for a process that is
    /// removing placeholders.
    static Result<Placeholders> make(const std::filesystem::path& records,
                                     const std::string& workspace,
                                     const std::vector<std::string>& paths,
                                     const std::vector<std::string>& writable);
    Placeholders(Placeholders&& other) noexcept = default;
    Placeholders& operator=(Placeholders&& other) noexcept = default;
    ~Placeholders();

private:
    void remove();

    UniqueFd lock_;  // held shared; its file lists the placeholders, outer ones first
};

}  // namespace tenon::sandbox
