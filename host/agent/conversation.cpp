#include "host/agent/conversation.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "host/agent/repair.h"
#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

std::vector<std::string_view> blocks_of(const Message& message) {
    return split_blocks(raw_member(message.wire, "content"));
}

/// The texts of a message's text blocks from `from` up to `to`.
std::vector<std::string> texts_of(const Message& message, std::size_t from, std::size_t to) {
    std::vector<std::string> texts;
    const auto blocks = blocks_of(message);
    for (std::size_t i = from; i < std::min(to, blocks.size()); ++i) {
        const Json block = json_or_null(blocks[i]);
        if (string_or(block, "type") == "text") texts.push_back(string_or(block, "text"));
    }
    return texts;
}

/// The names of an answer's calls by id.
std::map<std::string, std::string> calls_of(const Message& answer) {
    std::map<std::string, std::string> names;
    for (const std::string_view text : blocks_of(answer)) {
        const Json block = json_or_null(text);
        if (string_or(block, "type") == "tool_use")
            names[string_or(block, "id")] = string_or(block, "name");
    }
    return names;
}

/// The block that replaces this one; empty when the block does not change.
std::string redacted(std::string_view text, const std::set<std::string>& ids,
                     const std::map<std::string, std::string>& calls) {
    const Json block = json_or_null(text);
    const std::string id = string_or(block, "tool_use_id");
    const auto call = calls.find(id);
    if (string_or(block, "type") != "tool_result" || ids.count(id) == 0 || call == calls.end())
        return {};
    return tool_result_block(
        id, {"[Previous: used " + call->second + "]", bool_or(block, "is_error", false), {}});
}

/// The origin of a paused answer that another model has continued: its thinking is for neither.
constexpr const char* kSeveralModels = "several models";

constexpr const char* kLeftOutImage = "[an image that the model's server refused is left out here]";

/// The block that replaces this one; empty when it has no images.
std::string without_images(std::string_view text) {
    const Json block = json_or_null(text);
    if (images_in(block).empty()) return {};
    if (string_or(block, "type") == "image") return text_block(kLeftOutImage);
    std::string said;
    for (const Json& part : member(block, "content"))
        if (string_or(part, "type") == "text") said += string_or(part, "text") + "\n";
    return tool_result_block(string_or(block, "tool_use_id"),
                             {said + kLeftOutImage, bool_or(block, "is_error", false), {}});
}

}  // namespace

bool Conversation::awaits_answer() const {
    if (!ends_with_user()) return false;
    return opening_needs_answer_ || messages_.size() > 1 ||
           messages_.back().block_ends.size() > opening_blocks_;
}

std::vector<std::string> Conversation::introduction() const {
    if (messages_.empty()) return {};
    return texts_of(messages_.front(), 0, introduction_blocks_);
}

std::vector<std::string> Conversation::unanswered_texts() const {
    if (!ends_with_user()) return {};
    return texts_of(messages_.back(), messages_.size() == 1 ? opening_blocks_ : 0,
                    std::string::npos);
}

std::vector<Image> Conversation::unanswered_images() const {
    std::vector<Image> images;
    if (!ends_with_user() || messages_.back().images == 0) return images;
    for (const std::string_view text : blocks_of(messages_.back())) {
        const Json block = json_or_null(text);
        if (string_or(block, "type") != "image") continue;
        for (Image& image : images_in(block))
            images.push_back(std::move(image));
    }
    return images;
}

std::vector<ToolCall> Conversation::unanswered() const {
    std::vector<ToolCall> calls;
    for (const OpenCall& open : open_calls_) {
        if (open.result.empty()) calls.push_back(open.call);
    }
    return calls;
}

Message& Conversation::open_user_message() {
    if (!ends_with_user()) begin_message(empty_message(Role::kUser));
    return messages_.back();
}

void Conversation::begin_message(Message message) {
    settled_bytes_ = bytes();
    if (!messages_.empty()) messages_.back().wire.shrink_to_fit();  // it does not grow any more
    messages_.push_back(std::move(message));
}

void Conversation::replace_messages(std::vector<Message> messages) {
    messages_.clear();
    thread_.clear();
    settled_bytes_ = 0;
    for (Message& message : messages)
        begin_message(std::move(message));
}

void Conversation::drop_open_server_calls() {
    if (messages_.empty() || ends_with_user()) return;
    const auto blocks = blocks_of(messages_.back());
    const auto kept = without_open_server_calls(blocks);
    if (kept.size() == blocks.size()) return;
    Message answer = empty_message(Role::kAssistant);
    answer.origin = messages_.back().origin;
    for (const std::string_view block : kept)
        append_block(answer, block);
    std::vector<Message> messages = std::move(messages_);
    messages.pop_back();
    if (!kept.empty()) messages.push_back(std::move(answer));
    replace_messages(std::move(messages));
}

void Conversation::add_text(std::string_view text) {
    assert(open_calls_.empty());
    if (is_blank(text)) return;
    drop_open_server_calls();
    append_block(open_user_message(), text_block(text));
}

void Conversation::add_image(const Image& image) {
    assert(open_calls_.empty());
    drop_open_server_calls();
    append_block(open_user_message(), image_block(image));
}

