#include <sys/wait.h>
#include <unistd.h>

#include "host/base/clock.h"
#include "host/base/duration.h"
#include "host/base/limits.h"
#include "host/base/quantity.h"
#include "host/base/untrusted.h"
#include "host/cli/jobs_verbs.h"
#include "host/jobs/end_file.h"
#include "host/jobs/launch.h"
#include "host/jobs/output_budget.h"
#include "host/jobs/report.h"
#include "host/jobs/watch.h"
#include "host/session/containment.h"

namespace tenon::cli {
namespace {

using jobs::JobRecord;

constexpr rlim_t kDescriptors = 1024;  // every start of a process takes longer with more

Result<jobs::JobSpec> spec_of(const JobsCall& call, const config::Settings& settings,
                              const config::Sources& sources) {
    const Arguments& arguments = call.arguments;
    const auto words = std::span(arguments.words).subspan(1);
    jobs::JobSpec spec;
    spec.command = words.size() == 1 ? words.front() : quoted_for_bash(words);
    spec.workspace = settings.workspace.string();
    spec.name = arguments.value("name").value_or("");
    spec.lifetime = jobs::Lifetime::kPersistent;
    spec.output_limit = settings.jobs.output_limit;
    spec.limits = session::job_limits_of(settings.jobs);
    spec.pid_namespace = settings.jobs.pid_namespace;
    session::Containment containment = session::containment_of(settings);
    if (!containment.notice.empty()) call.complain(containment.notice);
    spec.containment = std::move(containment.policy);
    const auto cwd = arguments.value("cwd");
    if (cwd && cwd->empty()) return Error{"--cwd: the value is empty"};
    spec.cwd = spec.workspace;
    if (cwd) {
        const auto path = config::given_path(*cwd, settings.home, sources.cwd);
        if (!path) return path.error().while_doing("--cwd");
        spec.cwd = path->string();
    }
    if (const auto timeout = arguments.value("timeout")) {
        const auto limit = parse_time_limit(*timeout);
        if (!limit) return Error{"--timeout: " + limit.error().message};
        spec.timeout = *limit;
    }
    // Nothing else bounds a person's own job.
    if (const std::string& lock = settings.jobs.max_timeout_lock; !lock.empty()) {
        const auto longest = settings.jobs.max_timeout;
        if (spec.timeout && *spec.timeout > longest)
            return Error{"--timeout: longer than jobs.maxTimeout, " + duration_text(longest) +
                         ", which is locked by " + lock};
        if (!spec.timeout) spec.timeout = longest;
    }
    if (auto problem = jobs::Store::problem_with(spec)) return *problem;
    return spec;
}

/// Returns when the shim has started the job. Error: it could not.
Result<JobRecord> start(const JobsCall& call, const JobRecord& job, const jobs::Shim& shim,
                        std::uint64_t cap) {
    jobs::Watch watch(call.store);
    watch.add(job.id);
    const auto process = jobs::launch_shim(shim, call.store.folder_of(job.id), cap);
    if (!process) return Error{process.error().message};
    while (true) {
        auto now = call.store.load(job.id);
        if (!now || now->status != jobs::Status::kQueued) return now;
        const bool died_unseen =
            !process->process && ::waitpid(process->pid, nullptr, WNOHANG) != 0;
        if (const int code = jobs::reap(process->process); code >= 0 || died_unseen) {
            now = call.store.load(job.id);
            if (!now || now->status != jobs::Status::kQueued) return now;
            if (const auto end = jobs::receive_unrecorded_end(process->status))
                return Error{end->reason};
            return Error{"the supervisor " + shim.program.string() +
                         (died_unseen ? " has died" : " ended with code " + std::to_string(code))};
        }
        std::optional<std::chrono::steady_clock::time_point> look;
        if (!process->process) look = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        watch.wait(look, process->process.get());
    }
}

/// Ends the job, which nobody else may start, with the reason.
void give_up(const JobsCall& call, const JobRecord& job, const std::string& why) {
    jobs::JobEnd end;
    end.status = jobs::Status::kError;
    end.exit_code = 127;
    end.reason = why;
    const auto ended = call.store.end_unstarted(job.id, std::move(end), "tenon: " + why + "\n");
    if (!ended) call.complain(ended.error().message);
}

}  // namespace

int run_job(const JobsCall& call, const config::Settings& settings,
            const config::Sources& sources) {
    const auto complain = [&](const Error& error, int code) {
        call.complain(error.message);
        return code;
    };
    auto spec = spec_of(call, settings, sources);
    if (!spec) return complain(spec.error(), kExitUsage);
    jobs::Shim shim;
    shim.program = sources.prefix / "libexec/tenon/tenon-shim";
    if (::access(shim.program.c_str(), X_OK) != 0)
        return complain(jobs::supervisor_failure(shim.program), kExitFailed);
    shim.descriptor_limit = descriptor_limit();
    if (shim.descriptor_limit > kDescriptors) set_descriptor_limit(kDescriptors);
    const auto job = call.store.create(*std::move(spec));
    if (!job) return complain(job.error(), kExitFailed);
    call.store.sync(std::span(&job->id, 1));

    jobs::OutputBudget budget(call.store, settings.jobs.total_output_limit);
    const auto started = start(call, *job, shim, budget.reserve(job->id, job->spec.output_limit));
    if (!started) {
        give_up(call, *job, started.error().message);
        return complain(started.error(), kExitFailed);
    }
    if (started->status == jobs::Status::kError && started->end.started_ms == 0)
        return complain(Error{"job " + job->id + " could not be started: " + started->end.reason},
                        kExitFailed);
    if (call.json()) {
        call.print(to_json(redacted(*started, call.secrets), wall_clock_ms()));
    } else {
        call.console.out << job->id << '\n';
    }
    return 0;
}

}  // namespace tenon::cli
