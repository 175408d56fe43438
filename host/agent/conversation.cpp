#include "host/agent/conversation.h"

#include <algorithm>
#include <cassert>

#include "host/agent/wire.h"

namespace tenon::agent {

std::vector<ToolCall> Conversation::unanswered() const {
    std::vector<ToolCall> calls;
    for (const OpenCall& open : open_calls_) {
        if (open.result.empty()) calls.push_back(open.call);
    }
    return calls;
}

Message& Conversation::open_user_message() {
    if (!awaits_answer()) messages_.push_back(empty_message(Role::kUser));
    return messages_.back();
}

void Conversation::add_text(std::string_view text) {
    assert(open_calls_.empty());
    if (text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos) return;
    append_block(open_user_message(), text_block(text));
}

bool Conversation::add_result(std::string_view tool_use_id, const ToolResult& result) {
    const auto it = std::find_if(open_calls_.begin(), open_calls_.end(), [&](const OpenCall& open) {
        return open.call.id == tool_use_id && open.result.empty();
    });
    if (it == open_calls_.end()) return false;
    it->result = tool_result_block(tool_use_id, result);
    if (std::all_of(open_calls_.begin(), open_calls_.end(),
                    [](const OpenCall& open) { return !open.result.empty(); })) {
        for (const OpenCall& open : open_calls_)
            append_block(open_user_message(), open.result);
        open_calls_.clear();
    }
    return true;
}

void Conversation::add_answer(std::string_view content, std::vector<ToolCall> calls) {
    assert(awaits_answer() && open_calls_.empty());
    Message message = empty_message(Role::kAssistant);
    for (const std::string_view block : split_blocks(content))
        append_block(message, block);
    assert(!message.block_ends.empty());
    messages_.push_back(std::move(message));
    for (ToolCall& call : calls)
        open_calls_.push_back({std::move(call), {}});
}

void Conversation::strip_thinking() {
    assert(open_calls_.empty());
    std::vector<Message> kept;
    for (const Message& message : messages_) {
        Message stripped = empty_message(message.role);
        for (const std::string_view block : split_blocks(raw_member(message.wire, "content"))) {
            if (!is_thinking_block(block)) append_block(stripped, block);
        }
        if (stripped.block_ends.empty()) continue;
        if (kept.empty() || kept.back().role != message.role) {
            kept.push_back(std::move(stripped));
            continue;
        }
        for (const std::string_view block : split_blocks(raw_member(stripped.wire, "content"))) {
            append_block(kept.back(), block);
        }
    }
    messages_ = std::move(kept);
}

}  // namespace tenon::agent