void Conversation::add_introduction(std::string_view text) {
    const bool nothing_else_yet =
        messages_.empty() ||
        (messages_.size() == 1 && messages_.front().block_ends.size() == introduction_blocks_);
    add_text(text);
    if (!nothing_else_yet || is_blank(text)) return;
    ++introduction_blocks_;
    opening_blocks_ = introduction_blocks_;
}

bool Conversation::add_result(std::string_view tool_use_id, const ToolResult& result) {
    return answer_call(tool_use_id, tool_result_block(tool_use_id, result));
}

bool Conversation::add_quoted_result(std::string_view tool_use_id, std::string_view quoted,
                                     bool is_error, const std::vector<Image>& images) {
    return answer_call(tool_use_id, tool_result_block(tool_use_id, quoted, is_error, images));
}

bool Conversation::answer_call(std::string_view tool_use_id, std::string block) {
    const auto it = std::find_if(open_calls_.begin(), open_calls_.end(), [&](const OpenCall& open) {
        return open.call.id == tool_use_id && open.result.empty();
    });
    if (it == open_calls_.end()) return false;
    it->result = std::move(block);
    if (std::all_of(open_calls_.begin(), open_calls_.end(),
                    [](const OpenCall& open) { return !open.result.empty(); })) {
        for (const OpenCall& open : open_calls_)
            append_block(open_user_message(), open.result);
        open_calls_.clear();
    }
    return true;
}

void Conversation::add_answer(std::string_view content, std::vector<ToolCall> calls,
                              const std::string& origin, const std::string& thread) {
    assert(!messages_.empty() && open_calls_.empty());
    if (ends_with_user()) begin_message(empty_message(Role::kAssistant));
    Message& answer = messages_.back();
    const bool is_mixed = !answer.block_ends.empty() && answer.origin != origin;
    for (const std::string_view block : split_blocks(content))
        append_block(answer, block);
    answer.origin = is_mixed ? kSeveralModels : origin;
    thread_ = is_mixed ? std::string() : thread;
    assert(!answer.block_ends.empty());
    for (ToolCall& call : calls)
        open_calls_.push_back({std::move(call), {}});
}

void Conversation::strip_thinking(std::size_t from) {
    assert(open_calls_.empty());
    std::vector<Message> kept;
    for (std::size_t i = 0; i < messages_.size(); ++i) {
        if (i < from) {
            kept.push_back(std::move(messages_[i]));
            continue;
        }
        Message stripped = empty_message(messages_[i].role);
        stripped.origin = messages_[i].origin;
        Message& into = !kept.empty() && kept.back().role == stripped.role ? kept.back() : stripped;
        for (const std::string_view block : blocks_of(messages_[i])) {
            if (!is_thinking_block(block)) append_block(into, block);
        }
        if (!stripped.block_ends.empty()) kept.push_back(std::move(stripped));
    }
    replace_messages(std::move(kept));
}

void Conversation::redact(const std::set<std::string>& tool_use_ids) {
    assert(open_calls_.empty());
    std::size_t first = messages_.size();
    for (std::size_t i = 1; i < messages_.size(); ++i) {
        if (messages_[i].role != Role::kUser) continue;
        const auto calls = calls_of(messages_[i - 1]);
        Message rewritten = empty_message(Role::kUser);
        bool changed = false;
        for (const std::string_view block : blocks_of(messages_[i])) {
            const std::string instead = redacted(block, tool_use_ids, calls);
            append_block(rewritten, instead.empty() ? block : instead);
            changed = changed || !instead.empty();
        }
        if (!changed) continue;
        messages_[i] = std::move(rewritten);
        first = std::min(first, i);
    }
    if (first < messages_.size()) strip_thinking(first);
}

bool Conversation::leave_out_images(WhichImages which) {
    assert(open_calls_.empty());
    std::size_t first = messages_.size();
    const std::size_t from =
        which == WhichImages::kAll || messages_.empty() ? 0 : messages_.size() - 1;
    for (std::size_t i = from; i < messages_.size(); ++i) {
        if (messages_[i].images == 0) continue;
        Message rewritten = empty_message(messages_[i].role);
        for (const std::string_view block : blocks_of(messages_[i])) {
            const std::string instead = without_images(block);
            append_block(rewritten, instead.empty() ? block : instead);
        }
        messages_[i] = std::move(rewritten);
        first = std::min(first, i);
    }
    if (first == messages_.size()) return false;
    strip_thinking(first);
    return true;
}

void Conversation::restart(const std::vector<std::string>& introduction, std::string_view summary,
                           const std::vector<std::string>& unanswered, bool needs_answer,
                           const std::vector<Image>& images) {
    assert(open_calls_.empty());
    *this = Conversation();
    for (const std::string& text : introduction)
        add_introduction(text);
    add_text(summary);
    opening_blocks_ = messages_.empty() ? 0 : messages_.front().block_ends.size();
    opening_needs_answer_ = needs_answer;
    for (const std::string& text : unanswered)
        add_text(text);
    for (const Image& image : images)
        add_image(image);
}

}  // namespace tenon::agent
