#include "host/jobs/launch.h"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/Pipe.h>
#include <Poco/Process.h>

#include "host/jobs/launcher.h"

namespace tenon::jobs {
namespace {

constexpr int kUnknownCode = 255;

}  // namespace

Result<ShimProcess> launch_shim(const Shim& shim, const std::filesystem::path& folder,
                                std::uint64_t output_cap) {
    if (shim.launcher != nullptr) return shim.launcher->launch(shim, folder, output_cap);
    // A failed exec is silent in Poco: look first.
    if (::access(shim.program.c_str(), X_OK) != 0) {
        return Error::from_errno("start the supervisor " + shim.program.string());
    }
    try {
        Poco::Pipe news;
        const Poco::ProcessHandle child = Poco::Process::launch(
            shim.program.string(),
            {folder.string(), std::to_string(output_cap), std::to_string(shim.descriptor_limit)},
            nullptr, &news, nullptr);
        ShimProcess started;
        started.pid = child.id();
        // The child is ours and not reaped: the pid is still its own.
        started.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.id(), 0)));
        started.news.reset(::fcntl(news.readHandle(), F_DUPFD_CLOEXEC, 3));
        if (started.process && started.news) return started;
        const Error error = Error::from_errno("watch the supervisor of " + folder.string());
        ::kill(child.id(), SIGKILL);
        ::waitpid(child.id(), nullptr, 0);
        return error;
    } catch (const Poco::Exception& e) {
        return Error{"start the supervisor " + shim.program.string() + ": " + e.displayText()};
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

rlim_t lower_descriptor_limit(rlim_t to) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const rlim_t old = limit.rlim_cur;
    if (old <= to) return old;
    limit.rlim_cur = to;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? old : 0;
}

}  // namespace tenon::jobs
