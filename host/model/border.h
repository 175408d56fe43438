#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/json.h"
#include "host/base/result.h"
#include "host/model/border_calls.h"
#include "host/model/border_text.h"
#include "host/model/event_data.h"
#include "host/model/repairs.h"
#include "host/model/server_error.h"
#include "host/model/sse.h"

/// Where an answer enters. What servers do wrong is repaired here, for every wire format, before
/// the conversation sees it; what cannot be repaired is a failure. The table of the repairs is in
/// repairs.h. An answer has the form of the Anthropic Messages API from here on.
namespace tenon::model {

/// All data of one answer. More is a failure.
constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 20U;
/// The content of one answer: what would fit neither into a record of the journal nor into a
/// request is a failure. The data of a stream is many times as long as its content.
constexpr std::size_t kMaxContentBytes = std::size_t{32} << 20U;
constexpr std::string_view kTooLong = "the answer is too long";

/// As much of the id, or of the model, that an answer states as is kept.
constexpr std::size_t kMaxNameBytes = 256;

/// One finished block.
struct ContentBlock {
    std::string type;
    std::string wire;  ///< JSON object on one line, all fields as received; empty for a tool_use
    std::string text;  ///< of a text block
    // Of a tool_use block: its call, with the server's id (any bytes, or none), and the parts of
    // its JSON, which is written when the conversation has assigned the call an id.
    std::optional<agent::ToolCall> call;
    OrderedJson call_fields;
    std::string input_wire;
    /// JSON object: more members of a call, which the same model gets back with it. They become
    /// part of the thinking of the answer, in its member `calls` under the id of the call.
    std::string kept = {};
};

/// Makes a block from its fields. `input_json` is the text of a tool's input if it was streamed;
/// empty text means {}. A JSON string that contains an object counts as that object. Any other
/// input becomes {} on the wire and an `input_error` in the call. Characters that a tool's name may
/// not have are replaced. `repairs` may be null. Error: a block without a type, or a tool_use
/// without a name.
Result<ContentBlock> finish_block(OrderedJson fields, std::optional<std::string> input_json,
                                  Repairs* repairs = nullptr);

/// A finished text block.
ContentBlock finished_text(std::string text);

/// Why the call in the last block must not run: the answer was cut off inside it. Else empty.
std::string cut_off_reason(std::string_view stop_reason);

/// The characters of a stop reason that are shown.
constexpr std::size_t kLongestStopReason = 100;
/// For a person: the server has ended an answer with a reason (`stated`) that no document explains.
agent::Notice notice_of_unknown_end(const std::string& stated);

/// The JSON values in the arguments of all calls of one answer, of which there may not be too many.
class ValueCount {
public:
    /// False: with these arguments there are more than kMaxAnswerValues.
    bool take(std::string_view arguments);

private:
    std::size_t values_ = 0;
};

/// Fills content, text and calls. `ids`, which may be null, assigns the id of every call. Blank
/// text blocks and thinking at the end are left out, since no endpoint accepts them in a request.
/// `repairs` may be null.
void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks, agent::CallIds* ids,
                 Repairs* repairs = nullptr);

/// Shows what a filter has decided on.
void show(agent::EventSink& sink, const ThinkFilter::Piece& piece);
/// Shows what `filter` has not decided on when its text ends, which is split now.
void show_rest(agent::EventSink& sink, ThinkFilter& filter, const SplitText& split,
               Repairs& repairs);

/// The last step for an answer that is whole: put_content with the ids of the request, the stop
/// reason that its calls stand for, and a Notice if it has a call that was written as text.
void complete_answer(agent::Answer& answer, std::vector<ContentBlock> blocks,
                     const agent::Request& request, agent::EventSink& sink, Repairs& repairs);

/// Whether an event has nothing to say, since servers and gateways send some only to keep the
/// connection alive: blank data, or under a name that is of no wire format what is not JSON.
bool is_keep_alive(const SseEvent& event);

/// What is wrong with more than kMaxCalls calls, in a few words.
std::string too_many_calls();
/// What is wrong with an event that cannot be used: `why`, in a few words.
std::string malformed_event(const std::string& why);
/// The failure of an answer that does not follow its wire format: `how`, in a few words.
agent::ModelFailure malformed_answer(std::string how);
/// The failure of an answer that did not arrive whole. The next attempt may succeed.
agent::ModelFailure broken_answer(std::string why);
/// The failure of an answer that ends in an error. `raw` is what was received.
agent::ModelFailure failed_answer(const ServerError& error, std::string_view raw);

