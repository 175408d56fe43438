#pragma once

#include <string_view>

#include "host/agent/ports.h"

namespace tenon::model {

/// Says in `failure` whether the request was too long for the model's window, and the window that
/// the endpoint states. `body` is what it answered: JSON, an event's data, HTML or plain text. Every
/// server has words of its own for it (reference/messages-api.md §8a), so these are looked for in
/// the whole body, which may wrap another server's. With a status that tells of another reason (401,
/// 429, 529 …) the request counts as one that fits. What is too long is not retryable as it is.
void judge_length(agent::ModelFailure& failure, std::string_view body);

}  // namespace tenon::model
