#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

namespace tenon::agent {

/// The messages of one conversation, append-only but for the few functions that rewrite it, always
/// in a shape that an endpoint accepts: roles alternate, every tool_use is answered in the next
/// message, results first. Used by one thread. Not responsible for what is durable: see Session.
class Conversation {
public:
    [[nodiscard]] std::span<const Message> messages() const { return messages_; }
    /// The length of all messages as they are sent.
    [[nodiscard]] std::size_t bytes() const {
        return settled_bytes_ + (messages_.empty() ? 0 : messages_.back().wire.size());
    }
    /// Whether there is something to ask: the last message is a user's, and more than what only
    /// stands in front.
    [[nodiscard]] bool awaits_answer() const;
    [[nodiscard]] bool ends_with_user() const {
        return !messages_.empty() && messages_.back().role == Role::kUser;
    }
    /// The calls of the last answer that have no result yet, in their order.
    [[nodiscard]] std::vector<ToolCall> unanswered() const;
    /// The texts that add_front added, or `restart` was given as front.
    [[nodiscard]] std::vector<std::string> front() const;
    /// The user's texts that no answer has followed yet, in their order; neither front nor summary.
    [[nodiscard]] std::vector<std::string> unanswered_texts() const;

    /// Adds a text block to the open user message. Blank text is left out. All calls are answered.
    /// Behind a paused answer the calls that the server has not ended itself are removed, and with
    /// them an answer that holds nothing else: they could only go on as the last of all blocks.
    void add_text(std::string_view text);
    /// The same in front of the first prompt, for what by itself asks for nothing. Anywhere else it
    /// is text like any other.
    void add_front(std::string_view text);
    /// Results may come in any order; they are sent in the order of the calls. False when the last
    /// answer has no such open call: nothing was added.
    [[nodiscard]] bool add_result(std::string_view tool_use_id, const ToolResult& result);
    /// The same with a text that is a JSON string already, as it stands in a journal.
    [[nodiscard]] bool add_quoted_result(std::string_view tool_use_id, std::string_view quoted,
                                         bool is_error);
    /// `content` is the JSON array of blocks, kept byte for byte, not empty. The last message is a
    /// user's, or a paused answer without open calls, which goes on with these blocks.
    void add_answer(std::string_view content, std::vector<ToolCall> calls);

    // What follows rewrites the conversation. All calls are answered.

    /// Removes the thinking blocks of message `from` and those behind: what comes before them is
    /// about to change, and they are bound to it.
    void strip_thinking(std::size_t from = 0);
    /// Makes "[Previous: used TOOL]" of these results, and removes the thinking behind the first.
    /// Unknown ids are passed over.
    void redact(const std::set<std::string>& tool_use_ids);
    /// One user message takes the place of all: `front`, `summary`, and `behind`, text that nobody
    /// has answered yet. `asks`: also without such text there is something to ask.
    void restart(const std::vector<std::string>& front, std::string_view summary,
                 const std::vector<std::string>& behind, bool asks);

private:
    struct OpenCall {
        ToolCall call;
        std::string result;  // a block, empty while there is none
    };
    Message& open_user_message();
    void begin_message(Message message);
    void drop_open_server_calls();
    void put_in_place(std::vector<Message> messages);
    bool answer_call(std::string_view tool_use_id, std::string block);

    std::vector<Message> messages_;
    std::size_t settled_bytes_ = 0;     // of all messages but the last
    std::vector<OpenCall> open_calls_;  // of the last answer, until every one has its result
    std::size_t front_blocks_ = 0;      // of the first message
    std::size_t lead_blocks_ = 0;       // these and the summary
    bool lead_asks_ = false;
};

}  // namespace tenon::agent
