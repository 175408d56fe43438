#include "host/plugin_host/start.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/unique_fd.h"

namespace tenon::plugin_host {
namespace {

constexpr int kRaise = 500;  // of 1000; jobs are raised by the same

void raise_own_oom_score() {
    const UniqueFd fd(::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
    char text[16] = {};
    if (!fd || ::pread(fd.get(), text, sizeof text - 1, 0) <= 0) return;
    const int raised = std::min(1000, std::atoi(text) + kRaise);
    const int length = std::snprintf(text, sizeof text, "%d", raised);
    // If it cannot be written, the plugin runs all the same.
    if (::pwrite(fd.get(), text, static_cast<std::size_t>(length), 0) < 0) return;
}

}  // namespace

void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
}

void prepare_process() {
    ::syscall(SYS_close_range, kHostSocket + 1, ~0U, 0);
    ::fcntl(kHostSocket, F_SETFD, FD_CLOEXEC);
    ::signal(SIGPIPE, SIG_IGN);
    raise_own_oom_score();
    static char buffer[BUFSIZ];
    ::setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

}  // namespace tenon::plugin_host
