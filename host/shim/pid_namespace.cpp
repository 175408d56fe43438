#include "host/shim/pid_namespace.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

#include "host/shim/tree.h"

namespace tenon::shim {
namespace {

constexpr int kReports = 3;  // init's only descriptor

/// What init reports, in this order.
struct Report {
    enum Event : int { kReady, kFailed, kEnded };
    Event event = kReady;
    int value = 0;       // kFailed: errno; kEnded: wait status of the command
    char step[40] = {};  // of kFailed
};

/// As fork, with new namespaces for the child.
pid_t clone_into(std::uint64_t namespaces) {
    clone_args args{};
    args.flags = namespaces;
    args.exit_signal = SIGCHLD;
    return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

void report(int to, const Report& what) {
    std::ignore = ::write(to, &what, sizeof what);
}

[[noreturn]] void fail(int to, const char* step) {
    Report failed{Report::kFailed, errno, {}};
    std::snprintf(failed.step, sizeof failed.step, "%s", step);
    report(to, failed);
    ::_exit(0);
}

bool write_proc_file(const char* path, const char* text) {
    const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
    const auto size = static_cast<ssize_t>(std::strlen(text));
    return file && ::write(file.get(), text, static_cast<std::size_t>(size)) == size;
}

/// Inside, there are the same user and group as outside, and no others.
bool map_ids(uid_t user, gid_t group) {
    char users[64], groups[64];
    std::snprintf(users, sizeof users, "%u %u 1", user, user);
    std::snprintf(groups, sizeof groups, "%u %u 1", group, group);
    return write_proc_file("/proc/self/setgroups", "deny") &&
           write_proc_file("/proc/self/uid_map", users) &&
           write_proc_file("/proc/self/gid_map", groups);
}

void enter(const Placement& place) {
    // If this fails, the caller sees that the process is not a member, and measures by itself.
    if (place.cgroup_procs >= 0) std::ignore = ::write(place.cgroup_procs, "0", 1);
    rlimit tasks{};
    if (place.most_tasks == 0 || ::getrlimit(RLIMIT_NPROC, &tasks) != 0) return;
    tasks.rlim_cur = std::min<rlim_t>(tasks.rlim_cur, place.most_tasks);
    std::ignore = ::setrlimit(RLIMIT_NPROC, &tasks);
}

/// What init does from then on.
[[noreturn]] void reap_until_nothing_is_left(pid_t command, int reports) {
    while (true) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended > 0 && release_if_traced(ended, status)) continue;
        if (ended == command) report(reports, {Report::kEnded, status, {}});
        if (ended < 0 && errno != EINTR) ::_exit(0);
    }
}

/// Returns in the command only.
void be_init(const Placement& place, const UniqueFd& parent, int reports) {
    // The init of a namespace receives no signal but SIGKILL, and that only from outside.
    ::prctl(PR_SET_NAME, "tenon-init");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd gone{parent.get(), POLLIN, 0};
    if (::poll(&gone, 1, 0) > 0) ::_exit(0);
    if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        fail(reports, "make the mounts private");
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        fail(reports, "mount a new /proc");
    enter(place);
    const pid_t command = ::fork();
    if (command < 0) fail(reports, "fork");
    if (command == 0) return;
    report(reports, {});
    ::dup2(reports, kReports);
    ::syscall(SYS_close_range, kReports + 1, ~0U, 0);
    for (int stream = 0; stream < kReports; ++stream)
        ::close(stream);
    reap_until_nothing_is_left(command, kReports);
}

bool is_ready(const UniqueFd& reports, Placement& place) {
    Report first;
    ssize_t n = 0;
    do {
        n = ::read(reports.get(), &first, sizeof first);
    } while (n < 0 && errno == EINTR);
    if (n == static_cast<ssize_t>(sizeof first) && first.event == Report::kReady) return true;
    place.no_namespace = "its first process has died";
    if (n == static_cast<ssize_t>(sizeof first))
        place.no_namespace = std::string(first.step) + ": " + std::strerror(first.value);
    return false;
}

/// -1: no namespace can be made, and `place` says why.
pid_t fork_in_namespace(Placement& place) {
    const auto cannot = [&](const char* step) {
        place.no_namespace = std::string(step) + ": " + std::strerror(errno);
        return -1;
    };
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe");
    UniqueFd from(ends[0]), to(ends[1]);
    const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    if (!self) return cannot("open this process");
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    bool own_users = false;
    pid_t init = clone_into(CLONE_NEWPID | CLONE_NEWNS);
    if (init < 0 && errno == EPERM) {
        own_users = true;
        init = clone_into(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
    }
    if (init < 0) return cannot("clone");
    if (init == 0) {
        if (own_users && !map_ids(user, group)) fail(to.get(), "map the user");
        be_init(place, self, to.get());
        place.parent = 1;
        return 0;
    }
    to.reset();
    if (is_ready(from, place)) {
        ::fcntl(from.get(), F_SETFL, O_NONBLOCK);
        place.status = std::move(from);
        return init;
    }
    ::waitpid(init, nullptr, 0);
    return -1;
}

}  // namespace

pid_t fork_placed(Placement& place) {
    place.parent = ::getpid();
    if (place.wants_pid_namespace) {
        const pid_t pid = fork_in_namespace(place);
        if (pid >= 0) return pid;
    }
    const pid_t pid = ::fork();
    if (pid == 0) enter(place);
    return pid;
}

std::optional<int> reported_status(const UniqueFd& status) {
    Report report;
    ssize_t n = 0;
    do {
        n = ::read(status.get(), &report, sizeof report);
    } while (n < 0 && errno == EINTR);
    if (n != static_cast<ssize_t>(sizeof report) || report.event != Report::kEnded)
        return std::nullopt;
    return report.value;
}

}  // namespace tenon::shim
