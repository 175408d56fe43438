#include "tests/faults/progress_timeout.h"

#include <ctime>
#include <sched.h>

#include <gtest/gtest.h>

#include "tests/runs/run_folders.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using testing::Process;

Process bash(const testing::RunFolders& folders, const std::string& script) {
    return Process({"/bin/bash", "-c", script}, folders.environment(), folders.workspace());
}

std::chrono::nanoseconds processor_time(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    EXPECT_EQ(::clock_getcpuclockid(pid, &clock), 0);
    EXPECT_EQ(::clock_gettime(clock, &used), 0);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

TEST(ProgressTimeout, ExpiresForAProcessThatSleepsUntilItIsRestarted) {
    const testing::RunFolders folders;
    const Process sleeper = bash(folders, "exec sleep 600");
    ProgressTimeout timeout(50ms);
    while (!timeout.has_expired())
        timeout.sample({sleeper.pid()});
    timeout.restart();
    EXPECT_FALSE(timeout.has_expired());
}

TEST(ProgressTimeout, ExpiresForAProcessThatRunsWithoutOutput) {
    const testing::RunFolders folders;
    const Process runner = bash(folders, "while :; do :; done");
    ProgressTimeout timeout(50ms);
    while (!timeout.has_expired())
        timeout.sample({runner.pid()});
}

TEST(ProgressTimeout, DoesNotExpireWhileAProcessWaitsForAProcessor) {
    const testing::RunFolders folders;
    const Process first = bash(folders, "while :; do :; done");
    const Process waiting = bash(folders, "while :; do :; done");
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    const sched_param none{};
    // It runs only when no other process wants that processor, and the first one always does.
    for (const pid_t pid : {first.pid(), waiting.pid()})
        ASSERT_EQ(::sched_setaffinity(pid, sizeof one, &one), 0);
    ASSERT_EQ(::sched_setscheduler(waiting.pid(), SCHED_IDLE, &none), 0);
    ProgressTimeout timeout(100ms);
    timeout.sample({waiting.pid()});
    const auto begun = processor_time(first.pid());
    while (processor_time(first.pid()) - begun < 200ms)
        timeout.sample({waiting.pid()});
    EXPECT_FALSE(timeout.has_expired());
}

}  // namespace
}  // namespace tenon::faults
