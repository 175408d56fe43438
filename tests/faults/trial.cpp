#include "tests/faults/trial.h"

#include <csignal>
#include <poll.h>

#include "host/base/ids.h"
#include "host/jobs/process.h"
#include "host/jobs/record.h"
#include "tests/faults/patience.h"
#include "tests/support/launcher.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using testing::ModelServer;
using testing::Process;
namespace fs = std::filesystem;

constexpr auto kTimeForASign = 10s;
constexpr auto kTimeToEnd = 30s;  // of processes that are being ended
constexpr auto kLookEvery = 100ms;
constexpr int kUndisturbedRuns = 6;  // after the last fault

ModelServer::Options answered_by(Model& model) {
    ModelServer::Options options;
    options.improvise = [&model](const Json& request) { return model.answer(request); };
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

/// A process with its name for ever: its pid may be another one's tomorrow.
struct Living {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
};
std::vector<Living> living(const std::vector<pid_t>& pids) {
    std::vector<Living> found;
    for (const pid_t pid : pids) {
        const auto stat = jobs::stat_of(pid);
        // Its environment may have been read when the pid still was somebody else's.
        if (stat && stat->state != 'Z' && stat->state != 'X')
            found.push_back({pid, stat->start_time});
    }
    return found;
}

std::string words_in(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string words((std::istreambuf_iterator<char>(in)), {});
    std::replace(words.begin(), words.end(), '\0', ' ');
    return words;
}

/// What it is, what it does, and whose it is.
std::string name_of(const Living& process) {
    constexpr std::size_t kMostWords = 120, kJob = std::string_view("TENON_JOB_ID=01234567").size();
    const fs::path folder = "/proc/" + std::to_string(process.pid);
    const auto stat = jobs::stat_of(process.pid).value_or(jobs::ProcessStat{});
    const std::string environment = words_in(folder / "environ");
    const auto job = environment.find("TENON_JOB_ID=");
    return "process " + std::to_string(process.pid) + " (" + stat.state + ", parent " +
           std::to_string(stat.parent) +
           (job == std::string::npos ? "" : ", " + environment.substr(job, kJob)) +
           "): " + words_in(folder / "cmdline").substr(0, kMostWords);
}

}  // namespace

Trial::Trial(TrialOptions options, Excuses excuses)
    : options_(std::move(options)),
      excuses_(std::move(excuses)),
      model_(options_.seed, options_.demand, sandbox_.workspace()),
      server_(std::vector<testing::Step>(), answered_by(model_)),
      random_(options_.seed) {}

Process Trial::command(const std::vector<std::string>& words) const {
    std::vector<std::string> all = wrapper_;
    all.push_back(options_.tenon.string());
    all.insert(all.end(), words.begin(), words.end());
    return Process(all, sandbox_.environment(&server_), sandbox_.workspace());
}

Process Trial::start(int running) {
    ++findings_.runs;
    return command({"--session", kSession, "--yes", "--output-format", "stream-json", "-D",
                    "jobs.maxRunning=" + std::to_string(running), "-D",
                    "agent.compaction.tokenThreshold=1000000000", "-p", "go on"});
}

std::optional<Process::Exit> Trial::watch(Process& command, const std::string& name) {
    command.close_input();
    Patience patience(kTimeForASign);
    std::size_t signs = 0;
    while (!command.is_silent()) {
        command.wait_for_more_output(kLookEvery);
        std::error_code none;
        const std::size_t now = command.output.size() + command.errors.size() +
                                static_cast<std::size_t>(model_.requests()) +
                                fs::file_size(sandbox_.workspace() / "ran", none) + (none ? 1 : 0);
        if (now != std::exchange(signs, now)) patience.renew();
        patience.look(sandbox_.processes());
        if (!patience.is_over()) continue;
        findings_.hung.push_back(name + " gave no sign for 10 s; it had printed: " +
                                 tail_of(command.errors) + tail_of(command.output));
        command.send_signal(SIGKILL);
        command.wait();
        return std::nullopt;
    }
    return command.wait();
}

bool Trial::is_excused(const Process& run, const Process::Exit& exit) const {
    if (exit.code != 1 && exit.code != 2) return false;
    return std::any_of(excuses_.errors.begin(), excuses_.errors.end(), [&](const auto& words) {
        return (run.errors + run.output).find(words) != std::string::npos;
    });
}

void Trial::note_end(const Process& run, const Process::Exit& exit) {
    if (exit.code == 0) return;
    if (is_excused(run, exit)) {
        ++findings_.failed_runs;
        return;
    }
    findings_.bad_runs.push_back("run " + std::to_string(findings_.runs) + " ended with " +
                                 describe_exit(exit) + ": " + tail_of(run.errors) +
                                 tail_of(run.output));
}

void Trial::run_to_the_end(int running) {
    for (int i = 0; i < kUndisturbedRuns; ++i) {
        Process run = start(running);
        const auto exit = watch(run, "run " + std::to_string(findings_.runs));
        if (!exit) continue;
        note_end(run, *exit);
        if (exit->code == 0 && model_.settled() >= options_.jobs) return;
    }
}

void Trial::kill_a_supervisor() {
    std::vector<fs::path> running;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(sandbox_.state() / "jobs", none)) {
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
    Patience patience(kTimeForASign);
    while (!happened() && !patience.is_over())
        patience.look(sandbox_.processes());
    if (!patience.is_over()) return true;
    findings_.hung.push_back("nothing happens, and it should: " + what);
    return false;
}

void Trial::expect_nothing_left(const std::string& after) {
    expect_none([this] { return sandbox_.processes(); }, after);
}

void Trial::expect_nothing_left_of(const std::string& job, const std::string& after) {
    expect_none([&] { return testing::processes_with("TENON_JOB_ID", job); }, after);
}

void Trial::expect_none(const Find& find, const std::string& after) {
    Patience patience(kTimeToEnd);
    std::vector<Living> left = living(find());
    while (!left.empty() && !patience.is_over()) {
        const UniqueFd process = jobs::open_process(left.front().pid, left.front().start_time);
        pollfd ended{process.get(), POLLIN, 0};
        if (process) ::poll(&ended, 1, static_cast<int>(kLookEvery / 1ms));
        std::vector<pid_t> pids;
        for (const Living& one : left)
            pids.push_back(one.pid);
        patience.look(pids);
        left = living(find());
    }
    for (const Living& one : left) {
        findings_.left_running.push_back(after + ": " + name_of(one));
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
