#include "host/shim/limit_watch.h"

#include <algorithm>
#include <ctime>
#include <unistd.h>
#include <utility>

namespace tenon::shim {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds kFirst = 50ms;
constexpr nanoseconds kShortest = 20ms;
constexpr nanoseconds kLongest = 3s;   // between two looks at memory or processes
constexpr nanoseconds kWaking = 15us;  // what a look costs beside itself
constexpr int kFarShare = 8000;        // of the time between two looks, far from a limit …
constexpr int kNearShare = 50;         // … and near it, a single look takes no more

nanoseconds own_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

/// Half the time until `limit` at the speed at which it grew from `before` in `during`.
nanoseconds half_way(std::uint64_t before, std::uint64_t now, nanoseconds during,
                     std::uint64_t limit) {
    if (now <= before || now >= limit) return now >= limit ? 0ns : kLongest;
    const double rounds = static_cast<double>(limit - now) / static_cast<double>(now - before) / 2;
    const double most = static_cast<double>(kLongest.count());
    return nanoseconds(
        static_cast<std::int64_t>(std::min(most, rounds * static_cast<double>(during.count()))));
}

}  // namespace

void LimitWatch::prepare(const std::string& job) {
    if (!limits_.any()) return;
    if (auto made = Cgroup::make(job, limits_)) group_.emplace(std::move(*made));
}

void LimitWatch::begin(pid_t root, pid_t command) {
    if (!limits_.any()) return;
    if (group_ && !group_->has(command)) group_.reset();
    if (walks()) meter_.emplace(root);
    began_ = looked_ = Clock::now();
    const bool kernel_does_all = group_ && !limits_.processes && !limits_.cpu;
    if (!kernel_does_all) next_ = began_ + kFirst;
}

LimitWatch::Figures LimitWatch::measure() {
    Figures now;
    std::optional<std::uint64_t> tasks;
    if (group_) {
        now.cpu = group_->cpu().value_or(0ms);
        tasks = group_->tasks();
    }
    // Threads count there: while there are no more of them there are no more processes either.
    if (!meter_ || (tasks && limits_.processes && *tasks <= *limits_.processes)) {
        now.processes = tasks.value_or(0);
        return now;
    }
    const Usage usage = meter_->look();
    now.processes = usage.processes;
    now.memory = now.memory_at_most = usage.memory_at_most;
    if (!group_) now.cpu = usage.cpu;
    if (counts_memory() && usage.memory_at_most > *limits_.memory) now.memory = meter_->memory();
    return now;
}

void LimitWatch::look() {
    const nanoseconds before = own_cpu_time();
    const Figures now = measure();
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
    } else if (reached_->limit == limit && limit != std::string(jobs::kCpuLimit)) {
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
            pause = std::min(pause, half_way(before_.memory_at_most, now.memory_at_most, during,
                                             now.memory_at_most - now.memory + *limits_.memory));
        if (limits_.processes)
            pause = std::min(
                pause, half_way(before_.processes, now.processes, during, *limits_.processes));
    }
    if (limits_.cpu) {
        // Not before this moment, however busy the tree is.
        const long cores = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
        const auto left = std::min<std::chrono::milliseconds>(*limits_.cpu - now.cpu, 24h);
        pause = std::min<nanoseconds>(pause, left / cores);
    }
    if (reached_) pause = kFirst;
    next_ = moment + std::max({pause, kShortest, cost * kNearShare});
}

}  // namespace tenon::shim
