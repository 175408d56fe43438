#include <cerrno>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

std::string of(pid_t process, const char* file) {
    return "/proc/" + std::to_string(process) + "/" + file;
}

bool traces(long request, pid_t process) {
    if (::syscall(SYS_ptrace, request, process, nullptr, nullptr) != 0) return false;
    if (request == PTRACE_ATTACH) ::waitpid(process, nullptr, __WALL);
    ::syscall(SYS_ptrace, PTRACE_DETACH, process, nullptr, nullptr);
    return true;
}

/// An address that is mapped in the process, from /proc.
std::uintptr_t mapped_in(pid_t process) {
    return std::strtoull(text_of(of(process, "maps")).c_str(), nullptr, 16);
}

bool reads_memory(const Targets& s) {
    char byte = 0;
    iovec own{&byte, 1};
    iovec theirs{reinterpret_cast<void*>(mapped_in(s.outsider)), 1};
    return ::process_vm_readv(s.outsider, &own, 1, &theirs, 1, 0) == 1;
}

/// The error shows whether the call is allowed, and the memory is not changed.
bool asks_for_memory(long call, pid_t process) {
    char byte = 0;
    iovec own{&byte, 1};
    iovec theirs{nullptr, 1};  // nothing is ever there
    return ::syscall(call, process, &own, 1, &theirs, 1, 0) < 0 && errno == EFAULT;
}

bool opens_memory(const Targets& s) {
    return ::open(of(s.outsider, "mem").c_str(), O_RDWR) >= 0;
}

bool takes_descriptor(const Targets& s) {
    const long process = ::syscall(SYS_pidfd_open, s.outsider, 0);
    return process >= 0 && ::syscall(SYS_pidfd_getfd, process, 0, 0) >= 0;
}

bool opens_descriptor(const Targets& s) {
    return ::open(of(s.outsider, "fd/0").c_str(), O_RDONLY) >= 0;
}

bool signals_by_descriptor(const Targets& s) {
    const long process = ::syscall(SYS_pidfd_open, s.outsider, 0);
    return process >= 0 && ::syscall(SYS_pidfd_send_signal, process, SIGWINCH, nullptr, 0) == 0;
}

/// The kernel sends the signal in our name when the pipe becomes readable.
bool signals_by_owner_of_file(const Targets& s) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    // The state of the outsider shows whether the signal arrived; then it is continued.
    ::fcntl(ends[0], F_SETOWN, s.outsider);
    ::fcntl(ends[0], 10 /* F_SETSIG */, SIGSTOP);
    ::fcntl(ends[0], F_SETFL, O_ASYNC);
    if (::write(ends[1], "x", 1) != 1) return false;
    for (int look = 0; look < 20; ++look) {
        const std::string stat = text_of(of(s.outsider, "stat"));
        const auto name_end = stat.rfind(')');
        if (name_end != std::string::npos && stat.size() > name_end + 2 &&
            stat[name_end + 2] == 'T') {
            ::kill(s.outsider, SIGCONT);
            return true;
        }
        ::usleep(2'000);
    }
    return false;
}

bool limits_outsider(const Targets& s) {
    rlimit limit{};
    return ::syscall(SYS_prlimit64, s.outsider, RLIMIT_CORE, nullptr, &limit) == 0 &&
           ::syscall(SYS_prlimit64, s.outsider, RLIMIT_CORE, &limit, nullptr) == 0;
}

/// The supervisor of the sandbox; without one, an ancestor of this process.
pid_t supervisor() {
    pid_t process = ::getppid();
    for (int up = 0; up < 4; ++up) {
        const std::string stat = text_of(of(process, "stat"));
        if (stat.find("(tenon-shim)") != std::string::npos) return process;
        const auto name_end = stat.rfind(')');
        if (name_end == std::string::npos || stat.size() < name_end + 5) break;
        const pid_t parent = std::atoi(stat.c_str() + name_end + 4);
        if (parent <= 1) break;
        process = parent;
    }
    return process;
}

}  // namespace

std::vector<Way> process_ways() {
    return {
        {"ptrace-attach", [](const Targets& s) { return traces(PTRACE_ATTACH, s.outsider); }},
        {"ptrace-seize", [](const Targets& s) { return traces(PTRACE_SEIZE, s.outsider); }},
        {"ptrace-supervisor", [](const Targets&) { return traces(PTRACE_SEIZE, supervisor()); }},
        {"read-memory", reads_memory},
        {"write-memory",
         [](const Targets& s) { return asks_for_memory(SYS_process_vm_writev, s.outsider); }},
        {"read-memory-supervisor",
         [](const Targets&) { return asks_for_memory(SYS_process_vm_readv, supervisor()); }},
        {"write-memory-supervisor",
         [](const Targets&) { return asks_for_memory(SYS_process_vm_writev, supervisor()); }},
        {"open-memory", opens_memory},
        {"read-environment", [](const Targets& s) { return can_read(of(s.outsider, "environ")); }},
        {"read-maps", [](const Targets& s) { return can_read(of(s.outsider, "maps")); }},
        {"take-descriptor", takes_descriptor},
        {"open-descriptor", opens_descriptor},
        {"kill", [](const Targets& s) { return ::kill(s.outsider, SIGWINCH) == 0; }},
        {"kill-supervisor", [](const Targets&) { return ::kill(supervisor(), SIGWINCH) == 0; }},
        {"tgkill",
         [](const Targets& s) {
             return ::syscall(SYS_tgkill, s.outsider, s.outsider, SIGWINCH) == 0;
         }},
        {"sigqueue", [](const Targets& s) { return ::sigqueue(s.outsider, SIGWINCH, {}) == 0; }},
        {"signal-by-descriptor", signals_by_descriptor},
        {"signal-by-owner", signals_by_owner_of_file},
        {"limit-outsider", limits_outsider},
    };
}

int traces_own_child() {
    const pid_t child = ::fork();
    if (child == 0) {
        while (true)
            ::pause();
    }
    char byte = 0;
    char theirs_is = 7;
    iovec own{&byte, 1}, theirs{&theirs_is, 1};
    int code = 0;
    if (::ptrace(PTRACE_ATTACH, child, nullptr, nullptr) != 0) {
        code = errno;
    } else {
        ::waitpid(child, nullptr, __WALL);
        if (::process_vm_readv(child, &own, 1, &theirs, 1, 0) != 1) code = errno;
        if (::process_vm_writev(child, &own, 1, &theirs, 1, 0) != 1) code = errno;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (code != 0) return code;
    // The other way: the child asks for it.
    const pid_t willing = ::fork();
    if (willing == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno);
    int status = 0;
    ::waitpid(willing, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

}  // namespace escape
