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
constexpr double kShorten = 0.6, kLengthen = 1.5, kSmallestScale = 0.01;

UniqueFd pidfd_of(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

void Storm::run() {
    const int jobs = trial_.options().jobs;
    // So few run at a time that there is a queue during most of the kills.
    if (!options_.running) options_.running = std::max(2, jobs / (2 * options_.kills + 1));
    const int at_once = std::clamp(2 * jobs / std::max(1, options_.kills), 2, 60);
    // Half of the kills happen while the queue grows, the others while it shrinks.
    const int growing = std::max(1, options_.kills / 2);
    while (hosts_killed_ < options_.kills) {
        const std::int64_t allowed = std::int64_t{jobs} * (trial_.findings().runs + 1) / growing;
        trial_.model().allow(static_cast<int>(std::min<std::int64_t>(jobs, allowed)), at_once);
        run_and_kill();
    }
    trial_.model().allow(jobs, at_once);
    trial_.run_until_all_delivered(*options_.running);
    trial_.expect_no_processes("at the end");
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
    // Half of the time the host lives long enough to notice.
    if ((launcher || supervisors) && trial_.one_in(2)) tenon.wait_for_more_output(kTimeToNotice);
    tenon.send_signal(SIGKILL);
    const Process::Exit exit = tenon.wait();
    if (exit.signal == SIGKILL) {
        ++hosts_killed_;
        delay_scale_ = std::min(1.0, delay_scale_ * kLengthen);
        return;
    }
    delay_scale_ = std::max(kSmallestScale, delay_scale_ * kShorten);
    trial_.note_exit(tenon, exit);
}

/// For the output lines or the requests before a kill.
constexpr auto kLongestWait = 3s;

/// Waits for a random time (short times are more likely), for a number of output lines or for a
/// number of requests. A run that ended before its moment makes the next moments come sooner.
void Storm::wait_for_moment(Process& tenon) {
    constexpr int kMostLines = 150, kMostRequests = 8;
    const auto at_most = [this](int most) {
        return trial_.between(1, std::max(1, static_cast<int>(most * delay_scale_)));
    };
    auto until = Clock::now() + kLongestWait;
    auto lines = std::numeric_limits<std::ptrdiff_t>::max();
    const int kind = trial_.between(0, 2);
    if (kind == 0) {
        const double share = std::uniform_real_distribution<>(0, 1)(trial_.random());
        const double ms = kShortestMs * std::pow(delay_scale_ * kLongestMs / kShortestMs, share);
        until = Clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(ms * 1000));
    } else if (kind == 1) {
        lines = at_most(kMostLines);
    } else {
        kill_at_request(tenon, at_most(kMostRequests));
    }
    while (Clock::now() < until && !tenon.has_closed_output() &&
           std::count(tenon.output.begin(), tenon.output.end(), '\n') < lines) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        tenon.wait_for_more_output(std::max(left, 0ms));
    }
    trial_.model().on_request(nullptr);
}

/// The server's thread kills the host, which waits for an answer then.
void Storm::kill_at_request(const Process& tenon, int request) {
    const auto host = std::make_shared<UniqueFd>(pidfd_of(tenon.pid()));
    const auto left = std::make_shared<int>(request);
    trial_.model().on_request([host, left] {
        if (--*left == 0) jobs::send_signal(*host, SIGKILL);
    });
}

}  // namespace tenon::faults
