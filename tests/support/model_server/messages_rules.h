#pragma once

#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// The rules of the Anthropic Messages API that a client can break, except those for thinking and
/// header fields. Throws RefusedRequest.
void check_messages_request(const Json& request, const EndpointRules& rules);

}  // namespace tenon::testing
