#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

/// Landlock by its system calls. The constants are our own, from the kernel's documentation
/// (userspace-api/landlock.rst): the headers of older systems know less than newer kernels.
namespace tenon::sandbox {

/// The version of Landlock that the kernel offers; 0: none.
int landlock_abi();

/// Rights beneath a path.
enum class Access {
    kList,       ///< the names in directories
    kRead,       ///< contents, and running programs
    kReadWrite,  ///< everything that a user does with files, but no device nodes
    kWrite,      ///< the same without reading contents
    kDevice,     ///< an existing device: reading, writing, its ioctls
};

/// One ruleset, made while the process is still free, put in force by `enforce`. What no rule
/// allows is refused.
class Landlock {
public:
    /// For a kernel with `abi` > 0. TCP is refused when `refuse_tcp`, as far as the kernel can.
    static Result<Landlock> create(int abi, bool refuse_tcp);

    /// What is not there is passed over.
    Result<void> allow(const std::string& path, Access access);
    /// Reading of everything beneath `directory` but the `denied` paths: directory by directory, as
    /// a rule cannot take away what one further up gives. What appears beside a denied path later
    /// is not readable.
    Result<void> allow_reading_around(const std::string& directory,
                                      const std::vector<std::string>& denied);
    /// For this process and its descendants, for good. Needs no_new_privs.
    Result<void> enforce();

private:
    Landlock(int abi, UniqueFd ruleset) : abi_(abi), ruleset_(std::move(ruleset)) {}
    Result<void> add(int path, bool directory, Access access, const std::string& name);
    [[nodiscard]] std::uint64_t rights(Access access, bool directory) const;

    int abi_;
    UniqueFd ruleset_;
};

}  // namespace tenon::sandbox
