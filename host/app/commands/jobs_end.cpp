#include <map>
#include <set>

#include "host/app/commands/jobs_verbs.h"
#include "host/app/signals.h"
#include "host/base/clock.h"
#include "host/jobs/watch.h"

namespace tenon::app {
namespace {

using jobs::JobId;
using jobs::JobRecord;

constexpr char kBy[] = "tenon jobs cancel";
constexpr std::chrono::seconds kPatience{8};  // ending a tree takes 5.5 s at most

/// Cancels jobs, then waits for the ends of them all together.
class Cancelling {
public:
    explicit Cancelling(const JobsCall& call)
        : call_(call), watch_(call.store), all_(call.arguments.has("all")) {}

    int run() {
        for (const JobId& id : asked())
            cancel(id);
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!pending_.empty() && std::chrono::steady_clock::now() < deadline) {
            const auto news = watch_.wait(deadline);
            for (const JobId& id : news.jobs)
                look(id);
        }
        for (const JobId& id : std::set<JobId>(pending_))
            fail(id, "job " + id + " was told to end and has not yet");
        if (call_.json()) call_.print(document_);
        return failed_ ? 1 : 0;
    }

private:
    [[nodiscard]] std::vector<JobId> asked() const {
        if (!all_) return call_.ids;
        jobs::Problems problems;
        std::vector<JobId> ids;
        for (const JobRecord& job : call_.store.list(&problems)) {
            const bool tree = job.spec.lifetime == jobs::Lifetime::kPersistent;
            if (job.spec.kind != jobs::Kind::kBackground) continue;
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
            // Of all jobs one that ended by itself meanwhile is none to complain of.
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
        const auto job = call_.load(id);
        Json entry = job ? to_json(*job, wall_clock_ms())
                         : Json{{"id", id},
                                {"status", nullptr},
                                {"exit_code", nullptr},
                                {"command", nullptr}};
        entry["error"] = call_.secrets.redact(reason);
        document_.push_back(std::move(entry));
    }

    const JobsCall& call_;
    jobs::Watch watch_;
    const bool all_;
    bool failed_ = false;
    std::set<JobId> pending_;
    std::set<JobId> only_tree_;  // ended before; what they left behind is to go
    Json document_ = Json::array();
};

void tell_if_never_started(const JobsCall& call, const JobRecord& job) {
    if (job.status != jobs::Status::kQueued || !job.spec.session.empty()) return;
    call.complain("job " + job.id +
                  " was recorded and never started; only `tenon jobs cancel` ends it");
}

}  // namespace

int cancel_jobs(const JobsCall& call) {
    exit_on_signals();
    return Cancelling(call).run();
}

int wait_for_jobs(const JobsCall& call) {
    exit_on_signals();
    jobs::Watch watch(call.store);
    std::set<JobId> waiting(call.ids.begin(), call.ids.end());
    std::map<JobId, Json> entries;
    bool all_completed = true;
    const auto look = [&](const JobId& id, bool first) {
        const auto job = call.load(id);
        if (job && !jobs::is_terminal(job->status)) {
            if (first) tell_if_never_started(call, *job);
            return;
        }
        waiting.erase(id);
        watch.remove(id);
        all_completed = all_completed && job && job->status == jobs::Status::kCompleted;
        if (!job) {
            call.complain(job.error().message);
            entries[id] = {{"id", id},
                           {"status", nullptr},
                           {"exit_code", nullptr},
                           {"command", nullptr},
                           {"error", job.error().message}};
        } else {
            entries[id] = to_json(*job, wall_clock_ms());
            if (!call.json())
                call.console.out << id << ": " << jobs::how_it_ended(*job) << '\n' << std::flush;
        }
    };
    for (const JobId& id : call.ids) {
        watch.add(id);
        look(id, true);
    }
    while (!waiting.empty()) {
        for (const JobId& id : watch.wait().jobs) {
            if (waiting.count(id) > 0) look(id, false);
        }
    }
    if (call.json()) {
        Json document = Json::array();
        for (const JobId& id : call.ids)
            document.push_back(std::move(entries[id]));
        call.print(document);
    }
    return all_completed ? 0 : 1;
}

}  // namespace tenon::app
