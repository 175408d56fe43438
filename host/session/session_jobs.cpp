#include "host/session/session_jobs.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "host/base/tilde.h"
#include "host/jobs/kept_output.h"
#include "host/jobs/report.h"
#include "host/session/subagent_journal.h"

namespace tenon::session {
namespace {

constexpr std::size_t kMostCharacters = 50'000;
constexpr char kToldBesides[] = "(its end is told in the result of another call of this answer)";
constexpr std::chrono::seconds kPatienceForAnEnd{8};  // ending a tree takes at most 5.5 s

using plugins::ServiceReply;
using plugins::ServiceRequest;

ServiceReply unknown_job(const std::string& id) {
    return ServiceReply::failed("Unknown job " + id);
}

std::optional<std::chrono::milliseconds> milliseconds_of(const Json& params, const char* key) {
    const auto number = number_in(member(params, key));
    if (!number) return std::nullopt;
    constexpr double kLongest = 1e12;  // some thirty years
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::clamp(*number, 0.0, kLongest)));
}

/// A number that does not fit counts as the nearest that does.
std::int64_t priority_of(const Json& params) {
    const Json& asked = member(params, "priority");
    if (const auto priority = integer_in(asked)) return *priority;
    const double number = number_in(asked).value_or(0);
    if (number >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
    return number < -0x1p63 ? std::numeric_limits<std::int64_t>::min()
                            : static_cast<std::int64_t>(number);
}

std::vector<std::string> strings_of(const Json& params, const char* key) {
    return strings_in(member(params, key));
}

std::vector<std::string> each_once(const std::vector<std::string>& ids) {
    std::vector<std::string> out;
    for (const std::string& id : ids) {
        if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    }
    return out;
}

bool may_know(const ServiceRequest& request, const jobs::JobRecord& job) {
    return request.first_party || job.spec.plugin == request.plugin;
}

}  // namespace

void SessionJobs::add_to(plugins::Services& services) {
    const auto add = [&](const char* method, Reply (SessionJobs::*handler)(const Request&)) {
        services.add(method, [this, handler](const Request& request) {
            if (request.call == nullptr)
                return Reply::failed("jobs belong to a call; there is none under way",
                                     TENON_UNSUPPORTED);
            return (this->*handler)(request);
        });
    };
    add("job.submit/1", &SessionJobs::submit);
    add("job.wait/1", &SessionJobs::wait_for);
    add("job.list/1", &SessionJobs::list);
    add("job.read/1", &SessionJobs::read);
    add("job.background/1", &SessionJobs::to_background);
    add("job.cancel/1", &SessionJobs::cancel);
}

void SessionJobs::told(const std::vector<std::string>& jobs) {
    const Lock lock(mutex_);
    told_.insert(jobs.begin(), jobs.end());
}

bool SessionJobs::is_told(const std::string& job) const {
    const Lock lock(mutex_);
    return told_.count(job) > 0;
}

/// Two calls of one answer may find the same end. The first to say that it tells it does.
SessionJobs::Telling SessionJobs::claim(const std::string& job, const std::string& call) {
    const Lock lock(mutex_);
    if (const auto it = claims_.find(job); it != claims_.end())
        return it->second == call ? Telling::kThisCall : Telling::kAnotherCall;
    if (told_.count(job) > 0) return Telling::kToldBefore;
    claims_[job] = call;
    return Telling::kThisCall;
}

bool SessionJobs::is_claimed(const std::string& job) const {
    const Lock lock(mutex_);
    return claims_.count(job) > 0;
}

bool SessionJobs::is_own_foreground(const jobs::JobRecord& job,
                                    const std::string& tool_use_id) const {
    if (job.spec.tool_use_id != tool_use_id) return false;
    const Lock lock(mutex_);
    return job.spec.kind == jobs::Kind::kForeground || moved_.count(job.id) > 0;
}

std::string SessionJobs::preview_of(const jobs::JobRecord& job) const {
    return jobs::preview(secrets_.redact(job.spec.command));
}

Json SessionJobs::describe(const jobs::JobRecord& job) const {
    return {{"id", job.id},
            {"status", jobs::to_string(job.status)},
            {"preview", preview_of(job)},
            {"ended", jobs::is_terminal(job.status)},
            {"background", job.spec.kind == jobs::Kind::kBackground},
            {"told", is_told(job.id)}};
}

std::string SessionJobs::text_of(const jobs::JobRecord& job, std::size_t max_chars) const {
    return jobs::report(store_.folder_of(job.id), job, max_chars, secrets_);
}

// ---------------------------------------------------------------- methods

