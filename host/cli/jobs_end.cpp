#include <algorithm>
#include <map>
#include <set>

#include "host/base/clock.h"
#include "host/base/quantity.h"
#include "host/base/signals.h"
#include "host/cli/jobs_verbs.h"
#include "host/cli/unattended.h"
#include "host/jobs/watch.h"

namespace tenon::cli {
namespace {

using jobs::JobId;
using jobs::JobRecord;

constexpr char kBy[] = "tenon jobs cancel";
constexpr std::chrono::seconds kPatience{8};  // ending a tree takes 5.5 s at most

/// The entry of the document for a job that could not be cancelled or has not ended.
Json failed_entry(const JobsCall& call, const JobId& id, const std::string& error) {
    const auto job = call.load(id);
    Json entry =
        job ? to_json(*job, wall_clock_ms())
            : Json{{"id", id}, {"status", nullptr}, {"exit_code", nullptr}, {"command", nullptr}};
    entry["error"] = error;
    return entry;
}

/// Cancels jobs, then waits for all of them together.
class CancelJobs {
public:
    explicit CancelJobs(const JobsCall& call)
        : call_(call), watch_(call.store), all_(call.arguments.has("all")) {}

    int run() {
        for (const JobId& id : jobs_to_cancel())
            cancel(id);
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!pending_.empty() && std::chrono::steady_clock::now() < deadline) {
            for (const JobId& id : watch_.wait(deadline).jobs)
                look(id);
        }
        for (const JobId& id : std::set<JobId>(pending_))
            fail(id, "job " + id + " was cancelled and has not ended yet");
        if (call_.json()) call_.print(document_);
        return failed_ ? 1 : 0;
    }

private:
    [[nodiscard]] std::vector<JobId> jobs_to_cancel() const {
        if (!all_) return call_.ids;
        jobs::Problems problems;
        std::vector<JobId> ids;
        for (const JobRecord& job : call_.store.list(&problems)) {
            const bool tree = job.spec.lifetime == jobs::Lifetime::kPersistent;
            if (job.spec.kind != jobs::JobKind::kBackground) continue;
            if (!jobs::is_terminal(job.status) || (tree && call_.store.is_supervised(job.id)))
                ids.push_back(job.id);
        }
        call_.complain_each(problems);
        return ids;
    }

    void cancel(const JobId& id) {
        watch_.add(id);
        const auto job = call_.store.cancel(id, kBy);
        if (!job) {
            // With --all, a job that has just ended by itself is no failure.
            if (!all_ || !call_.store.has_ended(id)) fail(id, job.error().message);
            return;
        }
        if (jobs::is_terminal(job->status) && job->status != jobs::Status::kCancelled)
            only_tree_.insert(id);
        pending_.insert(id);
        look(id);
    }

    void look(const JobId& id) {
        if (pending_.count(id) == 0) return;
        const auto job = call_.load(id);
        if (!job) return fail(id, job.error().message);
        if (!jobs::is_terminal(job->status)) return;
        const bool tree = only_tree_.count(id) > 0;
        if (tree && call_.store.is_supervised(id)) return;
        if (!tree && job->status != jobs::Status::kCancelled && !all_) {
            return fail(id, "Job " + id + " has ended already: " + jobs::how_it_ended(*job));
        }
        pending_.erase(id);
        watch_.remove(id);
        if (call_.json()) {
            document_.push_back(to_json(*job, wall_clock_ms()));
        } else if (tree) {
            call_.console.out << "Ended what job " << id << " left behind\n" << std::flush;
        } else if (job->status == jobs::Status::kCancelled) {
            call_.console.out << "Cancelled job " << id << '\n' << std::flush;
        }
    }

    void fail(const JobId& id, const std::string& reason) {
        failed_ = true;
        pending_.erase(id);
        watch_.remove(id);
        call_.complain(reason);
        document_.push_back(failed_entry(call_, id, call_.secrets.redact(reason)));
    }

