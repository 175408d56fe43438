#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): posix_openpt
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/support/escape/way.h"

namespace escape {
namespace {

bool runs_set_user_id_program(const Targets& s) {
    if (s.program.empty() || ::geteuid() == 0) return false;
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl(s.program.c_str(), "escape", "uid", nullptr);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool has_set_user_id(const std::string& file) {
    struct stat info {};
    const bool has = ::stat(file.c_str(), &info) == 0 && (info.st_mode & S_ISUID) != 0;
    ::unlink(file.c_str());
    return has;
}

bool makes_set_user_id_program(const Targets& s) {
    make_file(s.own("program"));
    ::chmod(s.own("program").c_str(), 04755);
    return has_set_user_id(s.own("program"));
}

bool opens_set_user_id_program(const Targets& s) {
    ::close(::open(s.own("program").c_str(), O_WRONLY | O_CREAT, 04755));
    return has_set_user_id(s.own("program"));
}

bool opens_so_in_a_new_way(const Targets& s) {
    struct {
        std::uint64_t flags, mode, resolve;
    } how{O_WRONLY | O_CREAT, 04755, 0};
    ::syscall(437 /* openat2 */, AT_FDCWD, s.own("program").c_str(), &how, sizeof how);
    return has_set_user_id(s.own("program"));
}

bool gains_capabilities(const Targets&) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) return false;
    data[0].permitted |= 1U << CAP_SYS_ADMIN;
    data[0].effective |= 1U << CAP_SYS_ADMIN;
    return ::syscall(SYS_capset, &header, data) == 0;
}

bool has_capability(int capability) {
    return ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 && ::geteuid() == 0;
}

bool adds_key(const Targets&) {
    return ::syscall(SYS_add_key, "user", "tenon-escape", "x", 1, -4 /* of the user */) >= 0;
}

bool joins_keyring(const Targets&) {
    return ::syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -4, 1) >= 0;
}

bool makes_io_uring(const Targets&) {
    char parameters[120] = {};
    return ::syscall(SYS_io_uring_setup, 4, parameters) >= 0;
}

bool makes_bpf_map(const Targets&) {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}

bool watches_performance(const Targets&) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    return ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}

bool handles_faults(const Targets&) {
    return ::syscall(SYS_userfaultfd, O_CLOEXEC) >= 0;
}

/// Types into a terminal of its own; the same call could type into the user's terminal.
bool types_into_terminal(const Targets&) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return false;
    ::setsid();
    char name[64] = {};
    if (::ptsname_r(master, name, sizeof name) != 0) return false;
    const int terminal = ::open(name, O_RDWR);
    char byte = 'x';
    return terminal >= 0 && ::ioctl(terminal, TIOCSTI, &byte) == 0;
}

/// The same with other upper bits in the argument, which the kernel ignores.
bool types_with_large_number(const Targets&) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return false;
    ::setsid();
    char name[64] = {};
    if (::ptsname_r(master, name, sizeof name) != 0) return false;
    const int terminal = ::open(name, O_RDWR);
    char byte = 'x';
    return terminal >= 0 && ::syscall(SYS_ioctl, terminal, 0xF00000000UL | TIOCSTI, &byte) == 0;
}

/// Every process can see the queue's name.
bool shares_a_message_queue(const Targets&) {
    const std::string name = "tenon-escape-" + std::to_string(::getpid());
    if (::syscall(SYS_mq_open, name.c_str(), O_RDWR | O_CREAT, 0600, nullptr) < 0) return false;
    ::syscall(SYS_mq_unlink, name.c_str());
    return true;
}

/// The queue does not exist: the error shows whether the call is allowed.
bool removes_message_queues(const Targets&) {
    return ::syscall(SYS_mq_unlink, "tenon-escape-none") != 0 && errno == ENOENT;
}

bool reads_kernel_log(const Targets&) {
    char text[256];
    return ::syscall(SYS_syslog, 3, text, sizeof text) >= 0 ||
           ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK) >= 0;
}

bool names_the_machine(const Targets&) {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && ::sethostname(name, std::strlen(name)) == 0;
}

