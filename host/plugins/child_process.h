#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/frame.h"
#include "host/plugin/printed_lines.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// Why a process does not do what it should.
struct ProcessFailure {
    enum class Kind {
        kRefused,    ///< the plugin, or tenon-plugin-host, says no
        kFault,      ///< it crashed, ended, hung or broke the protocol
        kKilled,     ///< somebody else killed it, or memory ran out
        kShortage,   ///< this machine lacks something for a process
        kCancelled,  ///< who has asked for it does not want it any more
    };
    Kind kind = Kind::kFault;
    plugin::Refusal refusal;

    /// `what` is said of the process, such as "it crashed (SIGSEGV)".
    static ProcessFailure fault(std::string what);
};

/// How a process came to its end.
struct ProcessEnd {
    std::string how;                        ///< such as "crashed (SIGSEGV)"; empty: in order
    std::optional<ProcessFailure> failure;  ///< none: it ended in order
};

/// One process of tenon-plugin-host: starts it, sends and receives its messages, collects what it
/// prints, kills it and reaps it. What the messages mean is the business of its owner. Thread-safe.
class ChildProcess {
public:
    struct Options {
        std::filesystem::path program;  ///< tenon-plugin-host
        std::string id;                 ///< of the plugin, for messages and the thread's name
        std::string state_dir, workspace;
        bool is_supervised = false;  ///< by a process of its own, which ends the plugin's processes
    };

    /// Called on the thread of the process, one call at a time.
    class Owner {
    public:
        /// A text says how the message breaks the rules. The process is then killed for it.
        virtual std::optional<std::string> take(plugin::Message message) = 0;
        /// Lines that the process has printed; one may be a remark about what was left out.
        virtual void printed(const std::vector<plugin::PrintedLines::Line>& lines) = 0;
        /// The process has ended and was reaped, or could not be started. Nothing follows.
        virtual void ended(ProcessEnd end) = 0;

    protected:
        ~Owner() = default;
    };

    /// Makes the descriptors; nothing runs yet.
    static Result<std::unique_ptr<ChildProcess>, ProcessFailure> prepare(Options options);
    /// As `stop`.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// Starts the process on a thread of its own; once. `owner` outlives the call of `stop`. What
    /// fails later, such as a program that is missing, is passed to Owner::ended.
    Result<void, ProcessFailure> start(Owner& owner);
    /// Kills the process if it runs, and blocks until it has ended.
    void stop();

    /// Sends a message; what the process does not read yet is kept in memory. Never blocks.
    void send(plugin::FrameType type, std::uint32_t id, std::string_view payload,
              UniqueFd descriptor = UniqueFd());
    /// The bytes that are kept.
    [[nodiscard]] std::size_t unsent_bytes() const { return writer_.kept(); }

    /// Kills the process, with what it has started, for `reason` ("did not return within 5 s"),
    /// which becomes its end. Without effect after the first time. Does not block.
    void kill(const std::string& reason);
    /// From now on an exit with status 0 is in order.
    void expect_end();
    /// 0: not running.
    [[nodiscard]] pid_t pid() const;
    /// Whether nobody can find the process any more; Owner::ended is called soon, or was called.
    [[nodiscard]] bool is_reaped() const { return is_reaped_.load(); }

private:
    using Clock = std::chrono::steady_clock;
    struct Descriptors;

    ChildProcess(Options options, Descriptors descriptors);

    // On the thread of the process.
    void run();
    std::optional<ProcessFailure> spawn();
    void read_until_it_ends();
    enum class Reading { kGoesOn, kNothingNow, kEnded };
    Reading read_messages();
    void read_last_messages();
    void read_output();
    ProcessEnd await_exit();
    int until_next_signal();
    Clock::time_point patience_with_supervisor();

    void insist_on_end();
    void signal_end() TENON_REQUIRES(mutex_);
    [[nodiscard]] ProcessEnd end_of(int status) const TENON_REQUIRES(mutex_);

    const Options options_;
    const UniqueFd socket_;
    const UniqueFd wake_;  // makes the thread of the process look again
    // Of the thread of the process, once it runs.
    UniqueFd their_socket_, output_, their_output_;
    UniqueFd process_;  // shows when the process has ended
    plugin::FrameWriter writer_;
    plugin::FrameReader reader_{plugin::FrameSender::kPlugin};
    Owner* owner_ = nullptr;  // set before the thread starts
    plugin::PrintedLines printed_;

    mutable Mutex mutex_;
    pid_t pid_ TENON_GUARDED_BY(mutex_) = 0;
    bool expects_end_ TENON_GUARDED_BY(mutex_) = false;
    bool was_asked_to_end_ TENON_GUARDED_BY(mutex_) = false;
    std::string killed_for_ TENON_GUARDED_BY(mutex_);
    std::optional<Clock::time_point> signal_again_ TENON_GUARDED_BY(mutex_);
    std::atomic<bool> is_reaped_{false};
    std::thread thread_;
};

/// The environment of a plugin's process: what programs need to find files and to speak the user's
/// language, and nothing of what the host's own environment may hold of credentials.
std::vector<std::string> environment_of_plugin(const std::string& state_dir);

}  // namespace tenon::plugins
