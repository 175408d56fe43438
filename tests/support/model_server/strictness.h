#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"

/// What the Anthropic Messages API refuses, as far as a client can get it wrong.
namespace tenon::testing {

struct Refusal {
    int status = 400;
    std::string message;
};

struct StrictOptions {
    std::string api_key;           ///< empty: any
    bool reject_same_role = true;  ///< the API merges such messages, clones refuse them
    std::size_t max_body = std::size_t{32} << 20U;
    std::int64_t max_tokens = 128'000;
};

/// The thinking blocks that were sent, each bound to everything before it: system, tools and
/// earlier messages, cache marks aside. Not thread-safe.
class ThinkingLedger {
public:
    /// What an answer to this request is bound to.
    [[nodiscard]] static std::uint64_t prefix_of(const Json& request);
    /// Remembers an answer's thinking blocks, as they must come back.
    void sent(std::uint64_t prefix, std::vector<Json> thinking);
    /// Refuses thinking that was modified, moved or dropped from the last answer, or whose prefix
    /// changed.
    [[nodiscard]] std::optional<Refusal> check(const Json& request) const;

private:
    [[nodiscard]] bool matches(std::uint64_t prefix, const std::vector<Json>& thinking,
                               bool may_be_dropped) const;
    std::multimap<std::uint64_t, std::vector<Json>> sent_;
};

/// Header fields have lower-case names.
std::optional<Refusal> check_headers(const std::map<std::string, std::string>& fields,
                                     const StrictOptions& options);
/// Everything in the body but thinking. `body` is what was received.
std::optional<Refusal> check_body(const std::string& body, const StrictOptions& options);

}  // namespace tenon::testing
