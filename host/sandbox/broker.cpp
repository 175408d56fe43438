#include "host/sandbox/broker.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/path_text.h"

namespace tenon::sandbox {
namespace {

constexpr char kLoopback[] = "lo";
constexpr unsigned kPidfdThread = O_EXCL;  // PIDFD_THREAD
constexpr std::size_t kMostHelpers = 64;

/// One system call that waits for an answer.
class PendingCall {
public:
    PendingCall(int listener, const seccomp_notif& request)
        : listener_(listener), request_(request) {}

    [[nodiscard]] int number() const { return request_.data.nr; }
    [[nodiscard]] std::uint64_t argument(std::size_t n) const { return request_.data.args[n]; }
    [[nodiscard]] std::string proc(const char* file) const {
        return "/proc/" + std::to_string(request_.pid) + "/" + file;
    }
    /// Whether the caller still waits. If not, its pid may belong to another process by now.
    [[nodiscard]] bool waits() const {
        return ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &request_.id) == 0;
    }
    void answer(int code) const {
        seccomp_notif_resp response{};
        response.id = request_.id;
        response.error = -code;
        ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
    /// Installs the descriptor in the caller, and answers with its number.
    void give(int fd, bool close_on_exec) const {
        seccomp_notif_addfd addition{};
        addition.id = request_.id;
        addition.flags = SECCOMP_ADDFD_FLAG_SEND;
        addition.srcfd = static_cast<std::uint32_t>(fd);
        addition.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
        if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &addition) < 0) answer(EACCES);
    }
    /// A copy of a descriptor of the caller.
    [[nodiscard]] UniqueFd descriptor(int number) const {
        UniqueFd caller(static_cast<int>(::syscall(SYS_pidfd_open, request_.pid, kPidfdThread)));
        if (!caller && errno == EINVAL) caller = process();
        if (!caller || !waits()) return {};
        return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, caller.get(), number, 0)));
    }

private:
    /// The process of the caller, for Linux before 6.9, which cannot open single threads. None if
    /// the caller is a thread with descriptors of its own.
    [[nodiscard]] UniqueFd process() const {
        const auto status = read_whole_file(proc("status"), 65536);
        if (!status) return {};
        const auto at = status->find("\nTgid:");
        if (at == std::string::npos) return {};
        const int process = std::atoi(status->c_str() + at + 6);
        const long differ = ::syscall(SYS_kcmp, request_.pid, process, KCMP_FILES, 0, 0);
        if (differ > 0 || (differ < 0 && errno != ENOSYS)) return {};
        return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    }

    int listener_;
    seccomp_notif request_;
};

/// Makes a socket that reaches only this machine: it is bound to the loopback device, and changing
/// that needs a capability.
void make_local_socket(const PendingCall& call) {
    const int type = static_cast<int>(call.argument(1));
    const UniqueFd made(::socket(static_cast<int>(call.argument(0)), type | SOCK_CLOEXEC,
                                 static_cast<int>(call.argument(2))));
    if (!made) return call.answer(errno);
    if (::setsockopt(made.get(), SOL_SOCKET, SO_BINDTODEVICE, kLoopback, sizeof kLoopback) != 0)
        return call.answer(EACCES);
    call.give(made.get(), (type & SOCK_CLOEXEC) != 0);
}

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
};

