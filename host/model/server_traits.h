#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace tenon::model {

/// A part of a request that some servers take and others refuse.
enum class Part {
    kCacheMarks,        ///< `cache_control` in blocks
    kThreads,           ///< `thread`: only new messages are sent
    kThreadPrefix,      ///< system prompt and tools, also beside a `thread` that is continued
    kStreamUsage,       ///< `stream_options`
    kCompletionTokens,  ///< `max_completion_tokens`, in place of `max_tokens`
    kAnswerSchema,      ///< the format's own means for an answer that fits a JSON schema
    kReasoning,         ///< what asks for reasoning, or for having it sent back
    kSentReasoning,     ///< reasoning of earlier answers, where a request can be without it
    kParallelCalls,     ///< what asks for parallel calls
    kReasoningSummary,  ///< what asks for a summary of the reasoning
    kUserAfterResults,  ///< a user's message between tool results and their answer
};

/// How a refusal names a part.
struct RefusablePart {
    Part part;
    std::string_view words;        ///< in lower case
    std::string_view unless = {};  ///< the refusal is about something else if it has these too
};

/// Which of these parts a server takes, as far as is known. The providers of all conversations of a
/// run with the same server share one. Thread-safe.
class ServerTraits {
public:
    explicit ServerTraits(std::initializer_list<Part> takes) {
        for (const Part part : takes)
            takes_ |= bit(part);
    }

    [[nodiscard]] bool takes(Part part) const { return (takes_ & bit(part)) != 0; }
    /// From now on the part is sent if it was not, and not sent if it was. False: this has happened
    /// before, so that nothing is changed.
    bool change(Part part) {
        if ((changed_.fetch_or(bit(part)) & bit(part)) != 0) return false;
        takes_ ^= bit(part);
        return true;
    }

    /// The same, as often as it is found out anew.
    void set(Part part, bool takes) {
        if (takes) {
            takes_ |= bit(part);
        } else {
            takes_ &= ~bit(part);
        }
    }

    /// The part that a refusal names, of those of a format; nothing: it is about something else, or
    /// the part has been changed. `text` is in lower case.
    [[nodiscard]] std::optional<Part> named_in(std::string_view text,
                                               std::span<const RefusablePart> parts) const {
        for (const RefusablePart& one : parts) {
            const bool is_named = text.find(one.words) != text.npos &&
                                  (one.unless.empty() || text.find(one.unless) == text.npos);
            if (is_named && (changed_ & bit(one.part)) == 0) return one.part;
        }
        return std::nullopt;
    }

private:
    static std::uint32_t bit(Part part) { return 1U << static_cast<unsigned>(part); }

    std::atomic<std::uint32_t> takes_ = 0;
    std::atomic<std::uint32_t> changed_ = 0;
};

}  // namespace tenon::model
