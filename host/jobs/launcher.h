#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <sys/types.h>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/launch.h"

namespace tenon::jobs {

/// A process of its own that starts the shims of a host. A fork costs what the forking process
/// holds and stops its threads meanwhile; this one is forked off while the host is small, and stays
/// small. It ends with the host, however that ends; the shims go on. Processes of a killed shim
/// become its children: it ends those that carry no job's id, by which others would find them.
class Launcher {
public:
    /// Call it while there is one thread.
    static Result<std::unique_ptr<Launcher>> start();
    /// Ends the process and waits for it.
    ~Launcher();
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    /// What launch_shim does, over there. Thread-safe; one after the other.
    Result<ShimProcess> launch(const Shim& shim, const std::filesystem::path& folder,
                               std::uint64_t output_cap);

private:
    Launcher(UniqueFd socket, pid_t process) : socket_(std::move(socket)), process_(process) {}

    Mutex mutex_;
    UniqueFd socket_;
    pid_t process_;
};

}  // namespace tenon::jobs
