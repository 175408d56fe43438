#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>

#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::jobs {

class Launcher;

/// How this host starts shims.
struct Shim {
    std::filesystem::path program;
    rlim_t descriptor_limit = 0;   ///< the soft limit that commands get; 0: that of this process
    Launcher* launcher = nullptr;  ///< starts the shims if there is one; outlives this struct's use
};

/// Why no shim was started.
struct LaunchFailure {
    std::string message;
    bool is_shortage = false;  ///< of descriptors or processes: it may work later
};

/// A shim that was started. It goes on when this object is destroyed. A descriptor is missing if
/// this process had none left for it; then only the job's record shows what has become of the shim.
struct ShimProcess {
    UniqueFd process;  ///< pidfd; readable when the shim has ended
    UniqueFd status;   ///< hangs up when status.json was written, or when the shim has ended
    pid_t pid = 0;     ///< when the shim is a child of this process, which must reap it; else 0
};

/// Why `program` cannot be started as a supervisor, according to errno.
Error supervisor_failure(const std::filesystem::path& program);

/// Starts the supervisor of the job in `folder`, which is allowed `output_cap` bytes of output. A
/// failure means that nothing was started; a shim that refuses to work says so by its exit code.
/// It does no harm to start a second one for the same job: the second ends at once.
Result<ShimProcess, LaunchFailure> launch_shim(const Shim& shim,
                                               const std::filesystem::path& folder,
                                               std::uint64_t output_cap);

/// Removes an ended shim from the process table. Returns its exit code, 128 + signal, -1 when it
/// still runs, or 255 when it has ended and was no child of this process.
int reap(const UniqueFd& process);

}  // namespace tenon::jobs
