#include "host/plugins/isolated_instance.h"

#include <algorithm>
#include <utility>

#include "host/base/json.h"
#include "host/base/utf8.h"
#include "host/plugin/running.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/grants.h"

namespace tenon::plugins {
namespace {

using plugin::Hook;
using plugin::Refusal;
using Kind = ProcessFailure::Kind;

unsigned bit_of(Hook hook) {
    return 1U << static_cast<unsigned>(hook);
}

unsigned bits_of(const std::vector<Hook>& hooks) {
    unsigned bits = 0;
    for (const Hook hook : hooks)
        bits |= bit_of(hook);
    return bits;
}

ProcessFailure refused(Refusal refusal) {
    return {Kind::kRefused, std::move(refusal)};
}

/// Logs at its end, when no mutex is held any more.
class LogAfterwards {
public:
    explicit LogAfterwards(plugin::HostPort& host) : host_(host) {}
    ~LogAfterwards() {
        if (!text.empty()) host_.log(TENON_LOG_ERROR, text);
    }
    LogAfterwards(const LogAfterwards&) = delete;
    LogAfterwards& operator=(const LogAfterwards&) = delete;

    std::string text;

private:
    plugin::HostPort& host_;
};

/// The input of `begin` for a process that takes the place of another one.
std::string restarted(const std::string& begin_input) {
    Json json = json_or_null(begin_input);
    if (!json.is_object()) json = Json::object();
    json["reason"] = "restarted";
    return dump_json(json);
}

}  // namespace

Result<std::unique_ptr<IsolatedInstance>, ProcessFailure> IsolatedInstance::open(
    IsolatedOptions options, std::optional<KnownPlugin> known, plugin::HostPort& host) {
    std::unique_ptr<IsolatedInstance> instance(new IsolatedInstance(std::move(options), host));
    if (known) {
        auto config = instance->options_.config(known->config_schema);
        if (!config) return refused(config.error());
        if (content_hash(*config) == known->config_hash) {
            instance->version_ = known->version;
            instance->config_schema_ = known->config_schema;
            instance->tools_ = known->tools;
            instance->hooks_ = bits_of(known->hooks);
            instance->known_ = std::move(known);
            const Lock lock(instance->mutex_);
            instance->past_.config = std::move(*config);
            return instance;
        }
    }
    auto process = instance->start({}, {});
    if (!process) {
        instance->remember_fault(process.error());
        return process.error();
    }
    const Lock lock(instance->mutex_);
    instance->process_ = std::move(*process);
    return instance;
}

/// A file that breaks when it is loaded is not loaded again.
void IsolatedInstance::remember_fault(const ProcessFailure& failure) {
    if (failure.kind != Kind::kFault || !options_.learned) return;
    KnownPlugin broken;
    broken.refusal = failure.refusal;
    {
        const Lock lock(mutex_);
        if (!past_.config.empty()) broken.config_hash = content_hash(past_.config);
    }
    options_.learned(broken);
}

IsolatedInstance::~IsolatedInstance() {
    Process process;
    {
        const Lock lock(mutex_);
        process = std::move(process_);
    }
    if (!process) return;
    if (process->end()) {
        host_.log(TENON_LOG_WARNING, *process->end());
        return;
    }
    const plugin::WaitingForPlugin waiting(
        {options_.id.c_str(), "its function destroy", nullptr, nullptr});
    if (auto closed = process->close(); !closed)
        host_.log(TENON_LOG_WARNING, "at its end: " + closed.error().refusal.reason);
}

pid_t IsolatedInstance::process() const {
    const Lock lock(mutex_);
    return process_ ? process_->pid() : 0;
}

std::string IsolatedInstance::config() const {
    const Lock lock(mutex_);
    return past_.config;
}

bool IsolatedInstance::has_hook(Hook hook) const {
    return (hooks_.load() & bit_of(hook)) != 0;
}

std::string IsolatedInstance::hint(std::string_view own_words) const {
    return hint_of_confinement({options_.id, options_.needs, options_.grants, options_.workspace},
                               options_.confinement, own_words);
}

std::string IsolatedInstance::why_disabled() const {
    return "the plugin " + options_.id + " is disabled: it had " + std::to_string(kMaxFaults) +
           " faults within a minute";
}

// ---------------------------------------------------------------- the process

/// The process, or why there is none. Starts one if that is allowed now, or waits until it is.
Result<IsolatedInstance::Process, std::string> IsolatedInstance::running_process(
    const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    LogAfterwards log(host_);
    Process ended;  // destroyed after the mutex is free
    Lock lock(mutex_);
    for (;;) {
        if (disabled_) return why_disabled();
        if (process_ && !process_->end()) return process_;
        if (process_) {
            log.text = count_fault(*process_->end());
            ended = std::move(process_);
            process_.reset();
            continue;
        }
        if (stop.stop_requested()) return std::string("[interrupted]");
        if (is_starting_) {
            changed_.wait(lock);
        } else if (Clock::now() < not_before_) {
            changed_.wait_until(lock, not_before_);
        } else {
            break;
        }
    }
    is_starting_ = true;
    Past past = past_;
    lock.unlock();
    return start_again(std::move(past), stop);
}

Result<IsolatedInstance::Process, std::string> IsolatedInstance::start_again(
    Past past, const std::stop_token& stop) {
    auto started = start(std::move(past), stop);
    LogAfterwards log(host_);
    const Lock lock(mutex_);
    is_starting_ = false;
    changed_.notify_all();
    if (started) {
        process_ = *started;
        if (!past_.begin_input.empty()) past_.has_begun = true;
        return process_;
    }
    const ProcessFailure& failure = started.error();
    if (failure.kind == Kind::kFault || failure.kind == Kind::kKilled)
        log.text = count_fault(failure.refusal.reason);
    const Refusal& why = failure.refusal;
    return "the plugin " + options_.id + " does not start: " + why.reason +
           (why.remedy.empty() ? "" : " (" + why.remedy + ")");
}

Result<void, Refusal> IsolatedInstance::make_library() {
    if (!library_.empty()) return {};
    auto made = options_.library();
    if (!made) return made.error();
    library_ = made->string();
    return {};
}

Result<IsolatedInstance::Process, ProcessFailure> IsolatedInstance::start_confined(
    const std::stop_token& stop) {
    if (auto made = make_library(); !made) return refused(made.error());
    plugin::LoadOrder order;
    order.id = options_.id;
    order.confinement = options_.confinement;
    order.confinement.library = library_;
    order.max_result_bytes = options_.max_result_bytes;
    return PluginProcess::start(options_.program, order, host_, options_.secrets, stop);
}

/// Starts a process, creates the instance in it, and has it begin the session where there is one.
Result<IsolatedInstance::Process, ProcessFailure> IsolatedInstance::start(
    Past past, const std::stop_token& stop) {
    const plugin::WaitingForPlugin waiting({options_.id.c_str(), "its start", nullptr, nullptr});
    auto started = start_confined(stop);
    if (!started) return started.error();
    PluginProcess& process = **started;
    if (past.config.empty()) {
        auto config = options_.config(process.hello().config_schema);
        if (!config) {
            learn_statement(process);
            return refused(config.error());
        }
        past.config = std::move(*config);
        const Lock lock(mutex_);
        past_.config = past.config;
    }
    plugin::InstanceOptions options;
    options.id = options_.id;
    options.plugin_dir = options_.confinement.plugin_dir;
    options.workspace = options_.workspace;
    options.config = past.config;
    options.state_dir = options_.confinement.state_dir;
    auto listing = process.create(options, stop);
    if (!listing) {
        learn_statement(process);
        return listing.error();
    }
    learn(past.config, process, *listing);
    if (auto begun = begin(process, past); !begun) return begun.error();
    return started;
}

Result<void, ProcessFailure> IsolatedInstance::begin(PluginProcess& process,
                                                     const Past& past) const {
    if (past.begin_input.empty() || !has_hook(Hook::kBegin)) return {};
    auto begun = process.run_hook(Hook::kBegin,
                                  past.has_begun ? restarted(past.begin_input) : past.begin_input);
    if (!begun) return begun.error();
    return {};
}

/// Other tools than the known ones are taken up as if the plugin had said that they have changed.
void IsolatedInstance::learn(const std::string& config, PluginProcess& process,
                             const plugin::Listing& listing) {
    KnownPlugin now{utf8::repair(process.hello().version), process.hello().config_schema,
                    content_hash(config), listing.tools, listing.hooks};
    hooks_ = bits_of(now.hooks);
    if (!known_) {
        version_ = now.version;
        config_schema_ = now.config_schema;
        tools_ = now.tools;
    } else if (tools_ != now.tools) {
        host_.log(TENON_LOG_WARNING, "lists other tools than the last time");
        std::string answer;
        host_.request("tools.changed/1", "{}", {}, answer);
    }
    if (known_ == now) return;
    if (options_.learned) options_.learned(now);
    known_ = std::move(now);
}

/// For a plugin that is left out before it has listed its tools.
void IsolatedInstance::learn_statement(const PluginProcess& process) {
    if (known_ || !options_.learned) return;
    KnownPlugin stated;
    stated.version = utf8::repair(process.hello().version);
    stated.config_schema = process.hello().config_schema;
    stated.extent = KnownPlugin::Extent::kStatement;
    options_.learned(stated);
}

/// Several calls may report the end of one process; it counts once.
void IsolatedInstance::record_fault(const Process& process, const std::string& what) {
    LogAfterwards log(host_);
    Process ended;  // destroyed after the mutex is free
    const Lock lock(mutex_);
    if (process_ != process) return;
    ended = std::move(process_);
    process_.reset();
    log.text = count_fault(what);
}

/// Returns what to log.
std::string IsolatedInstance::count_fault(const std::string& what) {
    const auto now = Clock::now();
    while (!faults_.empty() && now - faults_.front() > kFaultPeriod)
        faults_.pop_front();
    faults_.push_back(now);
    if (faults_.size() >= kMaxFaults) disabled_ = true;
    not_before_ = faults_.size() > 1 ? now + kBackoff : now;
    changed_.notify_all();
    if (!disabled_) return what;
    return what + "; it is disabled after " + std::to_string(kMaxFaults) +
           " faults within a minute";
}

// ---------------------------------------------------------------- calls and hooks

tenon_rc IsolatedInstance::invoke(const std::string& tool, const std::string& arguments,
                                  plugin::CallPort& call) {
    const plugin::WaitingForPlugin waiting({options_.id.c_str(), nullptr, tool.c_str(), nullptr});
    auto process = running_process(call.stop());
    if (!process) {
        if (call.stop().stop_requested()) return TENON_CANCELLED;
        call.fail(process.error());
        return TENON_FAILED;
    }
    auto outcome = (*process)->invoke(tool, arguments, call, options_.call_timeout);
    if (outcome.fault) {
        record_fault(*process, *outcome.fault);
        call.fail("the plugin " + options_.id + " " + *outcome.fault + " during a call of " + tool);
    } else if (outcome.rc == TENON_FAULT) {
        LogAfterwards log(host_);
        const Lock lock(mutex_);
        log.text = count_fault("failed with a defect in " + tool);
    }
    return outcome.rc;
}

/// Whether a process may be started only after the backoff.
bool IsolatedInstance::waits_for_restart() const {
    const Lock lock(mutex_);
    return !process_ && Clock::now() < not_before_;
}

std::string IsolatedInstance::run_hook(Hook hook, const std::string& input) {
    if (hook == Hook::kBegin) {
        const Lock lock(mutex_);
        past_.begin_input = input;
        past_.has_begun = false;
    }
    if (!has_hook(hook) || disabled_) return {};
    const plugin::WaitingForPlugin waiting(
        {options_.id.c_str(), "one of its hooks", nullptr, nullptr});
    // A hook has little time. What `begin` has to say, the next process is told.
    if (waits_for_restart()) return {};
    auto process = running_process({});
    if (!process) {
        host_.log(TENON_LOG_WARNING, process.error());
        return {};
    }
    if (hook == Hook::kBegin) {
        const Lock lock(mutex_);
        if (std::exchange(past_.has_begun, true)) return {};  // a fresh process has begun already
    }
    auto text = (*process)->run_hook(hook, input);
    if (text) return std::move(*text);
    record_fault(*process, text.error().refusal.reason);
    return {};
}

Result<void> IsolatedInstance::reconfigure(const std::string& config) {
    Process process;
    {
        const Lock lock(mutex_);
        process = process_;
    }
    if (process && !process->end()) {
        const plugin::WaitingForPlugin waiting(
            {options_.id.c_str(), "its function reconfigure", nullptr, nullptr});
        if (auto done = process->reconfigure(config); !done) {
            if (done.error().kind == Kind::kFault)
                record_fault(process, done.error().refusal.reason);
            return Error{done.error().refusal.reason};
        }
    }
    const Lock lock(mutex_);
    past_.config = config;
    return {};
}

Result<void, Refusal> IsolatedInstance::refresh_tools() {
    Process process;
    {
        const Lock lock(mutex_);
        process = process_;
    }
    if (!process || process->end()) {
        if (known_) tools_ = known_->tools;  // what the next process lists; no call runs now
        return {};
    }
    const plugin::WaitingForPlugin waiting(
        {options_.id.c_str(), "its function tools", nullptr, nullptr});
    auto listing = process->list_tools();
    if (!listing) {
        if (listing.error().kind == Kind::kFault)
            record_fault(process, listing.error().refusal.reason);
        return listing.error().refusal;
    }
    tools_ = std::move(listing->tools);
    return {};
}

}  // namespace tenon::plugins
