#include "host/sitting/questions.h"

namespace tenon::sitting {
namespace {

constexpr const char* kHoldsKey = "a key is in it, so no rule is made of it";

permission::Question redacted(permission::Question question, const Secrets& secrets) {
    if (secrets.empty()) return question;
    question.title = secrets.redact(std::move(question.title));
    for (std::string& text : question.items)
        text = secrets.redact(std::move(text));
    // Redacted, a rule would be a different rule, so none is offered.
    for (const auto& rules : question.offers)
        for (const std::string& text : rules)
            if (secrets.redact(text) != text) question.remark = kHoldsKey;
    if (question.remark == kHoldsKey) question.offers.clear();
    question.remark = secrets.redact(std::move(question.remark));
    question.input = json_or_null(secrets.redact(dump_json(question.input)));
    return question;
}

}  // namespace

permission::Answer Questions::ask(const permission::Question& question, std::stop_token stop) {
    const std::stop_callback wake(stop, [this] {
        // Locking the mutex prevents that the request falls between the check and the wait below.
        { const Lock lock(mutex_); }
        changed_.notify_all();
    });
    std::size_t number = 0;
    {
        const Lock lock(mutex_);
        number = ++number_;
        answer_.reset();
    }
    put_(number, redacted(question, secrets_));
    std::optional<permission::Answer> answer;
    {
        Lock lock(mutex_);
        while (!answer_ && !stop.stop_requested())
            changed_.wait(lock);
        if (!stop.stop_requested()) answer = answer_;
        ++number_;
    }
    withdraw_(number);
    return answer.value_or(permission::Answer{});
}

void Questions::answer(std::size_t number, permission::Answer answer) {
    const Lock lock(mutex_);
    if (number != number_ || answer_) return;
    answer_ = std::move(answer);
    changed_.notify_all();
}

}  // namespace tenon::sitting
