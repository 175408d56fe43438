#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <stop_token>

namespace tenon::plugins {

/// Keeps the calls of one instance apart: a call of a tool with TENON_CONCURRENT shares the
/// instance, a call of a tool without it has the instance for itself. Calls get the instance in the
/// order in which they have asked for it, so neither kind keeps the other waiting for ever.
/// Thread-safe.
///
/// A call that runs a subagent holds the instance meanwhile, and the subagent may need an instance
/// that another such call holds. So that no calls wait for each other in a circle, nobody waits for
/// such a call. A call that waits for its turn behind another call, which shares the instance but
/// does not have it yet, lets that one in before those who wait.
class InstanceLock {
public:
    enum class Use { kShared, kExclusive };
    enum class Outcome {
        kLocked,
        kStopped,  ///< `stop` was requested first
        kBusy      ///< a call in the way waits for a subagent
    };

    /// Blocks until the instance is free for this use. Unless kLocked nothing is held.
    [[nodiscard]] Outcome lock(Use use, const std::stop_token& stop);
    void unlock(Use use);

    /// For a holder: it begins, or ceases, to wait for a subagent.
    void wait_for_subagent(bool begins);
    /// For a holder: it begins, or ceases, to wait for its turn (CallContext::in_order).
    void wait_for_turn(bool begins);

private:
    [[nodiscard]] bool is_free_for(Use use) const;
    void count(int& waits, bool begins);

    std::mutex mutex_;  // Condition cannot wait with a stop token
    std::condition_variable_any changed_;
    std::list<Use> queue_;  // those who wait, in order
    int shared_ = 0;        // holders
    bool exclusive_ = false;
    int in_subagents_ = 0;  // waits of holders for subagents
    int in_turns_ = 0;      // waits of holders for their turn
};

}  // namespace tenon::plugins
