#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/agent/ports.h"
#include "host/base/mutex.h"

/// What a run costs, and what it may cost.
namespace tenon::agent {

/// An amount of US dollars, exact to a millionth of a millionth, so that sums do not drift. An
/// amount that does not fit (9 million dollars) becomes the largest one.
class Money {
public:
    Money() = default;
    /// Rounded; 0 for what is negative or not a number.
    static Money of_dollars(double dollars);
    [[nodiscard]] double dollars() const;
    /// "$1.50", "$0.0105": rounded to millionths of a dollar.
    [[nodiscard]] std::string text() const;
    auto operator<=>(const Money&) const = default;

private:
    friend struct Prices;
    explicit Money(std::int64_t units) : units_(units) {}
    std::int64_t units_ = 0;
};

/// US dollars for a million tokens of each kind.
struct Prices {
    std::optional<double> input, output, cache_read, cache_write;

    /// Whether there is a price for input or output. Without one no cost is shown.
    [[nodiscard]] bool known() const { return input || output; }
    /// Without prices of their own, tokens that a cache held or took cost as much as other input.
    /// Input or output without a price costs nothing.
    [[nodiscard]] Money cost(const Usage& usage) const;
};

/// The tokens of all kinds together.
std::int64_t total_tokens(const Usage& usage);

/// "input 1, output 2, cache read 3, cache written 4"
std::string in_words(const Usage& usage);

/// The most that a run may cost. A limit that is not set does not limit.
struct Budget {
    std::optional<Money> money;
    std::optional<std::int64_t> tokens;  ///< of all kinds together
};

/// What a run has cost so far, its subagents included. Thread-safe.
class Spending {
public:
    /// What to count for tokens that an answer does not state.
    enum class Unstated { kEstimate, kNothing };
    Spending(Prices prices, Budget budget, Unstated unstated = Unstated::kEstimate)
        : prices_(prices), budget_(budget), unstated_(unstated) {}

    [[nodiscard]] Unstated unstated() const { return unstated_; }

    /// `is_estimate`: the server did not state all of it.
    void add(const Usage& usage, bool is_estimate);

    [[nodiscard]] Usage usage() const;
    /// Whether a part of `usage` is an estimate.
    [[nodiscard]] bool has_estimates() const;
    /// None without prices.
    [[nodiscard]] std::optional<Money> cost() const;
    /// Says what was spent of what, when the budget is used up; else none.
    [[nodiscard]] std::optional<std::string> over_budget() const;
    /// "$0.01 of $0.50; 120 of 100000 tokens"; empty: there is no budget.
    [[nodiscard]] std::string budget_words() const;

private:
    [[nodiscard]] std::string money_of_budget(const Usage& usage) const;
    [[nodiscard]] std::string tokens_of_budget(const Usage& usage) const;

    const Prices prices_;
    const Budget budget_;
    const Unstated unstated_;
    mutable Mutex mutex_;
    Usage usage_ TENON_GUARDED_BY(mutex_);
    bool has_estimates_ TENON_GUARDED_BY(mutex_) = false;
};

/// Asks another provider as far as the budget of the run allows, and counts its answers. Tokens
/// that an answer does not state are estimated, also in the answer itself: a fourth of the bytes of
/// the texts. For one thread.
class Metered final : public Provider {
public:
    /// Both outlive the object. Null: nothing is counted.
    Metered(Provider& inner, Spending* spending) : inner_(inner), spending_(spending) {}

    Result<Answer, ModelFailure> ask(const Request& request, EventSink& sink,
                                     std::stop_token stop) override;
    [[nodiscard]] std::size_t place_of_asked() const override { return inner_.place_of_asked(); }
    /// See Spending.
    [[nodiscard]] std::optional<std::string> over_budget() const;
    /// The last request was not sent, since the budget is used up.
    [[nodiscard]] bool refused() const { return refused_; }

private:
    Provider& inner_;
    Spending* spending_;
    bool refused_ = false;
};

}  // namespace tenon::agent
