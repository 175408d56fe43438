#include "host/plugins/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/limits.h"
#include "host/plugin/wire.h"

extern char** environ;

namespace tenon::plugins {
namespace {

using std::chrono::milliseconds;
using Kind = ProcessFailure::Kind;

/// Where tenon-plugin-host expects its connection.
constexpr int kSocketOfPlugin = 3;
/// A process that has closed its connection may take this long to end by itself.
constexpr std::chrono::seconds kExitPatience{1};
/// Then the process that ends a plugin's descendants is killed too.
constexpr std::chrono::seconds kSupervisorPatience{6};
constexpr char kClosed[] = "closed its connection to the host";

ProcessFailure shortage_of(const std::string& id, int code) {
    return {Kind::kShortage,
            {shortage_error("start a process for the plugin " + id, code).message, ""}};
}

int milliseconds_until(std::chrono::steady_clock::time_point when) {
    const auto left = std::chrono::ceil<milliseconds>(when - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

std::string end_text(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == plugin::kExitWithoutConnection) return kClosed;
    if (WIFEXITED(status))
        return "ended its process (exit status " + std::to_string(WEXITSTATUS(status)) + ")";
    const int signal = WTERMSIG(status);
    const char* const known = ::sigabbrev_np(signal);
    const std::string name =
        known != nullptr ? "SIG" + std::string(known) : "signal " + std::to_string(signal);
    if (signal == SIGKILL) return "was killed (SIGKILL: by somebody, or for want of memory)";
    if (signal == SIGSYS) return "made a system call that it may not make (SIGSYS)";
    return "crashed (" + name + ")";
}

/// What the process is started with.
class SpawnOptions {
public:
    SpawnOptions() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnOptions() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnOptions(const SpawnOptions&) = delete;
    SpawnOptions& operator=(const SpawnOptions&) = delete;

    /// The socket last: its number may be that of another descriptor.
    void use(int socket, int output, const std::string& folder) {
        ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, socket, kSocketOfPlugin);
        ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    }

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

bool is_folder(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words)
        out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

struct ChildProcess::Descriptors {
    UniqueFd socket, wake, their_socket, output, their_output;
};

ProcessFailure ProcessFailure::fault(std::string what) {
    return {Kind::kFault, plugin::invalid_plugin(std::move(what))};
}

std::vector<std::string> environment_of_plugin(const std::string& state_dir) {
    static constexpr const char* kPassed[] = {"PATH", "HOME",     "USER", "LOGNAME",
                                              "LANG", "LANGUAGE", "TZ"};
    std::vector<std::string> out = {"TMPDIR=" + state_dir};
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const std::string_view name = text.substr(0, text.find('='));
        const bool is_passed =
            name.starts_with("LC_") ||
            std::find(std::begin(kPassed), std::end(kPassed), name) != std::end(kPassed);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        const bool is_for_sanitizer = name.ends_with("SAN_OPTIONS");
#else
        const bool is_for_sanitizer = false;
#endif
        if (is_passed || is_for_sanitizer) out.emplace_back(text);
    }
    return out;
}

Result<std::unique_ptr<ChildProcess>, ProcessFailure> ChildProcess::prepare(Options options) {
    Descriptors made;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return shortage_of(options.id, errno);
    made.socket = UniqueFd(ends[0]);
    made.their_socket = UniqueFd(ends[1]);
    if (::pipe2(ends, O_CLOEXEC) != 0) return shortage_of(options.id, errno);
    made.output = UniqueFd(ends[0]);
    made.their_output = UniqueFd(ends[1]);
    ::fcntl(made.output.get(), F_SETFL, O_NONBLOCK);
    made.wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!made.wake) return shortage_of(options.id, errno);
    return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(options), std::move(made)));
}

ChildProcess::ChildProcess(Options options, Descriptors descriptors)
    : options_(std::move(options)),
      socket_(std::move(descriptors.socket)),
      wake_(std::move(descriptors.wake)),
      their_socket_(std::move(descriptors.their_socket)),
      output_(std::move(descriptors.output)),
      their_output_(std::move(descriptors.their_output)),
      writer_(socket_.get()) {}

ChildProcess::~ChildProcess() {
    stop();
}

