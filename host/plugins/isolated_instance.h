#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/mutex.h"
#include "host/plugin/confinement.h"
#include "host/plugin/instance.h"
#include "host/plugins/known_plugins.h"
#include "host/plugins/plugin_process.h"

namespace tenon::plugins {

/// How the process of an isolated plugin is started.
struct IsolatedOptions {
    std::string id;
    std::filesystem::path program;  ///< tenon-plugin-host
    /// Makes the file that is opened, once, before the first start.
    std::function<Result<std::filesystem::path, plugin::Refusal>()> library;
    plugin::Confinement confinement;  ///< without `library`
    std::vector<std::string> needs;   ///< as the plugin's note states them
    std::size_t grants = 0;           ///< how many the configuration has
    std::string workspace;
    std::chrono::milliseconds call_timeout{};  ///< 0: none
    std::size_t max_result_bytes = 0;
    const Secrets* secrets = nullptr;  ///< removed from what it prints; null: there are none
    /// The configuration as JSON, checked against the schema that the plugin states.
    std::function<Result<std::string, plugin::Refusal>(std::string_view schema)> config;
    /// Receives what a start has shown, when it is not what was known.
    std::function<void(const KnownPlugin&)> learned;
};

/// An instance whose code runs in a tenon-plugin-host. The process is started when it is needed: at
/// once if the tools are not known, else at the first call or hook. After a fault (a crash, an
/// exit, a hang) the call that was running gets the reason (CallPort::fail), and the next one
/// starts a new process: at once after the first fault, after kBackoff when another one was less
/// than a minute ago. After the third fault in a minute the instance is disabled. Thread-safe as
/// plugin::Instance says.
class IsolatedInstance final : public plugin::Instance {
public:
    /// With `known`, whose configuration must be the same, nothing is started. `host` outlives the
    /// instance.
    static Result<std::unique_ptr<IsolatedInstance>, ProcessFailure> open(
        IsolatedOptions options, std::optional<KnownPlugin> known, plugin::HostPort& host);
    /// Blocks while the plugin destroys its instance, for PluginProcess::kOrderLimit at most.
    ~IsolatedInstance() override;
    IsolatedInstance(const IsolatedInstance&) = delete;
    IsolatedInstance& operator=(const IsolatedInstance&) = delete;

    [[nodiscard]] const std::vector<plugin::ToolDeclaration>& tools() const override {
        return tools_;
    }
    tenon_rc invoke(const std::string& tool, const std::string& arguments,
                    plugin::CallPort& call) override;
    std::string run_hook(plugin::Hook hook, const std::string& input) override;
    [[nodiscard]] bool has_hook(plugin::Hook hook) const override;
    Result<void> reconfigure(const std::string& config) override;
    Result<void, plugin::Refusal> refresh_tools() override;
    [[nodiscard]] std::string hint(std::string_view own_words) const override;
    [[nodiscard]] bool disabled() const override { return disabled_.load(); }

    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::string& config_schema() const { return config_schema_; }
    /// The configuration of the next process.
    [[nodiscard]] std::string config() const;
    /// The process; 0: none is running.
    [[nodiscard]] pid_t process() const;

    static constexpr std::size_t kMaxFaults = 3;
    static constexpr std::chrono::minutes kFaultPeriod{1};
    static constexpr std::chrono::seconds kBackoff{1};

private:
    using Clock = std::chrono::steady_clock;
    using Process = std::shared_ptr<PluginProcess>;
    /// What a fresh process needs to know of the past.
    struct Past {
        std::string config;
        std::string begin_input;
        bool has_begun = false;
    };

    IsolatedInstance(IsolatedOptions options, plugin::HostPort& host)
        : options_(std::move(options)), host_(host) {}

    Result<Process, std::string> running_process(const std::stop_token& stop);
    Result<Process, std::string> start_again(Past past, const std::stop_token& stop);
    Result<Process, ProcessFailure> start(Past past, const std::stop_token& stop);
    Result<Process, ProcessFailure> start_confined(const std::stop_token& stop);
    [[nodiscard]] bool waits_for_restart() const;
    Result<void, ProcessFailure> begin(PluginProcess& process, const Past& past) const;
    Result<void, plugin::Refusal> make_library();
    void learn(const std::string& config, PluginProcess& process, const plugin::Listing& listing);
    void learn_statement(const PluginProcess& process);
    void record_fault(const Process& process, const std::string& what);
    void remember_fault(const ProcessFailure& failure);
    std::string count_fault(const std::string& what) TENON_REQUIRES(mutex_);
    [[nodiscard]] std::string why_disabled() const;

    const IsolatedOptions options_;
    plugin::HostPort& host_;
    std::string version_, config_schema_;
    std::vector<plugin::ToolDeclaration> tools_;  // changed only while no call runs
    std::atomic<unsigned> hooks_{0};              // one bit each
    std::optional<KnownPlugin> known_;            // used by the thread that starts a process
    std::string library_;                         // likewise; empty: not made yet

    mutable Mutex mutex_;
    Condition changed_;
    Process process_ TENON_GUARDED_BY(mutex_);
    bool is_starting_ TENON_GUARDED_BY(mutex_) = false;
    Past past_ TENON_GUARDED_BY(mutex_);
    std::deque<Clock::time_point> faults_ TENON_GUARDED_BY(mutex_);
    Clock::time_point not_before_ TENON_GUARDED_BY(mutex_){};
    std::atomic<bool> disabled_{false};
};

}  // namespace tenon::plugins
