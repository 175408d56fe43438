#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/model/border.h"
#include "host/model/event_data.h"
#include "host/model/wire_format.h"

namespace tenon::model {

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
    void take_delta(const Json& delta, std::string_view raw);
    void take_later_message(const Json& message);
    void take_content(const Json& content);
    void take_reasoning(const Json& delta, std::string_view raw);
    void take_details(const OrderedJson& details, bool shown);
    void end_detail();
    void take_calls(const Json& calls);
    void take_finish_reason(const std::string& reason);
    [[nodiscard]] std::string with_lost(std::string text);

    agent::EventSink& sink_;
    AnswerBuilder builder_;
    EventDataParser event_data_;
    std::string details_;      // reasoning_details that are whole, each behind a comma
    OrderedJson last_detail_;  // the next pieces may belong to it
    std::string lost_;         // see EventDataParser
    std::optional<agent::ModelFailure> failure_;
    std::size_t received_ = 0;
    bool has_choice_ = false;
    bool has_calls_ = false;
    bool finished_ = false;  // a finish_reason has arrived
    bool refused_ = false;
    bool done_ = false;
};

}  // namespace tenon::model
