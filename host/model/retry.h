#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "host/agent/ports.h"

namespace tenon::model {

struct RetryPolicy {
    int max_attempts = 10;  ///< the first one counts
    std::chrono::milliseconds base_delay{500};
    std::chrono::milliseconds max_delay{
        30'000};  ///< longest wait if the server states none; before jitter
    std::chrono::milliseconds max_elapsed{3'600'000};  ///< no attempt begins later
};

/// Time and randomness, which tests replace.
struct RetryWorld {
    std::function<std::chrono::steady_clock::time_point()> now;
    /// Returns early when stop is requested.
    std::function<void(std::chrono::milliseconds, std::stop_token)> sleep;
    std::function<double()> random;  ///< [0, 1)
    static RetryWorld real();
};

/// Asks another provider again after retryable failures. Each wait is twice as long as the one
/// before, less a random part of up to a quarter, and four times as long if the service is
/// overloaded. If the server states a wait, exactly that is used. The failure is returned when the
/// retries would take too long in all, when two answers in a row were malformed in the same way, or
/// when four in a row were malformed in any way. Each RetryScheduled event voids the deltas before
/// it. Blocks while it waits; a stop ends the wait. One thread at a time.
class Retry : public agent::Provider {
public:
    Retry(std::unique_ptr<agent::Provider> inner, RetryPolicy policy,
          RetryWorld world = RetryWorld::real());

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;
    /// The same without other attempts after the first.
    Result<agent::Answer, agent::ModelFailure> ask_once(const agent::Request& request,
                                                        agent::EventSink& sink,
                                                        std::stop_token stop);

    /// The attempts of the last request.
    struct Attempts {
        int count = 0;
        int most = 0;                                   ///< as many were allowed
        std::chrono::steady_clock::duration last_took;  ///< the last of them, without the wait
    };
    [[nodiscard]] const Attempts& attempts() const { return attempts_; }

private:
    Result<agent::Answer, agent::ModelFailure> attempt(const agent::Request& request,
                                                       agent::EventSink& sink,
                                                       std::stop_token stop);
    [[nodiscard]] std::chrono::milliseconds delay_after(const agent::ModelFailure& failure,
                                                        int attempt) const;

    std::unique_ptr<agent::Provider> inner_;
    RetryPolicy policy_;
    RetryWorld world_;
    Attempts attempts_;
};

}  // namespace tenon::model
