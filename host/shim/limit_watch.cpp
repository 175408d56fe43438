#include "host/shim/limit_watch.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "host/base/unique_fd.h"

namespace tenon::shim {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds kFirst = 5ms;  // after the start, and after a limit was exceeded
constexpr nanoseconds kShortest = 2ms;
constexpr nanoseconds kLongest = 3s;   // between two looks at memory or processes
constexpr nanoseconds kWaking = 40us;  // the cost of waking up for a look
constexpr int kFarShare = 8000;        // of the time between two looks far from a limit
// Near a limit, looks take a fiftieth of the time. What was not used may be spent at once on a tree
// that grows fast.
constexpr int kNearShare = 50;
constexpr nanoseconds kMostSaved = 100ms;
// A tree is counted to so many times its limit.
constexpr std::uint64_t kEnough = 4;
// For threads, and for what other programs of the same user start meanwhile.
constexpr std::uint64_t kTasksToSpare = 1024;

nanoseconds own_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

/// Thousands of processes that fork without end would leave the supervisor no time to count and
/// stop them. Only root may do this; for other users there is task_brake.
void take_precedence() {
    sched_param first{};
    first.sched_priority = 1;
    std::ignore = ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
}

/// Half the time until `limit` is reached, at the speed of growth from `before` to `now` in
/// `during`.
nanoseconds half_time_to(std::uint64_t before, std::uint64_t now, nanoseconds during,
                         std::uint64_t limit) {
    if (now <= before || now >= limit) return now >= limit ? 0ns : kLongest;
    const double rounds = static_cast<double>(limit - now) / static_cast<double>(now - before) / 2;
    const double most = static_cast<double>(kLongest.count());
    return nanoseconds(
        static_cast<std::int64_t>(std::min(most, rounds * static_cast<double>(during.count()))));
}

/// All tasks of the machine, from the fourth field of /proc/loadavg.
std::uint64_t tasks_of_the_machine() {
    const UniqueFd file(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC));
    char text[128] = {};
    if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) return 0;
    const char* slash = std::strchr(text, '/');
    return slash == nullptr ? 0 : std::strtoull(slash + 1, nullptr, 10);
}

}  // namespace

void LimitWatch::prepare(const std::string& job) {
    if (!limits_.any()) return;
    if (auto made = Cgroup::make(job, limits_)) group_.emplace(std::move(*made));
}

std::uint64_t LimitWatch::task_brake() const {
    const std::uint64_t now = limits_.processes ? tasks_of_the_machine() : 0;
    return now > 0 ? now + *limits_.processes + kTasksToSpare : 0;
}

void LimitWatch::begin(pid_t root, pid_t command) {
    if (!limits_.any()) return;
    if (group_ && !group_->has(command)) group_.reset();
    if (walks()) meter_.emplace(root);
    began_ = looked_ = Clock::now();
    saved_ = kMostSaved;
    if (limits_.processes) take_precedence();
    const bool kernel_does_all = group_ && !limits_.processes && !limits_.cpu;
    if (!kernel_does_all) next_ = began_ + kFirst;
}

LimitWatch::Figures LimitWatch::measure(const std::vector<pid_t>& excluded) {
    Figures now;
    std::optional<std::uint64_t> tasks;
    if (group_) {
        now.cpu = group_->cpu().value_or(0ms);
        tasks = group_->tasks();
    }
    // This number includes threads. If it is not above the limit, the processes are not either.
    if (!meter_ || (tasks && limits_.processes && *tasks <= *limits_.processes)) {
        now.processes = tasks.value_or(0);
        return now;
    }
    const std::uint64_t enough = limits_.processes ? *limits_.processes * kEnough : UINT64_MAX;
    const Usage usage = meter_->look(enough, excluded);
    now.processes = usage.processes;
    now.memory = now.memory_at_most = usage.memory_at_most;
    if (!group_) now.cpu = usage.cpu;
    if (counts_memory() && usage.memory_at_most > *limits_.memory) now.memory = meter_->memory();
    return now;
}

void LimitWatch::look(const std::vector<pid_t>& excluded) {
    const nanoseconds before = own_cpu_time();
    const Figures now = measure(excluded);
    compare(now);
    plan(now, own_cpu_time() - before + kWaking);
    before_ = now;
}

void LimitWatch::compare(const Figures& now) {
    const auto ms = [](std::chrono::milliseconds time) {
        return static_cast<std::uint64_t>(time.count());
    };
    if (limits_.processes && now.processes > *limits_.processes)
        exceeded(jobs::kShimActor, jobs::kProcessLimit, *limits_.processes, now.processes);
    if (counts_memory() && now.memory > *limits_.memory)
        exceeded(jobs::kShimActor, jobs::kMemoryLimit, *limits_.memory, now.memory);
    if (limits_.cpu && now.cpu > *limits_.cpu)
        exceeded(group_ ? jobs::kCgroupActor : jobs::kShimActor, jobs::kCpuLimit, ms(*limits_.cpu),
                 ms(now.cpu));
}

void LimitWatch::exceeded(const char* actor, const char* limit, std::uint64_t value,
                          std::uint64_t figure) {
    if (!reached_) {
        reached_ = {actor, limit, value, figure};
        // So much growth between two looks means that it forks without end.
        runs_away_ = limit == std::string_view(jobs::kProcessLimit) && figure / 2 > value;
    } else if (reached_->limit == limit && limit != std::string_view(jobs::kCpuLimit)) {
        runs_away_ = figure > reached_->figure + reached_->figure / 8;
    }
}

void LimitWatch::look_at_end() {
    if (reached_ || !group_ || !limits_.memory || !group_->is_out_of_memory()) return;
    reached_ = {jobs::kCgroupActor, jobs::kMemoryLimit, *limits_.memory,
                group_->peak_memory().value_or(*limits_.memory)};
}

void LimitWatch::plan(const Figures& now, nanoseconds cost) {
    const auto moment = Clock::now();
    const nanoseconds during = moment - std::exchange(looked_, moment);
    nanoseconds pause = nanoseconds::max();
    if (counts_memory() || limits_.processes) {
        pause =
            std::min({std::max<nanoseconds>(kFirst, moment - began_), kLongest, cost * kFarShare});
        if (counts_memory())
            pause =
                std::min(pause, half_time_to(before_.memory_at_most, now.memory_at_most, during,
                                             now.memory_at_most - now.memory + *limits_.memory));
        if (limits_.processes)
            pause = std::min(
                pause, half_time_to(before_.processes, now.processes, during, *limits_.processes));
    }
    if (limits_.cpu) {
        // The limit cannot be reached before this time, however busy the tree is.
        const long cores = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
        const auto left = std::min<std::chrono::milliseconds>(*limits_.cpu - now.cpu, 24h);
        pause = std::min<nanoseconds>(pause, left / cores);
    }
    if (reached_) pause = kFirst;
    saved_ = std::min(kMostSaved, saved_ + during / kNearShare) - cost;
    next_ = moment + std::max({pause, kShortest, -saved_ * kNearShare});
}

}  // namespace tenon::shim
