#include "host/session/job_inbox.h"

#include "host/jobs/report.h"
#include "host/session/subagent_journal.h"

namespace tenon::session {
namespace {

constexpr std::size_t kMostReportCharacters = 50'000;

}  // namespace

std::vector<jobs::JobRecord> undelivered_jobs(const jobs::Queue& queue,
                                              const journal::Deliveries& deliveries) {
    std::vector<jobs::JobRecord> found = queue.background_jobs();
    std::erase_if(found, [&](const jobs::JobRecord& job) {
        return jobs::is_terminal(job.status) && !deliveries.is_undelivered_and_unreserved(job.id);
    });
    return found;
}

std::string JobInbox::preview_of(const jobs::JobRecord& job) const {
    return jobs::preview(secrets_.redact(job.spec.command));
}

std::string JobInbox::text_of(const jobs::JobRecord& job) const {
    return jobs::report(store_.folder_of(job.id), job, kMostReportCharacters, secrets_);
}

void JobInbox::take_ended() {
    while (Poco::AutoPtr<Poco::Notification> next = queue_.ended().dequeueNotification()) {
        const auto* ended = dynamic_cast<jobs::JobEndedNotification*>(next.get());
        if (ended != nullptr) deliveries_.add_waiting(ended->job.id);
    }
}

std::vector<agent::JobEnded> JobInbox::undelivered() {
    take_ended();
    deliveries_.end_reservations();  // the calls of the last answer have ended
    std::vector<agent::JobEnded> ended;
    for (const std::string& id : deliveries_.waiting()) {
        const auto job = queue_.find(id);
        if (!job) continue;  // the queue keeps every background job of its session
        ended.push_back({id, std::string(jobs::to_string(job->status)), text_of(*job)});
    }
    return ended;
}

bool JobInbox::has_undelivered() {
    take_ended();
    return !deliveries_.waiting().empty();
}

bool JobInbox::wait(std::stop_token stop) {
    while (!has_undelivered()) {
        if (!queue_.wait_for_notification(stop)) return false;
    }
    return true;
}

std::string JobInbox::table() {
    std::string rows;
    for (const auto& job : undelivered_jobs(queue_, deliveries_)) {
        rows.append("\n| ").append(job.id).append(" | ").append(jobs::to_string(job.status));
        rows.append(" | ").append(preview_of(job)).append(" |");
    }
    if (rows.empty()) return {};
    return "Background jobs:\n| id | status | command |\n|---|---|---|" + rows;
}

std::optional<agent::RecoveredCall> JobInbox::recover(const agent::ToolCall& call,
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
    // A job that was cancelled before it ran counts as an interrupted call.
    if (job->status == jobs::Status::kCancelled && job->started_ms == 0) return std::nullopt;
    return agent::RecoveredCall{
        text_of(*job), false,
        job->spec.kind == jobs::JobKind::kBackground ? job->id : std::string()};
}

}  // namespace tenon::session
