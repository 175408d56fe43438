#include "tests/faults/storm.h"

#include <cmath>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>

#include "host/base/ids.h"
#include "host/jobs/process.h"
#include "host/jobs/record.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::ModelServer;
using testing::Process;
namespace fs = std::filesystem;

constexpr auto kPatience = 900s;     // for a run that nobody kills
constexpr auto kTimeToEnd = 30s;     // of processes that are being ended
constexpr int kUndisturbedRuns = 5;  // after the last kill
constexpr int kSupervisorsOneIn = 3;
constexpr int kMostSupervisors = 4;
constexpr auto kTimeToSee = 50ms;
constexpr double kShortestMs = 4, kLongestMs = 1500;
constexpr double kHastier = 0.6, kCalmer = 1.5, kMostHaste = 0.01;

ModelServer::Options answered_by(Model& model) {
    ModelServer::Options options;
    options.improvise = [&model](const Json& request) { return model.answer(request); };
    return options;
}

UniqueFd pidfd_of(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::string tail_of(const std::string& text) {
    constexpr std::size_t kMost = 600;
    return text.size() > kMost ? "…" + text.substr(text.size() - kMost) : text;
}

}  // namespace

Storm::Storm(StormOptions options)
    : options_(std::move(options)),
      model_(options_.seed),
      server_(std::vector<testing::Step>(), answered_by(model_)),
      random_(options_.seed) {}

void Storm::run() {
    // A queue shall stand for most of the kills: few enough at a time to last some while.
    if (!options_.running) options_.running = std::max(2, options_.jobs / (2 * options_.kills + 1));
    const int at_once = std::clamp(2 * options_.jobs / std::max(1, options_.kills), 2, 60);
    // Half of the kills meet a queue that grows, the others one that is worked off.
    const int growing = std::max(1, options_.kills / 2);
    while (hosts_killed_ < options_.kills) {
        const std::int64_t allowed = std::int64_t{options_.jobs} * (runs_ + 1) / growing;
        model_.allow(static_cast<int>(std::min<std::int64_t>(options_.jobs, allowed)), at_once);
        run_and_kill();
    }
    model_.allow(options_.jobs, at_once);
    for (int i = 0; i < kUndisturbedRuns; ++i) {
        if (run_to_the_end() && static_cast<int>(model_.newest().settled.size()) == options_.jobs)
            return;
    }
}

Process Storm::start() const {
    return Process({options_.tenon.string(), "--session", kSession, "--yes", "--output-format",
                    "stream-json", "-D", "jobs.maxRunning=" + std::to_string(*options_.running),
                    "-D", "agent.compaction.tokenThreshold=1000000000", "-p", "go on"},
                   sandbox_.environment(&server_), sandbox_.workspace());
}

bool Storm::run_to_the_end() {
    ++runs_;
    Process tenon = start();
    const Process::Exit exit = tenon.wait(kPatience);
    judge(tenon, exit);
    return exit.code == 0;
}

void Storm::judge(Process& tenon, const Process::Exit& exit) {
    if (exit.code == 0) return;
    bad_runs_.push_back("run " + std::to_string(runs_) + " ended with " +
                        (exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                                          : "exit code " + std::to_string(exit.code)) +
                        ": " + tail_of(tenon.errors) + tail_of(tenon.output));
}

void Storm::run_and_kill() {
    ++runs_;
    Process tenon = start();
    tenon.close_input();
    wait_for_moment(tenon);
    if (between(1, kSupervisorsOneIn) == 1) {
        const int most = between(1, kMostSupervisors);
        for (int i = 0; i < most; ++i)
            kill_a_supervisor();
        // Half of the time the host lives to see it.
        if (between(0, 1) == 1) tenon.wait_for_more_output(kTimeToSee);
    }
    tenon.send_signal(SIGKILL);
    const Process::Exit exit = tenon.wait();
    if (exit.signal == SIGKILL) {
        ++hosts_killed_;
        haste_ = std::min(1.0, haste_ * kCalmer);
        return;
    }
    haste_ = std::max(kMostHaste, haste_ * kHastier);
    judge(tenon, exit);
}

/// Kills by its output or by the requests instead of by time: the run has this long to get there.
constexpr auto kTimeToGetThere = 3s;

/// A while that is short more often than long, so many lines of its output, or so many requests. A
/// run that ended before its moment came makes the next moments come sooner.
void Storm::wait_for_moment(Process& tenon) {
    constexpr int kMostLines = 150, kMostRequests = 8;
    const auto at_most = [this](int most) {
        return between(1, std::max(1, static_cast<int>(most * haste_)));
    };
    auto until = Clock::now() + kTimeToGetThere;
    auto lines = std::numeric_limits<std::ptrdiff_t>::max();
    const int kind = between(0, 2);
    if (kind == 0) {
        const double share = std::uniform_real_distribution<>(0, 1)(random_);
        const double ms = kShortestMs * std::pow(haste_ * kLongestMs / kShortestMs, share);
        until = Clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(ms * 1000));
    } else if (kind == 1) {
        lines = at_most(kMostLines);
    } else {
        kill_at_request(tenon, at_most(kMostRequests));
    }
    while (Clock::now() < until && !tenon.is_silent() &&
           std::count(tenon.output.begin(), tenon.output.end(), '\n') < lines) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        tenon.wait_for_more_output(std::max(left, 0ms));
    }
    model_.on_request(nullptr);
}

/// The kill comes from the server's thread: the host waits for an answer then.
void Storm::kill_at_request(const Process& tenon, int request) {
    const auto host = std::make_shared<UniqueFd>(pidfd_of(tenon.pid()));
    const auto left = std::make_shared<int>(request);
    model_.on_request([host, left] {
        if (--*left == 0) jobs::send_signal(*host, SIGKILL);
    });
}

/// Of a job that runs now; its status may be written all the same, if that is what it was about to
/// do.
void Storm::kill_a_supervisor() {
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
    orphaned_.insert(job.filename().string());
    jobs::send_signal(jobs::open_process(started->shim), SIGKILL);
}

std::vector<std::string> Storm::refusals() const {
    std::vector<std::string> found;
    for (const auto& request : server_.requests()) {
        if (!request.refusal.empty())
            found.push_back(std::to_string(request.status) + ": " + tail_of(request.refusal));
    }
    return found;
}

std::vector<pid_t> Storm::survivors() {
    const auto until = Clock::now() + kTimeToEnd;
    std::vector<pid_t> left;
    for (const pid_t pid : sandbox_.processes()) {
        const UniqueFd process = pidfd_of(pid);
        pollfd ended{process.get(), POLLIN, 0};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        if (process && ::poll(&ended, 1, static_cast<int>(std::max(wait, 0ms).count())) == 0) {
            jobs::send_signal(process, SIGKILL);
            left.push_back(pid);
        }
    }
    return left;
}

}  // namespace tenon::faults
