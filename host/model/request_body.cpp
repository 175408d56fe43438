#include "host/model/request_body.h"

#include <algorithm>
#include <optional>

namespace tenon::model {
namespace {

constexpr std::string_view kMark = R"(,"cache_control":{"type":"ephemeral"})";
/// The cache looks for older entries at most 20 blocks before a mark.
constexpr std::size_t kReach = 18;

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == text.npos;
}

/// The position of a mark in the last element of a JSON array of objects.
std::size_t last_object_end(std::string_view array) {
    const auto bracket = array.rfind(']');
    return bracket == array.npos ? array.npos : array.rfind('}', bracket);
}

std::optional<std::size_t> last_markable(const agent::Message& message) {
    for (std::size_t i = message.can_mark.size(); i-- > 0;) {
        if (message.can_mark[i]) return i;
    }
    return std::nullopt;
}

}  // namespace

RequestBody::RequestBody(const agent::Request& request) {
    const bool has_system = !is_blank(request.system);
    own("{\"model\":" + json_quote(request.model) +
        ",\"max_tokens\":" + std::to_string(request.max_tokens) + ",\"stream\":true");
    if (has_system) {
        own(",\"system\":[{\"type\":\"text\",\"text\":" + json_quote(request.system));
        add(kMark);
        add("}]");
    }
    add_tools(request, !has_system);
    add(",\"messages\":[");
    const std::vector<BlockPosition> marks = marked_positions(request.messages);
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        if (i > 0) add(",");
        const auto mine = std::equal_range(
            marks.begin(), marks.end(), BlockPosition{i, 0},
            [](const BlockPosition& a, const BlockPosition& b) { return a.message < b.message; });
        add_message(request.messages[i], {mine.first, mine.second});
    }
    add("]}");
}

void RequestBody::add_tools(const agent::Request& request, bool marked) {
    const std::size_t end = last_object_end(request.tools);
    if (end == request.tools.npos) return;
    add(",\"tools\":");
    add(request.tools.substr(0, end));
    if (marked) add(kMark);
    add(request.tools.substr(end));
    if (request.forbid_tools) add(R"(,"tool_choice":{"type":"none"})");
}

void RequestBody::add_message(const agent::Message& message, std::span<const BlockPosition> marks) {
    const std::string_view wire = message.wire;
    std::size_t from = 0;
    for (const BlockPosition& mark : marks) {
        const std::size_t at = message.block_ends[mark.block];
        add(wire.substr(from, at - from));
        add(kMark);
        from = at;
    }
    add(wire.substr(from));
}

/// In the order of the conversation. The request before this one ended at the user message before
/// the last one. This follows from the messages alone, so it also holds in a resumed session.
std::vector<RequestBody::BlockPosition> RequestBody::marked_positions(
    std::span<const agent::Message> messages) {
    std::vector<BlockPosition> out;
    if (messages.empty()) return out;
    const std::size_t last = messages.size() - 1;
    std::optional<BlockPosition> before;
    for (std::size_t i = last; i-- > 0 && !before;) {
        if (messages[i].role != agent::Role::kUser) continue;
        if (const auto block = last_markable(messages[i])) before = BlockPosition{i, *block};
    }
    if (before) out.push_back(*before);
    const auto end = last_markable(messages[last]);
    if (!end) return out;
    const BlockPosition current{last, *end};
    std::optional<BlockPosition> between;
    std::size_t distance = 0;
    for (std::size_t m = last + 1; before && m-- > before->message;) {
        const std::size_t blocks = m == last ? *end + 1 : messages[m].block_ends.size();
        for (std::size_t b = blocks; b-- > 0 && !(BlockPosition{m, b} == *before);) {
            if (!between && distance >= kReach && messages[m].can_mark[b])
                between = BlockPosition{m, b};
            ++distance;
        }
    }
    if (between) out.push_back(*between);
    out.push_back(current);
    return out;
}

}  // namespace tenon::model
