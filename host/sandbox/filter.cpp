#include "host/sandbox/filter.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <span>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenon::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the seccomp filter does not know this architecture"
#endif

// Newer than the headers of some systems; the same numbers on both architectures.
constexpr std::uint32_t kFchmodat2 = 452;
constexpr std::uint32_t kOpenat2 = 437;
constexpr std::uint32_t kClone3 = 435;
constexpr std::uint32_t kOpenTreeAttr = 467;
constexpr std::uint32_t kFirstOfX32 = 0x40000000;

constexpr std::uint32_t kNewTime = 0x80;  // in clone(2) a part of the signal
constexpr std::uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t kTemporaryFile = 020000000;  // the bit of O_TMPFILE that O_DIRECTORY lacks
constexpr std::uint32_t kTypeOfSocket = 0xF;

constexpr std::uint32_t errno_of(int code) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code);
}
constexpr std::uint32_t kRefuse = errno_of(EPERM);
constexpr std::uint32_t kRefuseSocket = errno_of(EACCES);

/// Calls that could lead out of a sandbox, or change the machine. Most of them need privileges that
/// the process does not have anyway. They are refused so that a bug of the kernel in them does not
/// matter.
constexpr std::uint32_t kRefusedCalls[] = {
    // mounts and roots
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    kOpenTreeAttr,
    SYS_setns,
    // other processes
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_migrate_pages,
    SYS_move_pages,
    // message queues of other processes; those of System V are allowed, since fakeroot needs them
    SYS_mq_open,
    SYS_mq_unlink,
    // keys, which belong to the user and not to the sandbox
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    // ways around this filter, and parts of the kernel that few commands need
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_open_by_handle_at,
    // the machine
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_vhangup,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
#endif
};

/// With Landlock the kernel allows these only for processes of the same sandbox
/// (ptrace_may_access).
constexpr std::uint32_t kTracingCalls[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev};

class FilterProgram {
public:
    void load(std::size_t offset) {
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    }
    void load_call() { load(offsetof(seccomp_data, nr)); }
    /// The lower half. The kernel uses no more of the arguments that are judged.
    void load_argument(std::size_t n) {
        load(offsetof(seccomp_data, args) + n * sizeof(std::uint64_t));
    }
    void load_upper_half(std::size_t n) {
        load(offsetof(seccomp_data, args) + n * sizeof(std::uint64_t) + sizeof(std::uint32_t));
    }
    void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
    void answer_if_equal(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JEQ, value, 0, 1);
        answer(action);
    }
    void answer_if_any_bit(std::uint32_t bits, std::uint32_t action) {
        jump(BPF_JSET, bits, 0, 1);
        answer(action);
    }
    void answer_unless_equal(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JEQ, value, 1, 0);
        answer(action);
    }
    void answer_unless_any_bit(std::uint32_t bits, std::uint32_t action) {
        jump(BPF_JSET, bits, 1, 0);
        answer(action);
    }
    void answer_if_at_least(std::uint32_t value, std::uint32_t action) {
        jump(BPF_JGE, value, 0, 1);
        answer(action);
    }
    void keep_bits(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits); }

    void append(const FilterProgram& other) {
        code_.insert(code_.end(), other.code_.begin(), other.code_.end());
    }
    [[nodiscard]] std::size_t size() const { return code_.size(); }
    std::vector<sock_filter> take() { return std::move(code_); }
    /// The functions `skip_` skip `size` instructions, depending on the accumulator.
    void skip_unless_equal(std::uint32_t value, std::size_t size) {
        jump(BPF_JEQ, value, 0, static_cast<std::uint8_t>(size));
    }
    void skip_unless_at_least(std::uint32_t value, std::size_t size) {
        jump(BPF_JGE, value, 0, static_cast<std::uint8_t>(size));
    }
    /// Whether the program only refuses.
    [[nodiscard]] bool refuses() const {
        return code_.size() == 1 && code_[0].code == (BPF_RET | BPF_K) && code_[0].k == kRefuse;
    }
    void skip_if_at_least(std::uint32_t value, std::size_t size) {
        jump(BPF_JGE, value, static_cast<std::uint8_t>(size), 0);
    }

