#include "tests/faults/trial.h"

#include <csignal>
#include <poll.h>

#include "host/base/ids.h"
#include "host/jobs/process.h"
#include "host/jobs/record.h"
#include "tests/faults/progress_timeout.h"
#include "tests/support/launcher.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using testing::ModelServer;
using testing::Process;
namespace fs = std::filesystem;

constexpr auto kTimeWithoutProgress = 10s;
constexpr auto kTimeToEnd = 30s;  // for processes that are being ended
constexpr auto kSampleInterval = 100ms;
constexpr int kUndisturbedRuns = 6;  // after the last fault

ModelServer::Options answered_by(Model& model) {
    ModelServer::Options options;
    options.responder = [&model](const Json& request) { return model.answer(request); };
    return options;
}

std::string tail_of(const std::string& text) {
    constexpr std::size_t kMost = 900;
    return text.size() > kMost ? "…" + text.substr(text.size() - kMost) : text;
}

std::string describe_exit(const Process::Exit& exit) {
    return exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                            : "exit code " + std::to_string(exit.code);
}

/// Identifies a process also when its pid is used again.
struct LiveProcess {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
};
std::vector<LiveProcess> live_processes(const std::vector<pid_t>& pids) {
    std::vector<LiveProcess> found;
    for (const pid_t pid : pids) {
        const auto stat = jobs::stat_of(pid);
        // Its environment may have been read when another process had the pid.
        if (stat && stat->state != 'Z' && stat->state != 'X')
            found.push_back({pid, stat->start_time});
    }
    return found;
}

std::string read_proc_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string words((std::istreambuf_iterator<char>(in)), {});
    std::replace(words.begin(), words.end(), '\0', ' ');
    return words;
}

/// Its pid, state, parent, job and command line.
std::string describe_process(const LiveProcess& process) {
    constexpr std::size_t kMostBytes = 120, kJob = std::string_view("TENON_JOB_ID=01234567").size();
    const fs::path folder = "/proc/" + std::to_string(process.pid);
    const auto stat = jobs::stat_of(process.pid).value_or(jobs::ProcessStat{});
    const std::string environment = read_proc_file(folder / "environ");
    const auto job = environment.find("TENON_JOB_ID=");
    return "process " + std::to_string(process.pid) + " (" + stat.state + ", parent " +
           std::to_string(stat.parent) +
           (job == std::string::npos ? "" : ", " + environment.substr(job, kJob)) +
           "): " + read_proc_file(folder / "cmdline").substr(0, kMostBytes);
}

}  // namespace

Trial::Trial(TrialOptions options, AllowedFailures allowed)
    : options_(std::move(options)),
      allowed_failures_(std::move(allowed)),
      model_(options_.seed, options_.job_options, folders_.workspace()),
      server_(std::vector<testing::Step>(), answered_by(model_)),
      random_(options_.seed) {}

Process Trial::command(const std::vector<std::string>& words) const {
    std::vector<std::string> all = wrapper_;
    all.push_back(options_.tenon.string());
    all.insert(all.end(), words.begin(), words.end());
    return Process(all, folders_.environment(&server_), folders_.workspace());
}

Process Trial::start(int running) {
    ++findings_.runs;
    return command({"--session", kSession, "--yes", "--output-format", "stream-json", "-D",
                    "jobs.maxRunning=" + std::to_string(running), "-D",
                    "agent.compaction.tokenThreshold=1000000000", "-p", "go on"});
}

std::optional<Process::Exit> Trial::watch(Process& command, const std::string& name) {
    command.close_input();
    ProgressTimeout timeout(kTimeWithoutProgress);
    std::size_t progress = 0;
    while (!command.has_closed_output()) {
        command.wait_for_more_output(kSampleInterval);
        std::error_code none;
        const std::size_t now = command.output.size() + command.errors.size() +
                                static_cast<std::size_t>(model_.requests()) +
                                fs::file_size(folders_.workspace() / "ran", none) + (none ? 1 : 0);
        if (now != std::exchange(progress, now)) timeout.restart();
        timeout.sample(folders_.processes());
        if (!timeout.has_expired()) continue;
        findings_.hung.push_back(name + " made no progress for 10 s; it had printed: " +
                                 tail_of(command.errors) + tail_of(command.output));
        command.send_signal(SIGKILL);
        command.wait();
        return std::nullopt;
    }
    return command.wait();
}

