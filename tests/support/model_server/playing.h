#pragma once

#include <stop_token>

#include "tests/support/model_server/peer.h"
#include "tests/support/model_server/script.h"

namespace tenon::testing {

/// Writes a step as the response to a request, with its faults and defects. False: the connection
/// ends. Throws ConnectionClosed.
bool play(Peer& peer, const ServerWire& wire, const Answered& answer, const EndpointRules& rules,
          const std::stop_token& stop);

}  // namespace tenon::testing
