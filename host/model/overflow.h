#pragma once

#include <string_view>

#include "host/agent/ports.h"

namespace tenon::model {

/// Sets in `failure` whether the request was too long for the model's window, and the window that
/// the endpoint states. `body` is the response: JSON, an event's data, HTML or plain text. Every
/// server has its own phrases (reference/messages-api.md §8a); they are searched for in the whole
/// body, which may contain the error of another server. A status that stands for another reason
/// (401, 429, 529 …) means that the request fits. A request that is too long is not retryable.
void judge_length(agent::ModelFailure& failure, std::string_view body);

}  // namespace tenon::model
