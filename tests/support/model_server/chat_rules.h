#pragma once

#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// The rules of Chat Completions that a client can break: those of OpenAI, and those of the
/// templates of local servers, which want strictly alternating roles and a system message only at
/// the start. Throws RefusedRequest.
void check_chat_request(const Json& request, const EndpointRules& rules);

}  // namespace tenon::testing
