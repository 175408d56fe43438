#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "host/model/border.h"
#include "host/model/chat_completions.h"
#include "host/model/event_data.h"
#include "host/model/wire_format.h"

namespace tenon::model {

/// Collects one list of parts of thinking that arrives in pieces, as text, since a value takes many
/// times the space.
class ThinkingParts {
public:
    /// The members of a part that come in pieces.
    static constexpr std::array<std::string_view, 3> kTexts = {"text", "summary", "thinking"};

    /// Pieces of one part are joined; everything else stays as it came.
    void take(const OrderedJson& piece);
    /// All parts, as a JSON array; empty: there are none. Once.
    std::string finish();

private:
    void end_part();

    std::string parts_;                             // each behind a comma
    std::array<std::string, kTexts.size()> texts_;  // of `last_`, as far as they were joined
    OrderedJson last_;                              // the next pieces may belong to it
};

/// Builds one answer from the chunks of a stream, or from a whole `chat.completion`. It is complete
/// after `[DONE]`, or when the stream ends cleanly after a finish_reason. Not thread-safe.
class ChatAnswerReader : public AnswerReader {
public:
    ChatAnswerReader(const agent::Request& request, agent::EventSink& sink)
        : sink_(sink), builder_(request, sink) {}

    void take(const SseEvent& event) override;
    bool take_whole(std::string_view body) override;
    [[nodiscard]] bool over() const override { return done_ || failure_; }
    Result<agent::Answer, agent::ModelFailure> finish(bool clean_end) override;

private:
    void take_chunk(const Json& chunk, std::string_view raw);
    void take_usage(const Json& chunk, const Json& choice);
    void take_delta(const Json& delta, const Json& chunk, std::string_view raw);
    void take_later_message(const Json& message, bool is_last);
    void take_content(const Json& content);
    void take_reasoning(const Json& delta, const Json& chunk, std::string_view raw);
    void take_parts(ThinkingParts& to, const OrderedJson& pieces, bool shown);
    void take_calls(const Json& calls);
    void take_finish_reason(const std::string& reason);
    [[nodiscard]] std::string with_lost(std::string text);

    agent::EventSink& sink_;
    AnswerBuilder builder_;
    EventDataParser event_data_;
    std::array<ThinkingParts, kThinkingParts.size()> parts_;
    std::string lost_;  // see EventDataParser
    std::optional<agent::ModelFailure> failure_;
    std::size_t received_ = 0;
    bool has_choice_ = false;
    bool has_text_of_delta_ = false;  // some text has come in a delta
    bool has_pieces_ = false;         // messages without deltas are pieces of one
    bool has_calls_ = false;
    bool finished_ = false;  // a finish_reason has arrived
    bool refused_ = false;
    bool done_ = false;
};

}  // namespace tenon::model
