#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/model/border.h"
#include "host/model/event_data.h"
#include "host/model/server_error.h"
#include "host/model/sse.h"
#include "host/model/wire_format.h"

namespace tenon::model {

/// What tags of thinking in a text (`<think>`) are.
enum class ThinkTagsInText {
    kThinking,  ///< a mistake of the server: what they enclose is taken out of the text
    kText,
};

/// How a thinking block ends that was taken out of a text. It has no signature, so that it is kept
/// for those who read the conversation, and is not sent back.
constexpr std::string_view kThinkingOfText = R"("in_text":true})";

/// Builds one answer from the events of a stream of the Anthropic Messages API (`message_start` …
/// `message_stop`). Text and thinking go to the sink as they arrive. Pings, unknown events and
/// unknown deltas are ignored. Repairs known mistakes of servers: see border.h, and
/// reference/messages-api.md, section 8a. Several blocks may be open at once. Does not read from
/// the network. Not thread-safe.
class AnswerStream : public AnswerReader {
public:
    /// The answer to `request`. Both outlive the object.
    AnswerStream(const agent::Request& request, agent::EventSink& sink,
                 ThinkTagsInText tags = ThinkTagsInText::kThinking)
        : request_(request), sink_(sink), tags_(tags) {}

    void take(const SseEvent& event) override;
    bool take_whole(std::string_view body) override;
    /// No more events are needed: the answer is complete, or has failed.
    [[nodiscard]] bool over() const override { return complete_ || failure_; }
    /// The complete answer. The failure does not name the endpoint. An answer is complete after
    /// `message_stop`; with `clean_end` (the stream was not cut) also after a stop reason.
    Result<agent::Answer, agent::ModelFailure> finish(bool clean_end = false) override;

    [[nodiscard]] const Repairs& repairs() const { return repairs_; }

private:
    /// A content block of the stream.
    struct Block {
        std::optional<std::int64_t> index;  // as the server states it
        std::string type;
        OrderedJson fields;
        std::string text;         // of a text or thinking block
        ThinkFilter filter = {};  // of a text block: what has been shown
        std::string stray;        // text that arrived in a block of another type
        std::string input;        // partial_json, joined
        bool takes_input = false;
        std::vector<ContentBlock> finished;  // what has become of it when it ended
    };

    void dispatch(const std::string& type, const Json& data, std::string_view raw);
    void start_message(const Json& message);
    void end_message();
    void start_block(const Json& data, std::string_view raw);
    [[nodiscard]] Block* open_block(const Json& data) const;
    [[nodiscard]] bool has_begun(std::int64_t index) const;
    void take_delta(const Json& data, std::string_view raw);
    bool take_bytes(std::size_t bytes);
    void take_text(Block& block, std::string text);
    void take_thinking(Block& block, std::string text);
    void take_input(Block& block, const std::string& text);
    void take_input_object(Block& block, const Json& data, std::string_view raw);
    void take_citation(Block& block, const Json& data, std::string_view raw);
    void take_thinking_out(Block& block);
    void stop_block(Block& block);
    void stop_open_blocks();
    void take_first_content();
    std::vector<ContentBlock> all_blocks();
    /// `from` has the members of an answer that say why it ended.
    void take_stop(const Json& from);
    void note_unknown_stop_reason();
    void take_error(const ServerError& error, std::string_view raw);
    void fail(std::string why);
    void fail_malformed(std::string how);

    const agent::Request& request_;
    agent::EventSink& sink_;
    const ThinkTagsInText tags_;
    EventDataParser event_data_;
    agent::Answer answer_;
    Json first_content_;        // of message_start: empty, or the answer if no block follows
    std::deque<Block> blocks_;  // in the order in which they began
    std::vector<Block*> open_;  // of blocks_, in the same order
    std::optional<agent::ModelFailure> failure_;
    std::size_t received_ = 0;
    std::size_t content_bytes_ = 0;  // of texts, thinking and arguments
    ValueCount values_;
    Repairs repairs_;
    std::size_t calls_ = 0;
    bool has_thinking_ = false;  // in a block of its own
    bool started_ = false;
    bool began_again_ = false;  // a message_start followed a content block
    bool complete_ = false;
};

}  // namespace tenon::model
