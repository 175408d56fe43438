#include "host/sandbox/filter.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/sandbox/filter_program.h"

namespace tenon::sandbox {
namespace {

constexpr std::uint32_t kNewTime = 0x80;  // in clone(2) a part of the signal
constexpr std::uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t kTemporaryFile = 020000000;  // the bit of O_TMPFILE that O_DIRECTORY lacks
constexpr std::uint32_t kTypeOfSocket = 0xF;

constexpr std::uint32_t kRefuse = answer_errno(EPERM);
constexpr std::uint32_t kRefuseSocket = answer_errno(EACCES);

/// With Landlock the kernel allows these only for processes of the same sandbox
/// (ptrace_may_access).
constexpr std::uint32_t kTracingCalls[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev};

void add_process_programs(CallPrograms& j) {
    j.on(SYS_clone, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_any_bit(kNewNamespaces, kRefuse);
    });
    j.on(SYS_unshare, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_any_bit(kNewNamespaces | kNewTime, kRefuse);
    });
    // Its flags are in memory, which a filter cannot read. The C library falls back to clone.
    j.on(kClone3, [](FilterProgram& p) { p.answer(answer_errno(ENOSYS)); });
    // Refused for other processes, when it sets limits. A process may set its own limits.
    j.on(SYS_prlimit64, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_if_equal(0, SECCOMP_RET_ALLOW);
        p.load_argument(2);
        p.answer_unless_equal(0, kRefuse);
        p.load_upper_half(2);
        p.answer_unless_equal(0, kRefuse);
    });
    j.on(SYS_ioctl, [](FilterProgram& p) {
        p.load_argument(1);
        p.answer_if_equal(TIOCSTI, kRefuse);
        p.answer_if_equal(TIOCLINUX, kRefuse);
        p.answer_if_equal(TIOCCONS, kRefuse);
    });
}

/// Set-user-ID files: they would give the owner's rights to processes outside of the sandbox.
void add_set_user_id_programs(CallPrograms& j) {
    const auto refuse = [&](std::uint32_t call, std::size_t mode) {
        j.on(call, [mode](FilterProgram& p) {
            p.load_argument(mode);
            p.answer_if_any_bit(S_ISUID, kRefuse);
        });
    };
    const auto refuse_new = [&](std::uint32_t call, std::size_t flags) {
        j.on(call, [flags](FilterProgram& p) {
            p.load_argument(flags);
            p.answer_unless_any_bit(O_CREAT | kTemporaryFile, SECCOMP_RET_ALLOW);
            p.load_argument(flags + 1);
            p.answer_if_any_bit(S_ISUID, kRefuse);
        });
    };
    refuse(SYS_fchmod, 1);
    refuse(SYS_fchmodat, 2);
    refuse(kFchmodat2, 2);
    refuse(SYS_mknodat, 2);
    refuse_new(SYS_openat, 2);
#ifdef SYS_open
    refuse(SYS_chmod, 1);
    refuse(SYS_mknod, 1);
    refuse(SYS_creat, 1);
    refuse_new(SYS_open, 1);
#endif
    // Like clone3.
    j.on(kOpenat2, [](FilterProgram& p) { p.answer(answer_errno(ENOSYS)); });
}

/// A datagram socket sends to any address, by calls with the address in memory.
void refuse_datagrams(FilterProgram& p) {
    p.load_argument(1);
    p.keep_bits(kTypeOfSocket);
    p.answer_if_equal(SOCK_DGRAM, kRefuseSocket);
}

void add_socket_programs(CallPrograms& j, Network network) {
    j.on(SYS_socket, [network](FilterProgram& p) {
        FilterProgram of_files;
        refuse_datagrams(of_files);
        of_files.answer(SECCOMP_RET_ALLOW);
        p.load_argument(0);
        p.skip_unless_equal(AF_UNIX, of_files.size());
        p.append(of_files);
        if (network == Network::kFull) return;
        if (network == Network::kNone) return p.answer(kRefuseSocket);
        FilterProgram of_links;  // used to list the addresses of this machine
        of_links.load_argument(2);
        of_links.answer_unless_equal(NETLINK_ROUTE, kRefuseSocket);
        of_links.answer(SECCOMP_RET_ALLOW);
        p.skip_unless_equal(AF_NETLINK, of_links.size());
        p.append(of_links);
        FilterProgram of_streams;
        of_streams.load_argument(1);
        of_streams.keep_bits(kTypeOfSocket);
        of_streams.answer_unless_equal(SOCK_STREAM, kRefuseSocket);
        of_streams.load_argument(2);
        of_streams.answer_if_equal(0, SECCOMP_RET_USER_NOTIF);
        of_streams.answer_if_equal(IPPROTO_TCP, SECCOMP_RET_USER_NOTIF);
        of_streams.answer(kRefuseSocket);
        for (const std::uint32_t family : {AF_INET, AF_INET6}) {
            p.skip_unless_equal(family, of_streams.size());
            p.append(of_streams);
        }
        p.answer(kRefuseSocket);
    });
    // A socket pair is connected only to itself.
    j.on(SYS_socketpair, [](FilterProgram& p) {
        p.load_argument(0);
        p.answer_unless_equal(AF_UNIX, kRefuseSocket);
        refuse_datagrams(p);
    });
    // The broker decides.
    j.on(SYS_connect, [](FilterProgram& p) { p.answer(SECCOMP_RET_USER_NOTIF); });
}

}  // namespace

bool has_seccomp() {
    const std::uint32_t action = SECCOMP_RET_ERRNO;
    return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

std::vector<sock_filter> filter_for(Network network, bool tracing_is_scoped) {
    CallPrograms programs;
    for (const std::uint32_t call : dangerous_calls())
        programs.refuse(call, EPERM);
    if (!tracing_is_scoped) {
        for (const std::uint32_t call : kTracingCalls)
            programs.refuse(call, EPERM);
    }
    add_process_programs(programs);
    add_set_user_id_programs(programs);
    add_socket_programs(programs, network);
    return std::move(programs).filter();
}

Result<UniqueFd> enforce_filter(const std::vector<sock_filter>& program) {
    const sock_fprog filter{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};  // NOLINT: never written
    UniqueFd listener(static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                                 SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter)));
    if (!listener) return Error::from_errno("enforce the seccomp filter");
    return listener;
}

}  // namespace tenon::sandbox
