#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/model/content.h"
#include "host/model/sse.h"

namespace tenon::model {

/// One streamed answer of the Anthropic Messages API (`message_start` … `message_stop`), event by
/// event. Text and thinking go to the sink as they come; the answer exists only when `message_stop`
/// has. Pings, unknown events and unknown deltas are ignored. No I/O; one thread.
class AnswerStream {
public:
    explicit AnswerStream(agent::EventSink& sink) : sink_(sink) {}

    void take(const SseEvent& event);
    /// Nothing more is expected: the answer is whole, or can no longer become so.
    [[nodiscard]] bool over() const { return complete_ || failure_; }
    /// The whole answer; or why there is none, without the name of the endpoint.
    Result<agent::Answer, agent::ModelFailure> finish();

private:
    struct OpenBlock {
        OrderedJson fields;
        std::string text;   // of a text or thinking block
        std::string input;  // partial_json, joined
        bool takes_input = false;
    };

    void dispatch(const std::string& type, const Json& data, std::string_view raw);
    void start_message(const Json& message);
    void start_block(const Json& data, std::string_view raw);
    void take_delta(const Json& data, std::string_view raw);
    void stop_block();
    void take_error(const Json& error);
    void take_usage(const Json& holder);
    void fail(std::string why);

    agent::EventSink& sink_;
    agent::Answer answer_;
    std::vector<ContentBlock> blocks_;
    std::optional<OpenBlock> open_;
    std::optional<agent::ModelFailure> failure_;
    std::size_t received_ = 0;
    bool started_ = false;
    bool complete_ = false;
};

/// An event's JSON. Servers that cut text in the middle of a character or a surrogate pair get it
/// back with U+FFFD there, instead of losing the whole answer.
Result<Json> parse_event_data(std::string_view data);

/// Whether an error of this `error.type` can go away by itself.
bool is_passing_error(std::string_view type);

}  // namespace tenon::model
