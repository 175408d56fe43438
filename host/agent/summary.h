#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "host/agent/ports.h"
#include "host/agent/session.h"

namespace tenon::agent {

/// How large a request for a summary and the summary may be.
struct SummaryLimits {
    std::int64_t max_tokens = 0;              ///< of the summary
    std::size_t plain_bytes = 0;              ///< of the conversation as plain text
    std::optional<std::int64_t> window = {};  ///< of the model, in tokens, if it is known
};

/// How a summary is asked for.
struct SummaryOptions {
    std::string focus;  ///< what it must keep above all; may be empty
    bool fits = true;   ///< false: the conversation is known not to fit into a request
    /// The limits, once the endpoint has stated the model's window, or before.
    std::function<SummaryLimits(std::optional<std::int64_t> window)> limits;
};

struct SummaryFailure {
    std::string message;
    bool stopped = false;  ///< the stop token asked for it
};

/// Has the model sum up the session's conversation, which stays as it is. The request holds the
/// conversation as it is and allows no tool, so that caches stay valid; when that does not fit, it
/// holds the conversation as plain text (PlainConversation), shorter each time, a bounded number of
/// times, and a notice says so. A refusal with an unknown message counts as "too long" when the
/// conversation is long. The tokens used are added to `spent`. `sink` gets the retries, not the
/// text. All calls are answered.
Result<std::string, SummaryFailure> summarize(const Session& session, Provider& provider,
                                              EventSink& sink, const SummaryOptions& options,
                                              Usage& spent, std::stop_token stop);

}  // namespace tenon::agent
