#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/model/retry.h"

namespace tenon::model {

/// Which models of a run do not answer, in the order in which they are asked. The conversations of
/// a run share it, so that each of them need not find out for itself. Thread-safe.
class Availability {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Availability(std::size_t models) : silent_until_(models) {}

    enum class State {
        kAnswers,  ///< as far as is known
        kDue,      ///< it did not answer; one attempt may show whether it does again
        kSilent,   ///< it did not answer, and it is too early for another attempt
    };
    [[nodiscard]] State state(std::size_t model, Time now) const;
    void answers(std::size_t model);
    /// The model did not answer, and is not asked before `until` while another one answers.
    void silent(std::size_t model, Time until);
    /// None of them answers: the next request begins with the first again.
    void forget();

private:
    struct Silence {
        bool is_silent = false;
        Time until{};
    };
    mutable Mutex mutex_;
    std::vector<Silence> silent_until_ TENON_GUARDED_BY(mutex_);
};

/// One of the models of a Fallback.
struct FallbackModel {
    std::string name;    ///< empty: as the request has it, which is so for the first
    std::string server;  ///< for messages, without credentials
    std::unique_ptr<Retry> retry;
};

/// Asks the first of several models. When it stays overloaded or unreachable after all its
/// attempts, the next one is asked, and so on; a Notice says so, and RetryScheduled::instead voids
/// the deltas before. A request that is refused for another reason is not sent to another model.
///
/// Later requests begin with one attempt at each earlier model, unless that has failed too
/// recently: for ten times as long as the last failed attempt took, and for as long as the server
/// has asked to wait. So they go to the first model again as soon as it answers, and lose little
/// time while it does not. A Notice says that it is back.
///
/// When no model answers, the failure is that of the first, and its message has those of the
/// others. One thread at a time.
class Fallback : public agent::Provider {
public:
    /// At least one model. `availability` is for as many.
    Fallback(std::vector<FallbackModel> models, std::shared_ptr<Availability> availability,
             RetryWorld world = RetryWorld::real());

    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override;
    [[nodiscard]] std::size_t place_of_asked() const override { return asked_; }

private:
    class Round;

    std::vector<FallbackModel> models_;
    std::shared_ptr<Availability> availability_;
    RetryWorld world_;
    std::size_t asked_ = 0;   // the last one that was asked with all attempts, or has answered
    std::string first_name_;  // in the last request
};

}  // namespace tenon::model
