#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

/// Landlock by its system calls. The constants are copied from the kernel's documentation
/// (userspace-api/landlock.rst), since the headers of older systems lack what newer kernels have.
namespace tenon::sandbox {

/// The version of Landlock that the kernel offers; 0: none.
int landlock_abi();

/// Rights beneath a path.
enum class Access {
    kList,       ///< reading the names in directories
    kRead,       ///< reading contents, and running programs
    kReadTree,   ///< reading contents, and the names in directories
    kRunTree,    ///< the same, and running programs
    kReadWrite,  ///< everything that a user does with files, except making device nodes
    kWrite,      ///< the same without reading contents
    kDevice,     ///< reading, writing and ioctls of an existing device
};

/// One ruleset. It is made while the process is still unrestricted, and takes effect by `enforce`.
/// What no rule allows is refused.
class Landlock {
public:
    /// For a kernel with `abi` > 0. With `refuse_tcp`, TCP is refused as far as the kernel can.
    static Result<Landlock> create(int abi, bool refuse_tcp);

    /// A path that does not exist is ignored.
    Result<void> allow(const std::string& path, Access access);
    /// The same for a path that had no links when it was decided on: if one has replaced a part of
    /// it since, nothing is allowed.
    Result<void> allow_real(const std::string& path, Access access);
    /// Allows `access`, which is one of those for reading, to everything beneath `directory`, a
    /// path without links, except the `denied` paths. A rule cannot remove what a rule for an outer
    /// directory allows, so there are rules for single directories and files. What is made beside a
    /// denied path later cannot be read.
    Result<void> allow_reading_around(const std::string& directory,
                                      const std::vector<std::string>& denied,
                                      Access access = Access::kRead);
    /// Takes effect for this process and its descendants, for good. Needs no_new_privs.
    Result<void> enforce();

private:
    Landlock(int abi, UniqueFd ruleset) : abi_(abi), ruleset_(std::move(ruleset)) {}
    Result<void> allow_opened(const UniqueFd& opened, const std::string& path, Access access);
    Result<void> add(int path, bool directory, Access access, const std::string& name);
    [[nodiscard]] std::uint64_t rights(Access access, bool directory) const;

    int abi_;
    UniqueFd ruleset_;
};

}  // namespace tenon::sandbox