bool Trial::is_allowed_failure(const Process& run, const Process::Exit& exit) const {
    if (exit.code != 1 && exit.code != 2) return false;
    return std::any_of(allowed_failures_.errors.begin(), allowed_failures_.errors.end(),
                       [&](const auto& words) {
                           return (run.errors + run.output).find(words) != std::string::npos;
                       });
}

void Trial::note_exit(const Process& run, const Process::Exit& exit) {
    if (exit.code == 0) return;
    if (is_allowed_failure(run, exit)) {
        ++findings_.failed_runs;
        return;
    }
    findings_.bad_runs.push_back("run " + std::to_string(findings_.runs) + " ended with " +
                                 describe_exit(exit) + ": " + tail_of(run.errors) +
                                 tail_of(run.output));
}

void Trial::run_until_all_delivered(int running) {
    for (int i = 0; i < kUndisturbedRuns; ++i) {
        Process run = start(running);
        const auto exit = watch(run, "run " + std::to_string(findings_.runs));
        if (!exit) continue;
        note_exit(run, *exit);
        if (exit->code == 0 && model_.numbers_done() >= options_.jobs) return;
    }
}

void Trial::kill_a_supervisor() {
    std::vector<fs::path> running;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folders_.state() / "jobs", none)) {
        if (fs::exists(entry.path() / jobs::kStartedFile) &&
            !fs::exists(entry.path() / jobs::kStatusFile))
            running.push_back(entry.path());
    }
    if (running.empty()) return;
    std::sort(running.begin(), running.end());
    const fs::path& job =
        running[static_cast<std::size_t>(between(0, static_cast<int>(running.size()) - 1))];
    const auto text = read_whole_file(job / jobs::kStartedFile, jobs::kMaxRecordBytes);
    const auto started = text ? jobs::decode_started(*text) : Result<jobs::Started>(text.error());
    if (!started) return;
    findings_.orphaned.insert(job.filename().string());
    jobs::send_signal(jobs::open_process(started->shim), SIGKILL);
}

void Trial::kill_the_launcher(const Process& host) {
    const pid_t launcher = testing::launcher_of(host.pid());
    const auto stat = jobs::stat_of(launcher);
    if (launcher == 0 || !stat) return;
    if (jobs::send_signal(jobs::open_process(launcher, stat->start_time), SIGKILL))
        ++findings_.launchers_killed;
}

bool Trial::wait_for(const std::function<bool()>& happened, const std::string& what) {
    ProgressTimeout timeout(kTimeWithoutProgress);
    while (!happened() && !timeout.has_expired())
        timeout.sample(folders_.processes());
    if (!timeout.has_expired()) return true;
    findings_.hung.push_back("this does not happen: " + what);
    return false;
}

void Trial::expect_no_processes(const std::string& after) {
    end_remaining([this] { return folders_.processes(); }, after);
}

void Trial::expect_no_processes_of(const std::string& job, const std::string& after) {
    end_remaining([&] { return testing::processes_with("TENON_JOB_ID", job); }, after);
}

void Trial::end_remaining(const Find& find, const std::string& after) {
    ProgressTimeout timeout(kTimeToEnd);
    std::vector<LiveProcess> left = live_processes(find());
    while (!left.empty() && !timeout.has_expired()) {
        const UniqueFd process = jobs::open_process(left.front().pid, left.front().start_time);
        pollfd ended{process.get(), POLLIN, 0};
        if (process) ::poll(&ended, 1, static_cast<int>(kSampleInterval / 1ms));
        std::vector<pid_t> pids;
        for (const LiveProcess& one : left)
            pids.push_back(one.pid);
        timeout.sample(pids);
        left = live_processes(find());
    }
    for (const LiveProcess& one : left) {
        findings_.left_running.push_back(after + ": " + describe_process(one));
        jobs::send_signal(jobs::open_process(one.pid, one.start_time), SIGKILL);
    }
}

std::vector<std::string> Trial::refusals() const {
    std::vector<std::string> found;
    for (const auto& request : server_.requests()) {
        if (!request.refusal.empty())
            found.push_back(std::to_string(request.status) + ": " + tail_of(request.refusal));
    }
    return found;
}

}  // namespace tenon::faults
