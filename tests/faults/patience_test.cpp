#include "tests/faults/patience.h"

#include <ctime>
#include <sched.h>

#include <gtest/gtest.h>

#include "tests/runs/sandbox.h"

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
using testing::Process;

Process bash(const testing::Sandbox& sandbox, const std::string& script) {
    return Process({"/bin/bash", "-c", script}, sandbox.environment(), sandbox.workspace());
}

std::chrono::nanoseconds processor_time(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    EXPECT_EQ(::clock_getcpuclockid(pid, &clock), 0);
    EXPECT_EQ(::clock_gettime(clock, &used), 0);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

TEST(Patience, IsUsedUpByAProcessThatSleepsAndRenewedByASign) {
    const testing::Sandbox sandbox;
    const Process sleeper = bash(sandbox, "exec sleep 600");
    Patience patience(50ms);
    while (!patience.is_over())
        patience.look({sleeper.pid()});
    patience.renew();
    EXPECT_FALSE(patience.is_over());
}

TEST(Patience, IsUsedUpByAProcessThatRunsAndSaysNothing) {
    const testing::Sandbox sandbox;
    const Process runner = bash(sandbox, "while :; do :; done");
    Patience patience(50ms);
    while (!patience.is_over())
        patience.look({runner.pid()});
}

TEST(Patience, IsNotUsedUpByAProcessThatWaitsForAProcessor) {
    const testing::Sandbox sandbox;
    const Process first = bash(sandbox, "while :; do :; done");
    const Process waiting = bash(sandbox, "while :; do :; done");
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    const sched_param none{};
    // Runs when nobody else wants that processor, and one does all the time.
    for (const pid_t pid : {first.pid(), waiting.pid()})
        ASSERT_EQ(::sched_setaffinity(pid, sizeof one, &one), 0);
    ASSERT_EQ(::sched_setscheduler(waiting.pid(), SCHED_IDLE, &none), 0);
    Patience patience(100ms);
    patience.look({waiting.pid()});
    const auto begun = processor_time(first.pid());
    while (processor_time(first.pid()) - begun < 200ms)
        patience.look({waiting.pid()});
    EXPECT_FALSE(patience.is_over());
}

}  // namespace
}  // namespace tenon::faults
