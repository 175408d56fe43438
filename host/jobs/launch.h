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
    rlim_t descriptor_limit = 0;   ///< the soft limit that commands get; 0: the one we have
    Launcher* launcher = nullptr;  ///< starts them when it is there; outlives the use of this
};

/// Why no shim was started.
struct LaunchFailure {
    std::string message;
    bool no_room = false;  ///< for want of descriptors or processes: it may work later
};

/// A shim that we started. It goes on when this is destroyed. A descriptor is missing where we had
/// none left for it: then only the job's record tells how the shim fares.
struct ShimProcess {
    UniqueFd process;  ///< pidfd; readable when the shim has ended
    UniqueFd news;     ///< hangs up when status.json stands, or when the shim has ended
    pid_t pid = 0;     ///< for whoever reaps it; 0 when that is not us
};

/// Starts the supervisor of the job in `folder`, which is allowed `output_cap` bytes of output. A
/// failure means that nothing was started; that the shim refused to work shows in its exit code.
/// Starting one for a job that has one already does no harm: the second ends at once.
Result<ShimProcess, LaunchFailure> launch_shim(const Shim& shim,
                                               const std::filesystem::path& folder,
                                               std::uint64_t output_cap);

/// Removes an ended shim from the process table. Its exit code, 128 + signal, or -1 when it still
/// runs; 255 when it was no child of ours and has ended.
int reap(const UniqueFd& process);

}  // namespace tenon::jobs
