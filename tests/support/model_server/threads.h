#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// The message threads of a server of the Messages API: conversations that it remembers, each by
/// the id of its last answer. Not thread-safe.
class Threads {
public:
    /// What a request with `thread` means: the whole request, without `thread`. A request that
    /// continues an answer gets the messages up to that answer in front. Throws RefusedRequest.
    Json whole(const Json& request, const Fields& fields);
    /// The request has been accepted, and `content` is about to be written as the answer `id`. The
    /// answer that it continues cannot be continued again.
    void begin(const Json& request, const Json& whole, const std::string& id,
               const OrderedJson& content);
    /// Nothing more is written for the answer. One that was not written whole cannot be continued.
    void end(const std::string& id, bool complete);

private:
    enum class State { kComplete, kLost, kInFlight, kContinued };
    struct Thread {
        Json messages;  ///< up to the answer, which is the last one
        std::uint64_t fingerprint = 0;
        State state = State::kComplete;
        std::string before;  ///< the id of the answer that this one continues; may be empty
    };
    std::map<std::string, Thread> threads_;
};

}  // namespace tenon::testing
