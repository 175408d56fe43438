#pragma once

#include <stop_token>
#include <string>

#include "host/agent/ports.h"
#include "host/agent/session.h"

namespace tenon::agent {

/// Whether an endpoint refused a request because it does not fit into the model's window.
bool is_too_long(const ModelFailure& failure);

/// How a summary is asked for.
struct SummaryOptions {
    std::string focus;            ///< what it must keep above all; may be empty
    std::int64_t max_tokens = 0;  ///< of the summary
    bool fits = true;             ///< false: the conversation is known not to fit into a request
    std::size_t plain_bytes = 0;  ///< how much of it to send as plain text at most
};

struct SummaryFailure {
    std::string message;
    bool stopped = false;  ///< the stop token asked for it
};

/// Has the model sum up the session's conversation, which stays as it is: with the conversation as
/// it stands and no tool allowed, so that caches hold; when that does not fit, as plain text of
/// which the oldest part is left out, less each time. What it costs is added to `spent`. Retries
/// are told to `sink`, the words are not. All calls are answered.
Result<std::string, SummaryFailure> summarize(const Session& session, Provider& provider,
                                              EventSink& sink, const SummaryOptions& options,
                                              Usage& spent, std::stop_token stop);

}  // namespace tenon::agent