Result<jobs::JobSpec> SessionJobs::spec_of(const Request& request) const {
    const Json& params = request.params;
    jobs::JobSpec spec;
    spec.session = request.call->session_id();
    spec.tool_use_id = request.call->tool_use_id();
    if (!request.first_party) spec.plugin = request.plugin;
    spec.workspace = workspace_.string();
    spec.command = string_or(params, "command");
    spec.name = string_or(params, "name");
    spec.priority = priority_of(params);
    spec.after = strings_of(params, "after");
    spec.output_limit = limits_.output_limit;
    spec.limits = limits_.of_each;
    spec.pid_namespace = limits_.pid_namespace;
    spec.containment = containment_;
    const std::filesystem::path cwd = expanded(string_or(params, "cwd"), home_);
    spec.cwd = (cwd.empty() ? workspace_ : workspace_ / cwd).lexically_normal().string();
    const std::string mode = string_or(params, "mode");
    if (mode != "foreground" && mode != "background")
        return Error{"mode is foreground or background, not '" + mode + "'"};
    spec.kind = mode == "foreground" ? jobs::Kind::kForeground : jobs::Kind::kBackground;
    const std::string lifetime = string_or(params, "lifetime", "session");
    if (lifetime != "session" && lifetime != "persistent") {
        return Error{"lifetime is session or persistent, not '" + lifetime + "'"};
    }
    spec.lifetime = lifetime == "session" ? jobs::Lifetime::kSession : jobs::Lifetime::kPersistent;
    spec.subagent = request.call->subagent();
    if (!spec.subagent.empty()) {
        if (spec.kind == jobs::Kind::kBackground)
            return Error{"a subagent has no background jobs; run the command in the foreground"};
        spec.lifetime = jobs::Lifetime::kSession;
    }
    spec.timeout = limit_of(request, spec);
    return spec;
}

/// From its start on. A foreground command may become a background job: then it is given what a
/// background job gets, or what its call asked for, whichever is more.
std::optional<std::chrono::milliseconds> SessionJobs::limit_of(const Request& request,
                                                               const jobs::JobSpec& spec) const {
    const auto asked = milliseconds_of(request.params, "timeout_ms");
    std::optional<std::chrono::milliseconds> limit = asked;
    if (!spec.subagent.empty()) {
        limit = asked.value_or(limits_.foreground_timeout);
    } else if (spec.kind == jobs::Kind::kForeground) {
        limit = std::max(limits_.timeout, asked.value_or(limits_.timeout));
    } else if (!asked && spec.lifetime == jobs::Lifetime::kSession) {
        limit = limits_.timeout;
    }
    return limit ? std::min(*limit, limits_.max_timeout) : limit;
}

Result<jobs::JobRecord> SessionJobs::find(const Request& request, const std::string& id) const {
    auto job = queue_.find(id);
    if (job && !may_know(request, *job)) return Error{"Unknown job " + id};
    return job;
}

SessionJobs::Reply SessionJobs::submit(const Request& request) {
    auto spec = spec_of(request);
    if (!spec) return Reply::failed(spec.error().message, TENON_BAD_ARGS);
    if (!request.first_party && judge_) {
        if (std::string refusal = judge_(request, spec->command); !refusal.empty()) {
            return Reply::failed(std::move(refusal), TENON_DENIED);
        }
    }
    for (const std::string& id : spec->after) {
        const auto other = find(request, id);
        if (!other || other->spec.kind != jobs::Kind::kBackground) return unknown_job(id);
    }
    auto job = request.call->in_order([&] { return queue_.submit(std::move(*spec)); });
    if (!job) return Reply::failed(job.error().message);
    Json answer = describe(*job);
    answer["foreground_timeout_ms"] = limits_.foreground_timeout.count();
    return Reply::ok(answer);
}

std::vector<jobs::JobRecord> SessionJobs::unfinished_or_untold() const {
    std::vector<jobs::JobRecord> wanted;
    for (auto& job : queue_.background_jobs()) {
        if (!jobs::is_terminal(job.status) || !(is_told(job.id) || is_claimed(job.id)))
            wanted.push_back(std::move(job));
    }
    return wanted;
}

