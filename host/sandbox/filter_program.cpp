#include "host/sandbox/filter_program.h"

#include <algorithm>
#include <cerrno>
#include <linux/audit.h>
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

constexpr std::size_t kLongestJump = 255;

constexpr std::uint32_t kDangerousCalls[] = {
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
    // ways around a filter, and parts of the kernel that few programs need
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

}  // namespace

void FilterProgram::skip_if_at_least(std::uint32_t value, std::size_t size) {
    if (size <= kLongestJump) return jump(BPF_JGE, value, static_cast<std::uint8_t>(size), 0);
    jump(BPF_JGE, value, 0, 1);
    add(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(size));
}

void CallPrograms::refuse(std::uint32_t call, int code) {
    FilterProgram p;
    p.answer(answer_errno(code));
    programs_.push_back({call, call, std::move(p)});
}

std::vector<sock_filter> CallPrograms::filter(std::uint32_t newest) && {
    FilterProgram p;
    p.load(offsetof(seccomp_data, arch));
    p.answer_unless_equal(kArchitecture, answer_errno(ENOSYS));
    p.load_call();
    p.answer_if_at_least(newest + 1, answer_errno(ENOSYS));  // from 0x40000000 on: x32
    p.append(tree());
    return p.take();
}

/// A binary search tree, in which neighbours that are only refused are joined. It must be small and
/// fast, because at each use the kernel compiles it and runs it once for every existing call.
FilterProgram CallPrograms::tree() {
    std::sort(programs_.begin(), programs_.end(),
              [](const CallProgram& a, const CallProgram& b) { return a.first < b.first; });
    const std::uint32_t refused = answer_errno(EPERM);
    std::vector<CallProgram> joined;
    for (CallProgram& program_of_call : programs_) {
        const bool goes_on = !joined.empty() && joined.back().last + 1 == program_of_call.first &&
                             joined.back().program.only_answers(refused) &&
                             program_of_call.program.only_answers(refused);
        if (goes_on) {
            joined.back().last = program_of_call.last;
        } else {
            joined.push_back(std::move(program_of_call));
        }
    }
    return tree(joined);
}

FilterProgram CallPrograms::leaf(const CallProgram& program_of_call) {
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

FilterProgram CallPrograms::tree(std::span<const CallProgram> programs) {
    if (programs.size() == 1) return leaf(programs[0]);
    const std::size_t half = programs.size() / 2;
    const FilterProgram lower = tree(programs.first(half));
    const FilterProgram upper = tree(programs.subspan(half));
    FilterProgram p;
    p.skip_if_at_least(programs[half].first, lower.size());
    p.append(lower);
    p.append(upper);
    return p;
}

std::span<const std::uint32_t> dangerous_calls() {
    return kDangerousCalls;
}

Result<void> enforce_filter_alone(const std::vector<sock_filter>& program) {
    const sock_fprog filter{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};  // NOLINT: never written
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return {};
    return Error::from_errno("enforce the seccomp filter");
}

}  // namespace tenon::sandbox
