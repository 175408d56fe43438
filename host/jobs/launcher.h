#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/launch.h"

namespace tenon::jobs {

/// A separate process that starts the shims of a host. A fork takes longer the more memory the
/// forking process has, and stops its threads meanwhile. The launcher is forked while the host is
/// small, and stays small. It ends when the host has ended, for whatever reason; the shims go on.
/// Processes that a killed shim leaves become children of the launcher. It ends those that do not
/// have the job's id in their environment; the others are found by that id (see orphans.h). A
/// launcher that was killed, or does not answer, is replaced by another one.
class Launcher {
public:
    /// Call it while there is only one thread. `program` is started as the next launcher when this
    /// one is gone; its main must begin with `serve_if_launcher`. Without a program, or when no
    /// other launcher can be started, this process starts the shims itself.
    static std::unique_ptr<Launcher> start(std::filesystem::path program = {});
    /// Ends the process and waits for its end. If it does not end within a second, it is killed.
    ~Launcher();
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    /// Does in the launcher what launch_shim does. Thread-safe; the launcher serves one call after
    /// the other. Blocks until it has answered, for some seconds at most.
    Result<ShimProcess, LaunchFailure> launch(const Shim& shim, const std::filesystem::path& folder,
                                              std::uint64_t output_cap);

    /// The pid of the launcher's process; 0: there is none.
    [[nodiscard]] pid_t process() const;

    /// Does not return when this process was started as a launcher, as `argv` shows.
    static void serve_if_launcher(char** argv);

private:
    explicit Launcher(std::filesystem::path program) : program_(std::move(program)) {}

    struct Reply {
        std::string text;
        ShimProcess shim;
        bool is_whole = true;  // false: this process had too few descriptors to receive the shim's
    };
    void fork_first();
    bool spawn_another() TENON_REQUIRES(mutex_);
    void give_up() TENON_REQUIRES(mutex_);
    std::optional<Reply> ask(const std::string& request, const std::filesystem::path* folder)
        TENON_REQUIRES(mutex_);
    std::optional<Reply> ask_until_whole(const std::string& request,
                                         const std::filesystem::path& folder)
        TENON_REQUIRES(mutex_);
    static std::optional<Reply> receive(int socket);

    const std::filesystem::path program_;
    mutable Mutex mutex_;
    UniqueFd socket_ TENON_GUARDED_BY(mutex_);
    pid_t process_ TENON_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenon::jobs
