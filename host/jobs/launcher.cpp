#include "host/jobs/launcher.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "host/base/limits.h"
#include "host/jobs/orphans.h"
#include "host/jobs/record.h"

namespace tenon::jobs {
namespace {

constexpr std::size_t kLargestMessage = 16384;  // two paths and two numbers
constexpr rlim_t kOwnDescriptors = 64;
constexpr std::size_t kDescriptors = 2;     // of a ShimProcess
constexpr int kRoundMs = 10;                // between two attempts to end what a killed shim left
constexpr char kStarted[] = "started";      // this answer comes with two descriptors
constexpr char kAgain[] = "again";          // this request asks for the last answer once more
constexpr char kShortage[] = "shortage: ";  // the answer to a failure that is a shortage begins so
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPause{20};
constexpr int kEndsWithinMs = 1000;

using Control = std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))>;

/// Sends one message, with the two descriptors of a started shim if there is one.
bool send(int socket, std::string_view text, const ShimProcess* shim) {
    iovec data{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) Control control{};
    if (shim != nullptr) {
        const int fds[kDescriptors] = {shim->process.get(), shim->status.get()};
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fds);
        std::memcpy(CMSG_DATA(header), fds, sizeof fds);
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// Program, folder, cap and limit, each followed by a NUL.
std::string encode(const Shim& shim, const std::filesystem::path& folder,
                   std::uint64_t output_cap) {
    std::string text;
    for (const std::string& part :
         {shim.program.string(), folder.string(), std::to_string(output_cap),
          std::to_string(shim.descriptor_limit)}) {
        text.append(part).push_back('\0');
    }
    return text;
}

/// What the shim would make first of all, made while it starts. Neither minds who is first.
void make_files(const std::filesystem::path& folder) {
    for (const char* file : {kLockFile, kOutputFiles[0]}) {
        const UniqueFd made(::open((folder / file).c_str(),
                                   O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    }
}

/// The work of the launcher's process.
class Service {
public:
    explicit Service(int socket) : socket_(socket) {
        sigset_t ended;
        ::sigemptyset(&ended);
        ::sigaddset(&ended, SIGCHLD);
        children_.reset(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    /// Returns when the host has gone.
    void run() {
        while (true) {
            pollfd ready[] = {{socket_, POLLIN, 0}, {children_.get(), POLLIN, 0}};
            if (::poll(ready, 2, orphans_ ? kRoundMs : -1) < 0) continue;
            if (ready[1].revents != 0) reap_ended();
            if (ready[0].revents != 0 && !serve_one()) return;
            if (orphans_) end_orphans();
        }
    }

private:
    void reap_ended() {
        signalfd_siginfo info{};
        while (::read(children_.get(), &info, sizeof info) > 0) {
        }
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            const bool ours = shims_.erase(pid) > 0;
            // A shim that ends by itself leaves nothing. A killed shim leaves its children to us.
            if (!ours || WIFSIGNALED(status)) orphans_ = true;
        }
    }

    /// Processes with the job's id are left to the host that finds the job lost and counts them.
    void end_orphans() {
        orphans_ = end_children_without_id([this](pid_t pid) { return shims_.count(pid) > 0; });
    }

    bool serve_one() {
        std::string request(kLargestMessage, '\0');
        const ssize_t n = ::recv(socket_, request.data(), request.size(), 0);
        if (n < 0 && errno == EINTR) return true;
        if (n <= 0) return false;
        request.resize(static_cast<std::size_t>(n));
        try {
            serve(request);
        } catch (const std::exception& e) {
            send(socket_, std::string("start a supervisor: ") + e.what(), nullptr);
        }
        return true;
    }

    void serve(const std::string& request) {
        if (request == kAgain) return answer_started();
        std::array<std::string, 4> parts;
        std::size_t from = 0;
        for (std::string& part : parts) {
            part = request.c_str() + from;
            from = std::min(request.size(), from + part.size() + 1);
        }
        Shim shim;
        shim.program = parts[0];
        shim.descriptor_limit = std::stoull(parts[3]);
        last_ = {};
        auto started = launch_shim(shim, parts[1], std::stoull(parts[2]));
        if (!started) {
            const LaunchFailure& failure = started.error();
            send(socket_, (failure.is_shortage ? kShortage : "") + failure.message, nullptr);
            return;
        }
        shims_.insert(started->pid);
        last_ = std::move(*started);
        answer_started();
    }

    /// The host may have too few descriptors to receive these two. They are kept until it asks for
    /// something else.
    void answer_started() {
        send(socket_, kStarted, last_.process && last_.status ? &last_ : nullptr);
    }

    const int socket_;
    UniqueFd children_;      // signalfd
    std::set<pid_t> shims_;  // started here and not reaped
    ShimProcess last_;       // the newest of them
    bool orphans_ = false;   // killed shims may have left processes
};

/// Becomes the launcher.
[[noreturn]] void serve(int socket) {
    ::prctl(PR_SET_NAME, kLauncherName);
    // What a killed shim leaves becomes our child instead of init's, and so is always found.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    set_descriptor_limit(kOwnDescriptors);  // each start closes so many
    sigset_t all;
    ::sigfillset(&all);  // a shim resets its mask; the host handles signals of the terminal
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    Service(socket).run();
    ::_exit(0);
}

std::optional<std::pair<UniqueFd, UniqueFd>> make_socket() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return std::nullopt;
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

// ------------------------------------------------------------------ in the host

std::unique_ptr<Launcher> Launcher::start(std::filesystem::path program) {
    std::unique_ptr<Launcher> launcher(new Launcher(std::move(program)));
    launcher->fork_first();
    return launcher;
}

/// If this fails, `launch` tries again.
void Launcher::fork_first() {
    auto ends = make_socket();
    if (!ends) return;
    const pid_t process = ::fork();
    if (process < 0) return;
    if (process == 0) {
        ends->first.reset();
        serve(ends->second.get());
    }
    const Lock lock(mutex_);
    socket_ = std::move(ends->first);
    process_ = process;
}

/// The host has threads by now, so a new program must be started: a fork could not go on.
bool Launcher::spawn_another() {
    auto ends = program_.empty() ? std::nullopt : make_socket();
    if (!ends) return false;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends->second.get(), STDIN_FILENO);
    std::string name = kLauncherName;
    char* arguments[] = {name.data(), nullptr};
    pid_t process = 0;
    const int failed =
        ::posix_spawn(&process, program_.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return false;
    socket_ = std::move(ends->first);
    process_ = process;
    return true;
}

void Launcher::serve_if_launcher(char** argv) {
    if (argv[0] == nullptr || std::strcmp(argv[0], kLauncherName) != 0) return;
    int type = 0;
    socklen_t size = sizeof type;
    const bool is_socket = ::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                           type == SOCK_SEQPACKET;
    if (!is_socket) return;
    const UniqueFd socket(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!socket || !null) ::_exit(1);
    ::dup2(null.get(), STDIN_FILENO);
    serve(socket.get());
}

/// The launcher has gone, or does not reply.
void Launcher::give_up() {
    socket_.reset();
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
}

Launcher::~Launcher() {
    const Lock lock(mutex_);
    if (process_ == 0) return;
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
    socket_.reset();
    pollfd ended{process.get(), POLLIN, 0};
    // If there was no descriptor for the pidfd, this only waits for the time to pass.
    while (::poll(&ended, 1, kEndsWithinMs) < 0 && errno == EINTR) {
    }
    give_up();
}

pid_t Launcher::process() const {
    const Lock lock(mutex_);
    return process_;
}

/// None when the launcher has gone.
std::optional<Launcher::Reply> Launcher::receive(int socket) {
    Reply reply;
    reply.text.assign(kLargestMessage, '\0');
    iovec data{reply.text.data(), reply.text.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) Control control{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = -1;
    do {
        n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) return std::nullopt;
    reply.text.resize(static_cast<std::size_t>(n));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        reply.is_whole = (message.msg_flags & MSG_CTRUNC) == 0;
        return reply;
    }
    // With too few descriptors left, the kernel delivers fewer than were sent.
    int fds[kDescriptors] = {-1, -1};
    std::memcpy(fds, CMSG_DATA(header),
                std::min(sizeof fds, static_cast<std::size_t>(header->cmsg_len - CMSG_LEN(0))));
    reply.shim.process.reset(fds[0]);
    reply.shim.status.reset(fds[1]);
    reply.is_whole = reply.shim.process && reply.shim.status;
    return reply;
}

/// None when the launcher has gone, or takes too long to answer.
std::optional<Launcher::Reply> Launcher::ask(const std::string& request,
                                             const std::filesystem::path* folder) {
    if (!socket_ || !send(socket_.get(), request, nullptr)) return std::nullopt;
    if (folder != nullptr) make_files(*folder);
    pollfd answered{socket_.get(), POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + kPatience;
    int ready = 0;
    do {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        ready = ::poll(&answered, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    } while (ready < 0 && errno == EINTR);
    return ready > 0 ? receive(socket_.get()) : std::nullopt;
}

std::optional<Launcher::Reply> Launcher::ask_until_whole(const std::string& request,
                                                         const std::filesystem::path& folder) {
    auto reply = ask(request, &folder);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (reply && !reply->is_whole && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kPause);  // until a descriptor is free
        reply = ask(kAgain, nullptr);
    }
    return reply;
}

Result<ShimProcess, LaunchFailure> Launcher::launch(const Shim& shim,
                                                    const std::filesystem::path& folder,
                                                    std::uint64_t output_cap) {
    {
        const Lock lock(mutex_);
        const std::string request = encode(shim, folder, output_cap);
        auto reply = ask_until_whole(request, folder);
        if (!reply) {
            // It may have started the shim all the same. A second one does no harm: see
            // launch_shim.
            give_up();
            if (spawn_another()) reply = ask_until_whole(request, folder);
            if (!reply) give_up();
        }
        if (reply && reply->text == kStarted) return std::move(reply->shim);
        if (reply) {
            const bool is_shortage = reply->text.starts_with(kShortage);
            return LaunchFailure{
                is_shortage ? reply->text.substr(sizeof kShortage - 1) : reply->text, is_shortage};
        }
    }
    Shim from_here = shim;
    from_here.launcher = nullptr;
    return launch_shim(from_here, folder, output_cap);
}

}  // namespace tenon::jobs
