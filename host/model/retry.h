#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "host/agent/ports.h"

namespace tenon::model {

struct RetryPolicy {
    int max_attempts = 10;  ///< the first one counts
    std::chrono::milliseconds base_delay{500};
    std::chrono::milliseconds max_delay{30'000};       ///< of our own choosing, before jitter
    std::chrono::milliseconds max_elapsed{3'600'000};  ///< no attempt begins later than that
};

/// What a Retry knows of time and chance.
struct RetryWorld {
    std::function<std::chrono::steady_clock::time_point()> now;
    /// Returns early when stop is requested.
    std::function<void(std::chrono::milliseconds, std::stop_token)> sleep;
    std::function<double()> random;  ///< [0, 1)
    static RetryWorld real();
};

/// Asks another provider again after failures that can pass: waits twice as long each time, less up
/// to a quarter by chance, four times as long when the service is overloaded, and exactly as long
/// as the server asked for when it did. When that would take too long in all, the failure stands;
/// also when the answer was malformed twice in a row in the same way, or four times in any.
/// Each RetryScheduled in the sink voids the deltas before it. A wait ends at once on stop.
class Retry : public agent::Provider {
public:
    Retry(std::unique_ptr<agent::Provider> inner, RetryPolicy policy,
          RetryWorld world = RetryWorld::real());

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;

private:
    [[nodiscard]] std::chrono::milliseconds delay_after(const agent::ModelFailure& failure,
                                                        int attempt) const;

    std::unique_ptr<agent::Provider> inner_;
    RetryPolicy policy_;
    RetryWorld world_;
};

}  // namespace tenon::model
