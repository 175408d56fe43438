#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

namespace tenon::agent {

/// The messages of one conversation, append-only but for the few functions that rewrite it, always
/// in a form that an endpoint accepts: roles alternate, every tool_use is answered in the next
/// message, results first. Used by one thread. Not responsible for keeping it on the disk: see
/// Session.
class Conversation {
public:
    [[nodiscard]] std::span<const Message> messages() const { return messages_; }
    /// The length of all messages as they are sent, for estimates of tokens: an image counts as
    /// kBytesOfAnImage, since its tokens do not depend on the length of its base64.
    [[nodiscard]] std::size_t bytes() const {
        return settled_bytes_ + (messages_.empty() ? 0 : weight_of(messages_.back()));
    }
    static constexpr std::size_t kBytesOfAnImage = 6'000;  // of about 1,500 tokens
    /// Whether the model is to be asked: the last message is a user's, and holds more than the
    /// introduction and a summary that needs no answer.
    [[nodiscard]] bool awaits_answer() const;
    [[nodiscard]] bool ends_with_user() const {
        return !messages_.empty() && messages_.back().role == Role::kUser;
    }
    /// The calls of the last answer that have no result yet, in their order.
    [[nodiscard]] std::vector<ToolCall> unanswered() const;
    /// The texts that add_introduction added, or that `restart` was given as introduction.
    [[nodiscard]] std::vector<std::string> introduction() const;
    /// The user's texts that no answer has followed yet, in their order, without introduction and
    /// summary.
    [[nodiscard]] std::vector<std::string> unanswered_texts() const;
    /// The same for images of the user.
    [[nodiscard]] std::vector<Image> unanswered_images() const;

    /// Adds a text block to the open user message. Blank text is left out. All calls are answered.
    /// When the last answer is a paused one, the calls that the server has not ended are removed
    /// from it, since they can go on only as the last block of all; an answer that holds nothing
    /// else is removed too.
    void add_text(std::string_view text);
    /// The same for an image.
    void add_image(const Image& image);
    /// The same before the first prompt, for text that by itself needs no answer. After the first
    /// prompt it is text like any other.
    void add_introduction(std::string_view text);
    /// Results may come in any order; they are sent in the order of the calls. False when the last
    /// answer has no such open call: nothing was added.
    [[nodiscard]] bool add_result(std::string_view tool_use_id, const ToolResult& result);
    /// The same with a text that is a JSON string already, as a journal has it.
    [[nodiscard]] bool add_quoted_result(std::string_view tool_use_id, std::string_view quoted,
                                         bool is_error, const std::vector<Image>& images = {});
    /// `content` is the JSON array of blocks, kept byte for byte, not empty. The last message is a
    /// user's, or a paused answer without open calls, which goes on with these blocks. For `origin`
    /// see Message, for `thread` the function of that name.
    void add_answer(std::string_view content, std::vector<ToolCall> calls,
                    const std::string& origin = {}, const std::string& thread = {});
    /// The id of the last answer, if a server holds exactly the messages up to it as a message
    /// thread, so that the next request need not carry them; empty: none does. Every rewriting of
    /// the conversation ends the thread.
    [[nodiscard]] const std::string& thread() const { return thread_; }
    /// The server must get all messages again: something else than the messages has changed.
    void leave_thread() { thread_.clear(); }

    // The functions below rewrite the conversation. All calls are answered.

    /// Removes the thinking blocks of the messages from `from` on: they are bound to the messages
    /// before them, which are about to change.
    void strip_thinking(std::size_t from = 0);
    /// Replaces these results by "[Previous: used TOOL]", and removes the thinking after the first
    /// of them. Unknown ids are passed over.
    void redact(const std::set<std::string>& tool_use_ids);
    /// Replaces images of the user and of results by a short text, and removes the thinking after
    /// the first of them. False: there are none.
    enum class WhichImages { kOfLastMessage, kAll };
    bool leave_out_images(WhichImages which);
    /// Replaces all messages by one user message: `introduction`, `summary`, and `unanswered` with
    /// `images`, which no answer has followed yet. `needs_answer`: the summary needs an answer even
    /// without `unanswered`.
    void restart(const std::vector<std::string>& introduction, std::string_view summary,
                 const std::vector<std::string>& unanswered, bool needs_answer,
                 const std::vector<Image>& images = {});

private:
    struct OpenCall {
        ToolCall call;
        std::string result;  // a block, empty while there is none
    };
    static std::size_t weight_of(const Message& message) {
        return message.wire.size() - message.image_bytes + message.images * kBytesOfAnImage;
    }
    Message& open_user_message();
    void begin_message(Message message);
    void drop_open_server_calls();
    void replace_messages(std::vector<Message> messages);
    bool answer_call(std::string_view tool_use_id, std::string block);

    std::vector<Message> messages_;
    std::string thread_;
    std::size_t settled_bytes_ = 0;        // of all messages but the last
    std::vector<OpenCall> open_calls_;     // of the last answer, until every one has its result
    std::size_t introduction_blocks_ = 0;  // of the first message
    std::size_t opening_blocks_ = 0;       // these and the summary
    bool opening_needs_answer_ = false;
};

}  // namespace tenon::agent
