#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/plugin/frame.h"
#include "host/plugin/log_allowance.h"
#include "host/plugin/wire.h"
#include "host/plugins/child_process.h"
#include "host/plugins/service_threads.h"

namespace tenon::plugins {

/// One tenon-plugin-host with one plugin. Orders and calls block until they are answered; a process
/// that takes longer than it may is killed. After a fault the object is useless: nothing restarts
/// the process here. Thread-safe, with what plugin::Instance says about calls that may overlap.
class PluginProcess final : private ChildProcess::Owner {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// Starts `program` and has it open the library of `order`. `host` receives what the plugin
    /// logs, prints and requests, on threads of this object, and outlives it, as do `secrets`,
    /// which are removed from what it prints; null: there are none. Blocks for kOrderLimit at most.
    /// After a stop, the process is killed at once.
    static Result<std::shared_ptr<PluginProcess>, ProcessFailure> start(
        const std::filesystem::path& program, const plugin::LoadOrder& order,
        plugin::HostPort& host, const Secrets* secrets = nullptr, std::stop_token stop = {});
    /// Kills the process if `close` was not called. Blocks until it and its children are gone, and
    /// until its open requests have ended.
    ~PluginProcess();
    PluginProcess(const PluginProcess&) = delete;
    PluginProcess& operator=(const PluginProcess&) = delete;

    [[nodiscard]] const plugin::Hello& hello() const { return hello_; }
    [[nodiscard]] pid_t pid() const { return child_->pid(); }

    /// Creates the instance of this process; once. After a stop, the process is killed at once.
    Result<plugin::Listing, ProcessFailure> create(const plugin::InstanceOptions& options,
                                                   std::stop_token stop = {});
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
    /// The call for which the process was killed, and why.
    struct Hang {
        std::string tool, reason;
    };

    PluginProcess(plugin::HostPort& host, const Secrets* secrets,
                  std::unique_ptr<ChildProcess> child);
    Result<plugin::Message, ProcessFailure> exchange(plugin::FrameType type,
                                                     const std::string& payload, Milliseconds limit,
                                                     const std::string& doing,
                                                     std::stop_token stop = {});
    Result<plugin::Listing, ProcessFailure> exchange_listing(plugin::FrameType type,
                                                             const std::string& payload,
                                                             const std::string& doing,
                                                             std::stop_token stop = {});
    [[nodiscard]] ProcessFailure failure() const TENON_REQUIRES(mutex_);
    void await_return(Call& call, std::uint32_t id, const std::string& tool, Milliseconds limit);

    // On the thread of the process.
    std::optional<std::string> take(plugin::Message message) override;
    void printed(const std::vector<plugin::PrintedLines::Line>& lines) override;
    void ended(ProcessEnd end) override;
    std::optional<std::string> take_answer(plugin::Message message);
    std::optional<std::string> take_of_call(const plugin::Message& message);
    std::optional<std::string> take_request(const plugin::Message& message);
    void log(const plugin::Message& message);
    void log_left_out(std::size_t bytes);

    // On the threads of requests.
    void serve(std::uint32_t id, const plugin::ServiceCall& request, Call* call);
    void request_ended(Call* call);

    plugin::HostPort& host_;
    const Secrets* const secrets_;
    plugin::Hello hello_;
    plugin::LogAllowance logged_;  // of the thread of the process

    Mutex one_order_;
    mutable Mutex mutex_;
    mutable Condition changed_;  // for orders
    std::optional<ProcessEnd> end_ TENON_GUARDED_BY(mutex_);
    std::optional<Hang> hang_ TENON_GUARDED_BY(mutex_);
    bool awaits_answer_ TENON_GUARDED_BY(mutex_) = false;
    std::optional<plugin::Message> answer_ TENON_GUARDED_BY(mutex_);
    std::map<std::uint32_t, Call*> calls_ TENON_GUARDED_BY(mutex_);
    std::uint32_t last_call_ TENON_GUARDED_BY(mutex_) = 0;
    std::size_t open_requests_ TENON_GUARDED_BY(mutex_) = 0;

    const std::unique_ptr<ChildProcess> child_;
    ServiceThreads services_;  // use child_
};

}  // namespace tenon::plugins
