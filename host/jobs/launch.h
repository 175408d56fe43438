#pragma once

#include <cstdint>
#include <filesystem>
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

/// A shim that we started. It goes on when this is destroyed.
struct ShimProcess {
    UniqueFd process;  ///< pidfd; readable when the shim has ended
    UniqueFd news;     ///< hangs up when status.json stands, or when the shim has ended
    pid_t pid = 0;     ///< for whoever reaps it; 0 when that is not us
};

/// Starts the supervisor of the job in `folder`, which is allowed `output_cap` bytes of output. An
/// Error means that nothing was started; that the shim refused to work shows in its exit code.
Result<ShimProcess> launch_shim(const Shim& shim, const std::filesystem::path& folder,
                                std::uint64_t output_cap);

/// Removes an ended shim from the process table. Its exit code, 128 + signal, or -1 when it still
/// runs; 255 when it was no child of ours and has ended.
int reap(const UniqueFd& process);

/// Poco::Process closes every descriptor number up to the soft limit at each start. Lowers that
/// limit to `to` and returns the old one, which is for Shim::descriptor_limit. Call it once, before
/// threads start.
rlim_t lower_descriptor_limit(rlim_t to);

}  // namespace tenon::jobs
