#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/model/border.h"
#include "host/model/event_data.h"
#include "host/model/response_items.h"
#include "host/model/wire_format.h"

namespace tenon::model {

/// Builds one answer from the events of a stream of the Responses API. It is whole after
/// `response.completed` or `response.incomplete`. What an event says at the end of a text, a part
/// or an item replaces what its deltas said; the last event, which has the whole response, fills in
/// what the others have left out. Items that are neither text, reasoning nor calls are left out,
/// together with the reasoning that led to them. Events of unknown types are ignored. Does not read
/// from the network. Not thread-safe.
class ResponsesReader : public AnswerReader {
public:
    ResponsesReader(const agent::Request& request, agent::EventSink& sink)
        : answer_(request, sink), items_(answer_) {}

    void take(const SseEvent& event) override;
    bool take_whole(std::string_view body) override;
    [[nodiscard]] bool over() const override { return complete_ || failure_; }
    Result<agent::Answer, agent::ModelFailure> finish(bool clean_end) override;

private:
    void dispatch(std::string_view type, const Json& data, std::string_view raw);
    void take_response(const Json& response);
    void take_end(std::string_view type, const Json& response, std::string_view raw);
    void take_error(const Json& data, std::string_view raw);
    void fail_malformed(std::string how) { failure_ = malformed_answer(std::move(how)); }

    AnswerBuilder answer_;
    ResponseItems items_;
    EventDataParser event_data_;
    std::optional<agent::ModelFailure> failure_;
    std::size_t received_ = 0;
    bool complete_ = false;
};

}  // namespace tenon::model
