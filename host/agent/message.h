#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "host/base/json.h"

/// The plain structs of a conversation. Content blocks have the shape of the Anthropic Messages API
/// (the journal keeps them verbatim); a provider of another wire format translates.
namespace tenon::agent {

enum class Role { kUser, kAssistant };

/// One message and its serialised form, made once when the message is appended.
struct Message {
    Role role = Role::kUser;
    /// {"role":"user","content":[block,…]}
    std::string wire;
    /// For each block the offset in `wire` of its closing brace: where a cache mark can be
    /// inserted.
    std::vector<std::size_t> block_ends;
    /// Parallel to block_ends: whether a cache mark may stand on the block (not on thinking).
    std::vector<bool> can_mark;
};

/// Token counts of one answer, or their sum over a run.
struct Usage {
    std::int64_t input_tokens = 0;  ///< only what no cache held
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_input_tokens = 0;
    std::int64_t cache_creation_input_tokens = 0;

    Usage& operator+=(const Usage& other) {
        input_tokens += other.input_tokens;
        output_tokens += other.output_tokens;
        cache_read_input_tokens += other.cache_read_input_tokens;
        cache_creation_input_tokens += other.cache_creation_input_tokens;
        return *this;
    }
};

/// The same counts, none below zero or so large that a sum of them overflows: servers send anything.
inline Usage plausible(const Usage& usage) {
    const auto within = [](std::int64_t count) {
        return std::clamp<std::int64_t>(count, 0, 1'000'000'000'000);
    };
    return {within(usage.input_tokens), within(usage.output_tokens),
            within(usage.cache_read_input_tokens), within(usage.cache_creation_input_tokens)};
}

/// What the model asked for. When `input_error` is not empty the arguments were no JSON object:
/// such a call never runs, the text says why.
struct ToolCall {
    std::string id;
    std::string name;
    Json input = Json::object();
    std::string input_error;
};

/// What the model gets back. Text is valid UTF-8.
struct ToolResult {
    std::string text;
    bool is_error = false;
    /// Jobs whose terminal status this text tells: it is their delivery.
    std::vector<std::string> delivered_jobs;
    /// Where the tool's own words were cut off; behind it stands what the host says of that. npos:
    /// they were not.
    std::size_t cut_at = std::string::npos;
};

}  // namespace tenon::agent
