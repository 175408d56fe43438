#pragma once

#include <functional>
#include <optional>

#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/permission/asker.h"

namespace tenon::sitting {

/// Questions of the gate on their way to a person, and the answers back. `put` and `withdraw` hand
/// over to the thread of the terminal and return at once; a question has a number, so that an
/// answer to one that is gone answers nothing.
class Questions : public permission::Asker {
public:
    using Put = std::function<void(std::size_t number, const permission::Question&)>;
    using Withdraw = std::function<void(std::size_t number)>;
    /// Known keys are taken out of what is put; `secrets` outlives it.
    Questions(Put put, Withdraw withdraw, const Secrets& secrets)
        : put_(std::move(put)), withdraw_(std::move(withdraw)), secrets_(secrets) {}

    /// Blocks the tool worker until somebody answers or `stop`.
    permission::UserAnswer ask(const permission::Question& question, std::stop_token stop) override;

    /// Any thread.
    void answer(std::size_t number, permission::UserAnswer answer);

private:
    Put put_;
    Withdraw withdraw_;
    const Secrets& secrets_;
    Mutex mutex_;
    Condition changed_;
    std::size_t number_ TENON_GUARDED_BY(mutex_) = 0;
    std::optional<permission::UserAnswer> answer_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::sitting
