#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"

/// The rules of the Anthropic Messages API that a client can break.
namespace tenon::testing {

struct RefusedRequest {
    int status = 400;
    std::string message;
};

struct EndpointRules {
    std::string api_key;           ///< empty: any
    bool needs_key = true;         ///< false: a key is refused
    bool reject_same_role = true;  ///< the API merges such messages, other servers refuse them
    std::size_t max_body = std::size_t{32} << 20U;
    std::int64_t max_tokens = 128'000;
};

/// The thinking blocks that were sent, each with a hash of everything before it: system, tools and
/// earlier messages, without cache marks. Not thread-safe.
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

/// Header fields have lower-case names. The key that they hold.
std::optional<RefusedRequest> check_key(const std::map<std::string, std::string>& fields,
                                        const EndpointRules& options);
/// All of them.
std::optional<RefusedRequest> check_headers(const std::map<std::string, std::string>& fields,
                                            const EndpointRules& options);
/// Checks everything in the body, except thinking.
std::optional<RefusedRequest> check_body(const std::string& body, const EndpointRules& options);

}  // namespace tenon::testing
