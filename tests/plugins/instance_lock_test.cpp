#include "host/plugins/instance_lock.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/support/sanitizers.h"

namespace tenon::plugins {
namespace {

using Outcome = InstanceLock::Outcome;
using Use = InstanceLock::Use;

std::stop_token stopped() {
    std::stop_source source;
    source.request_stop();
    return source.get_token();
}

/// Whether a call would get the instance now.
bool would_get(InstanceLock& lock, Use use) {
    if (lock.lock(use, stopped()) != Outcome::kLocked) return false;
    lock.unlock(use);
    return true;
}

TEST(InstanceLock, IsSharedByConcurrentCallsAndByNoOther) {
    InstanceLock lock;
    ASSERT_EQ(lock.lock(Use::kShared, {}), Outcome::kLocked);
    EXPECT_TRUE(would_get(lock, Use::kShared));
    EXPECT_FALSE(would_get(lock, Use::kExclusive));
    lock.unlock(Use::kShared);
    ASSERT_EQ(lock.lock(Use::kExclusive, {}), Outcome::kLocked);
    EXPECT_FALSE(would_get(lock, Use::kShared));
    EXPECT_FALSE(would_get(lock, Use::kExclusive));
    lock.unlock(Use::kExclusive);
    EXPECT_TRUE(would_get(lock, Use::kExclusive));
}

TEST(InstanceLock, ServesThoseWhoWaitInTheirOrder) {
    InstanceLock lock;
    ASSERT_EQ(lock.lock(Use::kShared, {}), Outcome::kLocked);
    auto alone = std::async(std::launch::async, [&] { return lock.lock(Use::kExclusive, {}); });
    // Once the exclusive call waits, no later call gets in front of it.
    const auto end = std::chrono::steady_clock::now() + tenon::testing::kPatience;
    while (would_get(lock, Use::kShared) && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    EXPECT_FALSE(would_get(lock, Use::kShared));
    auto later = std::async(std::launch::async, [&] { return lock.lock(Use::kShared, {}); });
    lock.unlock(Use::kShared);
    EXPECT_EQ(alone.get(), Outcome::kLocked);
    EXPECT_FALSE(would_get(lock, Use::kShared));
    lock.unlock(Use::kExclusive);
    EXPECT_EQ(later.get(), Outcome::kLocked);
    lock.unlock(Use::kShared);
}

TEST(InstanceLock, EndsAWaitThatIsStopped) {
    InstanceLock lock;
    ASSERT_EQ(lock.lock(Use::kExclusive, {}), Outcome::kLocked);
    std::stop_source stop;
    auto waiting =
        std::async(std::launch::async, [&] { return lock.lock(Use::kShared, stop.get_token()); });
    stop.request_stop();
    EXPECT_EQ(waiting.get(), Outcome::kStopped);
    lock.unlock(Use::kExclusive);
    EXPECT_TRUE(would_get(lock, Use::kExclusive));
}

/// Otherwise the three would wait for each other: the holder for its turn behind the second, the
/// second for the exclusive call that came before it, and this one for the holder.
TEST(InstanceLock, LetsInTheCallWhoseTurnIsBeforeThatOfAHolder) {
    InstanceLock lock;
    ASSERT_EQ(lock.lock(Use::kShared, {}), Outcome::kLocked);
    auto alone = std::async(std::launch::async, [&] { return lock.lock(Use::kExclusive, {}); });
    const auto end = std::chrono::steady_clock::now() + tenon::testing::kPatience;
    while (would_get(lock, Use::kShared) && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    auto second = std::async(std::launch::async, [&] { return lock.lock(Use::kShared, {}); });
    lock.wait_for_turn(true);
    EXPECT_EQ(second.get(), Outcome::kLocked);
    lock.wait_for_turn(false);
    lock.unlock(Use::kShared);
    lock.unlock(Use::kShared);
    EXPECT_EQ(alone.get(), Outcome::kLocked);
    lock.unlock(Use::kExclusive);
}

TEST(InstanceLock, LetsNobodyWaitForACallThatWaitsForASubagent) {
    InstanceLock lock;
    ASSERT_EQ(lock.lock(Use::kShared, {}), Outcome::kLocked);
    auto waiting = std::async(std::launch::async, [&] { return lock.lock(Use::kExclusive, {}); });
    lock.wait_for_subagent(true);
    EXPECT_EQ(waiting.get(), Outcome::kBusy);
    EXPECT_EQ(lock.lock(Use::kExclusive, {}), Outcome::kBusy);
    EXPECT_TRUE(would_get(lock, Use::kShared)) << "it need not wait";
    lock.wait_for_subagent(false);
    EXPECT_EQ(lock.lock(Use::kExclusive, stopped()), Outcome::kStopped);
    lock.unlock(Use::kShared);
    ASSERT_EQ(lock.lock(Use::kExclusive, {}), Outcome::kLocked);
    lock.wait_for_subagent(true);
    EXPECT_EQ(lock.lock(Use::kShared, {}), Outcome::kBusy);
    lock.wait_for_subagent(false);
    lock.unlock(Use::kExclusive);
}

}  // namespace
}  // namespace tenon::plugins
