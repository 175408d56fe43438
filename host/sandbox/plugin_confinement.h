#pragma once

#include <string>
#include <vector>

#include "host/base/result.h"

/// What the process of a plugin may do. Landlock decides about files, a seccomp filter about
/// everything else (plugin_filter.h). Not responsible for who gave the plugin which right.
namespace tenon::sandbox {

/// Every path is absolute and without symbolic links.
struct PluginPolicy {
    std::string library;             ///< the file that is opened
    std::string plugin_dir;          ///< where the plugin was found: readable
    std::string state_dir;           ///< readable and writable
    std::string workspace;           ///< readable; empty: not at all
    bool network = false;            ///< sockets of the internet protocols
    bool exec = false;               ///< other processes and programs, confined in the same way
    std::vector<std::string> read;   ///< readable as well: directories or files
    std::vector<std::string> write;  ///< writable as well; readable only if also in `read`
    /// Not readable, even inside of what is readable. A path of `read` that is, or is beneath, one
    /// of these is meant as it stands: then that one does not count.
    std::vector<std::string> hidden;
    bool unconfined = false;  ///< where the kernel cannot confine: enforce what is possible
};

/// What a kernel can do.
struct ConfinementSupport {
    int landlock_abi = 0;  ///< 0: no Landlock
    bool seccomp = false;
};
ConfinementSupport confinement_support();

/// An Error says what this kernel lacks to confine plugins: Landlock (Linux 5.13) or seccomp
/// filters, or both.
Result<void> check_plugin_confinement(const ConfinementSupport& support = confinement_support());

/// Confines this process, its future threads and children, for good:
/// - it reads `library`, `plugin_dir`, the workspace, the system's libraries, locales and time
///   zones, facts about processors and memory, and its own /proc/self. With `network` also the
///   files of name resolution and the certificates of the system; with `exec` it also runs what it
///   may read, and programs of the system, which read /usr and the names of users;
/// - it writes beneath `state_dir` and to /dev/null, and changes nothing else;
/// - it has no capabilities (see drop_capabilities_of_plugin) and cannot get any.
/// The paths that exist now are meant: what is missing cannot be used later either. Metadata of
/// files, such as size and time, can be seen everywhere: Landlock does not hide them.
/// Call it before the library is opened, in a process with one thread. On Error the process must
/// not open the library: its state is not known. `support` may state less than the kernel can do,
/// to try the rules for older kernels.
Result<void> confine_plugin(const PluginPolicy& policy,
                            const ConfinementSupport& support = confinement_support());

}  // namespace tenon::sandbox