private:
    void add(unsigned code, std::uint32_t value) {
        code_.push_back({static_cast<std::uint16_t>(code), 0, 0, value});
    }
    void jump(unsigned condition, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
        code_.push_back({static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), yes, no, value});
    }
    std::vector<sock_filter> code_;
};

/// The programs for the calls that are not simply allowed, by number.
class CallPrograms {
public:
    void refuse(std::uint32_t call) {
        FilterProgram p;
        p.answer(kRefuse);
        programs_.push_back({call, call, std::move(p)});
    }
    /// If `body` gives no answer, the call is allowed.
    template <class Body>
    void on(std::uint32_t call, Body body) {
        FilterProgram p;
        body(p);
        programs_.push_back({call, call, std::move(p)});
    }
    /// A binary search tree, in which neighbours with the same program are joined. It must be small
    /// and fast, because at each use the kernel compiles it and runs it once for every existing
    /// call.
    [[nodiscard]] FilterProgram tree() {
        std::sort(programs_.begin(), programs_.end(),
                  [](const CallProgram& a, const CallProgram& b) { return a.first < b.first; });
        std::vector<CallProgram> joined;
        for (CallProgram& program_of_call : programs_) {
            const bool goes_on =
                !joined.empty() && joined.back().last + 1 == program_of_call.first &&
                joined.back().program.refuses() && program_of_call.program.refuses();
            if (goes_on) {
                joined.back().last = program_of_call.last;
            } else {
                joined.push_back(std::move(program_of_call));
            }
        }
        return tree(joined);
    }

private:
    struct CallProgram {
        std::uint32_t first;
        std::uint32_t last;
        FilterProgram program;
    };

    static FilterProgram leaf(const CallProgram& program_of_call) {
        FilterProgram p;
        if (program_of_call.first == program_of_call.last) {
            p.skip_unless_equal(program_of_call.first, program_of_call.program.size());
        } else {
            p.skip_unless_at_least(program_of_call.first, program_of_call.program.size() + 1);
            p.skip_if_at_least(program_of_call.last + 1, program_of_call.program.size());
        }
        p.append(program_of_call.program);
        p.answer(SECCOMP_RET_ALLOW);
        return p;
    }

    static FilterProgram tree(std::span<const CallProgram> programs) {
        if (programs.size() == 1) return leaf(programs[0]);
        const std::size_t half = programs.size() / 2;
        const FilterProgram lower = tree(programs.first(half));
        const FilterProgram upper = tree(programs.subspan(half));
        assert(lower.size() <= kLongestJump);
        FilterProgram p;
        p.skip_if_at_least(programs[half].first, lower.size());
        p.append(lower);
        p.append(upper);
        return p;
    }

    static constexpr std::size_t kLongestJump = 255;
    std::vector<CallProgram> programs_;
};

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
    j.on(kClone3, [](FilterProgram& p) { p.answer(errno_of(ENOSYS)); });
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
    j.on(kOpenat2, [](FilterProgram& p) { p.answer(errno_of(ENOSYS)); });
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
    FilterProgram p;
    p.load(offsetof(seccomp_data, arch));
    p.answer_unless_equal(kArchitecture, errno_of(ENOSYS));
    p.load_call();
#if defined(__x86_64__)
    p.answer_if_at_least(kFirstOfX32, errno_of(ENOSYS));
#endif
    CallPrograms programs;
    for (const std::uint32_t call : kRefusedCalls)
        programs.refuse(call);
    if (!tracing_is_scoped) {
        for (const std::uint32_t call : kTracingCalls)
            programs.refuse(call);
    }
    add_process_programs(programs);
    add_set_user_id_programs(programs);
    add_socket_programs(programs, network);
    p.append(programs.tree());
    return p.take();
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
