#include "host/agent/spending.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "host/agent/conversation.h"

namespace tenon::agent {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr double kUnitsOfADollar = 1e12;
constexpr std::int64_t kUnitsOfAMillionth = 1'000'000;
constexpr double kTokensOfAPrice = 1e6;
constexpr std::size_t kBytesOfAToken = 4;

std::int64_t units_of(double number) {
    if (!(number > 0)) return 0;  // also what is not a number
    return number < static_cast<double>(kMost) ? std::llround(number) : kMost;
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? kMost : sum;
}

std::int64_t saturated_product(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}

/// In the units of Money. A price has up to nine decimals, so that of a token may be a fraction of
/// a unit.
std::int64_t cost_of(std::int64_t tokens, std::optional<double> price) {
    constexpr std::int64_t kParts = 1'000;  // of a unit
    tokens = std::max<std::int64_t>(tokens, 0);
    const std::int64_t parts =
        units_of(price.value_or(0) * (kUnitsOfADollar / kTokensOfAPrice * double{kParts}));
    return saturated_sum(saturated_product(tokens, parts / kParts),
                         saturated_product(tokens, parts % kParts) / kParts);
}

std::size_t bytes_of(const Request& request) {
    std::size_t bytes = request.system.size() + request.tools.size();
    for (const Message& message : request.messages) {
        bytes += message.wire.size() - std::min(message.wire.size(), message.image_bytes) +
                 message.images * Conversation::kBytesOfAnImage;
    }
    return bytes;
}

std::int64_t tokens_of(std::size_t bytes) {
    return static_cast<std::int64_t>((bytes + kBytesOfAToken - 1) / kBytesOfAToken);
}

/// Any prompt has tokens, and so has any answer with content. Fills in what the server has not
/// stated.
void estimate_unstated(Answer& answer, const Request& request) {
    Usage& usage = answer.usage;
    const bool has_input = usage.input_tokens > 0 || usage.cache_read_input_tokens > 0 ||
                           usage.cache_creation_input_tokens > 0;
    if (!has_input)
        usage.input_tokens = answer.estimated.input_tokens = tokens_of(bytes_of(request));
    if (usage.output_tokens <= 0 && answer.content != "[]")
        usage.output_tokens = answer.estimated.output_tokens = tokens_of(answer.content.size());
}

}  // namespace

Money Money::of_dollars(double dollars) {
    return Money(units_of(dollars * kUnitsOfADollar));
}

double Money::dollars() const {
    return static_cast<double>(units_) / kUnitsOfADollar;
}

std::string Money::text() const {
    const std::int64_t millionths = units_ / kUnitsOfAMillionth +
                                    (units_ % kUnitsOfAMillionth >= kUnitsOfAMillionth / 2 ? 1 : 0);
    if (units_ > 0 && millionths == 0) return "less than $0.000001";
    char text[48];
    std::snprintf(text, sizeof text, "$%lld.%06lld", static_cast<long long>(millionths / 1'000'000),
                  static_cast<long long>(millionths % 1'000'000));
    std::string shown = text;
    const std::size_t cents = shown.size() - 4;
    while (shown.size() > cents && shown.back() == '0')
        shown.pop_back();
    return shown;
}

Money Prices::cost(const Usage& usage) const {
    std::int64_t units = cost_of(usage.input_tokens, input);
    units = saturated_sum(units, cost_of(usage.output_tokens, output));
    units = saturated_sum(units,
                          cost_of(usage.cache_read_input_tokens, cache_read ? cache_read : input));
    units = saturated_sum(
        units, cost_of(usage.cache_creation_input_tokens, cache_write ? cache_write : input));
    return Money(units);
}

std::int64_t total_tokens(const Usage& usage) {
    std::int64_t sum = saturated_sum(usage.input_tokens, usage.output_tokens);
    sum = saturated_sum(sum, usage.cache_read_input_tokens);
    return saturated_sum(sum, usage.cache_creation_input_tokens);
}

std::string in_words(const Usage& usage) {
    return "input " + std::to_string(usage.input_tokens) + ", output " +
           std::to_string(usage.output_tokens) + ", cache read " +
           std::to_string(usage.cache_read_input_tokens) + ", cache written " +
           std::to_string(usage.cache_creation_input_tokens);
}

void Spending::add(const Usage& usage, bool is_estimate) {
    const Lock lock(mutex_);
    usage_ += usage;
    has_estimates_ = has_estimates_ || is_estimate;
}

Usage Spending::usage() const {
    const Lock lock(mutex_);
    return usage_;
}

bool Spending::has_estimates() const {
    const Lock lock(mutex_);
    return has_estimates_;
}

std::optional<Money> Spending::cost() const {
    if (!prices_.known()) return std::nullopt;
    return prices_.cost(usage());
}

std::string Spending::money_of_budget(const Usage& usage) const {
    return prices_.cost(usage).text() + " of " + budget_.money->text();
}

std::string Spending::tokens_of_budget(const Usage& usage) const {
    return std::to_string(total_tokens(usage)) + " of " + std::to_string(*budget_.tokens) +
           " tokens";
}

std::optional<std::string> Spending::over_budget() const {
    const Usage spent = usage();
    std::string used_up;
    if (budget_.money && prices_.cost(spent) >= *budget_.money)
        used_up = money_of_budget(spent) + " (--max-budget-usd)";
    if (budget_.tokens && total_tokens(spent) >= *budget_.tokens)
        used_up +=
            (used_up.empty() ? "" : ", ") + tokens_of_budget(spent) + " (--max-tokens-total)";
    if (used_up.empty()) return std::nullopt;
    const Lock lock(mutex_);
    return "stopped, since the budget is used up: " + used_up +
           (has_estimates_ ? "; partly estimated, since the server does not state all tokens"
                           : "") +
           ". The session can be opened again with a larger budget";
}

std::string Spending::budget_words() const {
    const Usage spent = usage();
    std::string words;
    if (budget_.money) words = money_of_budget(spent);
    if (budget_.tokens) words += (words.empty() ? "" : "; ") + tokens_of_budget(spent);
    const Lock lock(mutex_);
    if (!words.empty() && has_estimates_) words += " (partly estimated)";
    return words;
}

Result<Answer, ModelFailure> Metered::ask(const Request& request, EventSink& sink,
                                          std::stop_token stop) {
    const auto over = over_budget();
    refused_ = over.has_value();
    if (over) {
        ModelFailure failure;
        failure.message = *over;
        return failure;
    }
    auto answer = inner_.ask(request, sink, std::move(stop));
    if (answer && spending_ != nullptr) {
        if (spending_->unstated() == Spending::Unstated::kEstimate)
            estimate_unstated(*answer, request);
        spending_->add(answer->usage, answer->estimated != Usage{});
    }
    return answer;
}

std::optional<std::string> Metered::over_budget() const {
    return spending_ == nullptr ? std::nullopt : spending_->over_budget();
}

}  // namespace tenon::agent
