#include <algorithm>
#include <map>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/signals.h"
#include "host/base/text_width.h"
#include "host/cli/jobs_verbs.h"
#include "host/jobs/report.h"
#include "host/jobs/watch.h"

namespace tenon::cli {
namespace {

using jobs::JobId;
using jobs::JobRecord;

constexpr std::chrono::seconds kTick{1};  // running times are on the screen
constexpr char kEnterScreen[] = "\x1b[?1049h\x1b[?25l";
constexpr char kLeaveScreen[] = "\x1b[?25h\x1b[?1049l";

bool is_background(const JobRecord& job) {
    return job.spec.kind == jobs::JobKind::kBackground;
}

std::vector<JobRecord> background_jobs(const JobsCall& call) {
    jobs::Problems problems;
    std::vector<JobRecord> found;
    for (JobRecord& job : call.store.list(&problems)) {
        if (is_background(job)) found.push_back(redacted(std::move(job), call.secrets));
    }
    call.complain_each(problems);
    return found;
}

/// A list that stays on the screen of a terminal. Elsewhere it is printed again after each change.
class LiveList {
public:
    explicit LiveList(const JobsCall& call) : call_(call), watch_(call.store) {}

    [[noreturn]] void run() {
        const bool drawn = call_.screen().escapes;
        watch_.add_new_jobs();
        list();
        if (drawn) {
            exit_on_signals(call_.console.output, kLeaveScreen);
            (void)write_all(call_.console.output, kEnterScreen);  // the first frame meets an error
        } else {
            exit_on_signals();
        }
        while (true) {
            if (!(drawn ? draw() : print_changes())) ::_exit(1);
            take(drawn ? watch_.wait(std::chrono::steady_clock::now() + kTick) : watch_.wait());
        }
    }

private:
    void list() {
        jobs::Problems problems;
        for (JobRecord& job : call_.store.list(&problems))
            add(std::move(job));
        call_.complain_each(problems);
    }

    void add(JobRecord job) {
        const JobId id = job.id;
        if (jobs::is_terminal(job.status)) {
            watch_.remove(id);
        } else if (jobs_.count(id) == 0) {
            watch_.add(id);
            if (auto now = call_.store.load(id)) job = *std::move(now);
        }
        jobs_[id] = redacted(std::move(job), call_.secrets);
    }

    void take(const jobs::Watch::Changes& changes) {
        for (const JobId& id : changes.jobs) {
            if (auto job = call_.store.load(id)) {
                add(*std::move(job));
            } else {
                jobs_.erase(id);
            }
        }
        if (changes.list_again) list();
    }

    [[nodiscard]] std::vector<JobRecord> shown() const {
        std::vector<JobRecord> shown;
        for (const auto& entry : jobs_) {
            if (!is_background(entry.second)) continue;
            shown.push_back(entry.second);
            jobs::correct_start(shown.back());
        }
        jobs::sort_by_submission(shown);
        return shown;
    }

    /// Keeps the unfinished jobs first, and then the newest.
    static void keep(std::vector<JobRecord>& jobs, std::size_t lines) {
        const auto ended = [](const JobRecord& job) { return jobs::is_terminal(job.status); };
        auto surplus = jobs.size() - std::min(jobs.size(), lines);
        for (const bool also_unfinished : {false, true}) {
            std::erase_if(jobs, [&](const JobRecord& job) {
                const bool goes = surplus > 0 && (also_unfinished || ended(job));
                surplus -= goes ? 1 : 0;
                return goes;
            });
        }
    }

    static std::string summary(const std::vector<JobRecord>& jobs) {
        std::size_t running = 0;
        std::size_t queued = 0;
        for (const JobRecord& job : jobs) {
            running += job.status == jobs::Status::kRunning ? 1 : 0;
            queued += job.status == jobs::Status::kQueued ? 1 : 0;
        }
        return std::to_string(running) + " running, " + std::to_string(queued) + " queued, " +
               std::to_string(jobs.size() - running - queued) + " ended. Ctrl-C leaves.";
    }

    /// Writes past the stream, in one piece: a signal never finds half a frame in a buffer. False:
    /// standard output cannot be written.
    [[nodiscard]] bool draw() const {
        const Screen screen = call_.screen();
        std::vector<JobRecord> jobs = shown();
        std::vector<std::string> lines = {cut(summary(jobs), screen.columns), ""};
        keep(jobs, screen.rows - 3);
        for (std::string& line : jobs_table(jobs, screen, wall_clock_ms()))
            lines.push_back(std::move(line));
        std::string frame = "\x1b[H";
        for (std::size_t i = 0; i < lines.size(); ++i)
            frame += (i > 0 ? "\r\n\x1b[2K" : "\x1b[2K") + lines[i];
        // Erases from the next line on: else a full last line would lose its last character.
        if (lines.size() < screen.rows) frame += "\r\n\x1b[J";
        return write_all(call_.console.output, frame).ok();
    }

    /// False: standard output cannot be written.
    [[nodiscard]] bool print_changes() {
        const std::vector<JobRecord> jobs = shown();
        std::map<JobId, jobs::Status> now;
        for (const JobRecord& job : jobs)
            now[job.id] = job.status;
        if (printed_ == now) return true;
        if (printed_) call_.console.out << '\n';
        for (const std::string& line : jobs_table(jobs, call_.screen(), wall_clock_ms()))
            call_.console.out << line << '\n';
        printed_ = std::move(now);
        return !call_.console.out.flush().fail();
    }

    const JobsCall& call_;
    jobs::Watch watch_;
    std::map<JobId, JobRecord> jobs_;
    std::optional<std::map<JobId, jobs::Status>> printed_;
};

}  // namespace

int list_jobs(const JobsCall& call) {
    const std::vector<JobRecord> jobs = background_jobs(call);
    const std::int64_t now = wall_clock_ms();
    if (call.json()) {
        Json array = Json::array();
        for (const JobRecord& job : jobs)
            array.push_back(to_json(job, now));
        call.print(array);
        return 0;
    }
    const Screen screen = call.screen();
    if (jobs.empty() && screen.terminal) call.complain("there are no background jobs");
    for (const std::string& line : jobs_table(jobs, screen, now))
        call.console.out << line << '\n';
    return 0;
}

int watch_jobs(const JobsCall& call) {
    LiveList(call).run();
}

int show_job(const JobsCall& call) {
    const JobId& id = call.ids.front();
    const auto job = call.load(id);
    if (!job) {
        call.complain(job.error().message);
        return 1;
    }
    if (call.json()) {
        call.print(to_json(*job, wall_clock_ms()));
        return 0;
    }
    const bool supervised = jobs::is_terminal(job->status) && call.store.is_supervised(id);
    call.console.out << describe(*job, supervised, wall_clock_ms());
    return 0;
}

}  // namespace tenon::cli
