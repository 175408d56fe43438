#include "host/agent/plain_conversation.h"

#include <algorithm>
#include <numeric>

#include "host/agent/wire.h"
#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::string_view kBetween = "\n\n";
/// What a remark about missing bytes takes at most.
constexpr std::size_t kRemark = 50;
/// So many of the newest texts are never left out.
constexpr std::size_t kNewest = 3;

/// A text of so many bytes is not cut.
std::size_t least(std::size_t most) {
    return std::clamp<std::size_t>(most / 10, 40, 400);
}

/// The beginning and the end of a text, of about `most` bytes together.
std::string cut_in_the_middle(const std::string& text, std::size_t most) {
    if (text.size() <= most + kRemark) return text;
    const std::string_view begin = utf8::first_bytes(text, most / 3 * 2);
    std::size_t from = text.size() - most / 3;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80)
        ++from;
    return std::string(begin) + "\n[" + std::to_string(from - begin.size()) +
           " bytes are left out]\n" + text.substr(from);
}

}  // namespace

PlainConversation::PlainConversation(std::span<const Message> messages) {
    for (const Message& message : messages) {
        for (const std::string_view block : split_blocks(raw_member(message.wire, "content"))) {
            Said said = said_in(message.role, json_or_null(block));
            if (!said.text.empty()) all_.push_back(std::move(said));
        }
    }
}

PlainConversation::Said PlainConversation::said_in(Role role, const Json& block) {
    const std::string type = string_or(block, "type");
    if (type == "text") {
        const bool is_user = role == Role::kUser;
        return {is_user ? Kind::kUser : Kind::kAnswer,
                (is_user ? "User: " : "Assistant: ") + string_or(block, "text")};
    }
    if (type == "tool_use") {
        return {Kind::kCallOrResult, "Assistant calls " + string_or(block, "name") + ": " +
                                         dump_json(member(block, "input"))};
    }
    if (type == "tool_result") {
        return {Kind::kCallOrResult, (bool_or(block, "is_error", false) ? "Error: " : "Result: ") +
                                         text_of_result(member(block, "content"))};
    }
    return {Kind::kUser, type == "image" ? "User: [image]" : ""};
}

std::size_t PlainConversation::size_of(const std::vector<Said>& all) {
    return std::accumulate(
        all.begin(), all.end(), std::size_t{0},
        [](std::size_t sum, const Said& said) { return sum + said.text.size() + kBetween.size(); });
}

std::size_t PlainConversation::size() const {
    return size_of(all_);
}

/// Cuts the texts of this kind to one length, the longest with which all of them fit.
void PlainConversation::make_shorter(std::vector<Said>& all, Kind kind, std::size_t most) {
    const std::size_t size = size_of(all);
    if (size <= most) return;
    const auto size_with = [&](std::size_t length) {
        std::size_t left = size;
        for (const Said& said : all)
            if (said.kind == kind)
                left -= said.text.size() - std::min(said.text.size(), length + kRemark);
        return left;
    };
    std::size_t fits = least(most);
    for (std::size_t beyond = most + 1; fits + 1 < beyond;) {
        const std::size_t middle = fits + (beyond - fits) / 2;
        (size_with(middle) <= most ? fits : beyond) = middle;
    }
    for (Said& said : all)
        if (said.kind == kind) said.text = cut_in_the_middle(said.text, fits);
}

void PlainConversation::leave_out_oldest(std::vector<Said>& all, std::size_t most) {
    std::size_t size = size_of(all);
    std::size_t left_out = 0;
    std::vector<Said> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (size <= most || all[i].kind == Kind::kUser || i + kNewest >= all.size()) {
            kept.push_back(std::move(all[i]));
        } else {
            size -= all[i].text.size() + kBetween.size();
            ++left_out;
        }
    }
    all = std::move(kept);
    if (left_out == 0) return;
    all.insert(all.begin(),
               {Kind::kUser, "[the oldest " + std::to_string(left_out) +
                                 " answers, calls and results are left out; what the user said in "
                                 "between is still there]"});
}

std::string PlainConversation::text(std::size_t most) const {
    std::vector<Said> all = all_;
    make_shorter(all, Kind::kCallOrResult, most);
    make_shorter(all, Kind::kAnswer, most);
    leave_out_oldest(all, most);
    make_shorter(all, Kind::kUser, most);
    std::string text;
    for (const Said& said : all)
        text.append(said.text).append(kBetween);
    if (text.size() <= most + least(most)) return text;
    // Of very many short texts of the user, the first and the last ones.
    return cut_in_the_middle(text, most);
}

}  // namespace tenon::agent
