#include "host/sandbox/plugin_filter.h"

#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "host/sandbox/filter_program.h"

namespace tenon::sandbox {
namespace {

constexpr std::uint32_t kNotPermitted = answer_errno(EPERM);
constexpr std::uint32_t kNoAccess = answer_errno(EACCES);
constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;

constexpr int kAbiWithTruncate = 3;
constexpr int kAbiWithSignals = 6;

/// mseal(2). What comes after it has not been judged yet: setxattrat(2), file_setattr(2), ….
constexpr std::uint32_t kNewestKnownCall = 462;

constexpr std::uint32_t kEveryNamespace = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET;
constexpr std::uint32_t kNewTimeNamespace = 0x80;  // in clone(2) a part of the signal
constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
constexpr std::uint32_t kMakesFile = O_CREAT | 020000000;  // the bit of O_TMPFILE alone
constexpr std::uint32_t kSocketKind = 0xF;

/// In addition to the dangerous calls.
constexpr std::uint32_t kRefusedToPlugins[] = {
    // what a file is, besides its contents
    SYS_fchmod,
    SYS_fchmodat,
    kFchmodat2,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_utimensat,
#ifdef SYS_chmod
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
    // other processes
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    // objects that processes share by a name or a number
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_semctl,
    // Landlock does not keep anybody from watching files that may not be read.
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_fanotify_init,
    SYS_fanotify_mark,
#ifdef SYS_inotify_init
    SYS_inotify_init,
#endif
    // the machine, and old parts of the kernel
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_lookup_dcookie,
    SYS_nfsservctl,
#ifdef SYS_modify_ldt
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
#endif
};

/// Reading attributes by a path, of files that may not be read. Programs that list or copy files
/// expect that a file system has none.
constexpr std::uint32_t kReadsOfAttributes[] = {SYS_getxattr, SYS_lgetxattr, SYS_listxattr,
                                                SYS_llistxattr};

constexpr std::uint32_t kCallsOfServers[] = {SYS_bind,   SYS_listen,  SYS_connect,
                                             SYS_accept, SYS_accept4, SYS_socketpair};

/// Commands that concern only the descriptor, or locks. The others can send signals to other
/// processes (F_SETOWN, F_SETSIG), or hold up writers of a file that may only be read (F_SETLEASE,
/// F_NOTIFY).
constexpr std::uint32_t kCommandsOfFcntl[] = {
    F_DUPFD,         F_GETFD,
    F_SETFD,         F_GETFL,
    F_SETFL,         F_GETLK,
    F_SETLK,         F_SETLKW,
    F_GETOWN,        F_OFD_GETLK,
    F_OFD_SETLK,     F_OFD_SETLKW,
    F_GETLEASE,      1027 /* F_DUPFD_QUERY */,
    F_DUPFD_CLOEXEC, F_SETPIPE_SZ,
    F_GETPIPE_SZ,    F_ADD_SEALS,
    F_GET_SEALS,     F_GET_RW_HINT,
};

/// Requests that ask about a descriptor, or concern only the descriptor. File systems and devices
/// have thousands of others, some of which change files that may only be read.
constexpr std::uint32_t kRequestsOfIoctl[] = {
    0x5401,      // TCGETS: is it a terminal?
    0x540F,      // TIOCGPGRP
    0x5411,      // TIOCOUTQ, SIOCOUTQ
    0x5413,      // TIOCGWINSZ
    0x541B,      // FIONREAD, SIOCINQ
    0x5421,      // FIONBIO
    0x5429,      // TIOCGSID
    0x5450,      // FIONCLEX
    0x5451,      // FIOCLEX
    0x5460,      // FIOQSIZE
    0x8905,      // SIOCATMARK
    0x80086601,  // FS_IOC_GETFLAGS
    0x801C581F,  // FS_IOC_FSGETXATTR
    0x80087601,  // FS_IOC_GETVERSION
    0xC020660B,  // FS_IOC_FIEMAP
    0x40049409,  // FICLONE, needs a target that is open for writing
    0x4020940D,  // FICLONERANGE, likewise
};

/// What programs ask sockets about the network interfaces. None of them changes one.
constexpr std::uint32_t kRequestsOfSockets[] = {
    0x8910,  // SIOCGIFNAME
    0x8912,  // SIOCGIFCONF
    0x8913,  // SIOCGIFFLAGS
    0x8915,  // SIOCGIFADDR
    0x8917,  // SIOCGIFDSTADDR
    0x8919,  // SIOCGIFBRDADDR
    0x891B,  // SIOCGIFNETMASK
    0x8921,  // SIOCGIFMTU
    0x8927,  // SIOCGIFHWADDR
    0x8933,  // SIOCGIFINDEX
    0x8942,  // SIOCGIFTXQLEN
    0x8906,  // SIOCGSTAMP
};

constexpr std::uint32_t kInternetProtocols[] = {
    IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, 262 /* IPPROTO_MPTCP */};

constexpr std::uint32_t kSchedCore = 62;  // PR_SCHED_CORE: shares a setting with another process

/// Allows the call if the argument is one of `values`.
void allow_only(FilterProgram& p, std::size_t argument, std::span<const std::uint32_t> values) {
    p.load_argument(argument);
    for (const std::uint32_t value : values)
        p.answer_if_equal(value, kAllowed);
}

void add_file_calls(CallPrograms& j, int landlock_abi) {
    for (const std::uint32_t call : kReadsOfAttributes)
        j.refuse(call, EOPNOTSUPP);
    j.on(SYS_fcntl, [](FilterProgram& p) {
        allow_only(p, 1, kCommandsOfFcntl);
        p.answer(kNotPermitted);
    });
    // Its flags are in memory, which a filter cannot read. Programs fall back to openat.
    j.refuse(kOpenat2, ENOSYS);
    const bool truncates_unseen = landlock_abi < kAbiWithTruncate;
    const auto judge_open = [&](std::uint32_t call, std::size_t flags) {
        j.on(call, [=](FilterProgram& p) {
            if (truncates_unseen) {
                // Opening for writing is judged by Landlock. Access modes 0 and 3 are not.
                FilterProgram of_truncation;
                of_truncation.keep_bits(O_ACCMODE);
                of_truncation.answer_if_equal(O_RDONLY, kNoAccess);
                of_truncation.answer_if_equal(O_ACCMODE, kNoAccess);
                p.load_argument(flags);
                p.skip_unless_any_bit(O_TRUNC, of_truncation.size());
                p.append(of_truncation);
            }
            p.load_argument(flags);
            p.answer_unless_any_bit(kMakesFile, kAllowed);
            p.load_argument(flags + 1);
            p.answer_if_any_bit(kSetIdBits, kNotPermitted);
        });
    };
    const auto judge_mode = [&](std::uint32_t call, std::size_t mode) {
        j.on(call, [mode](FilterProgram& p) {
            p.load_argument(mode);
            p.answer_if_any_bit(kSetIdBits, kNotPermitted);
        });
    };
    judge_open(SYS_openat, 2);
    judge_mode(SYS_mknodat, 2);
#ifdef SYS_open
    judge_open(SYS_open, 1);
    judge_mode(SYS_mknod, 1);
    judge_mode(SYS_creat, 1);
#endif
    if (truncates_unseen) j.refuse(SYS_truncate, EACCES);
}

void add_starting_calls(CallPrograms& j, bool exec) {
    j.on(SYS_clone, [exec](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_any_bit(kEveryNamespace, kNotPermitted);
        if (!exec) p.answer_unless_any_bit(CLONE_THREAD, kNotPermitted);
    });
    // Like openat2. The C library falls back to clone.
    j.refuse(kClone3, ENOSYS);
    j.on(SYS_unshare, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_any_bit(kEveryNamespace | kNewTimeNamespace, kNotPermitted);
    });
    if (exec) return;
    j.refuse(SYS_execve, EPERM);
    j.refuse(SYS_execveat, EPERM);
#ifdef SYS_fork
    j.refuse(SYS_fork, EPERM);
    j.refuse(SYS_vfork, EPERM);
#endif
}

void add_signal_calls(CallPrograms& j, const PluginCalls& calls) {
    const bool scoped = calls.landlock_abi >= kAbiWithSignals;
    if (scoped && calls.exec) return;
    const auto self = static_cast<std::uint32_t>(calls.self);
    for (const std::uint32_t call :
         {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
        j.on(call, [self](FilterProgram& p) {
            p.load_argument(0);
            p.answer_unless_equal(self, kNotPermitted);
        });
    }
    // It names a thread, of any process.
    if (!scoped) j.refuse(SYS_tkill, EPERM);
    j.refuse(SYS_pidfd_send_signal, EPERM);
    if (!calls.exec) j.refuse(SYS_pidfd_open, EPERM);
}

/// Settings of processes: only its own.
void add_setting_calls(CallPrograms& j, const PluginCalls& calls) {
    const auto self = static_cast<std::uint32_t>(calls.self);
    for (const std::uint32_t call : {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setattr,
                                     SYS_sched_setparam, SYS_sched_setscheduler}) {
        j.on(call, [self](FilterProgram& p) {
            p.load_argument(0);
            p.answer_if_equal(0, kAllowed);
            p.answer_unless_equal(self, kNotPermitted);
        });
    }
    const auto judge_who = [&](std::uint32_t call, std::uint32_t process) {
        j.on(call, [process](FilterProgram& p) {
            p.load_argument(0);
            p.answer_unless_equal(process, kNotPermitted);
            p.load_argument(1);
            p.answer_unless_equal(0, kNotPermitted);
        });
    };
    judge_who(SYS_setpriority, PRIO_PROCESS);
    judge_who(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */);
    j.on(SYS_prctl, [&calls](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_equal(kSchedCore, kNotPermitted);
        p.answer_if_equal(PR_SET_MM, kNotPermitted);
        // The process ends with the host, and shall not be able to change that.
        if (!calls.exec) p.answer_if_equal(PR_SET_PDEATHSIG, kNotPermitted);
    });
    j.on(SYS_personality, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_equal(0, kAllowed);
        p.answer_unless_equal(0xFFFFFFFF, kNotPermitted);  // asks for it
    });
    j.on(SYS_ioctl, [&calls](FilterProgram& p) {
        allow_only(p, 1, kRequestsOfIoctl);
        if (calls.network) allow_only(p, 1, kRequestsOfSockets);
        p.answer(kNotPermitted);
    });
}

void add_network_calls(CallPrograms& j, bool network) {
    if (!network) {
        j.refuse(SYS_socket, EACCES);
        for (const std::uint32_t call : kCallsOfServers)
            j.refuse(call, EACCES);
        return;
    }
    j.on(SYS_socket, [](FilterProgram& p) {
        FilterProgram of_links;
        of_links.load_argument(2);
        of_links.answer_unless_equal(NETLINK_ROUTE, kNoAccess);
        of_links.answer(kAllowed);
        FilterProgram of_internet;
        of_internet.load_argument(2);
        // Others load modules of the kernel that are seldom used, and so seldom tested.
        for (const std::uint32_t protocol : kInternetProtocols)
            of_internet.answer_if_equal(protocol, kAllowed);
        of_internet.answer(kNoAccess);
        FilterProgram of_kinds;
        of_kinds.load_argument(1);
        of_kinds.keep_bits(kSocketKind);
        for (const std::uint32_t kind : {std::uint32_t{SOCK_STREAM}, std::uint32_t{SOCK_DGRAM}}) {
            of_kinds.skip_unless_equal(kind, of_internet.size());
            of_kinds.append(of_internet);
        }
        of_kinds.answer(kNoAccess);
        p.load_argument(0);
        p.skip_unless_equal(AF_NETLINK, of_links.size());
        p.append(of_links);
        for (const std::uint32_t family : {std::uint32_t{AF_INET}, std::uint32_t{AF_INET6}}) {
            p.skip_unless_equal(family, of_kinds.size());
            p.append(of_kinds);
        }
        // AF_UNIX among them: services of the user, such as D-Bus, would start programs for it.
        p.answer(kNoAccess);
    });
    // A pair is connected only to itself, but a datagram can be sent to any address.
    j.on(SYS_socketpair, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_unless_equal(AF_UNIX, kNoAccess);
        p.load_argument(1);
        p.keep_bits(kSocketKind);
        p.answer_if_equal(SOCK_DGRAM, kNoAccess);
        p.answer_if_equal(SOCK_RAW, kNoAccess);  // for AF_UNIX the same as SOCK_DGRAM
    });
}

}  // namespace

std::vector<sock_filter> plugin_filter(const PluginCalls& calls) {
    CallPrograms programs;
    for (const std::uint32_t call : dangerous_calls()) {
        if (call <= kNewestKnownCall) programs.refuse(call, EPERM);
    }
    for (const std::uint32_t call : kRefusedToPlugins)
        programs.refuse(call, EPERM);
    add_file_calls(programs, calls.landlock_abi);
    add_starting_calls(programs, calls.exec);
    add_signal_calls(programs, calls);
    add_setting_calls(programs, calls);
    add_network_calls(programs, calls.network);
    return std::move(programs).filter(kNewestKnownCall);
}

}  // namespace tenon::sandbox
