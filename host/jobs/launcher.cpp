#include "host/jobs/launcher.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <string>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/jobs/orphans.h"
#include "host/jobs/record.h"

namespace tenon::jobs {
namespace {

constexpr std::size_t kLargestMessage = 16384;  // two paths and two numbers
constexpr rlim_t kOwnDescriptors = 64;
constexpr std::size_t kDescriptors = 2;  // of a ShimProcess
constexpr int kRoundMs = 10;             // of ending what a killed shim left

using Control = std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))>;

/// One message, with the two descriptors of a started shim if there is one.
bool send(int socket, const std::string& text, const ShimProcess* shim) {
    iovec data{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) Control control{};
    if (shim != nullptr) {
        const int fds[kDescriptors] = {shim->process.get(), shim->news.get()};
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

/// False when the other side has gone.
bool receive(int socket, std::string& text, ShimProcess& shim) {
    text.assign(kLargestMessage, '\0');
    iovec data{text.data(), text.size()};
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
    if (n <= 0) return false;
    text.resize(static_cast<std::size_t>(n));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(kDescriptors * sizeof(int))) {
        int fds[kDescriptors];
        std::memcpy(fds, CMSG_DATA(header), sizeof fds);
        shim.process.reset(fds[0]);
        shim.news.reset(fds[1]);
    }
    return true;
}

/// program, folder, cap, limit, each with its NUL.
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

/// What goes on in the process.
class Life {
public:
    explicit Life(int socket) : socket_(socket) {
        sigset_t ended;
        ::sigemptyset(&ended);
        ::sigaddset(&ended, SIGCHLD);
        children_.reset(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    /// Until the host has gone.
    void live() {
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
            // A shim that ends by itself has nothing left; what it left comes to us otherwise.
            if (!ours || WIFSIGNALED(status)) orphans_ = true;
        }
    }

    /// Those that carry the job's id are left to whoever finds the job lost, and counts them.
    void end_orphans() {
        orphans_ = end_unmarked_children([this](pid_t pid) { return shims_.count(pid) > 0; });
    }

    bool serve_one() {
        std::string request;
        ShimProcess none;
        if (!receive(socket_, request, none)) return false;
        try {
            serve(request);
        } catch (const std::exception& e) {
            send(socket_, std::string("start a supervisor: ") + e.what(), nullptr);
        }
        return true;
    }

    void serve(const std::string& request) {
        std::array<std::string, 4> parts;
        std::size_t from = 0;
        for (std::string& part : parts) {
            part = request.c_str() + from;
            from = std::min(request.size(), from + part.size() + 1);
        }
        Shim shim;
        shim.program = parts[0];
        shim.descriptor_limit = std::stoull(parts[3]);
        const auto started = launch_shim(shim, parts[1], std::stoull(parts[2]));
        if (started) shims_.insert(started->pid);
        send(socket_, started ? "started" : started.error().message, started ? &*started : nullptr);
    }

    const int socket_;
    UniqueFd children_;      // signalfd
    std::set<pid_t> shims_;  // that we started and have not reaped
    bool orphans_ = false;   // there may be some of killed shims
};

/// Starts what is asked for, reaps what has ended.
[[noreturn]] void live(int socket) {
    ::prctl(PR_SET_NAME, kLauncherName);
    // What a killed shim leaves becomes ours instead of init's, and so is found in any case.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    lower_descriptor_limit(kOwnDescriptors);  // each start closes so many
    sigset_t all;
    ::sigfillset(&all);  // a shim resets its mask; what the terminal sends is the host's business
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    Life(socket).live();
    ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<Launcher>> Launcher::start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return Error::from_errno("make the launcher");
    UniqueFd ours(ends[0]);
    const UniqueFd its(ends[1]);
    const pid_t process = ::fork();
    if (process < 0) return Error::from_errno("make the launcher");
    if (process == 0) {
        ours.reset();
        live(its.get());
    }
    return std::unique_ptr<Launcher>(new Launcher(std::move(ours), process));
}

Launcher::~Launcher() {
    socket_.reset();
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<ShimProcess> Launcher::launch(const Shim& shim, const std::filesystem::path& folder,
                                     std::uint64_t output_cap) {
    std::string answer;
    ShimProcess started;
    {
        const Lock lock(mutex_);
        if (!send(socket_.get(), encode(shim, folder, output_cap), nullptr))
            return Error{"start the supervisor: the launcher has ended"};
        make_files(folder);
        if (!receive(socket_.get(), answer, started)) {
            return Error{"start the supervisor: the launcher has ended"};
        }
    }
    if (!started.process) return Error{answer};
    return started;
}

}  // namespace tenon::jobs
