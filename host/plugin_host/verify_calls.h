#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.h>

#include "host/plugin_host/verify_report.h"
#include "host/plugin_host/verify_test_host.h"

namespace tenon::plugin_host::verify {

/// What a step is to do, read from its job.
struct VerifyJob {
    std::string file, id;
    TestHostOptions host;
    std::string config;               ///< JSON that fits the plugin's schema, as far as known
    std::vector<std::string> broken;  ///< configurations that are wrong
    /// Calls to make: the tool, its arguments, how to call them in a message, and whether the tool
    /// has to accept them.
    struct Call {
        std::string tool, arguments, label;
        bool fits = false;
    };
    std::vector<Call> calls;
};

/// When a call is cancelled.
enum class CancelAt { kLate, kBefore, kDuring, kAfter };

/// What came back from a call.
struct CallEnd {
    tenon_rc rc = TENON_FAULT;
    std::string text;
    bool returned = false;  ///< false: an exception left invoke; it is reported already
};

/// The plugin of a step and its functions: each is called so that what it does wrong is reported.
/// One thread, but `call_quietly` may run on several.
class VerifiedPlugin {
public:
    /// Both outlive it.
    VerifiedPlugin(const VerifyJob& job, VerifyReport& report) : job_(job), report_(report) {}

    /// Maps the library. False: it is reported why not.
    bool open();
    [[nodiscard]] const tenon_plugin& library() const { return *library_; }

    /// One instance and its host.
    struct Instance {
        void* self = nullptr;
        TestHost* host = nullptr;
    };
    /// False when the plugin refuses `config`; `why` is what it says. `name` is for messages:
    /// "create".
    bool create(const std::string& config, TestHost& host, const std::string& name, void*& self,
                std::string& why);
    /// The same with the job's configuration; a refusal is reported.
    bool create(HostAge age, Instance& to);
    void destroy(const Instance& instance);
    /// The tools, as pointers of the plugin. False: reported.
    bool tools(const Instance& instance, std::vector<const tenon_tool*>& to);
    /// The table of hooks, or null.
    const tenon_context* hooks(const Instance& instance);

    /// Makes a call and waits for its end. After a second it is cancelled.
    CallEnd call(const Instance& instance, const VerifyJob::Call& call,
                 CancelAt at = CancelAt::kLate);
    /// Makes a call that `made` has prepared; reports nothing but an exception.
    tenon_rc call_quietly(const Instance& instance, const TestCall& made, const std::string& name);

    /// A new host. It lives as long as the process.
    TestHost& make_host(HostAge age);
    TestCall& make_call(const VerifyJob::Call& call, HostAge age);
    /// Reports what was used after its time. At the end of a step.
    void report_late_use();

    /// Runs a function of the plugin. False: an exception left it, which is reported.
    bool run(const std::string& what, const std::function<void()>& function,
             std::chrono::milliseconds limit, const char* late);
    /// For create, destroy and tools, which have five seconds.
    bool run_short(const std::string& what, const std::function<void()>& function);

private:
    const VerifyJob& job_;
    VerifyReport& report_;
    const tenon_plugin* library_ = nullptr;
    Mutex mutex_;
    std::deque<TestHost> hosts_ TENON_GUARDED_BY(mutex_);
    std::deque<TestCall> calls_ TENON_GUARDED_BY(mutex_);
};

/// Text that a plugin puts into a sink.
tenon_sink append_to(std::string& text);

}  // namespace tenon::plugin_host::verify
