#include "host/plugins/plugin_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/json.h"
#include "host/base/limits.h"

extern char** environ;

namespace tenon::plugins {
namespace {

using plugin::FrameType;
using plugin::Message;
using plugin::Refusal;
using Kind = ProcessFailure::Kind;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Where tenon-plugin-host expects its connection.
constexpr int kSocketOfPlugin = 3;
/// A process that has closed its connection may take this long to end by itself.
constexpr std::chrono::seconds kExitPatience{1};
/// Then the process that ends a plugin's descendants is killed too.
constexpr std::chrono::seconds kSupervisorPatience{6};
/// A plugin that sends requests and does not read the answers makes the host keep them.
constexpr std::size_t kMaxKeptBytes = 64U << 20U;
constexpr char kClosed[] = "closed its connection to the host";

ProcessFailure fault(std::string reason) {
    return {Kind::kFault, plugin::invalid_plugin(std::move(reason))};
}

ProcessFailure shortage(std::string_view doing, int code) {
    return {Kind::kShortage, {shortage_error(doing, code).message, ""}};
}

std::string seconds_text(milliseconds time) {
    if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
    return std::to_string(time.count() / 1000) + " s";
}

int milliseconds_until(Clock::time_point when) {
    const auto left = std::chrono::ceil<milliseconds>(when - Clock::now());
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

/// The descriptor in the answer to path.open/1; no other answer carries one.
UniqueFd descriptor_in(const plugin::ServiceCall& request, const plugin::ServiceAnswer& answer) {
    if (answer.rc != TENON_OK || !request.method.starts_with("path.open/")) return UniqueFd();
    const auto json = parse_json(answer.out);
    const auto number = json ? integer_in(member(*json, "fd")) : std::nullopt;
    return UniqueFd(number ? static_cast<int>(*number) : -1);
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

/// A call under way. Its members are guarded by mutex_, except what is constant.
struct PluginProcess::Call {
    plugin::CallPort* port;
    Condition changed;
    bool returned = false;
    bool cancelled = false;
    tenon_rc rc = TENON_FAULT;
    bool hangs = false;  // this call is the reason why the process is killed
    std::size_t open_requests = 0;
    std::optional<Clock::time_point> deadline;  // none: no limit, or the clock is stopped
    std::optional<Clock::duration> left;        // while the clock is stopped
};

struct PluginProcess::Streams {
    UniqueFd their_socket, output, their_output;
};

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

PluginProcess::PluginProcess(plugin::HostPort& host, const plugin::LoadOrder& order,
                             UniqueFd socket, UniqueFd wake)
    : host_(host),
      id_(order.id),
      state_dir_(order.confinement.state_dir),
      workspace_(order.confinement.workspace),
      is_supervised_(order.confinement.exec || order.confinement.unconfined || !order.confine),
      socket_(std::move(socket)),
      wake_(std::move(wake)),
      writer_(socket_.get()),
      printed_([this](std::string_view line) { host_.log(TENON_LOG_WARNING, line); }),
      services_("plugin requests") {}

Result<std::shared_ptr<PluginProcess>, ProcessFailure> PluginProcess::start(
    const std::filesystem::path& program, const plugin::LoadOrder& order, plugin::HostPort& host) {
    const std::string doing = "start a process for the plugin " + order.id;
    int sockets[2], ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return shortage(doing, errno);
    UniqueFd socket(sockets[0]), their_socket(sockets[1]);
    if (::pipe2(ends, O_CLOEXEC) != 0) return shortage(doing, errno);
    UniqueFd output(ends[0]), their_output(ends[1]);
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return shortage(doing, errno);

    std::shared_ptr<PluginProcess> process(
        new PluginProcess(host, order, std::move(socket), std::move(wake)));
    try {
        // A thread cannot be given what only moves.
        auto streams = std::make_shared<Streams>(
            Streams{std::move(their_socket), std::move(output), std::move(their_output)});
        process->thread_ = start_thread(
            ("plugin " + order.id).substr(0, 15),
            [self = process.get(), program, streams] { self->run(program, std::move(*streams)); });
    } catch (const std::runtime_error& e) {
        return ProcessFailure{Kind::kShortage, {e.what(), ""}};
    }
    auto answer =
        process->exchange(FrameType::kLoad, plugin::encode(order), kOrderLimit, "load the library");
    if (!answer) return answer.error();
    auto hello = answer->type == FrameType::kHello ? plugin::decode<plugin::Hello>(answer->payload)
                                                   : std::nullopt;
    if (!hello) return fault("its process sent a wrong answer");
    process->hello_ = std::move(*hello);
    return process;
}

PluginProcess::~PluginProcess() {
    if (!end()) kill("was ended");
    if (thread_.joinable()) thread_.join();
}

pid_t PluginProcess::pid() const {
    const Lock lock(mutex_);
    return pid_;
}

std::optional<std::string> PluginProcess::end() const {
    const Lock lock(mutex_);
    return end_;
}

// ---------------------------------------------------------------- orders

void PluginProcess::send(FrameType type, std::uint32_t id, std::string_view payload,
                         UniqueFd descriptor) {
    std::string frames;
    plugin::append_message(frames, type, id, payload, static_cast<bool>(descriptor));
    writer_.send(std::move(frames), std::move(descriptor));
    if (writer_.kept() > 0) ::eventfd_write(wake_.get(), 1);  // to be sent by the thread
}

/// Sends an order and waits for its answer. A plugin that refuses is a failure too.
Result<Message, ProcessFailure> PluginProcess::exchange(FrameType type, const std::string& payload,
                                                        Milliseconds limit,
                                                        const std::string& doing) {
    const Lock order(one_order_);
    const auto deadline = Clock::now() + limit;
    {
        const Lock lock(mutex_);
        awaits_answer_ = true;
        answer_.reset();
    }
    send(type, 0, payload);
    Lock lock(mutex_);
    while (!answer_ && !end_) {
        if (killed_for_.empty() && !changed_.wait_until(lock, deadline) && !answer_ && !end_) {
            lock.unlock();
            kill("did not " + doing + " within " + seconds_text(limit));
            lock.lock();
        } else if (!killed_for_.empty() && !answer_ && !end_) {
            changed_.wait(lock);
        }
    }
    awaits_answer_ = false;
    if (!answer_) return failure();
    Message answer = std::move(*answer_);
    answer_.reset();
    if (answer.type != FrameType::kRefused) return answer;
    auto refusal = plugin::decode<Refusal>(answer.payload);
    if (!refusal) return fault("its process sent a wrong answer");
    return ProcessFailure{Kind::kRefused, std::move(*refusal)};
}

Result<plugin::Listing, ProcessFailure> PluginProcess::exchange_listing(FrameType type,
                                                                        const std::string& payload,
                                                                        const std::string& doing) {
    auto answer = exchange(type, payload, kOrderLimit, doing);
    if (!answer) return answer.error();
    auto listing = answer->type == FrameType::kTools
                       ? plugin::decode<plugin::Listing>(answer->payload)
                       : std::nullopt;
    if (!listing) return fault("its process sent a wrong answer");
    return std::move(*listing);
}

Result<plugin::Listing, ProcessFailure> PluginProcess::create(
    const plugin::InstanceOptions& options) {
    return exchange_listing(FrameType::kCreate, plugin::encode(options), "return from create");
}

Result<plugin::Listing, ProcessFailure> PluginProcess::list_tools() {
    return exchange_listing(FrameType::kListTools, {}, "list its tools");
}

Result<void, ProcessFailure> PluginProcess::reconfigure(const std::string& config) {
    auto answer =
        exchange(FrameType::kReconfigure, config, kOrderLimit, "take its new configuration");
    if (!answer) return answer.error();
    return {};
}

Result<std::string, ProcessFailure> PluginProcess::run_hook(plugin::Hook hook,
                                                            const std::string& input) {
    static constexpr const char* kNames[] = {"begin", "system_prompt", "remind", "carry", "tasks"};
    auto answer =
        exchange(FrameType::kHook, plugin::encode(plugin::HookCall{hook, input}), kHookLimit,
                 "return from the hook " + std::string(kNames[static_cast<std::size_t>(hook)]));
    if (!answer) return answer.error();
    return std::move(answer->payload);
}

Result<void, ProcessFailure> PluginProcess::close() {
    const Lock order(one_order_);
    {
        const Lock lock(mutex_);
        is_closing_ = true;
    }
    send(FrameType::kDestroy, 0, {});
    const auto deadline = Clock::now() + kOrderLimit;
    Lock lock(mutex_);
    while (!end_) {
        if (!killed_for_.empty()) {
            changed_.wait(lock);
        } else if (!changed_.wait_until(lock, deadline) && !end_) {
            lock.unlock();
            kill("did not return from destroy within " + seconds_text(kOrderLimit));
            lock.lock();
        }
    }
    if (end_->empty()) return {};
    return failure();
}

ProcessFailure PluginProcess::failure() const {
    if (no_start_) return *no_start_;
    ProcessFailure failure = fault("it " + *end_);
    if (was_killed_by_others_) failure.kind = Kind::kKilled;
    return failure;
}

/// The first reason is the one that is reported.
void PluginProcess::kill(const std::string& reason) {
    {
        const Lock lock(mutex_);
        if (killed_for_.empty()) killed_for_ = reason;
        signal_end();
    }
    ::eventfd_write(wake_.get(), 1);
}

/// The process that supervises a plugin first ends what the plugin has started.
void PluginProcess::signal_end() {
    if (pid_ <= 0) return;
    if (is_supervised_ && !was_asked_to_end_) {
        ::kill(pid_, SIGTERM);
        ::kill(pid_, SIGCONT);
    } else {
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
    }
    was_asked_to_end_ = true;
    kill_again_ = Clock::now() + kSupervisorPatience;
}

// ---------------------------------------------------------------- calls

PluginProcess::Outcome PluginProcess::invoke(const std::string& tool, const std::string& arguments,
                                             plugin::CallPort& port, Milliseconds limit) {
    Call call{};
    call.port = &port;
    plugin::Invocation invocation{tool, arguments, 0};
    if (limit.count() > 0) {
        call.deadline = Clock::now() + limit;
        invocation.deadline_ns = static_cast<std::uint64_t>(
            std::chrono::nanoseconds(call.deadline->time_since_epoch()).count());
    }
    const std::string payload = plugin::encode(invocation);
    if (payload.size() > plugin::kMaxMessageBytes) {
        port.write("Error: the arguments are longer than a plugin can receive");
        return {TENON_BAD_ARGS};
    }
    std::uint32_t id = 0;
    {
        const Lock lock(mutex_);
        if (end_) return {TENON_FAULT, end_};
        do {
            id = ++last_call_;
        } while (id == 0 || calls_.count(id) > 0);
        calls_[id] = &call;
    }
    send(FrameType::kInvoke, id, payload);
    {
        const std::stop_callback wake(port.stop(), [&] {
            const Lock lock(mutex_);
            call.changed.notify_all();
        });
        Lock lock(mutex_);
        while (!call.returned && !end_) {
            if (!call.cancelled && port.stop().stop_requested()) {
                call.cancelled = true;
                call.left.reset();
                call.deadline = Clock::now() + kCancelLimit;
                lock.unlock();
                send(FrameType::kCancel, id, {});
                lock.lock();
            } else if (!call.deadline || !killed_for_.empty()) {
                call.changed.wait(lock);
            } else if (!call.changed.wait_until(lock, *call.deadline) && !call.returned && !end_ &&
                       call.deadline && Clock::now() >= *call.deadline) {
                const std::string reason =
                    call.cancelled ? "did not return within " + seconds_text(kCancelLimit) +
                                         " after the call was cancelled"
                                   : "did not return within " + seconds_text(limit);
                call.hangs = true;
                if (killed_for_.empty()) hanging_tool_ = tool;
                lock.unlock();
                kill(reason);
                lock.lock();
            }
        }
    }
    // The port ends with this function: no request may use it any more.
    Lock lock(mutex_);
    calls_.erase(id);
    if (call.open_requests > 0) {
        lock.unlock();
        port.abandon();
        lock.lock();
    }
    while (call.open_requests > 0)
        call.changed.wait(lock);
    if (call.returned) return {call.rc};
    if (!hanging_tool_.empty() && !call.hangs)
        return {TENON_FAULT, "was ended, since its call of " + hanging_tool_ + " " + *end_};
    return {TENON_FAULT, end_};
}

// ---------------------------------------------------------------- the thread of the process

/// The kernel ends the process when this thread ends (PR_SET_PDEATHSIG), so this thread starts it
/// and stays until it has been reaped.
void PluginProcess::run(const std::filesystem::path& program, Streams streams) {
    if (auto failed = spawn(program, streams)) {
        const Lock lock(mutex_);
        no_start_ = std::move(failed);
        end_ = "could not be started";
        changed_.notify_all();
        return;
    }
    read_until_it_ends(streams.output);
    await_exit(streams.output);
}

std::optional<ProcessFailure> PluginProcess::spawn(const std::filesystem::path& program,
                                                   Streams& streams) {
    SpawnOptions options;
    options.use(streams.their_socket.get(), streams.their_output.get(),
                is_folder(workspace_) ? workspace_ : "/");
    std::vector<std::string> words = {program.string(), std::to_string(::getpid())};
    std::vector<std::string> variables = environment_of_plugin(state_dir_);
    const Lock lock(mutex_);
    if (!killed_for_.empty()) return fault("it " + killed_for_);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, program.c_str(), &options.actions, &options.attributes,
                                     pointers_to(words).data(), pointers_to(variables).data());
    // What only the process holds closes when it ends.
    streams.their_socket.reset();
    streams.their_output.reset();
    if (failed == 0) {
        pid_ = pid;
        return std::nullopt;
    }
    if (is_shortage(failed)) return shortage("start a process for the plugin " + id_, failed);
    return ProcessFailure{
        Kind::kRefused,
        {Error::from_errno("start " + program.string(), failed).message,
         "install Tenon again: this program belongs to it and runs third-party plugins"}};
}

int PluginProcess::until_next_kill() {
    const Lock lock(mutex_);
    if (kill_again_ && Clock::now() >= *kill_again_) signal_end();
    return kill_again_ ? milliseconds_until(*kill_again_) : -1;
}

void PluginProcess::read_until_it_ends(UniqueFd& output) {
    for (;;) {
        const auto events = static_cast<short>(writer_.kept() > 0 ? POLLIN | POLLOUT : POLLIN);
        pollfd entries[3] = {
            {socket_.get(), events, 0}, {wake_.get(), POLLIN, 0}, {output.get(), POLLIN, 0}};
        if (::poll(entries, 3, until_next_kill()) < 0) continue;  // EINTR
        if (entries[1].revents != 0) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
        }
        if ((entries[0].revents & POLLOUT) != 0) writer_.flush();
        if (entries[2].revents != 0) read_output(output);
        if ((entries[0].revents & ~POLLOUT) != 0 && !read_messages()) return;
    }
}

/// False when the connection has ended. Uses read(2), which takes no descriptors from the plugin.
bool PluginProcess::read_messages() {
    char buffer[64U << 10U];
    const ssize_t n = ::read(socket_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) return false;
    reader_.take({buffer, static_cast<std::size_t>(n)});
    for (;;) {
        auto message = reader_.next();
        std::optional<std::string> flaw;
        if (!message) {
            flaw = message.error().message;
        } else if (!*message) {
            return true;
        } else {
            flaw = take(std::move(**message));
        }
        if (flaw) {
            kill("broke the protocol with the host: " + *flaw);
            return false;
        }
    }
}

void PluginProcess::read_output(UniqueFd& output) {
    char buffer[64U << 10U];
    const ssize_t n = ::read(output.get(), buffer, sizeof buffer);
    if (n > 0) {
        printed_.take({buffer, static_cast<std::size_t>(n)}, Clock::now());
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        output.reset();
    }
}

/// A supervisor that was asked to end its processes keeps its time.
PluginProcess::Clock::time_point PluginProcess::patience_with_supervisor() {
    const Lock lock(mutex_);
    return is_supervised_ && kill_again_ ? *kill_again_ : Clock::time_point::min();
}

void PluginProcess::await_exit(UniqueFd& output) {
    const pid_t process_id = pid();
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, process_id, 0)));
    auto until = Clock::now() + kExitPatience;
    if (!process) kill(kClosed);  // nothing shows when it ends
    while (process) {
        pollfd entries[2] = {{process.get(), POLLIN, 0}, {output.get(), POLLIN, 0}};
        const int ready = ::poll(entries, 2, milliseconds_until(until));
        if (ready > 0 && entries[0].revents != 0) break;
        if (ready > 0 && entries[1].revents != 0) read_output(output);
        if (Clock::now() < until) continue;
        if (const auto later = patience_with_supervisor(); later > Clock::now()) {
            until = later;
            continue;
        }
        kill(kClosed);
        until = Clock::now() + kSupervisorPatience;
    }
    siginfo_t ignored{};
    while (::waitid(P_PID, static_cast<id_t>(process_id), &ignored, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    // What it has printed at last. Without a limit, a process that it has left could print for
    // ever.
    for (int piece = 0; piece < 16 && output; ++piece)
        read_output(output);
    printed_.finish(Clock::now());
    const Lock lock(mutex_);
    int status = 0;
    ::waitpid(process_id, &status, 0);
    pid_ = 0;  // from now on the number may be that of another process
    record_end(status);
}

void PluginProcess::record_end(int status) {
    // A supervisor ends as the plugin did, also when the host has lost patience meanwhile.
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!killed_for_.empty() && (killed_for_ != kClosed || was_killed || status == 0)) {
        end_ = killed_for_;
    } else if (is_closing_ && status == 0) {
        end_.emplace();
    } else {
        end_ = end_text(status);
        was_killed_by_others_ = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    changed_.notify_all();
    for (const auto& [id, call] : calls_)
        call->changed.notify_all();
}

/// A text says how the message breaks the rules.
std::optional<std::string> PluginProcess::take(Message message) {
    switch (message.type) {
        case FrameType::kWrite:
        case FrameType::kProgress:
        case FrameType::kResult:
            return take_of_call(message);
        case FrameType::kRequest:
            return take_request(message);
        case FrameType::kLog:
            log(message);
            return std::nullopt;
        default:
            return take_answer(std::move(message));
    }
}

std::optional<std::string> PluginProcess::take_answer(Message message) {
    const Lock lock(mutex_);
    if (!awaits_answer_ || answer_) return "an answer to no question";
    answer_ = std::move(message);
    changed_.notify_all();
    return std::nullopt;
}

std::optional<std::string> PluginProcess::take_of_call(const Message& message) {
    Call* call = nullptr;
    {
        const Lock lock(mutex_);
        if (const auto found = calls_.find(message.id); found != calls_.end()) call = found->second;
    }
    if (call == nullptr) return "a message of a call that does not exist";
    // The call stays until it has returned, which only this thread can make known.
    if (message.type == FrameType::kWrite) {
        call->port->write(message.payload);
    } else if (message.type == FrameType::kProgress) {
        call->port->progress(message.payload);
    } else {
        const auto rc = plugin::decode_code(message.payload);
        if (!rc) return "a result without a code";
        const Lock lock(mutex_);
        call->rc = *rc;
        call->returned = true;
        calls_.erase(message.id);
        call->changed.notify_all();
    }
    return std::nullopt;
}

void PluginProcess::log(const Message& message) {
    auto line = plugin::decode<plugin::LogLine>(message.payload);
    if (!line) return;
    const auto now = Clock::now();
    if (const std::size_t left_out = logged_.take_left_out(now); left_out > 0)
        host_.log(TENON_LOG_WARNING,
                  "logged " + std::to_string(left_out) + " more bytes, left out here");
    if (logged_.admits(line->message.size(), now)) host_.log(line->level, line->message);
}

// ---------------------------------------------------------------- requests of the plugin

std::optional<std::string> PluginProcess::take_request(const Message& message) {
    if (writer_.kept() > kMaxKeptBytes) return "it does not read the answers to its requests";
    auto request = plugin::decode<plugin::ServiceCall>(message.payload);
    if (!request) return "a malformed request";
    Call* call = nullptr;
    plugin::ServiceAnswer refusal;
    {
        const Lock lock(mutex_);
        const auto found = calls_.find(request->call);
        if (request->call != 0 && found == calls_.end()) {
            refusal = {TENON_FAILED, "the call that asks has ended"};
        } else if (open_requests_ >= plugin::kMaxOpenRequests) {
            refusal = {TENON_BUSY, "the plugin has too many open requests; wait for one of them"};
        } else {
            ++open_requests_;
            call = request->call != 0 ? found->second : nullptr;
            if (call != nullptr && ++call->open_requests == 1 && call->deadline &&
                !call->cancelled) {
                call->left = *call->deadline - Clock::now();
                call->deadline.reset();
                call->changed.notify_all();
            }
        }
    }
    if (refusal.rc == TENON_OK) {
        if (services_.run([this, id = message.id, asked = std::move(*request), call] {
                serve(id, asked, call);
            }))
            return std::nullopt;
        request_ended(call);
        refusal = {TENON_BUSY, "the host has no thread for this request; try again later"};
    }
    send(FrameType::kReply, message.id, plugin::encode(refusal));
    return std::nullopt;
}

void PluginProcess::serve(std::uint32_t id, const plugin::ServiceCall& request, Call* call) {
    plugin::ServiceAnswer answer;
    answer.rc = call != nullptr
                    ? call->port->request(request.method, request.params, request.body, answer.out)
                    : host_.request(request.method, request.params, request.body, answer.out);
    UniqueFd descriptor = descriptor_in(request, answer);
    std::string payload = plugin::encode(answer);
    if (payload.size() > plugin::kMaxMessageBytes)
        payload = plugin::encode(plugin::ServiceAnswer{TENON_FAILED, "the answer is too long"});
    request_ended(call);  // before the plugin can send its next request, or return
    send(FrameType::kReply, id, payload, std::move(descriptor));
}

void PluginProcess::request_ended(Call* call) {
    const Lock lock(mutex_);
    --open_requests_;
    if (call == nullptr) return;
    if (--call->open_requests == 0 && call->left) {
        call->deadline = Clock::now() + *call->left;
        call->left.reset();
    }
    call->changed.notify_all();
}

}  // namespace tenon::plugins