/// A copy of the address: the caller's memory may change at any time.
std::optional<Address> address_of(const PendingCall& call) {
    Address address;
    address.size = static_cast<socklen_t>(call.argument(2));
    if (address.size > sizeof address.bytes || address.size < sizeof(sa_family_t))
        return std::nullopt;
    const UniqueFd memory(::open(call.proc("mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (!memory || !call.waits()) return std::nullopt;
    const auto size = static_cast<ssize_t>(address.size);
    if (::pread(memory.get(), &address.bytes, address.size, static_cast<off_t>(call.argument(1))) !=
        size)
        return std::nullopt;
    return address;
}

/// The file that the caller would find by this name. It is not opened.
UniqueFd find_for(const PendingCall& call, const std::string& name) {
    std::string path = name;
    if (!name.starts_with('/')) {
        char cwd[PATH_MAX] = {};
        const ssize_t n = ::readlink(call.proc("cwd").c_str(), cwd, sizeof cwd - 1);
        if (n <= 0) return {};
        path = std::string(cwd, static_cast<std::size_t>(n)) + "/" + name;
    }
    const UniqueFd root(::open(call.proc("root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root || !call.waits()) return {};
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return UniqueFd(
        static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

std::string of_descriptor(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

/// 0, or the errno value with which this socket's file is refused.
int refusal_of(int file, const std::vector<std::string>& reachable) {
    struct stat info {};
    char path[PATH_MAX] = {};
    if (::fstat(file, &info) != 0) return EACCES;
    if (!S_ISSOCK(info.st_mode)) return ECONNREFUSED;
    const ssize_t n = ::readlink(of_descriptor(file).c_str(), path, sizeof path - 1);
    if (n <= 0) return EACCES;
    return is_beneath_any({path, static_cast<std::size_t>(n)}, reachable) ? 0 : EACCES;
}

int connect_to(int socket, const Address& address) {
    const auto* plain = reinterpret_cast<const sockaddr*>(&address.bytes);
    return ::connect(socket, plain, address.size) == 0 ? 0 : errno;
}

/// Connects to exactly the file that was judged, by its descriptor.
int connect_to_file(const PendingCall& call, int socket, const Address& address,
                    const std::vector<std::string>& reachable) {
    const auto& named = reinterpret_cast<const sockaddr_un&>(address.bytes);
    const std::size_t room = address.size - offsetof(sockaddr_un, sun_path);
    // Abstract names have no file, so it cannot be known whose they are.
    if (address.size <= offsetof(sockaddr_un, sun_path) || named.sun_path[0] == '\0') return EACCES;
    const std::string name(named.sun_path, ::strnlen(named.sun_path, room));
    const UniqueFd file = find_for(call, name);
    if (!file) return errno == ENOENT || errno == ENOTDIR ? errno : EACCES;
    if (const int code = refusal_of(file.get(), reachable); code != 0) return code;
    Address by_descriptor;
    sockaddr_un way{};
    way.sun_family = AF_UNIX;
    std::snprintf(way.sun_path, sizeof way.sun_path, "%s", of_descriptor(file.get()).c_str());
    std::memcpy(&by_descriptor.bytes, &way, sizeof way);
    by_descriptor.size = sizeof way;
    return connect_to(socket, by_descriptor);
}

/// The socket reaches no other machine anyway; with this check, the caller gets an error at once.
bool is_of_this_machine(const Address& address) {
    if (address.bytes.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.bytes);
        const std::uint32_t host = ntohl(v4.sin_addr.s_addr);
        return host >> 24U == 127 || host == INADDR_ANY;
    }
    if (address.bytes.ss_family == AF_INET6) {
        const in6_addr& host = reinterpret_cast<const sockaddr_in6&>(address.bytes).sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(&host) || IN6_IS_ADDR_UNSPECIFIED(&host) ||
               (IN6_IS_ADDR_V4MAPPED(&host) && host.s6_addr[12] == 127);
    }
    return true;
}

/// Connects the caller's socket. If the call were only allowed, the address could change after the
/// check.
int connect_for(const PendingCall& call, Network network,
                const std::vector<std::string>& reachable) {
    const auto address = address_of(call);
    if (!address) return EACCES;
    const UniqueFd socket = call.descriptor(static_cast<int>(call.argument(0)));
    if (!socket) return errno == EBADF ? EBADF : EACCES;
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return errno;
    if (domain != AF_UNIX) {
        const bool may = network == Network::kFull || is_of_this_machine(*address);
        return may ? connect_to(socket.get(), *address) : ENETUNREACH;
    }
    if (address->bytes.ss_family != AF_UNIX) return EINVAL;
    return connect_to_file(call, socket.get(), *address, reachable);
}

}  // namespace

/// Runs in a process of its own, since connecting may take any time. This process has none of the
/// supervisor's descriptors, since the lock among them shows others that the job goes on.
void Broker::connect_alone(const seccomp_notif& request, int parent) const {
    constexpr int kFirst = 3;  // after the standard streams
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    if (listener_.get() != kFirst && ::dup3(listener_.get(), kFirst, O_CLOEXEC) < 0) ::_exit(0);
    ::syscall(SYS_close_range, kFirst + 1, ~0U, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const PendingCall call(kFirst, request);
    call.answer(connect_for(call, network_, reachable_));
    ::_exit(0);
}

void Broker::serve() {
    pollfd now{listener_.get(), POLLIN, 0};
    if (::poll(&now, 1, 0) <= 0) return;
    if ((now.revents & POLLIN) == 0) return listener_.reset();
    seccomp_notif request{};
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) return;
    const PendingCall call(listener_.get(), request);
    if (call.number() == SYS_socket && network_ == Network::kLoopback)
        return make_local_socket(call);
    if (call.number() != SYS_connect) return call.answer(EACCES);
    tend();
    if (helpers_.size() >= kMostHelpers) return call.answer(EAGAIN);
    connect_by_helper(request);
}

void Broker::connect_by_helper(const seccomp_notif& request) {
    const pid_t parent = ::getpid();
    // Like fork(2), but without a signal at its end.
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL));
    if (child < 0) return PendingCall(listener_.get(), request).answer(EAGAIN);
    if (child == 0) connect_alone(request, parent);
    helpers_.push_back({child, request.id});
}

void Broker::tend() {
    std::erase_if(helpers_, [this](const Helper& helper) {
        const bool waits =
            ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &helper.call) == 0;
        if (!waits) ::kill(helper.pid, SIGKILL);
        return ::waitpid(helper.pid, nullptr, WNOHANG | __WCLONE) != 0;
    });
}

std::vector<pid_t> Broker::helpers() const {
    std::vector<pid_t> pids;
    for (const Helper& helper : helpers_)
        pids.push_back(helper.pid);
    return pids;
}

}  // namespace tenon::sandbox