/// Adds up the token counts of OpenAI's formats, wherever they stand: `prompt_tokens` or
/// `input_tokens`, which include what a cache held. A count that is missing, null, negative or
/// absurd does not replace an earlier one. What only `total_tokens` includes is reasoning, and
/// counts as output.
class UsageCounts {
public:
    /// `usage` may be any value.
    void take(const Json& usage, Repairs& repairs);
    [[nodiscard]] agent::Usage usage() const;

private:
    void take_uncounted_reasoning(const Json& usage, Repairs& repairs);

    std::int64_t input_ = 0;  // with what a cache held
    std::int64_t output_ = 0;
    std::int64_t cache_read_ = 0;
    std::int64_t cache_written_ = 0;
    bool input_is_without_cache_ = false;
};

/// Collects one answer of a format that has texts, thinking and calls beside each other. A reader
/// feeds what arrives. `place` orders the blocks of the answer: lower ones come first, those of the
/// same place in the order in which they began. Not thread-safe.
class AnswerBuilder {
public:
    /// Both outlive the object.
    AnswerBuilder(const agent::Request& request, agent::EventSink& sink)
        : request_(request), sink_(sink) {}

    /// Only the first id, and the first model, that is not empty counts.
    void identify(const Json& id, const Json& model);
    /// Shown at once. Thinking in tags (`<think>`) is taken out.
    void text(std::int64_t place, std::string_view piece);
    /// The whole text of this place, which was streamed before, wholly, partly or not at all.
    void whole_text(std::int64_t place, std::string_view whole);
    /// What has come of the text of this place. Valid until more comes.
    [[nodiscard]] std::string_view text_of(std::int64_t place) const;
    /// Shown at once.
    void thinking(std::int64_t place, std::string_view piece);
    void whole_thinking(std::int64_t place, std::string_view whole);
    /// More members of the thinking block of this place, with what the server needs to have back.
    OrderedJson& thinking_members(std::int64_t place);
    /// One more member of the thinking block of this place, whose value, JSON on one line, stands
    /// there as it is written. It counts as content: see `keeps`.
    void keep(std::int64_t place, std::string_view key, std::string_view json);
    /// A reader keeps so many bytes itself until all has arrived. False: the answer is too long.
    bool keeps(std::size_t bytes);
    /// A part of a call, or a whole one. Calls whose fragments are mixed are told apart as well as
    /// the server lets them be.
    void call(std::int64_t place, const CallFragment& fragment);
    void usage(const Json& usage) { usage_.take(usage, repairs_); }
    /// In the words of the Messages API; empty: none was stated.
    void stop_reason(std::string reason) { answer_.stop_reason = std::move(reason); }
    [[nodiscard]] const std::string& stop_reason() const { return answer_.stop_reason; }
    /// Why the answer is a refusal: see agent::Answer.
    void refusal(std::string words) { answer_.refusal = std::move(words); }

    /// How the answer is malformed, as soon as that is clear: too many calls, or too much of
    /// everything. Else empty.
    [[nodiscard]] const std::string& malformed() const { return malformed_; }
    [[nodiscard]] const Repairs& repairs() const { return repairs_; }
    /// The answer, all of which has arrived. Once.
    Result<agent::Answer, agent::ModelFailure> finish();

private:
    enum class What { kThinking, kText };
    struct Item {
        std::string text;
        ThinkFilter filter = {};  // of a text: what has been shown
        OrderedJson members = OrderedJson::object();
        std::string kept = {};  // see keep: members, each behind a comma
        std::size_t order = 0;
    };
    using Items = std::map<std::pair<std::int64_t, What>, Item>;

    Item& item(std::int64_t place, What what);
    void replace(std::string& text, std::string_view whole);
    [[nodiscard]] bool is_cut_off() const { return !cut_off_reason(answer_.stop_reason).empty(); }
    void finish_thinking(Item& item, std::vector<ContentBlock>& blocks);
    void finish_text(Item& item, std::vector<ContentBlock>& blocks);

    const agent::Request& request_;
    agent::EventSink& sink_;
    agent::Answer answer_;
    Items items_;
    CallCollector calls_;
    UsageCounts usage_;
    Repairs repairs_;
    std::string malformed_;
    bool has_thinking_ = false;  // besides its texts; known when all has arrived
    std::size_t order_ = 0;
    std::size_t content_bytes_ = 0;  // of texts, thinking, arguments and all that is kept
};

}  // namespace tenon::model
