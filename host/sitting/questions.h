#pragma once

#include <functional>
#include <optional>

#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/permission/asker.h"

namespace tenon::sitting {

/// Passes the questions of the permission gate to the thread of the terminal, and the answers back.
/// Each question has a number, so that a late answer to a withdrawn question has no effect. Not
/// responsible for texts (question_text) or keys (terminal).
class Questions : public permission::Asker {
public:
    using Put = std::function<void(std::size_t number, const permission::Question&)>;
    using Withdraw = std::function<void(std::size_t number)>;
    /// `put` and `withdraw` must return at once; the thread that asks calls them. Known keys are
    /// removed from the questions; `secrets` must outlive the object.
    Questions(Put put, Withdraw withdraw, const Secrets& secrets)
        : put_(std::move(put)), withdraw_(std::move(withdraw)), secrets_(secrets) {}

    /// Blocks the calling tool worker until `answer` or `stop`. After `stop` the answer is no.
    permission::Answer ask(const permission::Question& question, std::stop_token stop) override;

    /// Any thread. Ignored unless `number` is that of the open question.
    void answer(std::size_t number, permission::Answer answer);

private:
    Put put_;
    Withdraw withdraw_;
    const Secrets& secrets_;
    Mutex mutex_;
    Condition changed_;
    std::size_t number_ TENON_GUARDED_BY(mutex_) = 0;
    std::optional<permission::Answer> answer_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::sitting
