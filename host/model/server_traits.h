#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/base/mutex.h"

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
    kReasoningOfCalls,  ///< reasoning in each answer with calls, also where there was none
    kSignatureOfCalls,  ///< a signature in each call, also where the model has given none
    kShortCallIds,      ///< ids of calls that have nine letters and digits
    kSystemRole,        ///< the system prompt in a message of its own
    kNullContent,       ///< `null` as the content of an answer that has only calls
};

/// How a refusal names a part.
struct RefusablePart {
    Part part;
    std::string_view words;  ///< in lower case
    /// The refusal is about something else if it has one of these too; empty ones do not count.
    std::array<std::string_view, 3> unless = {};

    [[nodiscard]] bool is_named_in(std::string_view text) const {
        if (text.find(words) == text.npos) return false;
        for (const std::string_view other : unless)
            if (!other.empty() && text.find(other) != text.npos) return false;
        return true;
    }
};

/// Which of these parts a server takes for one model, as far as is known. Thread-safe.
class ServerTraits {
public:
    explicit ServerTraits(std::initializer_list<Part> takes) {
        std::uint64_t state = 0;
        for (const Part part : takes)
            state |= bit(part);
        state_ = state;
    }
    /// What is known now.
    ServerTraits(const ServerTraits& other) : state_(other.state_.load()) {}
    ServerTraits& operator=(const ServerTraits&) = delete;

    [[nodiscard]] bool takes(Part part) const { return (state_ & bit(part)) != 0; }
    /// After a request that was written with the part (`was_taken`), or without it, in vain: from
    /// now on it is written the other way. False: it was so before, so that nothing is changed.
    bool change(Part part, bool was_taken) {
        std::uint64_t state = state_;
        while (true) {
            if (((state & bit(part)) != 0) != was_taken) return true;  // by another conversation
            if ((state & changed_bit(part)) != 0) return false;
            if (state_.compare_exchange_weak(state, (state ^ bit(part)) | changed_bit(part)))
                return true;
        }
    }

    /// The same, as often as it is found out anew.
    void set(Part part, bool takes) {
        if (takes) {
            state_ |= bit(part);
        } else {
            state_ &= ~bit(part);
        }
    }

    /// Undoes a change, which was in vain: the part is written as it was first.
    void restore(Part part) {
        std::uint64_t state = state_;
        while ((state & changed_bit(part)) != 0 &&
               !state_.compare_exchange_weak(state, (state ^ bit(part)) & ~changed_bit(part))) {
        }
    }

    /// The part that a refusal names, of those of a format, which `change` would change; nothing:
    /// it is about something else. `text` is in lower case. `written`: as the request was written
    /// that is refused.
    [[nodiscard]] std::optional<Part> named_in(std::string_view text,
                                               std::span<const RefusablePart> parts,
                                               const ServerTraits& written) const {
        for (const RefusablePart& one : parts) {
            const bool is_as_written = takes(one.part) == written.takes(one.part);
            if (one.is_named_in(text) && !(is_as_written && (state_ & changed_bit(one.part)) != 0))
                return one.part;
        }
        return std::nullopt;
    }

private:
    static std::uint64_t bit(Part part) { return std::uint64_t{1} << static_cast<unsigned>(part); }
    static std::uint64_t changed_bit(Part part) { return bit(part) << 32U; }

    std::atomic<std::uint64_t> state_ = 0;
};

/// What is known about one server, by model: behind one address there may be models of many kinds.
/// The conversations of a run that ask the same server share one. Thread-safe.
class TraitsByModel {
public:
    /// `first`: what holds for a model that has not been asked.
    explicit TraitsByModel(ServerTraits first) : first_(first) {}

    /// Lives as long as this object.
    ServerTraits& of(std::string_view model) {
        const Lock lock(mutex_);
        return by_model_.try_emplace(std::string(model), first_).first->second;
    }

private:
    const ServerTraits first_;
    Mutex mutex_;
    std::map<std::string, ServerTraits> by_model_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::model
