#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/agent/conversation.h"

namespace tenon::agent {

/// The tool results that can be shortened: over 100 characters, older than the `keep_recent`
/// newest, and already seen by the model. Returns the ids of their calls, oldest first.
std::vector<std::string> prunable_results(const Conversation& conversation,
                                          std::size_t keep_recent);

}  // namespace tenon::agent
