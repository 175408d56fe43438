#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/agent/session.h"
#include "host/agent/summary.h"
#include "host/base/secrets.h"

namespace tenon::agent {

struct CompactionOptions {
    /// How many tokens a request to the model of that name may have; empty: 50,000 for any.
    std::function<std::int64_t(std::string_view model)> threshold;
    /// Whether the window of that model is known, so that the threshold is no guess; empty: of
    /// none.
    std::function<bool(std::string_view model)> knows_window;
    /// How many an answer of it may have; empty: what was asked for.
    std::function<std::int64_t(std::string_view model)> answer;
    /// The endpoint has stated the window of the model; what the two above say may change.
    std::function<void(std::string_view model, std::int64_t window)> learn;
    /// The endpoint has answered a prompt of that many tokens, by its own count.
    std::function<void(std::string_view model, std::int64_t prompt)> accepted;
    std::size_t keep_recent = 3;  ///< tool results that stay whole in any case
};

/// Why a conversation was not made shorter, and the run cannot go on.
struct Halt {
    std::string message;
    bool interrupted = false;  ///< by the stop token; not an error
};

/// A request that was refused because it is too long, or may have been.
struct Refusal {
    std::string why;      ///< the endpoint's own words
    bool certain = true;  ///< false: these words are not known
    std::optional<std::int64_t> window = {};
};

/// Makes a session's conversation shorter when it is due: first old tool results, in one batch;
/// when that is not enough all of it, saved as a transcript and replaced by a summary that the
/// model writes. What fails leaves the conversation as it was; two attempts in a row without
/// progress halt the run. Called between turns, when all calls are answered, on the thread of the
/// conversation; blocks while the model writes. Owns nothing of what it is given.
class Compaction {
public:
    struct Parts {
        Session& session;
        Provider& provider;
        Inbox& inbox;
        EventSink& sink;
        const Secrets& secrets;
        Context& context;
    };
    /// An answer, and a summary, may have `max_tokens`, or less where the window is small.
    Compaction(const Parts& parts, CompactionOptions options, std::int64_t max_tokens)
        : parts_(parts), options_(std::move(options)), max_tokens_(max_tokens) {}

    /// Another run begins: what failed in the one before is forgotten.
    void begin_run() {
        without_progress_ = 0;
        refusals_ = 0;
        turns_since_refusal_ = kFar;
    }

    /// A summary is wanted before the next request; `focus` may be empty.
    void wish(std::string focus) { wish_ = std::move(focus); }

    /// Does what is due or wished for before a request.
    Result<void, Halt> before_request(std::stop_token stop);

    /// Whether a shorter conversation may be what the endpoint wants. Words that are not known
    /// count only when the conversation is long: half the threshold, and less where the window is
    /// not known.
    [[nodiscard]] bool can_help(const Refusal& refusal) const;

    /// Done: the conversation, or the answer that is asked for, is shorter, and the request can go
    /// out again. A conversation that is refused again and again right after a summary halts the
    /// run.
    Result<void, Halt> after_refusal(const Refusal& refusal, std::stop_token stop);

    /// How many tokens to ask for in an answer of the session's model.
    [[nodiscard]] std::int64_t answer_tokens() const;

    /// A summary now, on a person's wish. Done: it has taken the conversation's place.
    Result<void, Halt> at_once(const std::string& focus, std::stop_token stop);

    /// What the model answered, by the provider's count: whether the last summary was of use.
    void answered(const Usage& usage);

    /// What summaries have cost since it was asked last.
    Usage take_spent() { return std::exchange(spent_, {}); }

private:
    enum class Trigger { kAuto, kManual };
    struct Attempt {
        Trigger trigger;
        std::string focus;
        bool fits;           ///< as far as is known, into a request
        bool shows_results;  ///< watchers have not seen the last turn's
    };
    struct Failure {
        enum class Kind { kInterrupted, kFailed, kJournal } kind = Kind::kFailed;
        std::string message;
    };

    static constexpr int kFar = 1000;  // turns

    [[nodiscard]] std::int64_t threshold() const;
    [[nodiscard]] bool is_long() const;
    [[nodiscard]] SummaryRoom room_after(std::optional<std::int64_t> window);
    void learn(std::optional<std::int64_t> window);
    [[nodiscard]] bool has_answers() const;
    Result<bool> prune(std::int64_t tokens);
    [[nodiscard]] Json last_results() const;
    Result<void, Failure> replace(const Attempt& attempt, std::stop_token stop);
    Result<void, Halt> judge(const Result<void, Failure>& replaced);
    [[nodiscard]] std::string replacement(const std::string& summary,
                                          const std::string& transcript) const;
    Result<void, Halt> no_progress(const std::string& why);

    Parts parts_;
    CompactionOptions options_;
    std::int64_t max_tokens_;
    std::optional<std::string> wish_;
    Usage spent_;
    int without_progress_ = 0;  // attempts in a row
    int refusals_ = 0;          // each right after the one before
    int turns_since_refusal_ = kFar;
    bool unproven_ = false;  // the provider has not counted a request since the last summary
};

}  // namespace tenon::agent
