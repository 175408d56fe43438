#pragma once

#include <string>

#include "host/agent/ports.h"

namespace tenon::sitting {

/// What a request was sent with.
struct RequestFacts {
    std::string model;
    std::string model_before;  ///< the last change; empty: it was not changed
    std::string server;        ///< its address; empty: none
    bool with_key = false;     ///< the message says which, or why there was none
    std::string base_url_variable = "ANTHROPIC_BASE_URL";  ///< the one for the provider
};

/// What a person can do about a request that has failed for good, in one or two sentences. Empty:
/// the message of the failure says it. Not harmless yet. A pure function.
std::string failure_advice(const agent::ModelFailure& failure, const RequestFacts& facts);

}  // namespace tenon::sitting
