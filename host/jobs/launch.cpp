#include "host/jobs/launch.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/Pipe.h>
#include <Poco/Process.h>

#include "host/base/limits.h"
#include "host/jobs/launcher.h"

namespace tenon::jobs {
namespace {

constexpr int kUnknownCode = 255;

std::string start_of(const std::filesystem::path& program) {
    return "start the supervisor " + program.string();
}

}  // namespace

Error supervisor_failure(const std::filesystem::path& program) {
    const int code = errno;
    Error failure = Error::from_errno(start_of(program), code);
    // It came with the program that runs here.
    if (code == ENOENT) failure.message += "; Tenon was removed or moved: install it again";
    return failure;
}

Result<ShimProcess, LaunchFailure> launch_shim(const Shim& shim,
                                               const std::filesystem::path& folder,
                                               std::uint64_t output_cap) {
    if (shim.launcher != nullptr) return shim.launcher->launch(shim, folder, output_cap);
    const std::string doing = start_of(shim.program);
    // A failed exec is silent in Poco: look first.
    if (::access(shim.program.c_str(), X_OK) != 0)
        return LaunchFailure{supervisor_failure(shim.program).message};
    // Reserves a descriptor for the pidfd: once the shim runs, it is too late to find none left.
    UniqueFd spare(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (const int code = errno; !spare)
        return LaunchFailure{Error::from_errno(doing, code).message, is_shortage(code)};
    try {
        Poco::Pipe status;
        const Poco::ProcessHandle child = Poco::Process::launch(
            shim.program.string(),
            {folder.string(), std::to_string(output_cap), std::to_string(shim.descriptor_limit)},
            nullptr, &status, nullptr);
        ShimProcess started;
        started.pid = child.id();
        // Our child is not reaped yet, so the pid is still its own.
        spare.reset();
        started.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.id(), 0)));
        started.status.reset(::fcntl(status.readHandle(), F_DUPFD_CLOEXEC, 3));
        return started;
    } catch (const Poco::Exception& e) {
        // No pipe, or no process. Poco does not say why, but errno is still that of the failed
        // call.
        const int code = errno;
        return LaunchFailure{is_shortage(code) ? Error::from_errno(doing, code).message
                                               : doing + ": " + e.displayText(),
                             is_shortage(code)};
    }
}

int reap(const UniqueFd& process) {
    siginfo_t info{};
    const auto id = static_cast<id_t>(process.get());
    if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0) {
        pollfd ended{process.get(), POLLIN, 0};
        return errno == ECHILD && ::poll(&ended, 1, 0) > 0 ? kUnknownCode : -1;
    }
    if (info.si_pid == 0) return -1;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace tenon::jobs
