#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// A request, or a part of one, without its cache marks.
Json without_marks(Json part);

/// The thinking that one model of a server has sent, each block with a hash of everything before
/// it: system, tools and earlier messages, without cache marks. Works on requests as
/// ServerWire::neutral has them. Not thread-safe.
class SentThinking {
public:
    /// The hash of everything before the answer to this request.
    [[nodiscard]] static std::uint64_t prefix_of(const Json& request);
    /// Remembers the thinking blocks of an answer, which must come back unchanged.
    void add(std::uint64_t prefix, std::vector<Json> thinking);
    /// Refuses thinking that was modified, moved or dropped from the last answer, or whose prefix
    /// changed.
    [[nodiscard]] std::optional<RefusedRequest> check(const Json& request) const;

private:
    [[nodiscard]] bool matches(std::uint64_t prefix, const std::vector<Json>& thinking,
                               bool may_be_dropped) const;
    std::multimap<std::uint64_t, std::vector<Json>> sent_;
};

}  // namespace tenon::testing
