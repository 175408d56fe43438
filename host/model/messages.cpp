#include "host/model/messages.h"

#include <algorithm>
#include <array>
#include <optional>

#include "host/agent/wire.h"
#include "host/model/answer_stream.h"
#include "host/model/blocks.h"

namespace tenon::model {
namespace {

constexpr std::string_view kMark = R"(,"cache_control":{"type":"ephemeral"})";
constexpr std::string_view kThreadsBeta = "message-threads-2026-08-12";
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

struct BlockPosition {
    std::size_t message;
    std::size_t block;
    bool operator==(const BlockPosition&) const = default;
};

/// In the order of the conversation. The request before this one ended at the user message before
/// the last one. This follows from the messages alone, so it also holds in a resumed session.
std::vector<BlockPosition> marked_positions(std::span<const agent::Message> messages) {
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

/// Without a signature it cannot be sent back: see AnswerStream.
bool is_thinking_of_text(const agent::Message& message, std::size_t block) {
    return agent::is_thinking(message, block) &&
           block_of(message, block).ends_with(kThinkingOfText);
}

bool has_thinking_of_text(const agent::Message& message) {
    for (std::size_t i = 0; i < message.block_ends.size(); ++i)
        if (is_thinking_of_text(message, i)) return true;
    return false;
}

bool has_thinking(const agent::Message& message) {
    for (std::size_t i = 0; i < message.block_ends.size(); ++i)
        if (agent::is_thinking(message, i)) return true;
    return false;
}

/// Writes the body of one request.
class BodyWriter {
public:
    BodyWriter(const agent::Request& request, const ServerTraits& traits, ThreadUse thread)
        : request_(request),
          origin_(agent::ModelName{"anthropic", std::string(request.model)}.words()),
          marks_(traits.takes(Part::kCacheMarks)),
          sends_thinking_(traits.takes(Part::kSentReasoning)),
          thread_(thread),
          repeats_prefix_(traits.takes(Part::kThreadPrefix)),
          asks_for_schema_(!request.answer_schema.empty() && traits.takes(Part::kAnswerSchema)) {}

    RequestText write() && {
        add_beginning();
        if (thread_ != ThreadUse::kContinue || repeats_prefix_) add_what_threads_keep();
        if (asks_for_schema_) {
            out_.add(R"(,"output_config":{"format":{"type":"json_schema","schema":)");
            out_.add(request_.answer_schema);
            out_.add("}}");
        }
        add_messages();
        out_.add("}");
        return std::move(out_);
    }

private:
    void add_beginning() {
        out_.own("{\"model\":" + json_quote(request_.model) +
                 ",\"max_tokens\":" + std::to_string(request_.max_tokens) + ",\"stream\":true");
        if (thread_ == ThreadUse::kCreate) out_.add(R"(,"thread":{"type":"create"})");
        if (thread_ == ThreadUse::kContinue)
            out_.own(R"(,"thread":{"type":"continue","previous_message_id":)" +
                     json_quote(request_.thread) + "}");
    }

    void add_what_threads_keep() {
        const bool has_system = !is_blank(request_.system);
        if (has_system) {
            out_.own(",\"system\":[{\"type\":\"text\",\"text\":" + json_quote(request_.system));
            add_mark();
            out_.add("}]");
        }
        add_tools(!has_system);
    }

    void add_messages() {
        out_.add(",\"messages\":[");
        std::span<const agent::Message> messages = request_.messages;
        if (thread_ == ThreadUse::kContinue) messages = messages.last(1);
        const std::vector<BlockPosition> marks =
            marks_ ? marked_positions(messages) : std::vector<BlockPosition>();
        for (std::size_t i = 0; i < messages.size(); ++i) {
            if (i > 0) out_.add(",");
            const auto mine = std::equal_range(marks.begin(), marks.end(), BlockPosition{i, 0},
                                               [](const BlockPosition& a, const BlockPosition& b) {
                                                   return a.message < b.message;
                                               });
            add_message(messages[i], {mine.first, mine.second});
        }
        out_.add("]");
    }

    void add_mark() {
        if (marks_) out_.add(kMark);
    }

    void add_tools(bool marked) {
        const std::size_t end = last_object_end(request_.tools);
        if (end == request_.tools.npos) return;
        out_.add(",\"tools\":");
        out_.add(request_.tools.substr(0, end));
        if (marked) add_mark();
        out_.add(request_.tools.substr(end));
        if (request_.forbid_tools) out_.add(R"(,"tool_choice":{"type":"none"})");
    }

    void add_message(const agent::Message& message, std::span<const BlockPosition> marks) {
        const bool is_foreign = agent::has_foreign_thinking(message, origin_) ||
                                (!sends_thinking_ && has_thinking(message));
        if (is_foreign || has_thinking_of_text(message))
            return add_message_without_thinking(message, marks, is_foreign);
        const std::string_view wire = message.wire;
        std::size_t from = 0;
        for (const BlockPosition& mark : marks) {
            const std::size_t at = message.block_ends[mark.block];
            out_.add(wire.substr(from, at - from));
            out_.add(kMark);
            from = at;
        }
        out_.add(wire.substr(from));
    }

    /// Without all thinking, or only without that which came in a text.
    void add_message_without_thinking(const agent::Message& message,
                                      std::span<const BlockPosition> marks, bool all) {
        const std::string_view wire = message.wire;
        const std::size_t first = wire.find('[') + 1;
        out_.add(wire.substr(0, first));
        bool is_first = true;
        for (std::size_t i = 0; i < message.block_ends.size(); ++i) {
            if (all ? agent::is_thinking(message, i) : is_thinking_of_text(message, i)) continue;
            if (!is_first) out_.add(",");
            is_first = false;
            const std::size_t from = i == 0 ? first : message.block_ends[i - 1] + 2;
            out_.add(wire.substr(from, message.block_ends[i] - from));
            for (const BlockPosition& mark : marks)
                if (mark.block == i) out_.add(kMark);
            out_.add("}");
        }
        out_.add("]}");
    }

    const agent::Request& request_;
    const std::string origin_;
    const bool marks_;
    const bool sends_thinking_;
    const ThreadUse thread_;
    const bool repeats_prefix_;
    const bool asks_for_schema_;
    RequestText out_;
};

}  // namespace

HttpFields MessagesFormat::fields(const agent::Request& request, const ServerTraits& traits) const {
    HttpFields fields = {{"anthropic-version", api_version_}};
    if (thread_use(request, traits) != ThreadUse::kNone)
        fields.emplace_back("anthropic-beta", kThreadsBeta);
    return fields;
}

ThreadUse MessagesFormat::thread_use(const agent::Request& request,
                                     const ServerTraits& traits) const {
    const auto messages = request.messages;
    if (!options_.threads || !traits.takes(Part::kThreads) || request.forbid_tools ||
        messages.empty() || messages.back().role != agent::Role::kUser)
        return ThreadUse::kNone;
    if (request.thread.empty() || messages.size() < 2) return ThreadUse::kCreate;
    // The server holds the thread for one model.
    const std::string origin = agent::ModelName{"anthropic", std::string(request.model)}.words();
    return messages[messages.size() - 2].origin == origin ? ThreadUse::kContinue
                                                          : ThreadUse::kCreate;
}

RequestText MessagesFormat::body(const agent::Request& request, const ServerTraits& traits) const {
    return BodyWriter(request, traits, thread_use(request, traits)).write();
}

std::unique_ptr<AnswerReader> MessagesFormat::reader(const agent::Request& request,
                                                     agent::EventSink& sink) const {
    return std::make_unique<AnswerStream>(
        request, sink,
        options_.is_vendors_own ? ThinkTagsInText::kText : ThinkTagsInText::kThinking);
}

std::span<const RefusablePart> MessagesFormat::refusable() const {
    // A refused schema is named by its path, or as what the model or the server cannot do.
    static constexpr std::array kParts = {
        RefusablePart{Part::kThreads, "thread"},  // first: only threads are refused in its name
        RefusablePart{Part::kCacheMarks, "cache_control"},
        RefusablePart{Part::kCacheMarks, "prompt caching"},
        RefusablePart{Part::kCacheMarks, "prompt_caching"},
        // Of another server, whose model has the same name.
        RefusablePart{Part::kSentReasoning, "invalid `signature` in `thinking`"},
        RefusablePart{Part::kSentReasoning, "invalid signature in thinking"},
        RefusablePart{Part::kAnswerSchema, "output_config"},
        RefusablePart{Part::kAnswerSchema, "output_format"},
        RefusablePart{Part::kAnswerSchema, "json_schema"},
        RefusablePart{Part::kAnswerSchema, "structured output"},
    };
    return std::span(kParts).subspan(options_.threads ? 0 : 1);
}

}  // namespace tenon::model
