#include "host/agent/pruning.h"

#include "host/agent/wire.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::size_t kShort = 100;  // characters

struct ToolResultBlock {
    std::string call;
    bool can_go = false;
};

bool is_long(const Json& block) {
    const Json& content = member(block, "content");
    return content.is_array() || utf8::length(text_of_result(content)) > kShort;
}

}  // namespace

std::vector<std::string> prunable_results(const Conversation& conversation,
                                          std::size_t keep_recent) {
    std::vector<ToolResultBlock> results;
    const auto messages = conversation.messages();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].role != Role::kUser) continue;
        const bool seen = i + 1 < messages.size();
        for (const std::string_view text : split_blocks(raw_member(messages[i].wire, "content"))) {
            const Json block = json_or_null(text);
            if (string_or(block, "type") != "tool_result") continue;
            results.push_back({string_or(block, "tool_use_id"), seen && is_long(block)});
        }
    }
    results.resize(results.size() - std::min(keep_recent, results.size()));
    std::vector<std::string> ids;
    for (ToolResultBlock& result : results) {
        if (result.can_go) ids.push_back(std::move(result.call));
    }
    return ids;
}

}  // namespace tenon::agent