    const JobsCall& call_;
    jobs::Watch watch_;
    const bool all_;
    bool failed_ = false;
    std::set<JobId> pending_;
    std::set<JobId> only_tree_;  // have ended; only the processes that they left are ended
    Json document_ = Json::array();
};

/// Waits for jobs all together, as long as each of them can still end.
class WaitForEnds {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    WaitForEnds(const JobsCall& call, Deadline deadline)
        : call_(call),
          deadline_(deadline),
          watch_(call.store),
          unattended_(call.store),
          pending_(call.ids.begin(), call.ids.end()) {}

    int run() {
        for (const JobId& id : call_.ids) {
            watch_.add(id);
            look(id);
        }
        while (!pending_.empty() && !is_over())
            look_at(watch_.wait(next_look()).jobs);
        if (!pending_.empty()) give_up();
        if (call_.json()) print_document();
        return all_completed_ ? 0 : 1;
    }

private:
    [[nodiscard]] bool is_over() const {
        return deadline_ && std::chrono::steady_clock::now() >= *deadline_;
    }

    /// No event reports the death of the host that would start a queued job.
    [[nodiscard]] Deadline next_look() const {
        if (queued_.empty()) return deadline_;
        const auto tick = std::chrono::steady_clock::now() + Unattended::kTick;
        return deadline_ ? std::min(*deadline_, tick) : tick;
    }

    void look_at(std::set<JobId> ids) {
        ids.insert(queued_.begin(), queued_.end());
        for (const JobId& id : ids)
            if (pending_.count(id) > 0) look(id);
    }

    void look(const JobId& id) {
        const auto job = call_.load(id);
        if (!job) return fail(id, job.error().message);
        queued_.erase(id);
        if (job->status == jobs::Status::kQueued) queued_.insert(id);
        if (const auto why = unattended_.why(*job)) return fail(id, *why);
        if (!jobs::is_terminal(job->status)) return;
        take_out(id);
        all_completed_ = all_completed_ && job->status == jobs::Status::kCompleted;
        entries_[id] = to_json(*job, wall_clock_ms());
        if (!call_.json())
            call_.console.out << id << ": " << jobs::how_it_ended(*job) << '\n' << std::flush;
    }

    void give_up() {
        const std::set<JobId> left = pending_;
        std::string ids;
        for (const JobId& id : call_.ids)
            if (left.count(id) > 0) ids += (ids.empty() ? "" : ", ") + id;
        call_.complain("the time is over; not ended yet: " + ids);
        for (const JobId& id : left)
            take_out(id, "the time is over");
    }

    void fail(const JobId& id, const std::string& reason) {
        call_.complain(reason);
        take_out(id, call_.secrets.redact(reason));
    }

    void take_out(const JobId& id, const std::string& error = {}) {
        pending_.erase(id);
        queued_.erase(id);
        watch_.remove(id);
        if (error.empty()) return;
        all_completed_ = false;
        entries_[id] = failed_entry(call_, id, error);
    }

    void print_document() {
        Json document = Json::array();
        for (const JobId& id : call_.ids)
            document.push_back(std::move(entries_[id]));
        call_.print(document);
    }

    const JobsCall& call_;
    const Deadline deadline_;
    jobs::Watch watch_;
    Unattended unattended_;
    std::set<JobId> pending_;
    std::set<JobId> queued_;  // the queued ones of these
    std::map<JobId, Json> entries_;
    bool all_completed_ = true;
};

}  // namespace

int cancel_jobs(const JobsCall& call) {
    exit_on_signals();
    return CancelJobs(call).run();
}

int wait_for_jobs(const JobsCall& call) {
    WaitForEnds::Deadline deadline;
    if (const auto text = call.arguments.value("timeout")) {
        const auto limit = parse_time_limit(*text);
        if (!limit) {
            call.complain("--timeout: " + limit.error().message);
            return kExitUsage;
        }
        deadline = std::chrono::steady_clock::now() + *limit;
    }
    exit_on_signals();
    return WaitForEnds(call, deadline).run();
}

}  // namespace tenon::cli
