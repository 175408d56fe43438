#pragma once

#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// The rules of OpenAI's Responses that a client without stored responses can break. Throws
/// RefusedRequest.
void check_responses_request(const Json& request, const EndpointRules& rules);

}  // namespace tenon::testing
