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

/// A process of its own that starts the shims of a host. A fork costs what the forking process
/// holds and stops its threads meanwhile; this one is forked off while the host is small, and stays
/// small. It ends with the host, however that ends; the shims go on. Processes of a killed shim
/// become its children: it ends those that carry no job's id, by which others would find them.
/// When it is killed, or does not answer, another takes its place.
class Launcher {
public:
    /// Call it while there is one thread. `program` is what another launcher is started from: it
    /// calls `serve_if_launcher` first thing in its main. Without it, or where no other launcher
    /// can be started either, this process starts the shims itself.
    static std::unique_ptr<Launcher> start(std::filesystem::path program = {});
    /// Ends the process and waits for it; not longer than a second for one that does not answer.
    ~Launcher();
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    /// What launch_shim does, over there. Thread-safe; one after the other. Blocks as long as the
    /// launcher takes, at most for some seconds.
    Result<ShimProcess, LaunchFailure> launch(const Shim& shim, const std::filesystem::path& folder,
                                              std::uint64_t output_cap);

    /// Whose process it is now; 0: none.
    [[nodiscard]] pid_t process() const;

    /// Does not return when `argv` is that of a launcher that was started from `program`.
    static void serve_if_launcher(char** argv);

private:
    explicit Launcher(std::filesystem::path program) : program_(std::move(program)) {}

    struct Answer {
        std::string text;
        ShimProcess shim;
        bool is_whole = true;  ///< false: there was no descriptor for all of them
    };
    void fork_first();
    bool spawn_another() TENON_REQUIRES(mutex_);
    void give_up() TENON_REQUIRES(mutex_);
    std::optional<Answer> ask(const std::string& request, const std::filesystem::path* folder)
        TENON_REQUIRES(mutex_);
    std::optional<Answer> ask_until_whole(const std::string& request,
                                          const std::filesystem::path& folder)
        TENON_REQUIRES(mutex_);
    static std::optional<Answer> receive(int socket);

    const std::filesystem::path program_;
    mutable Mutex mutex_;
    UniqueFd socket_ TENON_GUARDED_BY(mutex_);
    pid_t process_ TENON_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenon::jobs
