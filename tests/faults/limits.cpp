#include "tests/faults/limits.h"

#include <random>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/jobs/process.h"

namespace tenon::faults {
namespace {

namespace fs = std::filesystem;

constexpr int kLimitedRuns = 2;
constexpr int kFirstUser = 61'000, kUsers = 4'000;  // user ids that are usually free

void give_to(const fs::path& path, int user) {
    const auto id = static_cast<uid_t>(user);
    if (::chown(path.c_str(), id, id) != 0)
        throw std::runtime_error(Error::from_errno("chown " + path.string()).message);
}

/// The processes and threads of this user: all of them count.
int threads_of_this_user() {
    int threads = 0;
    for (const auto& process : jobs::all_processes()) {
        std::error_code gone;
        const fs::path tasks = "/proc/" + std::to_string(process.pid) + "/task";
        struct stat info {};
        if (::stat(tasks.c_str(), &info) != 0 || info.st_uid != ::geteuid()) continue;
        for (auto it = fs::directory_iterator(tasks, gone); !gone && it != fs::directory_iterator();
             it.increment(gone))
            ++threads;
    }
    return threads;
}

}  // namespace

std::string LimitedTrial::name() const {
    std::string text = std::to_string(jobs) + (foreground ? " bash calls" : " background jobs");
    if (descriptors > 0) text += ", " + std::to_string(descriptors) + " descriptors";
    if (processes > 0) text += ", " + std::to_string(processes) + " processes";
    return text;
}

std::vector<LimitedTrial> limited_trials(int jobs, unsigned seed) {
    std::vector<LimitedTrial> all = {
        {.descriptors = 16, .jobs = 4},
        {.descriptors = 32, .jobs = 20},
        {.descriptors = 64, .jobs = 40},
        {.descriptors = 64, .jobs = 40, .foreground = true, .must_run = true},
        {.descriptors = 256, .jobs = 140},
        {.descriptors = 256, .jobs = jobs, .foreground = true, .must_run = true},
        {.processes = 2, .jobs = 2},
        {.processes = 8, .jobs = 5},
        {.processes = 24, .jobs = 20},
        {.processes = 40, .jobs = 60, .foreground = true, .must_run = true},
        {.processes = 100, .jobs = 100},
        {.descriptors = 64, .processes = 40, .jobs = 60},
    };
    constexpr int kMore = 6;
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<int>(random() % n); };
    for (int i = 0; i < kMore; ++i) {
        LimitedTrial limit;
        if (below(2) == 0) limit.descriptors = 8 + below(120);
        if (below(2) == 0 || limit.descriptors == 0) limit.processes = 1 + below(50);
        limit.jobs = 1 + below(60);
        limit.foreground = below(2) == 0;
        all.push_back(limit);
    }
    return all;
}

AllowedFailures LimitedRuns::allowed_failures(const LimitedTrial& limit) {
    AllowedFailures allowed;
    allowed.not_started = allowed.cancelled = !limit.must_run;
    if (limit.must_run) return allowed;
    allowed.errors = {"Too many open files", "Resource temporarily unavailable",
                      "no descriptor left"};
#if defined(__SANITIZE_ADDRESS__)
    // UndefinedBehaviorSanitizer looks at an object's type through a pipe. Without a free
    // descriptor it takes every type that it has not seen before for a wrong one.
    allowed.errors.emplace_back("object has invalid vptr\n<memory cannot be printed>");
#endif
    return allowed;
}

TrialJobOptions LimitedRuns::job_options(const LimitedTrial& limit) {
    TrialJobOptions options;
    options.forks = limit.processes == 0;
    if (limit.foreground) options.foreground_every = 1;
    return options;
}

LimitedRuns::LimitedRuns(Trial& trial, LimitedTrial limit)
    : trial_(trial),
      limit_(limit),
      user_(limit.processes > 0 && ::geteuid() == 0
                ? kFirstUser + static_cast<int>(::getpid()) % kUsers
                : 0) {
    if (user_ == 0) return;
    give_to(trial_.folders().home.path(), user_);
    give_to(trial_.folders().workspace(), user_);
}

std::vector<std::string> LimitedRuns::wrapper(bool limited) const {
    std::string script;
    if (limited && limit_.descriptors > 0)
        script += "ulimit -n " + std::to_string(limit_.descriptors) + "; ";
    if (limited && limit_.processes > 0) {
        const int others = user_ == 0 ? threads_of_this_user() : 0;
        script += "ulimit -u " + std::to_string(others + limit_.processes) + "; ";
    }
    std::vector<std::string> words = {"/bin/bash", "-c", script + "exec \"$@\"", "limits"};
    if (user_ != 0) {
        const std::string user = std::to_string(user_);
        words.insert(words.end(), {"/usr/bin/setpriv", "--reuid=" + user, "--regid=" + user,
                                   "--clear-groups", "--"});
    }
    return words;
}

/// Either `jobs run` says why it can start nothing and nothing runs, or the job runs, or its record
/// says why it did not.
void LimitedRuns::run_a_job(const std::string& mark) {
    trial_.run_under(wrapper(true));
    testing::Process run = trial_.command({"jobs", "run", "--", "echo one >" + mark});
    const auto exit = trial_.watch(run, "jobs run");
    if (!exit) return;
    trial_.run_under(wrapper(false));
    const std::string id = run.output.substr(0, run.output.find('\n'));
    const auto ran = [&] { return fs::exists(trial_.folders().workspace() / mark); };
    if (exit->code != 0 || !is_job_id(id)) {
        const bool says_why = exit->code == 1 || exit->code == 2;
        if (!says_why || !run.errors.starts_with("tenon: ") || ran())
            trial_.note_wrong("jobs run ended with " + std::to_string(exit->code) +
                              (ran() ? ", and the job ran: " : ": ") + run.errors);
        return;
    }
    testing::Process wait = trial_.command({"jobs", "wait", id});
    const auto waited = trial_.watch(wait, "jobs wait");
    testing::Process show = trial_.command({"jobs", "show", "--json", id});
    if (!waited || !trial_.watch(show, "jobs show")) return;
    const Json job = Json::parse(show.output, nullptr, false);
    const std::string status = job.is_object() ? string_or(job, "status") : "";
    const bool not_started = status == "error" && !string_or(job, "reason").empty() && !ran();
    if (!not_started && !(status == "completed" && ran()))
        trial_.note_wrong("a job of jobs run is shown as " + show.output + show.errors);
}

void LimitedRuns::run() {
    trial_.model().allow(limit_.jobs, limit_.jobs);
    trial_.model().always_ask_for_most();
    for (int i = 0; i < kLimitedRuns; ++i) {
        trial_.run_under(wrapper(true));
        testing::Process run = trial_.start(limit_.jobs);
        const std::string name = "run " + std::to_string(trial_.findings().runs);
        if (const auto exit = trial_.watch(run, name)) trial_.note_exit(run, *exit);
        trial_.expect_no_processes(name);
        run_a_job("extra" + std::to_string(i));
    }
    trial_.run_under(wrapper(false));
    trial_.run_until_all_delivered(limit_.jobs);
    trial_.expect_no_processes("at the end");
}

}  // namespace tenon::faults
