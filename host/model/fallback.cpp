#include "host/model/fallback.h"

#include <algorithm>
#include <array>
#include <optional>

#include <spdlog/spdlog.h>

namespace tenon::model {
namespace {

using Answered = Result<agent::Answer, agent::ModelFailure>;

/// Of the time of a request, failed attempts at models that do not answer take about one part.
constexpr int kWaitFactor = 10;
/// A failure within this time costs so little that each request may begin with such an attempt.
constexpr std::chrono::milliseconds kQuick{100};

/// Passes everything on, and knows whether a part of an answer was shown that may become void.
class DeltaWatch : public agent::EventSink {
public:
    explicit DeltaWatch(agent::EventSink& sink) : sink_(sink) {}
    void on_event(const agent::AgentEvent& event) override {
        if (std::holds_alternative<agent::TextDelta>(event) ||
            std::holds_alternative<agent::ThinkingDelta>(event))
            shown_ = true;
        sink_.on_event(event);
    }
    [[nodiscard]] bool shown() const { return shown_; }

private:
    agent::EventSink& sink_;
    bool shown_ = false;
};

/// Whether the model stays overloaded or unreachable. Other failures are about this request, or
/// remain until a person does something.
bool stays_silent(const agent::ModelFailure& failure) {
    return (failure.retryable || failure.unavailable) && failure.malformed.empty() &&
           failure.length != agent::Length::kTooLong;
}

/// Whether a model other than the first cannot take its place for any request.
bool is_no_substitute(const agent::ModelFailure& failure) {
    constexpr std::array kStatuses = {0, 401, 402, 403, 404};
    return !failure.malformed.empty() ||
           std::count(kStatuses.begin(), kStatuses.end(), failure.http_status) > 0;
}

}  // namespace

Availability::State Availability::state(std::size_t model, Time now) const {
    const Lock lock(mutex_);
    const Silence& silence = silent_until_.at(model);
    if (!silence.is_silent) return State::kAnswers;
    return now < silence.until ? State::kSilent : State::kDue;
}

void Availability::answers(std::size_t model) {
    const Lock lock(mutex_);
    silent_until_.at(model) = {};
}

void Availability::silent(std::size_t model, Time until) {
    const Lock lock(mutex_);
    silent_until_.at(model) = {true, until};
}

void Availability::forget() {
    const Lock lock(mutex_);
    std::fill(silent_until_.begin(), silent_until_.end(), Silence{});
}

/// One request, at one model after the other. Nothing as a result: the next one is to be asked.
class Fallback::Round {
public:
    Round(Fallback& all, const agent::Request& request, agent::EventSink& sink,
          const std::stop_token& stop)
        : all_(all),
          request_(request),
          sink_(sink),
          stop_(stop),
          asked_fully_(all.models_.size()) {}

    Answered run() {
        using State = Availability::State;
        for (std::size_t i = 0; i < all_.models_.size(); ++i) {
            const State state = all_.availability_->state(i, all_.world_.now());
            if (state == State::kSilent) continue;
            auto result = state == State::kDue ? ask_once(i) : ask_fully(i);
            if (result) return std::move(*result);
        }
        // Better late than never.
        for (std::size_t i = 0; i < all_.models_.size(); ++i) {
            if (asked_fully_[i]) continue;
            if (auto result = ask_fully(i)) return std::move(*result);
        }
        return no_answer();
    }

private:
    struct Failed {
        std::size_t model;
        agent::ModelFailure failure;
    };

    std::optional<Answered> ask_once(std::size_t model) {
        DeltaWatch watch(sink_);
        auto answer = retry(model).ask_once(request_to(model), watch, stop_);
        if (answer || answer.error().stopped || stop_.stop_requested())
            return taken(model, std::move(answer));
        spdlog::info("{} does not answer yet: {}", words(model), answer.error().message);
        note_silence(model, answer.error());
        if (watch.shown()) announce_attempt(model, answer.error(), all_.asked_);
        return std::nullopt;
    }

