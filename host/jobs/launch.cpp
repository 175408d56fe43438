#include "host/jobs/launch.h"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon::jobs {

Result<ShimProcess> launch_shim(const Shim& shim, const std::filesystem::path& folder,
                                std::uint64_t output_cap) {
    // Not Poco::Process: its fork copies the page tables of a host that may hold a long
    // conversation, stops every thread that touches memory meanwhile, and closes a thousand
    // descriptors one by one. That is more than bash itself costs. Ours are all closed by exec, and
    // the shim closes the rest.
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("start the supervisor: pipe");
    ShimProcess started;
    started.news.reset(ends[0]);
    const UniqueFd announce(ends[1]);
    std::string words[] = {shim.program.string(), folder.string(), std::to_string(output_cap),
                           std::to_string(shim.descriptor_limit)};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    posix_spawn_file_actions_t streams;
    ::posix_spawn_file_actions_init(&streams);
    ::posix_spawn_file_actions_adddup2(&streams, announce.get(), STDOUT_FILENO);
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, argv[0], &streams, nullptr, argv, environ);
    ::posix_spawn_file_actions_destroy(&streams);
    if (failed != 0) return Error::from_errno("start the supervisor " + words[0], failed);
    // The child is ours and not reaped: the pid is still its own.
    started.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (started.process) return started;
    const Error error = Error::from_errno("watch the supervisor of " + folder.string());
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
}

int reap(const UniqueFd& process) {
    siginfo_t info{};
    const auto id = static_cast<id_t>(process.get());
    if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return -1;
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
