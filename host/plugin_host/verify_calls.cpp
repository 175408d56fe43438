#include "host/plugin_host/verify_calls.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/base/utf8.h"
#include "host/plugin/library.h"

namespace tenon::plugin_host::verify {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{5000};
constexpr milliseconds kCancelLate{1000};
constexpr milliseconds kCancelDuring{50};
/// How long a cancelled call may take.
constexpr milliseconds kAfterCancel{5000};
constexpr const char* kLateShort = "did not return within 5 s";
constexpr const char* kLateCall = "did not return within 5 s after its call was cancelled";

/// Cancels a call after some time, unless it is destroyed before.
class CancelTimer {
public:
    CancelTimer(TestCall& call, milliseconds after)
        : thread_([this, &call, after] {
              std::unique_lock lock(mutex_);
              if (!ended_.wait_for(lock, after, [this] { return over_; })) call.cancel();
          }) {}
    ~CancelTimer() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        ended_.notify_one();
        thread_.join();
    }
    CancelTimer(const CancelTimer&) = delete;
    CancelTimer& operator=(const CancelTimer&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false;
    std::thread thread_;  // last: it uses the others
};

tenon_str tenon_text(const std::string& text) {
    return {text.data(), text.size()};
}

}  // namespace

tenon_sink append_to(std::string& text) {
    return {&text, [](void* to, tenon_str chunk) noexcept {
                static_cast<std::string*>(to)->append(chunk.p, chunk.n);
            }};
}

bool VerifiedPlugin::run(const std::string& what, const std::function<void()>& function,
                         milliseconds limit, const char* late) {
    report_.doing(what, limit, late);
    try {
        function();
        return true;
    } catch (...) {  // the plugin broke the rules of the ABI
        report_.failed(what + ": an exception left the plugin",
                       "catch every exception in the function: none may cross the C boundary");
        return false;
    }
}

bool VerifiedPlugin::run_short(const std::string& what, const std::function<void()>& function) {
    return run(what, function, kShort, kLateShort);
}

bool VerifiedPlugin::open() {
    report_.doing("while its library was loaded", kShort, kLateShort);
    auto opened = plugin::open_library(job_.file, job_.id);
    if (!opened) {
        report_.failed(opened.error().reason, plugin::remedy_for_author(opened.error()));
        return false;
    }
    library_ = *opened;
    return true;
}

TestHost& VerifiedPlugin::make_host(HostAge age) {
    const Lock lock(mutex_);
    return hosts_.emplace_back(job_.host, age);
}

TestCall& VerifiedPlugin::make_call(const VerifyJob::Call& call, HostAge age) {
    const Lock lock(mutex_);
    return calls_.emplace_back(call.tool, call.arguments, age);
}

bool VerifiedPlugin::create(const std::string& config, TestHost& host, const std::string& name,
                            void*& self, std::string& why) {
    tenon_rc rc = TENON_FAULT;
    const bool returned = run_short(name, [&] {
        rc = library_->create(host.table(), tenon_text(config), &self, append_to(why));
    });
    return returned && rc == TENON_OK;
}

bool VerifiedPlugin::create(HostAge age, Instance& to) {
    to.host = &make_host(age);
    std::string why;
    if (create(job_.config, *to.host, "create", to.self, why)) return true;
    if (report_.has_failed()) return false;
    std::string asked;
    for (const std::string& method : to.host->methods())
        asked += (asked.empty() ? "; it had asked the host for " : ", ") + utf8::repair(method);
    report_.failed("create refuses the configuration " + job_.config + ": " +
                       (why.empty() ? "it gives no reason" : utf8::repair(why)) + asked,
                   "state in config_schema which keys are required; a service of the host that "
                   "answers 'unsupported' must not prevent the start");
    return false;
}

void VerifiedPlugin::destroy(const Instance& instance) {
    run_short("destroy", [&] { library_->destroy(instance.self); });
    instance.host->close();
}

bool VerifiedPlugin::tools(const Instance& instance, std::vector<const tenon_tool*>& to) {
    const tenon_tool* const* list = nullptr;
    std::uint32_t count = 0;
    tenon_rc rc = TENON_FAULT;
    if (!run_short("tools", [&] { rc = library_->tools(instance.self, &list, &count); }))
        return false;
    constexpr std::uint32_t kMostTools = 128;
    std::string wrong;
    if (rc != TENON_OK) {
        wrong = "tools returns the code " + std::to_string(rc);
    } else if (count > kMostTools || (count > 0 && list == nullptr)) {
        wrong = "tools lists " + std::to_string(count) + " tools; a host takes at most 128";
    }
    for (std::uint32_t i = 0; wrong.empty() && i < count; ++i) {
        if (list[i] == nullptr || !TENON_HAS(list[i], input_schema))
            wrong = "the tool at position " + std::to_string(i + 1) +
                    " of the list is null or too short";
        else
            to.push_back(list[i]);
    }
    if (wrong.empty()) return true;
    report_.failed(wrong, "return TENON_OK, and an array of pointers to complete tenon_tool");
    return false;
}

const tenon_context* VerifiedPlugin::hooks(const Instance& instance) {
    if (!TENON_HAS(library_, extension) || library_->extension == nullptr) return nullptr;
    const void* found = nullptr;
    run_short("extension", [&] { found = library_->extension(instance.self, TENON_CONTEXT); });
    return static_cast<const tenon_context*>(found);
}

tenon_rc VerifiedPlugin::call_quietly(const Instance& instance, const TestCall& made,
                                      const std::string& name) {
    try {
        return library_->invoke(instance.self, made.table());
    } catch (...) {
        report_.failed(name + ": an exception left invoke",
                       "catch every exception in invoke, and write its text as the result");
        return TENON_FAULT;
    }
}

CallEnd VerifiedPlugin::call(const Instance& instance, const VerifyJob::Call& call, CancelAt at) {
    TestCall& made = make_call(call, instance.host->age());
    if (at == CancelAt::kBefore) made.cancel();
    const milliseconds cancel_after = at == CancelAt::kDuring ? kCancelDuring : kCancelLate;
    CallEnd end;
    {
        const CancelTimer timer(made, cancel_after);
        const std::string name = call.tool + " with " + call.label;
        end.returned = run(
            name, [&] { end.rc = library_->invoke(instance.self, made.table()); },
            cancel_after + kAfterCancel, kLateCall);
    }
    if (at == CancelAt::kAfter) made.cancel();
    end.text = made.text();
    made.close();
    if (made.lost_its_event())
        report_.failed(call.tool + " has closed cancel_fd",
                       "leave that descriptor open: it belongs to the host");
    return end;
}

void VerifiedPlugin::report_late_use() {
    bool host = false;
    bool call = false;
    {
        const Lock lock(mutex_);
        for (const TestHost& one : hosts_)
            host = host || one.used_when_closed();
        for (const TestCall& one : calls_)
            call = call || one.used_when_closed();
    }
    if (host)
        report_.failed("it used tenon_host after destroy had begun to return",
                       "end all threads before destroy returns");
    if (call)
        report_.failed("it used a tenon_call after invoke had returned",
                       "a thread that goes on must not use the call; copy what it needs");
}

}  // namespace tenon::plugin_host::verify
