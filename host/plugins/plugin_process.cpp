#include "host/plugins/plugin_process.h"

#include "host/base/json.h"

namespace tenon::plugins {
namespace {

using plugin::FrameType;
using plugin::Message;
using plugin::Refusal;
using Kind = ProcessFailure::Kind;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A plugin that sends requests and does not read the answers makes the host keep them.
constexpr std::size_t kMaxKeptBytes = 64U << 20U;

ProcessFailure wrong_answer() {
    return ProcessFailure::fault("its process sent a wrong answer");
}

std::string seconds_text(milliseconds time) {
    if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
    return std::to_string(time.count() / 1000) + " s";
}

/// The descriptor in the answer to path.open/1; no other answer carries one.
UniqueFd descriptor_in(const plugin::ServiceCall& request, const plugin::ServiceAnswer& answer) {
    if (answer.rc != TENON_OK || !request.method.starts_with("path.open/")) return UniqueFd();
    const auto json = parse_json(answer.out);
    const auto number = json ? integer_in(member(*json, "fd")) : std::nullopt;
    return UniqueFd(number ? static_cast<int>(*number) : -1);
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

PluginProcess::PluginProcess(plugin::HostPort& host, const Secrets* secrets,
                             std::unique_ptr<ChildProcess> child)
    : host_(host), secrets_(secrets), child_(std::move(child)), services_("plugin requests") {}

Result<std::shared_ptr<PluginProcess>, ProcessFailure> PluginProcess::start(
    const std::filesystem::path& program, const plugin::LoadOrder& order, plugin::HostPort& host,
    const Secrets* secrets, std::stop_token stop) {
    const plugin::Confinement& confinement = order.confinement;
    auto child = ChildProcess::prepare({program, order.id, confinement.state_dir,
                                        confinement.workspace, plugin::is_supervised(order)});
    if (!child) return child.error();
    std::shared_ptr<PluginProcess> process(new PluginProcess(host, secrets, std::move(*child)));
    if (auto started = process->child_->start(*process); !started) return started.error();
    auto answer = process->exchange(FrameType::kLoad, plugin::encode(order), kOrderLimit,
                                    "load the library", std::move(stop));
    if (!answer) return answer.error();
    auto hello = answer->type == FrameType::kHello ? plugin::decode<plugin::Hello>(answer->payload)
                                                   : std::nullopt;
    if (!hello) return wrong_answer();
    process->hello_ = std::move(*hello);
    return process;
}

PluginProcess::~PluginProcess() {
    child_->stop();
}

std::optional<std::string> PluginProcess::end() const {
    Lock lock(mutex_);
    while (!end_ && child_->is_reaped())
        changed_.wait(lock);
    if (!end_) return std::nullopt;
    return end_->how;
}

void PluginProcess::ended(ProcessEnd end) {
    log_left_out(logged_.take_all_left_out());
    const Lock lock(mutex_);
    end_ = std::move(end);
    changed_.notify_all();
    for (const auto& [id, call] : calls_)
        call->changed.notify_all();
}

void PluginProcess::printed(const std::vector<plugin::PrintedLines::Line>& lines) {
    static const Secrets none;
    for (const plugin::PrintedLines::Line& line : lines)
        host_.log(TENON_LOG_WARNING,
                  "printed: " + line.without(secrets_ != nullptr ? *secrets_ : none));
}

// ---------------------------------------------------------------- orders

/// Sends an order and waits for its answer. A plugin that refuses is a failure too.
Result<Message, ProcessFailure> PluginProcess::exchange(FrameType type, const std::string& payload,
                                                        Milliseconds limit,
                                                        const std::string& doing,
                                                        std::stop_token stop) {
    const Lock order(one_order_);
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    const auto deadline = Clock::now() + limit;
    {
        const Lock lock(mutex_);
        awaits_answer_ = true;
        answer_.reset();
    }
    child_->send(type, 0, payload);
    Lock lock(mutex_);
    while (!answer_ && !end_ && !stop.stop_requested() && changed_.wait_until(lock, deadline)) {
    }
    const bool is_cancelled = !answer_ && !end_ && stop.stop_requested();
    if (!answer_ && !end_) {
        lock.unlock();
        child_->kill(is_cancelled ? "was ended, since it was not wanted any more"
                                  : "did not " + doing + " within " + seconds_text(limit));
        lock.lock();
    }
    while (!answer_ && !end_)
        changed_.wait(lock);
    awaits_answer_ = false;
    if (is_cancelled) return ProcessFailure{Kind::kCancelled, failure().refusal};
    if (!answer_) return failure();
    Message answer = std::move(*answer_);
    answer_.reset();
    if (answer.type != FrameType::kRefused) return answer;
    auto refusal = plugin::decode<Refusal>(answer.payload);
    if (!refusal) return wrong_answer();
    return ProcessFailure{Kind::kRefused, std::move(*refusal)};
}

Result<plugin::Listing, ProcessFailure> PluginProcess::exchange_listing(FrameType type,
                                                                        const std::string& payload,
                                                                        const std::string& doing,
                                                                        std::stop_token stop) {
    auto answer = exchange(type, payload, kOrderLimit, doing, std::move(stop));
    if (!answer) return answer.error();
    auto listing = answer->type == FrameType::kTools
                       ? plugin::decode<plugin::Listing>(answer->payload)
                       : std::nullopt;
    if (!listing) return wrong_answer();
    return std::move(*listing);
}

Result<plugin::Listing, ProcessFailure> PluginProcess::create(
    const plugin::InstanceOptions& options, std::stop_token stop) {
    return exchange_listing(FrameType::kCreate, plugin::encode(options), "return from create",
                            std::move(stop));
}

Result<plugin::Listing, ProcessFailure> PluginProcess::list_tools() {
    return exchange_listing(FrameType::kListTools, {}, "list its tools");
}

Result<void, ProcessFailure> PluginProcess::reconfigure(const std::string& config) {
    auto answer =
        exchange(FrameType::kReconfigure, config, kOrderLimit, "take its new configuration");
    if (!answer) return answer.error();
    if (answer->type != FrameType::kDone) return wrong_answer();
    return {};
}

Result<std::string, ProcessFailure> PluginProcess::run_hook(plugin::Hook hook,
                                                            const std::string& input) {
    auto answer =
        exchange(FrameType::kHook, plugin::encode(plugin::HookCall{hook, input}), kHookLimit,
                 "return from the hook " + std::string(plugin::name_of(hook)));
    if (!answer) return answer.error();
    if (answer->type != FrameType::kHookText) return wrong_answer();
    return std::move(answer->payload);
}

Result<void, ProcessFailure> PluginProcess::close() {
    const Lock order(one_order_);
    child_->expect_end();
    child_->send(FrameType::kDestroy, 0, {});
    const auto deadline = Clock::now() + kOrderLimit;
    Lock lock(mutex_);
    while (!end_ && changed_.wait_until(lock, deadline)) {
    }
    if (!end_) {
        lock.unlock();
        child_->kill("did not end within " + seconds_text(kOrderLimit) + " of destroy");
        lock.lock();
    }
    while (!end_)
        changed_.wait(lock);
    if (!end_->failure) return {};
    return failure();
}

ProcessFailure PluginProcess::failure() const {
    if (end_->failure) return *end_->failure;
    return ProcessFailure::fault("its process has ended");
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
        if (end_) return {TENON_FAULT, end_->how};
        do {
            id = ++last_call_;
        } while (id == 0 || calls_.count(id) > 0);
        calls_[id] = &call;
    }
    child_->send(FrameType::kInvoke, id, payload);
    await_return(call, id, tool, limit);
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
    if (hang_ && !call.hangs && end_->how == hang_->reason)
        return {TENON_FAULT, "was ended, since its call of " + hang_->tool + " " + hang_->reason};
    return {TENON_FAULT, end_->how};
}

/// Until the call has returned or the process has ended, which a call that hangs brings about.
void PluginProcess::await_return(Call& call, std::uint32_t id, const std::string& tool,
                                 Milliseconds limit) {
    const std::stop_callback wake(call.port->stop(), [&] {
        const Lock lock(mutex_);
        call.changed.notify_all();
    });
    Lock lock(mutex_);
    while (!call.returned && !end_) {
        if (!call.cancelled && call.port->stop().stop_requested()) {
            call.cancelled = true;
            call.left.reset();
            call.deadline = Clock::now() + kCancelLimit;
            lock.unlock();
            child_->send(FrameType::kCancel, id, {});
            lock.lock();
        } else if (!call.deadline || call.hangs) {
            call.changed.wait(lock);
        } else if (!call.changed.wait_until(lock, *call.deadline) && !call.returned && !end_ &&
                   call.deadline && Clock::now() >= *call.deadline) {
            const std::string reason = call.cancelled
                                           ? "did not return within " + seconds_text(kCancelLimit) +
                                                 " after the call was cancelled"
                                           : "did not return within " + seconds_text(limit);
            call.hangs = true;
            if (!hang_) hang_ = Hang{tool, reason};
            lock.unlock();
            child_->kill(reason);
            lock.lock();
        }
    }
}

// ---------------------------------------------------------------- messages of the plugin

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
        call->port->progress(
            std::string_view(message.payload).substr(0, plugin::kMaxProgressBytes));
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
    log_left_out(logged_.take_left_out(now));
    if (logged_.admits(line->message.size(), now)) host_.log(line->level, line->message);
}

void PluginProcess::log_left_out(std::size_t bytes) {
    if (bytes > 0)
        host_.log(TENON_LOG_WARNING,
                  "logged " + std::to_string(bytes) + " more bytes, left out here");
}

// ---------------------------------------------------------------- requests of the plugin

std::optional<std::string> PluginProcess::take_request(const Message& message) {
    if (child_->unsent_bytes() > kMaxKeptBytes)
        return "it does not read the answers to its requests";
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
    child_->send(FrameType::kReply, message.id, plugin::encode(refusal));
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
    child_->send(FrameType::kReply, id, payload, std::move(descriptor));
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