Result<void, ProcessFailure> ChildProcess::start(Owner& owner) {
    owner_ = &owner;
    try {
        thread_ = start_thread(("plugin " + options_.id).substr(0, 15), [this] { run(); });
    } catch (const std::runtime_error& e) {
        return ProcessFailure{Kind::kShortage, {e.what(), ""}};
    }
    return {};
}

void ChildProcess::stop() {
    kill("was ended");
    if (thread_.joinable()) thread_.join();
}

pid_t ChildProcess::pid() const {
    const Lock lock(mutex_);
    return pid_;
}

void ChildProcess::expect_end() {
    const Lock lock(mutex_);
    expects_end_ = true;
}

void ChildProcess::send(plugin::FrameType type, std::uint32_t id, std::string_view payload,
                        UniqueFd descriptor) {
    std::string frames;
    plugin::append_message(frames, type, id, payload, static_cast<bool>(descriptor));
    writer_.send(std::move(frames), std::move(descriptor));
    if (writer_.kept() > 0) ::eventfd_write(wake_.get(), 1);  // to be sent by the thread
}

// ---------------------------------------------------------------- its end

void ChildProcess::kill(const std::string& reason) {
    {
        const Lock lock(mutex_);
        if (!killed_for_.empty()) return;
        killed_for_ = reason;
        signal_end();
    }
    ::eventfd_write(wake_.get(), 1);
}

/// The process that supervises a plugin first ends what the plugin has started.
void ChildProcess::signal_end() {
    if (pid_ <= 0) return;
    if (options_.is_supervised && !was_asked_to_end_) {
        ::kill(pid_, SIGTERM);
        ::kill(pid_, SIGCONT);
    } else {
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
    }
    was_asked_to_end_ = true;
    signal_again_ = Clock::now() + kSupervisorPatience;
}

/// Against a process that has closed its connection and lives on; each time with more force.
void ChildProcess::insist_on_end() {
    const Lock lock(mutex_);
    if (killed_for_.empty()) killed_for_ = kClosed;
    signal_end();
}

ProcessEnd ChildProcess::end_of(int status) const {
    // A supervisor ends as the plugin did, also when the host has lost patience meanwhile.
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (expects_end_ && status == 0 && (killed_for_.empty() || killed_for_ == kClosed)) return {};
    if (!killed_for_.empty() && (killed_for_ != kClosed || was_killed || status == 0))
        return {killed_for_, ProcessFailure::fault("it " + killed_for_)};
    ProcessEnd end{end_text(status), ProcessFailure::fault("it " + end_text(status))};
    if (was_killed) end.failure->kind = Kind::kKilled;
    return end;
}

// ---------------------------------------------------------------- the thread of the process

/// The kernel ends the process when this thread ends (PR_SET_PDEATHSIG), so this thread starts it
/// and stays until it has been reaped.
void ChildProcess::run() {
    if (auto failed = spawn()) {
        owner_->ended({"could not be started", std::move(failed)});
        return;
    }
    read_until_it_ends();
    owner_->ended(await_exit());
}

std::optional<ProcessFailure> ChildProcess::spawn() {
    SpawnOptions options;
    options.use(their_socket_.get(), their_output_.get(),
                is_folder(options_.workspace) ? options_.workspace : "/");
    std::vector<std::string> words = {options_.program.string(), std::to_string(::getpid())};
    std::vector<std::string> variables = environment_of_plugin(options_.state_dir);
    const Lock lock(mutex_);
    if (!killed_for_.empty()) return ProcessFailure::fault("it " + killed_for_);
    pid_t pid = 0;
    const int failed =
        ::posix_spawn(&pid, options_.program.c_str(), &options.actions, &options.attributes,
                      pointers_to(words).data(), pointers_to(variables).data());
    // What only the process holds closes when it ends.
    their_socket_.reset();
    their_output_.reset();
    if (failed == 0) {
        pid_ = pid;
        process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        return std::nullopt;
    }
    if (is_shortage(failed)) return shortage_of(options_.id, failed);
    return ProcessFailure{
        Kind::kRefused,
        {Error::from_errno("start " + options_.program.string(), failed).message,
         "install Tenon again: this program belongs to it and runs third-party plugins"}};
}