bool opens_a_disk(const Targets& s) {
    struct stat info {};
    if (::stat(s.outside.c_str(), &info) != 0) return false;
    const std::string link = "/sys/dev/block/" + std::to_string(info.st_dev >> 8U) + ":" +
                             std::to_string(info.st_dev & 0xFFU);
    char target[512] = {};
    if (::readlink(link.c_str(), target, sizeof target - 1) <= 0) return false;
    const std::string name = std::string(target).substr(std::string(target).rfind('/') + 1);
    return ::open(("/dev/" + name).c_str(), O_RDONLY) >= 0;
}

bool makes_a_disk(const Targets& s) {
    struct stat info {};
    if (::stat(s.outside.c_str(), &info) != 0) return false;
    const std::string node = s.own("disk");
    if (::mknod(node.c_str(), S_IFBLK | 0600, info.st_dev) != 0) return false;
    ::unlink(node.c_str());
    return true;
}

#if defined(__x86_64__)
sigjmp_buf after_interrupt;

void skip_interrupt(int) {
    siglongjmp(after_interrupt, 1);
}

/// A system call as a program of 32 bits makes it. Where the kernel has no such calls (it can be
/// built or started without them), the instruction faults: that is ENOSYS here.
long old_interrupt(long number, long first, long second, long third) {
    struct sigaction old {};
    struct sigaction mine {};
    mine.sa_handler = skip_interrupt;
    ::sigaction(SIGSEGV, &mine, &old);
    volatile long result = -ENOSYS;
    if (sigsetjmp(after_interrupt, 1) == 0) {
        long answer = number;
        asm volatile("int $0x80"
                     : "+a"(answer)
                     : "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
        result = answer;
    }
    ::sigaction(SIGSEGV, &old, nullptr);
    if (result < 0) errno = static_cast<int>(-result);
    return result;
}

bool opens_by_old_interrupt(const Targets& s) {
    const std::string path = s.target_file();
    void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) return false;
    std::memcpy(low, path.c_str(), path.size() + 1);
    const long fd = old_interrupt(5, reinterpret_cast<long>(low), O_WRONLY, 0);
    return fd >= 0 && write_to(static_cast<int>(fd));
}

/// `socket` by the same way: another number than the filter knows.
bool socket_by_old_interrupt(const Targets&) {
    return old_interrupt(359, 2, 1, 0) >= 0;
}

bool socket_by_x32(const Targets&) {
    return ::syscall(0x40000000L | SYS_socket, 2, 1, 0) >= 0;
}
#endif

}  // namespace

std::vector<Way> kernel_ways() {
    return {
        {"set-user-id-program", runs_set_user_id_program},
            {"make-set-user-id", makes_set_user_id_program},
            {"open-set-user-id", opens_set_user_id_program},
            {"openat2-set-user-id", opens_so_in_a_new_way},
            {"become-root",
             [](const Targets&) { return ::geteuid() != 0 && ::setresuid(0, 0, 0) == 0; }},
            {"gain-capabilities", gains_capabilities},
            {"keep-sys-admin", [](const Targets&) { return has_capability(CAP_SYS_ADMIN); }},
            {"keep-sys-ptrace", [](const Targets&) { return has_capability(CAP_SYS_PTRACE); }},
            {"keep-dac-read-search",
             [](const Targets&) { return has_capability(CAP_DAC_READ_SEARCH); }},
            {"new-privileges",
             [](const Targets&) { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; }},
            {"add-key", adds_key}, {"keyring", joins_keyring}, {"io-uring", makes_io_uring},
            {"bpf", makes_bpf_map}, {"performance-events", watches_performance},
            {"user-faults", handles_faults}, {"type-into-terminal", types_into_terminal},
            {"type-with-large-number", types_with_large_number}, {"kernel-log", reads_kernel_log},
            {"message-queue", shares_a_message_queue},
            {"remove-message-queue", removes_message_queues}, {"host-name", names_the_machine},
            {"open-disk", opens_a_disk}, {"make-disk", makes_a_disk},
#if defined(__x86_64__)
            {"old-interrupt-open", opens_by_old_interrupt},
            {"old-interrupt-socket", socket_by_old_interrupt}, {"x32-socket", socket_by_x32},
#endif
    };
}

}  // namespace escape
