#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/unique_fd.h"
#include "host/plugin/frame.h"
#include "host/plugin/wire.h"
#include "host/plugins/log_allowance.h"
#include "host/plugins/service_threads.h"

namespace tenon::plugins {

/// Why a process does not do what it should.
struct ProcessFailure {
    enum class Kind {
        kRefused,   ///< the plugin, or tenon-plugin-host, says no
        kFault,     ///< it crashed, ended, hung or broke the protocol
        kKilled,    ///< somebody else killed it, or memory ran out
        kShortage,  ///< this machine lacks something for a process
    };
    Kind kind = Kind::kFault;
    plugin::Refusal refusal;
};

/// One tenon-plugin-host with one plugin. Orders and calls block until they are answered; a process
/// that takes longer than it may is killed. After a fault the object is useless: nothing restarts
/// the process here. Thread-safe, with what plugin::Instance says about calls that may overlap.
class PluginProcess {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// Starts `program` and has it open the library of `order`. `host` receives what the plugin
    /// logs, prints and requests, on threads of this object, and outlives it. Blocks for
    /// kOrderLimit at most.
    static Result<std::shared_ptr<PluginProcess>, ProcessFailure> start(
        const std::filesystem::path& program, const plugin::LoadOrder& order,
        plugin::HostPort& host);
    /// Kills the process if `close` was not called. Blocks until it and its children are gone, and
    /// until its open requests have ended.
    ~PluginProcess();
    PluginProcess(const PluginProcess&) = delete;
    PluginProcess& operator=(const PluginProcess&) = delete;

    [[nodiscard]] const plugin::Hello& hello() const { return hello_; }
    [[nodiscard]] pid_t pid() const;

    /// Creates the instance of this process; once.
    Result<plugin::Listing, ProcessFailure> create(const plugin::InstanceOptions& options);
    Result<plugin::Listing, ProcessFailure> list_tools();
    Result<void, ProcessFailure> reconfigure(const std::string& config);
    Result<std::string, ProcessFailure> run_hook(plugin::Hook hook, const std::string& input);
    /// Has the instance destroyed, and waits until the process has ended. Kills it after
    /// kOrderLimit. The Failure says how it ended, when that was not in order.
    Result<void, ProcessFailure> close();

    /// What became of a call: `rc` of the plugin, or the fault that ended the process, such as
    /// "crashed (SIGSEGV)".
    struct Outcome {
        tenon_rc rc = TENON_FAULT;
        std::optional<std::string> fault = {};
    };
    /// `limit` does not count while a request of the call is open; 0: there is none. After a stop
    /// the plugin has kCancelLimit.
    Outcome invoke(const std::string& tool, const std::string& arguments, plugin::CallPort& port,
                   Milliseconds limit);

    /// How the process ended; none while it runs.
    [[nodiscard]] std::optional<std::string> end() const;

    static constexpr std::chrono::seconds kOrderLimit{5};
    static constexpr std::chrono::seconds kHookLimit{1};
    static constexpr std::chrono::seconds kCancelLimit{5};

private:
    using Clock = std::chrono::steady_clock;
    struct Call;
    struct Streams;

    PluginProcess(plugin::HostPort& host, const plugin::LoadOrder& order, UniqueFd socket,
                  UniqueFd wake);
    Result<plugin::Message, ProcessFailure> exchange(plugin::FrameType type,
                                                     const std::string& payload, Milliseconds limit,
                                                     const std::string& doing);
    Result<plugin::Listing, ProcessFailure> exchange_listing(plugin::FrameType type,
                                                             const std::string& payload,
                                                             const std::string& doing);
    void send(plugin::FrameType type, std::uint32_t id, std::string_view payload,
              UniqueFd descriptor = UniqueFd());
    void kill(const std::string& reason);
    void signal_end() TENON_REQUIRES(mutex_);
    [[nodiscard]] ProcessFailure failure() const TENON_REQUIRES(mutex_);
    void await_end(Call& call, plugin::CallPort& port, const std::string& tool);

    // On the thread of the process, which starts it, reads from it and reaps it.
    void run(const std::filesystem::path& program, Streams streams);
    std::optional<ProcessFailure> spawn(const std::filesystem::path& program, Streams& streams);
    void read_until_it_ends(UniqueFd& output);
    bool read_messages();
    void read_output(UniqueFd& output);
    void await_exit(UniqueFd& output);
    int until_next_kill();
    void record_end(int status) TENON_REQUIRES(mutex_);
    std::optional<std::string> take(plugin::Message message);
    std::optional<std::string> take_answer(plugin::Message message);
    std::optional<std::string> take_of_call(const plugin::Message& message);
    std::optional<std::string> take_request(const plugin::Message& message);
    void log(const plugin::Message& message);

    // On the threads of requests.
    void serve(std::uint32_t id, const plugin::ServiceCall& request, Call* call);
    void request_ended(Call* call);
    Clock::time_point patience_with_supervisor();

    plugin::HostPort& host_;
    const std::string id_, state_dir_, workspace_;
    const bool is_supervised_;  // by a process of its own, which ends the plugin's processes
    const UniqueFd socket_;
    const UniqueFd wake_;  // makes the thread of the process look again
    plugin::FrameWriter writer_;
    plugin::Hello hello_;
    PrintedLines printed_;
    LogAllowance logged_;

    Mutex one_order_;
    mutable Mutex mutex_;
    Condition changed_;                       // for orders
    pid_t pid_ TENON_GUARDED_BY(mutex_) = 0;  // 0: not running
    bool is_closing_ TENON_GUARDED_BY(mutex_) = false;
    bool was_asked_to_end_ TENON_GUARDED_BY(mutex_) = false;
    std::string killed_for_ TENON_GUARDED_BY(mutex_);
    std::string hanging_tool_ TENON_GUARDED_BY(mutex_);  // of the call that hung
    std::optional<Clock::time_point> kill_again_ TENON_GUARDED_BY(mutex_);
    std::optional<std::string> end_ TENON_GUARDED_BY(mutex_);
    bool was_killed_by_others_ TENON_GUARDED_BY(mutex_) = false;
    std::optional<ProcessFailure> no_start_ TENON_GUARDED_BY(mutex_);
    bool awaits_answer_ TENON_GUARDED_BY(mutex_) = false;
    std::optional<plugin::Message> answer_ TENON_GUARDED_BY(mutex_);
    std::map<std::uint32_t, Call*> calls_ TENON_GUARDED_BY(mutex_);
    std::uint32_t last_call_ TENON_GUARDED_BY(mutex_) = 0;
    std::size_t open_requests_ TENON_GUARDED_BY(mutex_) = 0;

    plugin::FrameReader reader_{plugin::FrameSender::kPlugin};
    ServiceThreads services_;
    std::thread thread_;
};

/// The environment of a plugin's process: what programs need to find files and to speak the user's
/// language, and nothing of what the host's own environment may hold of credentials.
std::vector<std::string> environment_of_plugin(const std::string& state_dir);

}  // namespace tenon::plugins
