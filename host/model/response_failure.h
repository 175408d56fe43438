#pragma once

#include <string_view>

#include "host/agent/ports.h"
#include "host/model/http.h"

namespace tenon::model {

/// The failure that a response without a stream of events stands for, from its status, its error
/// body (JSON, HTML or nothing) and its retry headers. `body` may be any bytes. `message` does not
/// name the endpoint.
agent::ModelFailure failure_of_response(const HttpHead& head, std::string_view body);

}  // namespace tenon::model
