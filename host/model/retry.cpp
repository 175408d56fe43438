#include "host/model/retry.h"

#include <algorithm>
#include <random>

#include "host/base/mutex.h"

namespace tenon::model {
namespace {

using std::chrono::milliseconds;

constexpr double kJitter = 0.25;
constexpr int kOverloadFactor = 4;

void sleep_until_stop(milliseconds duration, std::stop_token stop) {
    Mutex mutex;
    Condition wake;
    const std::stop_callback on_stop(stop, [&] {
        const Lock lock(mutex);
        wake.notify_all();
    });
    const auto until = std::chrono::steady_clock::now() + duration;
    Lock lock(mutex);
    while (!stop.stop_requested()) {
        if (!wake.wait_until(lock, until)) return;
    }
}

/// Counts malformed answers in a row. Each of them costs money, and the next one is rarely
/// better.
class MalformedAnswers {
public:
    /// The text to add to the message; empty: another attempt is allowed.
    std::string give_up_after(const agent::ModelFailure& failure) {
        const bool same = !failure.malformed.empty() && failure.malformed == last_;
        last_ = failure.malformed;
        count_ = failure.malformed.empty() ? 0 : count_ + 1;
        if (same) return ", twice the same: it is not asked for again";
        if (count_ < kMostMalformed) return {};
        return ", the " + std::to_string(count_) +
               "th malformed answer in a row: no more is asked for";
    }

private:
    static constexpr int kMostMalformed = 4;
    std::string last_;
    int count_ = 0;
};

bool is_overload(const agent::ModelFailure& failure) {
    return failure.http_status == 529 || failure.type == "overloaded_error";
}

}  // namespace

RetryWorld RetryWorld::real() {
    auto generator = std::make_shared<std::minstd_rand>(std::random_device{}());
    return {[] { return std::chrono::steady_clock::now(); }, sleep_until_stop,
            [generator] { return std::uniform_real_distribution<double>(0, 1)(*generator); }};
}

Retry::Retry(std::unique_ptr<agent::Provider> inner, RetryPolicy policy, RetryWorld world)
    : inner_(std::move(inner)), policy_(policy), world_(std::move(world)) {}

milliseconds Retry::delay_after(const agent::ModelFailure& failure, int attempt) const {
    if (failure.retry_after) return *failure.retry_after;
    milliseconds delay = policy_.base_delay * (is_overload(failure) ? kOverloadFactor : 1);
    for (int i = 1; i < attempt && delay < policy_.max_delay; ++i)
        delay *= 2;
    delay = std::min(delay, policy_.max_delay);
    return std::chrono::duration_cast<milliseconds>(delay * (1.0 - kJitter * world_.random()));
}

Result<agent::Answer, agent::ModelFailure> Retry::attempt(const agent::Request& request,
                                                          agent::EventSink& sink,
                                                          std::stop_token stop) {
    ++attempts_.count;
    const auto begin = world_.now();
    auto answer = inner_->ask(request, sink, std::move(stop));
    attempts_.last_took = world_.now() - begin;
    return answer;
}

Result<agent::Answer, agent::ModelFailure> Retry::ask_once(const agent::Request& request,
                                                           agent::EventSink& sink,
                                                           std::stop_token stop) {
    attempts_ = {0, 1, {}};
    return attempt(request, sink, std::move(stop));
}

Result<agent::Answer, agent::ModelFailure> Retry::ask(const agent::Request& request,
                                                      agent::EventSink& sink,
                                                      std::stop_token stop) {
    const auto begin = world_.now();
    attempts_ = {0, policy_.max_attempts, {}};
    MalformedAnswers malformed;
    for (int attempt = 1;; ++attempt) {
        auto answer = this->attempt(request, sink, stop);
        if (answer || answer.error().stopped || !answer.error().retryable) return answer;
        agent::ModelFailure failure = answer.error();
        if (const std::string why = malformed.give_up_after(failure); !why.empty()) {
            failure.message += why;
            return failure;
        }
        const milliseconds delay = delay_after(failure, attempt);
        const bool too_late = world_.now() + delay - begin > policy_.max_elapsed;
        if (attempt >= policy_.max_attempts || too_late) {
            if (attempt > 1) failure.message += ", after " + std::to_string(attempt) + " attempts";
            if (too_late && failure.retry_after) {
                failure.message +=
                    " (the server asks to wait " + std::to_string(delay.count() / 1000) + " s)";
            }
            return failure;
        }
        sink.on_event(agent::RetryScheduled{attempt, policy_.max_attempts, delay,
                                            failure.http_status, failure.message});
        world_.sleep(delay, stop);
        if (stop.stop_requested()) {
            agent::ModelFailure stopped;
            stopped.message = "stopped";
            stopped.stopped = true;
            return stopped;
        }
    }
}

}  // namespace tenon::model
