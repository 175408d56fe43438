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

/// The model that a conversation asks.
struct AskedModel {
    std::string_view session;  ///< the name of the session's model
    /// See Provider::place_of_asked: other than 0, it is not the session's.
    std::size_t place = 0;
};

struct CompactionOptions {
    /// How many tokens a request to that model may have; empty: 50,000 for any.
    std::function<std::int64_t(const AskedModel& model)> threshold;
    /// The window of that model in tokens; none, or empty: it is not known, so that the threshold
    /// is a guess.
    std::function<std::optional<std::int64_t>(const AskedModel& model)> window;
    /// How many tokens an answer of that model may have; empty: as many as were asked for.
    std::function<std::int64_t(const AskedModel& model)> answer;
    /// Called when the endpoint has stated the window of the model. The results of the functions
    /// above may change then.
    std::function<void(const AskedModel& model, std::int64_t window)> learn;
    /// Called when the endpoint has answered a prompt of that many tokens, by its own count.
    std::function<void(const AskedModel& model, std::int64_t prompt)> accepted;
    std::size_t keep_recent = 3;  ///< the newest tool results, which are never shortened
};

/// Why a conversation could not be made shorter; the run cannot go on.
struct CompactionFailure {
    std::string message;
    bool interrupted = false;  ///< by the stop token; not an error
};

/// A request that was refused because it is, or may be, too long.
struct RefusedRequest {
    std::string why;      ///< the endpoint's message
    bool certain = true;  ///< false: the message is unknown, so the reason may be another
    std::optional<std::int64_t> window = {};
};

/// Makes a session's conversation shorter when it is too long. First it shortens old tool results,
/// in one batch. If that is not enough, it saves the whole conversation as a transcript, and a
/// summary that the model writes replaces it. A failed attempt leaves the conversation unchanged;
/// two attempts in a row without progress end the run. Called between turns, when all calls are
/// answered, on the thread of the conversation; blocks while the model writes. Owns nothing of what
/// it is given.
class Compaction {
public:
    struct Ports {
        Session& session;
        Provider& provider;
        Inbox& inbox;
        EventSink& sink;
        const Secrets& secrets;
        Context& context;
    };
    /// An answer and a summary may have `max_tokens`, fewer where the window is small.
    Compaction(const Ports& ports, CompactionOptions options, std::int64_t max_tokens)
        : ports_(ports), options_(std::move(options)), max_tokens_(max_tokens) {}

    /// Another run begins: earlier failures no longer count.
    void begin_run() {
        without_progress_ = 0;
        refusals_ = 0;
        turns_since_refusal_ = kFar;
    }

    /// Asks for a summary before the next request; `focus` may be empty.
    void request_summary(std::string focus) { requested_focus_ = std::move(focus); }

    /// Makes the conversation shorter before a request, if it is too long or a summary was
    /// requested.
    Result<void, CompactionFailure> before_request(std::stop_token stop);

    /// Whether the endpoint may accept a shorter conversation. An unknown message counts only when
    /// the conversation is long: half the threshold, and less when the window is not known.
    [[nodiscard]] bool can_help(const RefusedRequest& refusal) const;

    /// On success the conversation, or the answer that is asked for, is shorter, and the request
    /// can be sent again. A conversation that is refused again and again right after a summary is a
    /// failure.
    Result<void, CompactionFailure> after_refusal(const RefusedRequest& refusal,
                                                  std::stop_token stop);

    /// How many tokens to ask for in an answer of the session's model.
    [[nodiscard]] std::int64_t answer_tokens() const;
    [[nodiscard]] std::optional<std::int64_t> known_window() const;

    /// Makes a summary now, because a person asks for it. On success it replaces the conversation.
    Result<void, CompactionFailure> compact_now(const std::string& focus, std::stop_token stop);

    /// The provider's count for a request. It shows whether the last summary was short enough.
    void answered(const Usage& usage);

    /// The tokens that summaries have used since the last call.
    Usage take_usage() { return std::exchange(usage_, {}); }

private:
    enum class Trigger { kAuto, kManual };
    struct Attempt {
        Trigger trigger;
        std::string focus;
        bool fits;           ///< into a request, as far as is known
        bool shows_results;  ///< the results of the last turn were not shown yet
    };
    struct Failure {
        enum class Cause { kInterrupted, kFailed, kJournal } cause = Cause::kFailed;
        std::string message;
    };

    static constexpr int kFar = 1000;  // turns

    [[nodiscard]] AskedModel asked() const {
        return {ports_.session.head().model, ports_.provider.place_of_asked()};
    }
    [[nodiscard]] std::int64_t threshold() const;
    [[nodiscard]] bool is_long() const;
    [[nodiscard]] SummaryLimits limits_after(std::optional<std::int64_t> window);
    void learn(std::optional<std::int64_t> window);
    [[nodiscard]] bool has_answers() const;
    Result<bool> prune(std::int64_t tokens);
    [[nodiscard]] Json last_results() const;
    Result<void, Failure> replace(const Attempt& attempt, std::stop_token stop);
    Result<void, CompactionFailure> check_progress(const Result<void, Failure>& replaced);
    [[nodiscard]] std::string replacement(const std::string& summary,
                                          const std::string& transcript) const;
    Result<void, CompactionFailure> no_progress(const std::string& why);

    Ports ports_;
    CompactionOptions options_;
    std::int64_t max_tokens_;
    std::optional<std::string> requested_focus_;
    Usage usage_;
    int without_progress_ = 0;  // attempts in a row
    int refusals_ = 0;          // each right after the one before
    int turns_since_refusal_ = kFar;
    bool summary_uncounted_ = false;  // no request has been counted since the last summary
};

}  // namespace tenon::agent