SessionJobs::Reply SessionJobs::wait_for(const Request& request) {
    const auto timeout = milliseconds_of(request.params, "timeout_ms");
    if (!timeout) return Reply::failed("timeout_ms is missing", TENON_BAD_ARGS);
    std::vector<std::string> ids = each_once(strings_of(request.params, "job_ids"));
    // Also with ids: the calls behind this one need not wait for its end.
    const auto candidates = request.call->in_order([&] { return unfinished_or_untold(); });
    const bool named = request.params.contains("job_ids");
    if (!named) {
        for (const auto& job : candidates) {
            if (may_know(request, job)) ids.push_back(job.id);
        }
    }
    std::vector<std::string> unfinished, foreground;
    bool ended_untold = false;
    for (const std::string& id : ids) {
        const auto job = find(request, id);
        if (!job) return unknown_job(id);
        if (!jobs::is_terminal(job->status)) unfinished.push_back(id);
        if (is_own_foreground(*job, request.call->tool_use_id())) foreground.push_back(id);
        if (jobs::is_terminal(job->status) && !is_told(id) && !is_claimed(id)) ended_untold = true;
    }
    // The time counts from the start: a command that finds no room has not begun.
    const auto start =
        queue_.wait_for_start(foreground, limits_.foreground_timeout, request.call->stop());
    bool stopped = start == jobs::Queue::Waited::kStopped;
    if (start == jobs::Queue::Waited::kEnded && !ended_untold && !unfinished.empty()) {
        const auto deadline = std::chrono::steady_clock::now() + *timeout;
        stopped = queue_.wait_any(unfinished, deadline, request.call->stop(), foreground) ==
                  jobs::Queue::Waited::kStopped;
    }
    Json answer = Json::array();
    std::vector<jobs::JobRecord> records;
    for (const std::string& id : ids) {
        if (const auto job = queue_.find(id)) records.push_back(*job);
    }
    if (stopped) {
        end_foreground(records, request.call->tool_use_id());
        return Reply::failed("interrupted", TENON_CANCELLED);
    }
    for (const auto& job : records) {
        const bool tells =
            jobs::is_terminal(job.status) && job.spec.kind == jobs::Kind::kBackground;
        const Telling telling =
            tells ? claim(job.id, request.call->tool_use_id()) : Telling::kThisCall;
        if (named || telling == Telling::kThisCall) answer.push_back(describe(job));
    }
    return Reply::ok({{"jobs", answer}});
}

/// A cancelled call takes its own foreground commands with it, and returns when they have gone.
void SessionJobs::end_foreground(const std::vector<jobs::JobRecord>& jobs,
                                 const std::string& tool_use_id) {
    for (const auto& job : jobs) {
        if (job.spec.kind != jobs::Kind::kForeground || job.spec.tool_use_id != tool_use_id)
            continue;
        if (jobs::is_terminal(job.status) || !queue_.cancel(job.id, "interrupt")) continue;
        const std::string id = job.id;
        queue_.wait_any(std::span(&id, 1), std::chrono::steady_clock::now() + kPatienceForAnEnd,
                        {});
    }
}

SessionJobs::Reply SessionJobs::list(const Request& request) {
    Json answer = Json::array();
    for (const auto& job : request.call->in_order([&] { return queue_.background_jobs(); })) {
        if (may_know(request, job)) answer.push_back(describe(job));
    }
    return Reply::ok({{"jobs", answer}});
}

SessionJobs::Reply SessionJobs::read(const Request& request) {
    const std::string id = string_or(request.params, "job_id");
    const auto job = find(request, id);
    if (!job) return unknown_job(id);
    const auto max_chars = static_cast<std::size_t>(std::clamp<std::int64_t>(
        integer_or(request.params, "max_chars", kMostCharacters), 1, kMostCharacters));
    const auto folder = store_.folder_of(id);
    Json answer = describe(*job);
    if (request.params.contains("tail_bytes")) {
        const auto bytes = std::clamp<std::int64_t>(integer_or(request.params, "tail_bytes", 0), 0,
                                                    kMostCharacters);
        answer["text"] = jobs::read_output_tail(folder, static_cast<std::size_t>(bytes), secrets_);
    } else if (jobs::is_terminal(job->status)) {
        answer["text"] = jobs::report(folder, *job, max_chars, secrets_);
    } else {
        answer["text"] = jobs::read_output(folder, *job, max_chars, secrets_);
    }
    const auto dropped = jobs::is_terminal(job->status)
                             ? job->end.omitted_bytes
                             : jobs::KeptOutput(folder).omitted().value_or(0);
    if (dropped > 0) answer["omitted_bytes"] = dropped;
    // What a subagent is told, the session's own conversation has not been.
    if (bool_or(request.params, "deliver", false) && jobs::is_terminal(job->status) &&
        job->spec.kind == jobs::Kind::kBackground && request.call->subagent().empty()) {
        const Telling telling = claim(id, request.call->tool_use_id());
        if (telling == Telling::kThisCall) request.call->deliver(id);
        if (telling == Telling::kAnotherCall) answer["text"] = kToldBesides;
    }
    return Reply::ok(answer);
}

SessionJobs::Reply SessionJobs::to_background(const Request& request) {
    const std::string id = string_or(request.params, "job_id");
    const auto known = find(request, id);
    if (!known) return unknown_job(id);
    if (!known->spec.subagent.empty()) return end_of_subagents_job(request, id);
    const auto job = queue_.to_background(id);
    if (!job) return Reply::failed(job.error().message);
    return Reply::ok(describe(*job));
}

