#include "tests/faults/storm.h"

#include <cmath>
#include <csignal>
#include <sys/syscall.h>

#include "host/jobs/process.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::Process;

constexpr int kSupervisorsOneIn = 3;
constexpr int kMostSupervisors = 4;
constexpr double kShortestMs = 4, kLongestMs = 1500;
constexpr double kHastier = 0.6, kCalmer = 1.5, kMostHaste = 0.01;

UniqueFd pidfd_of(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

void Storm::run() {
    const int jobs = trial_.options().jobs;
    // A queue shall stand for most of the kills: few enough at a time to last some while.
    if (!options_.running) options_.running = std::max(2, jobs / (2 * options_.kills + 1));
    const int at_once = std::clamp(2 * jobs / std::max(1, options_.kills), 2, 60);
    // Half of the kills meet a queue that grows, the others one that is worked off.
    const int growing = std::max(1, options_.kills / 2);
    while (hosts_killed_ < options_.kills) {
        const std::int64_t allowed = std::int64_t{jobs} * (trial_.findings().runs + 1) / growing;
        trial_.model().allow(static_cast<int>(std::min<std::int64_t>(jobs, allowed)), at_once);
        run_and_kill();
    }
    trial_.model().allow(jobs, at_once);
    trial_.run_to_the_end(*options_.running);
    trial_.expect_nothing_left("at the end");
}

bool Storm::kill_supervisors(Trial& trial) {
    if (!trial.one_in(kSupervisorsOneIn)) return false;
    for (int left = trial.between(1, kMostSupervisors); left > 0; --left)
        trial.kill_a_supervisor();
    return true;
}

void Storm::run_and_kill() {
    Process tenon = trial_.start(*options_.running);
    tenon.close_input();
    wait_for_moment(tenon);
    const bool launcher = trial_.one_in(kLaunchersOneIn);
    if (launcher) trial_.kill_the_launcher(tenon);
    const bool supervisors = kill_supervisors(trial_);
    // Half of the time the host lives to see it.
    if ((launcher || supervisors) && trial_.one_in(2)) tenon.wait_for_more_output(kTimeToSee);
    tenon.send_signal(SIGKILL);
    const Process::Exit exit = tenon.wait();
    if (exit.signal == SIGKILL) {
        ++hosts_killed_;
        haste_ = std::min(1.0, haste_ * kCalmer);
        return;
    }
    haste_ = std::max(kMostHaste, haste_ * kHastier);
    trial_.note_end(tenon, exit);
}

/// Kills by its output or by the requests instead of by time: the run has this long to get there.
constexpr auto kTimeToGetThere = 3s;

/// A while that is short more often than long, so many lines of its output, or so many requests. A
/// run that ended before its moment came makes the next moments come sooner.
void Storm::wait_for_moment(Process& tenon) {
    constexpr int kMostLines = 150, kMostRequests = 8;
    const auto at_most = [this](int most) {
        return trial_.between(1, std::max(1, static_cast<int>(most * haste_)));
    };
    auto until = Clock::now() + kTimeToGetThere;
    auto lines = std::numeric_limits<std::ptrdiff_t>::max();
    const int kind = trial_.between(0, 2);
    if (kind == 0) {
        const double share = std::uniform_real_distribution<>(0, 1)(trial_.random());
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
    trial_.model().on_request(nullptr);
}

/// The kill comes from the server's thread: the host waits for an answer then.
void Storm::kill_at_request(const Process& tenon, int request) {
    const auto host = std::make_shared<UniqueFd>(pidfd_of(tenon.pid()));
    const auto left = std::make_shared<int>(request);
    trial_.model().on_request([host, left] {
        if (--*left == 0) jobs::send_signal(*host, SIGKILL);
    });
}

}  // namespace tenon::faults
