#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "host/agent/ports.h"
#include "host/agent/session.h"

namespace tenon::agent {

/// How much goes into a request for a summary.
struct SummaryRoom {
    std::int64_t max_tokens = 0;  ///< of the summary
    std::size_t plain_bytes = 0;  ///< of the conversation as plain text
};

/// How a summary is asked for.
struct SummaryOptions {
    std::string focus;  ///< what it must keep above all; may be empty
    bool fits = true;   ///< false: the conversation is known not to fit into a request
    /// The room there is, once the endpoint has stated the model's window or without that.
    std::function<SummaryRoom(std::optional<std::int64_t> window)> room;
};

struct SummaryFailure {
    std::string message;
    bool stopped = false;  ///< the stop token asked for it
};

/// Has the model sum up the session's conversation, which stays as it is: with the conversation as
/// it stands and no tool allowed, so that caches hold; when that does not fit, as plain text of
/// which the oldest part is left out, less each time, a bounded number of times. Words of a refusal
/// that are not known count as "too long" when the conversation is long. What it costs is added to
/// `spent`. Retries are told to `sink`, the words are not. All calls are answered.
Result<std::string, SummaryFailure> summarize(const Session& session, Provider& provider,
                                              EventSink& sink, const SummaryOptions& options,
                                              Usage& spent, std::stop_token stop);

}  // namespace tenon::agent
