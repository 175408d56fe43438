#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

namespace tenon::agent {

/// The messages of one conversation, append-only, always in a shape that an endpoint accepts: roles
/// alternate, every tool_use is answered in the next message, results first. Used by one thread.
/// Not responsible for what is durable: see Session.
class Conversation {
public:
    [[nodiscard]] std::span<const Message> messages() const { return messages_; }
    /// Whether the last message is a user's: there is something to ask.
    [[nodiscard]] bool awaits_answer() const {
        return !messages_.empty() && messages_.back().role == Role::kUser;
    }
    /// The calls of the last answer that have no result yet, in their order.
    [[nodiscard]] std::vector<ToolCall> unanswered() const;

    /// Adds a text block to the open user message. Blank text is left out. All calls are answered.
    void add_text(std::string_view text);
    /// Results may come in any order; they are sent in the order of the calls. False when the last
    /// answer has no such open call: nothing was added.
    [[nodiscard]] bool add_result(std::string_view tool_use_id, const ToolResult& result);
    /// `content` is the JSON array of blocks, kept byte for byte, not empty. The last message is a
    /// user's.
    void add_answer(std::string_view content, std::vector<ToolCall> calls);

    /// Removes every thinking block: what comes before them is about to change, and they are bound
    /// to it. All calls are answered.
    void strip_thinking();

private:
    struct OpenCall {
        ToolCall call;
        std::string result;  // a block, empty while there is none
    };
    Message& open_user_message();

    std::vector<Message> messages_;
    std::vector<OpenCall> open_calls_;  // of the last answer, until every one has its result
};

}  // namespace tenon::agent
