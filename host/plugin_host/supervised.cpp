#include "host/plugin_host/supervised.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/descendants.h"
#include "host/base/unique_fd.h"
#include "host/plugin_host/start.h"

namespace tenon::plugin_host {
namespace {

/// Shorter than the patience of the host.
constexpr std::chrono::seconds kEndLimit{5};

sigset_t awaited_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigaddset(&set, SIGTERM);
    return set;
}

/// Blocks until the child has ended, or SIGTERM comes. Also reaps what the child has left.
int await_end(pid_t child, const sigset_t& signals) {
    for (;;) {
        int status = 0;
        pid_t ended = 0;
        while ((ended = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0)
            if (ended == child) return status;
        if (::sigwaitinfo(&signals, nullptr) == SIGTERM) return SIGKILL;  // the status of a kill
    }
}

/// Ends as the child did, so that the host learns how that was, and without a second core dump.
[[noreturn]] void end_like(int status) {
    if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    const int signal = WTERMSIG(status);
    ::signal(signal, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, signal);
    ::raise(signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::_exit(128 + signal);
}

/// Ending the descendants takes one for each; the host has lowered its own limit.
void allow_all_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void close_streams() {
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), stream);
    ::close(kHostSocket);
}

}  // namespace

Result<void> continue_supervised() {
    const sigset_t signals = awaited_signals();
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t self = ::getpid();
    const pid_t host = ::getppid();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Error::from_errno("become a subreaper");
    const pid_t child = ::fork();
    if (child < 0) return Error::from_errno("start a process for the plugin");
    if (child == 0) {
        die_with(self);
        ::setsid();  // a signal to the plugin's process group does not reach the parent
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return {};
    }
    close_streams();
    // Not SIGKILL any more: first the child's processes have to be ended.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != host) ::raise(SIGTERM);
    const int status = await_end(child, signals);
    allow_all_descriptors();
    (void)end_descendants(kEndLimit);
    end_like(status);
}

}  // namespace tenon::plugin_host
