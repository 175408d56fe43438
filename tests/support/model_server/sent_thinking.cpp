#include "tests/support/model_server/sent_thinking.h"

#include <algorithm>

namespace tenon::testing {
namespace {

void strip_marks(Json& value) {
    if (value.is_object()) value.erase("cache_control");
    if (!value.is_structured()) return;
    for (auto& inner : value)
        strip_marks(inner);
}

std::uint64_t mix(std::uint64_t hash, const Json& part) {
    for (const char c : without_marks(part).dump()) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3ULL;  // FNV-1a
    }
    return hash;
}

std::uint64_t head_hash(const Json& request) {
    const auto hash = mix(0xcbf29ce484222325ULL, request.value("tools", Json::array()));
    return mix(hash, request.value("system", Json()));
}

std::vector<Json> thinking_of(const Json& message) {
    std::vector<Json> thinking;
    if (!message["content"].is_array()) return thinking;
    for (const Json& block : message["content"]) {
        const std::string type = string_or(block, "type");
        if (type == "thinking" || type == "redacted_thinking") thinking.push_back(block);
    }
    return thinking;
}

}  // namespace

Json without_marks(Json part) {
    strip_marks(part);
    return part;
}

std::uint64_t SentThinking::prefix_of(const Json& request) {
    auto hash = head_hash(request);
    for (const Json& message : request["messages"])
        hash = mix(hash, message);
    return hash;
}

void SentThinking::add(std::uint64_t prefix, std::vector<Json> thinking) {
    sent_.emplace(prefix, std::move(thinking));
}

bool SentThinking::matches(std::uint64_t prefix, const std::vector<Json>& thinking,
                           bool may_be_dropped) const {
    const auto [begin, end] = sent_.equal_range(prefix);
    if (thinking.empty() && (may_be_dropped || begin == end)) return true;
    return std::any_of(begin, end, [&](const auto& one) { return one.second == thinking; });
}

std::optional<RefusedRequest> SentThinking::check(const Json& request) const {
    const Json& messages = request["messages"];
    std::size_t latest = messages.size();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i]["role"] == "assistant") latest = i;
    }
    auto prefix = head_hash(request);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const bool mine = messages[i]["role"] == "assistant";
        if (mine && !matches(prefix, thinking_of(messages[i]), i != latest)) {
            return RefusedRequest{
                400, "messages." + std::to_string(i) +
                         ".content: `thinking` or `redacted_thinking` blocks in the "
                         "latest assistant message cannot be modified. These blocks must "
                         "remain as they were in the original response."};
        }
        prefix = mix(prefix, messages[i]);
    }
    return std::nullopt;
}

}  // namespace tenon::testing
