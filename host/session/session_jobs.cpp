#include "host/session/session_jobs.h"

#include <algorithm>
#include <tuple>

#include "host/jobs/kept_output.h"
#include "host/jobs/report.h"
#include "host/session/job_inbox.h"

namespace tenon::session {
namespace {

constexpr std::size_t kMostReadCharacters = 50'000;
constexpr char kDeliveredByAnotherCall[] =
    "(its end is delivered in the result of another call of this answer)";
constexpr std::chrono::seconds kPatienceForAnEnd{8};  // ending a tree takes at most 5.5 s

using Reservation = journal::Deliveries::Reservation;
using plugins::ServiceReply;
using plugins::ServiceRequest;

ServiceReply unknown_job(const std::string& id) {
    return ServiceReply::failed("Unknown job " + id);
}

std::vector<std::string> each_once(const std::vector<std::string>& ids) {
    std::vector<std::string> out;
    for (const std::string& id : ids) {
        if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    }
    return out;
}

bool may_see(const ServiceRequest& request, const jobs::JobRecord& job) {
    return request.first_party || job.spec.plugin == request.plugin;
}

}  // namespace

void SessionJobs::add_to(plugins::Services& services) {
    using plugins::Parameter;
    using Type = Parameter::Type;
    const auto add = [&](const char* method, std::vector<Parameter> parameters,
                         ServiceReply (SessionJobs::*handler)(const ServiceRequest&)) {
        services.add(method, std::move(parameters), [this, handler](const ServiceRequest& request) {
            if (request.call == nullptr)
                return ServiceReply::failed("jobs belong to a call; there is none under way",
                                            TENON_UNSUPPORTED);
            return (this->*handler)(request);
        });
    };
    const Parameter job_id{"job_id", Type::kText, true};
    add("job.submit/1", job_parameters(), &SessionJobs::submit);
    add("job.wait/1", {{"job_ids", Type::kTexts}, {"timeout_ms", Type::kNumber, true}},
        &SessionJobs::wait_for);
    add("job.list/1", {}, &SessionJobs::list);
    add("job.read/1",
        {job_id,
         {"max_chars", Type::kNumber},
         {"tail_bytes", Type::kNumber},
         {"deliver", Type::kBoolean}},
        &SessionJobs::read);
    add("job.background/1", {job_id}, &SessionJobs::to_background);
    add("job.cancel/1", {job_id}, &SessionJobs::cancel);
}

bool SessionJobs::is_own_foreground(const jobs::JobRecord& job,
                                    const std::string& tool_use_id) const {
    if (job.spec.tool_use_id != tool_use_id) return false;
    const Lock lock(mutex_);
    return job.spec.kind == jobs::JobKind::kForeground || moved_.count(job.id) > 0;
}

Json SessionJobs::describe(const jobs::JobRecord& job) const {
    const auto& code = job.end.exit_code;
    return {{"id", job.id},
            {"status", jobs::to_string(job.status)},
            {"preview", jobs::preview(secrets_.redact(job.spec.command))},
            {"ended", jobs::is_terminal(job.status)},
            {"exit_code", code ? Json(*code) : Json()},
            {"background", job.spec.kind == jobs::JobKind::kBackground},
            {"delivered", deliveries_.is_delivered(job.id)}};
}

Result<jobs::JobRecord> SessionJobs::find(const ServiceRequest& request,
                                          const std::string& id) const {
    auto job = queue_.find(id);
    if (job && !may_see(request, *job)) return Error{"Unknown job " + id};
    return job;
}

SessionJobs::ServiceReply SessionJobs::submit(const ServiceRequest& request) {
    auto spec = read_job_spec(request, settings_);
    if (!spec) return ServiceReply::failed(spec.error().message, TENON_BAD_ARGS);
    if (!request.first_party && judge_) {
        if (std::string refusal = judge_(request, spec->command); !refusal.empty()) {
            return ServiceReply::failed(std::move(refusal), TENON_DENIED);
        }
    }
    for (const std::string& id : spec->after) {
        const auto other = find(request, id);
        if (!other || other->spec.kind != jobs::JobKind::kBackground) return unknown_job(id);
    }
    const auto submitted = [&] { return queue_.submit(std::move(*spec)); };
    // A foreground command starts at once, also while somebody is asked about the call before it.
    const bool starts_at_once = spec->kind == jobs::JobKind::kForeground;
    if (starts_at_once) request.call->give_up_turn();
    auto job = starts_at_once ? submitted() : request.call->in_order(submitted);
    if (!job) return ServiceReply::failed(job.error().message);
    Json answer = describe(*job);
    answer["foreground_timeout_ms"] = settings_.foreground_timeout.count();
    return ServiceReply::ok(answer);
}

/// Without ids these are all jobs that the plugin may see and whose end is not delivered.
Result<SessionJobs::Awaited> SessionJobs::awaited_by(const ServiceRequest& request) const {
    Awaited awaited;
    awaited.ids = each_once(strings_in(member(request.params, "job_ids")));
    // Done even with ids, so that the calls after this one need not wait for it (see in_order).
    const auto candidates =
        request.call->in_order([&] { return undelivered_jobs(queue_, deliveries_); });
    if (!request.params.contains("job_ids")) {
        for (const auto& job : candidates) {
            if (may_see(request, job)) awaited.ids.push_back(job.id);
        }
    }
    for (const std::string& id : awaited.ids) {
        const auto job = find(request, id);
        if (!job) return Error{"Unknown job " + id};
        const bool ended = jobs::is_terminal(job->status);
        if (!ended) awaited.unfinished.push_back(id);
        if (is_own_foreground(*job, request.call->tool_use_id())) awaited.foreground.push_back(id);
        if (ended && deliveries_.is_undelivered_and_unreserved(id))
            awaited.has_undelivered_end = true;
    }
    return awaited;
}

bool SessionJobs::is_stopped_before_an_end(const Awaited& awaited, const ServiceRequest& request,
                                           std::chrono::milliseconds timeout) const {
    // The timeout counts from the start of a foreground command, which may be queued.
    const auto start = queue_.wait_for_start(awaited.foreground, settings_.foreground_timeout,
                                             request.call->stop());
    if (start != jobs::Queue::Waited::kEnded) return start == jobs::Queue::Waited::kStopped;
    if (awaited.has_undelivered_end || awaited.unfinished.empty()) return false;
    return queue_.wait_any(awaited.unfinished, std::chrono::steady_clock::now() + timeout,
                           request.call->stop(),
                           awaited.foreground) == jobs::Queue::Waited::kStopped;
}

/// Reserves the ends for this call. Leaves out ends that another call delivers, unless this call
/// has named the job.
Json SessionJobs::ends_for(const ServiceRequest& request,
                           const std::vector<jobs::JobRecord>& jobs) {
    const bool named = request.params.contains("job_ids");
    Json answer = Json::array();
    for (const auto& job : jobs) {
        const bool is_end =
            jobs::is_terminal(job.status) && job.spec.kind == jobs::JobKind::kBackground;
        const Reservation reservation =
            is_end ? deliveries_.reserve(job.id, request.call->tool_use_id())
                   : Reservation::kByThisCall;
        if (named || reservation == Reservation::kByThisCall) answer.push_back(describe(job));
    }
    return answer;
}

SessionJobs::ServiceReply SessionJobs::wait_for(const ServiceRequest& request) {
    const auto timeout = milliseconds_of(request.params, "timeout_ms");
    if (!timeout) return ServiceReply::failed("timeout_ms is missing", TENON_BAD_ARGS);
    const auto awaited = awaited_by(request);
    if (!awaited) return ServiceReply::failed(awaited.error().message);
    const bool stopped = is_stopped_before_an_end(*awaited, request, *timeout);
    std::vector<jobs::JobRecord> records;
    for (const std::string& id : awaited->ids) {
        if (const auto job = queue_.find(id)) records.push_back(*job);
    }
    if (stopped) {
        end_foreground(records, request.call->tool_use_id());
        return ServiceReply::failed("interrupted", TENON_CANCELLED);
    }
    return ServiceReply::ok({{"jobs", ends_for(request, records)}});
}

/// A cancelled call cancels its own foreground commands and returns when they have ended.
void SessionJobs::end_foreground(const std::vector<jobs::JobRecord>& jobs,
                                 const std::string& tool_use_id) {
    for (const auto& job : jobs) {
        if (job.spec.kind != jobs::JobKind::kForeground || job.spec.tool_use_id != tool_use_id)
            continue;
        if (jobs::is_terminal(job.status) || !queue_.cancel(job.id, "interrupt")) continue;
        const std::string id = job.id;
        queue_.wait_any(std::span(&id, 1), std::chrono::steady_clock::now() + kPatienceForAnEnd,
                        {});
    }
}

SessionJobs::ServiceReply SessionJobs::list(const ServiceRequest& request) {
    Json answer = Json::array();
    for (const auto& job : request.call->in_order([&] { return queue_.background_jobs(); })) {
        if (may_see(request, job)) answer.push_back(describe(job));
    }
    return ServiceReply::ok({{"jobs", answer}});
}

SessionJobs::ServiceReply SessionJobs::read(const ServiceRequest& request) {
    const std::string id = string_or(request.params, "job_id");
    const auto job = find(request, id);
    if (!job) return unknown_job(id);
    const auto max_chars = static_cast<std::size_t>(std::clamp<std::int64_t>(
        integer_or(request.params, "max_chars", kMostReadCharacters), 1, kMostReadCharacters));
    const auto folder = store_.folder_of(id);
    Json answer = describe(*job);
    if (request.params.contains("tail_bytes")) {
        const auto bytes = std::clamp<std::int64_t>(integer_or(request.params, "tail_bytes", 0), 0,
                                                    kMostReadCharacters);
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
    if (bool_or(request.params, "deliver", false)) deliver_end(request, *job, answer);
    return ServiceReply::ok(answer);
}

/// An end that a subagent reads is not delivered to the session's own conversation.
void SessionJobs::deliver_end(const ServiceRequest& request, const jobs::JobRecord& job,
                              Json& answer) {
    if (!jobs::is_terminal(job.status) || job.spec.kind != jobs::JobKind::kBackground ||
        !request.call->subagent().empty())
        return;
    const Reservation reservation = deliveries_.reserve(job.id, request.call->tool_use_id());
    if (reservation == Reservation::kByThisCall) request.call->deliver(job.id);
    if (reservation == Reservation::kByAnotherCall) answer["text"] = kDeliveredByAnotherCall;
}

SessionJobs::ServiceReply SessionJobs::to_background(const ServiceRequest& request) {
    const std::string id = string_or(request.params, "job_id");
    const auto known = find(request, id);
    if (!known) return unknown_job(id);
    if (!known->spec.subagent.empty()) return end_of_subagents_job(request, id);
    const auto job = queue_.to_background(id);
    if (!job) return ServiceReply::failed(job.error().message);
    return ServiceReply::ok(describe(*job));
}

/// The job of a subagent is not moved: its shim ends it at its limit. A queued one is cancelled.
SessionJobs::ServiceReply SessionJobs::end_of_subagents_job(const ServiceRequest& request,
                                                            const std::string& id) {
    if (const auto job = queue_.find(id); job && job->status == jobs::Status::kQueued)
        std::ignore = queue_.cancel(id, "no room for it");
    queue_.wait_any(std::span(&id, 1), std::nullopt, request.call->stop());
    if (const auto job = queue_.find(id); job && request.call->stop().stop_requested())
        end_foreground({*job}, request.call->tool_use_id());
    const auto job = queue_.find(id);
    return job ? ServiceReply::ok(describe(*job)) : unknown_job(id);
}

std::size_t SessionJobs::move_to_background() {
    std::size_t moved = 0;
    for (const jobs::JobId& id : queue_.running_foreground()) {
        {
            const Lock lock(mutex_);
            moved_.insert(id);
        }
        const auto job = queue_.to_background(id);
        if (job && job->spec.kind == jobs::JobKind::kBackground) ++moved;
    }
    return moved;
}

SessionJobs::ServiceReply SessionJobs::cancel(const ServiceRequest& request) {
    const std::string id = string_or(request.params, "job_id");
    if (!find(request, id)) return unknown_job(id);
    const std::string by(request.call != nullptr ? request.call->tool()
                                                 : std::string(request.plugin));
    if (auto cancelled = queue_.cancel(id, by); !cancelled)
        return ServiceReply::failed(cancelled.error().message);
    const auto job = queue_.find(id);
    return job ? ServiceReply::ok(describe(*job)) : unknown_job(id);
}

}  // namespace tenon::session