    std::optional<Answered> ask_fully(std::size_t model) {
        announce(model);
        asked_fully_[model] = true;
        const bool is_back = model < all_.asked_ && failed_.empty();
        if (!is_back) all_.asked_ = model;
        auto answer = retry(model).ask(request_to(model), sink_, stop_);
        if (answer || answer.error().stopped || stop_.stop_requested())
            return taken(model, std::move(answer));
        all_.asked_ = model;
        const agent::ModelFailure& failure = answer.error();
        if (!stays_silent(failure) && (model == 0 || !is_no_substitute(failure)))
            return with_reason(failure);
        note_silence(model, failure);
        failed_.push_back({model, failure});
        return std::nullopt;
    }

    Answered taken(std::size_t model, Answered answer) {
        if (!answer) return answer;
        all_.availability_->answers(model);
        if (model < all_.asked_) sink_.on_event(agent::Notice{words(model) + " answers again"});
        all_.asked_ = model;
        return answer;
    }

    /// Before another model than the one before is asked.
    void announce(std::size_t model) {
        if (!failed_.empty()) {
            const Failed& last = failed_.back();
            announce_attempt(last.model, last.failure, model);
            const bool is_silent = stays_silent(last.failure);
            sink_.on_event(agent::Notice{words(last.model) +
                                         (is_silent ? " does not answer (" : " cannot be used (") +
                                         last.failure.message + "); asking " + words(model)});
        } else if (model > all_.asked_) {
            sink_.on_event(
                agent::Notice{words(all_.asked_) + " does not answer; asking " + words(model)});
        }
    }

    /// The deltas of the last attempt are void.
    void announce_attempt(std::size_t model, const agent::ModelFailure& failure, std::size_t next) {
        const Retry::Attempts& attempts = retry(model).attempts();
        sink_.on_event(agent::RetryScheduled{
            attempts.count, attempts.most, {}, failure.http_status, failure.message, words(next)});
    }

    void note_silence(std::size_t model, const agent::ModelFailure& failure) {
        using std::chrono::steady_clock;
        steady_clock::duration wait = retry(model).attempts().last_took;
        wait = wait <= kQuick ? steady_clock::duration::zero() : wait * kWaitFactor;
        if (failure.retry_after)
            wait = std::max<steady_clock::duration>(wait, *failure.retry_after);
        all_.availability_->silent(model, all_.world_.now() + wait);
    }

    /// A failure that ends the request; says why the model was asked at all.
    Answered with_reason(agent::ModelFailure failure) const {
        if (!failed_.empty())
            failure.message += "; it was asked since " + words(failed_.front().model) +
                               " does not answer (" + failed_.front().failure.message + ")";
        return failure;
    }

    Answered no_answer() {
        all_.availability_->forget();
        all_.asked_ = 0;
        std::sort(failed_.begin(), failed_.end(),
                  [](const Failed& a, const Failed& b) { return a.model < b.model; });
        agent::ModelFailure failure = failed_.front().failure;
        for (std::size_t i = 1; i < failed_.size(); ++i) {
            failure.message += (i == 1 ? "; no other model answers: " : "; ") +
                               words(failed_[i].model) + " (" + failed_[i].failure.message + ")";
        }
        return failure;
    }

    [[nodiscard]] Retry& retry(std::size_t model) const { return *all_.models_[model].retry; }

    [[nodiscard]] agent::Request request_to(std::size_t model) const {
        agent::Request request = request_;
        if (model > 0) request.model = all_.models_[model].name;
        return request;
    }

    [[nodiscard]] std::string words(std::size_t model) const {
        return std::string(request_to(model).model) + " at " + all_.models_[model].server;
    }

    Fallback& all_;
    const agent::Request& request_;
    agent::EventSink& sink_;
    const std::stop_token& stop_;
    std::vector<bool> asked_fully_;
    std::vector<Failed> failed_;  // after all their attempts
};

Fallback::Fallback(std::vector<FallbackModel> models, std::shared_ptr<Availability> availability,
                   RetryWorld world)
    : models_(std::move(models)),
      availability_(std::move(availability)),
      world_(std::move(world)) {}

Answered Fallback::ask(const agent::Request& request, agent::EventSink& sink,
                       std::stop_token stop) {
    // What is known of the first model is not known of one that a person has chosen since.
    if (!first_name_.empty() && first_name_ != request.model) availability_->answers(0);
    first_name_ = request.model;
    return Round(*this, request, sink, stop).run();
}

}  // namespace tenon::model