int ChildProcess::until_next_signal() {
    const Lock lock(mutex_);
    if (signal_again_ && Clock::now() >= *signal_again_) signal_end();
    return signal_again_ ? milliseconds_until(*signal_again_) : -1;
}

/// Until the process has ended, or has closed its connection. Both count: a process that it has
/// left behind may hold the connection open.
void ChildProcess::read_until_it_ends() {
    for (;;) {
        const auto events = static_cast<short>(writer_.kept() > 0 ? POLLIN | POLLOUT : POLLIN);
        pollfd entries[4] = {{socket_.get(), events, 0},
                             {wake_.get(), POLLIN, 0},
                             {output_.get(), POLLIN, 0},
                             {process_.get(), POLLIN, 0}};
        if (::poll(entries, 4, until_next_signal()) < 0) continue;  // EINTR
        if (entries[1].revents != 0) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
        }
        if ((entries[0].revents & POLLOUT) != 0) writer_.flush();
        if (entries[2].revents != 0) read_output();
        if ((entries[0].revents & ~POLLOUT) != 0 && read_messages() == Reading::kEnded) return;
        if (entries[3].revents != 0) return read_last_messages();
    }
}

/// What it has sent before its end. Others that hold the connection could send for ever.
void ChildProcess::read_last_messages() {
    constexpr int kMostPieces = 4096;
    for (int piece = 0; piece < kMostPieces && read_messages() == Reading::kGoesOn; ++piece) {
    }
}

/// Uses recv(2), which takes no descriptors from the plugin. Does not block.
ChildProcess::Reading ChildProcess::read_messages() {
    char buffer[64U << 10U];
    const ssize_t n = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) return Reading::kGoesOn;
    if (n < 0 && errno == EAGAIN) return Reading::kNothingNow;
    if (n <= 0) return Reading::kEnded;
    reader_.take({buffer, static_cast<std::size_t>(n)});
    for (;;) {
        auto message = reader_.next();
        std::optional<std::string> flaw;
        if (!message) {
            flaw = message.error().message;
        } else if (!*message) {
            return Reading::kGoesOn;
        } else {
            flaw = owner_->take(std::move(**message));
        }
        if (flaw) {
            kill("broke the protocol with the host: " + *flaw);
            return Reading::kEnded;
        }
    }
}

void ChildProcess::read_output() {
    char buffer[64U << 10U];
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n > 0) {
        owner_->printed(printed_.take({buffer, static_cast<std::size_t>(n)}, Clock::now()));
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        output_.reset();
    }
}

/// A supervisor that was asked to end its processes keeps its time.
ChildProcess::Clock::time_point ChildProcess::patience_with_supervisor() {
    const Lock lock(mutex_);
    return options_.is_supervised && signal_again_ ? *signal_again_ : Clock::time_point::min();
}

ProcessEnd ChildProcess::await_exit() {
    const pid_t process_id = pid();
    auto until = Clock::now() + kExitPatience;
    if (!process_) insist_on_end();  // nothing shows when it ends
    while (process_) {
        pollfd entries[2] = {{process_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}};
        const int ready = ::poll(entries, 2, milliseconds_until(until));
        if (ready > 0 && entries[0].revents != 0) break;
        if (ready > 0 && entries[1].revents != 0) read_output();
        if (Clock::now() < until) continue;
        if (const auto later = patience_with_supervisor(); later > Clock::now()) {
            until = later;
            continue;
        }
        insist_on_end();
        until = Clock::now() + kSupervisorPatience;
    }
    siginfo_t ignored{};
    while (::waitid(P_PID, static_cast<id_t>(process_id), &ignored, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    // What it has printed at last. Without a limit, a process that it has left could print for
    // ever.
    for (int piece = 0; piece < 16 && output_; ++piece)
        read_output();
    owner_->printed(printed_.finish(Clock::now()));
    const Lock lock(mutex_);
    is_reaped_ = true;
    int status = 0;
    ::waitpid(process_id, &status, 0);
    pid_ = 0;  // from now on the number may be that of another process
    return end_of(status);
}

}  // namespace tenon::plugins