/// It is not moved: its shim ends it at its limit. What has not even started is taken out.
SessionJobs::Reply SessionJobs::end_of_subagents_job(const Request& request,
                                                     const std::string& id) {
    if (const auto job = queue_.find(id); job && job->status == jobs::Status::kQueued)
        std::ignore = queue_.cancel(id, "no room for it");
    queue_.wait_any(std::span(&id, 1), std::nullopt, request.call->stop());
    if (const auto job = queue_.find(id); job && request.call->stop().stop_requested())
        end_foreground({*job}, request.call->tool_use_id());
    const auto job = queue_.find(id);
    return job ? Reply::ok(describe(*job)) : unknown_job(id);
}

std::size_t SessionJobs::move_to_background() {
    std::size_t moved = 0;
    for (const jobs::JobId& id : queue_.running_foreground()) {
        {
            const Lock lock(mutex_);
            moved_.insert(id);
        }
        const auto job = queue_.to_background(id);
        if (job && job->spec.kind == jobs::Kind::kBackground) ++moved;
    }
    return moved;
}

SessionJobs::Reply SessionJobs::cancel(const Request& request) {
    const std::string id = string_or(request.params, "job_id");
    if (!find(request, id)) return unknown_job(id);
    const std::string by(request.call != nullptr ? request.call->tool()
                                                 : std::string(request.plugin));
    if (auto cancelled = queue_.cancel(id, by); !cancelled)
        return Reply::failed(cancelled.error().message);
    const auto job = queue_.find(id);
    return job ? Reply::ok(describe(*job)) : unknown_job(id);
}

// ---------------------------------------------------------------- inbox

void SessionJobs::collect_news() {
    while (Poco::AutoPtr<Poco::Notification> next = queue_.ended().dequeueNotification()) {
        const auto* ended = dynamic_cast<jobs::JobEndedNotification*>(next.get());
        if (ended == nullptr) continue;
        const Lock lock(mutex_);
        if (told_.count(ended->job.id) == 0) news_.push_back(ended->job);
    }
}

std::vector<agent::JobEnded> SessionJobs::undelivered() {
    collect_news();
    std::vector<jobs::JobRecord> fresh;
    {
        const Lock lock(mutex_);
        claims_.clear();  // the calls are over: what they have told is told, the rest is not
        forget_delivered();
        fresh = news_;
    }
    std::vector<agent::JobEnded> ended;
    for (const auto& job : fresh) {
        ended.push_back(
            {job.id, std::string(jobs::to_string(job.status)), text_of(job, kMostCharacters)});
    }
    return ended;
}

bool SessionJobs::has_news() {
    collect_news();
    const Lock lock(mutex_);
    forget_delivered();
    return !news_.empty();
}

void SessionJobs::forget_delivered() {
    std::erase_if(news_, [&](const jobs::JobRecord& job)
                             TENON_REQUIRES(mutex_) { return told_.count(job.id) > 0; });
}

bool SessionJobs::wait(std::stop_token stop) {
    while (!has_news()) {
        if (!queue_.wait_for_news(stop)) return false;
    }
    return true;
}

std::string SessionJobs::table() {
    std::string rows;
    for (const auto& job : unfinished_or_untold()) {
        rows.append("\n| ").append(job.id).append(" | ").append(jobs::to_string(job.status));
        rows.append(" | ").append(preview_of(job)).append(" |");
    }
    if (rows.empty()) return {};
    return "Background jobs:\n| id | status | command |\n|---|---|---|" + rows;
}

std::optional<agent::RecoveredCall> SessionJobs::recover(const agent::ToolCall& call,
                                                         const agent::ToolFacts& facts) {
    const auto job = queue_.find_by_tool_use(call.id);
    if (!job) return recover_subagent(session_folder_, call, facts, secrets_);
    if (facts.recovered == agent::RecoveredAnswer::kJobStart) {
        const char* state = job->status == jobs::Status::kQueued ? " queued: " : " started: ";
        return agent::RecoveredCall{
            "Background job " + job->id + state + preview_of(*job), false, {}};
    }
    if (!jobs::is_terminal(job->status)) {
        return agent::RecoveredCall{"interrupted; continues as job " + job->id, true, {}};
    }
    // Taken out before it ran: plainly interrupted. What could not be started says why.
    if (job->status == jobs::Status::kCancelled && job->started_ms == 0) return std::nullopt;
    return agent::RecoveredCall{
        text_of(*job, kMostCharacters), false,
        job->spec.kind == jobs::Kind::kBackground ? job->id : std::string()};
}

}  // namespace tenon::session
