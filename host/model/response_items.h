#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/model/border.h"

namespace tenon::model {

/// The output items of one response while their events arrive: hands texts and reasoning to an
/// AnswerBuilder at once, and calls when they are whole. An event names its item by `output_index`;
/// servers leave this out, have the same one in all events, or change the id of an item from event
/// to event. Not thread-safe.
class ResponseItems {
public:
    /// `answer` outlives the object.
    explicit ResponseItems(AnswerBuilder& answer) : answer_(answer) {}

    /// An event about an item or a part of one. `raw` is the event as it was received, `lost` what
    /// is to be inserted before its delta (EventDataParser). Other events are ignored.
    void take(std::string_view type, const Json& data, std::string_view raw, std::string lost);
    /// The `output` of the whole response: fills in what the events before it have left out.
    void take_output(const Json& output, std::string_view raw);
    /// All items have arrived: hands on what has waited for that.
    void finish();

    /// How the response is malformed: it has too many items, or too long arguments. Else empty.
    [[nodiscard]] const std::string& malformed() const { return malformed_; }
    [[nodiscard]] bool has_calls() const;
    [[nodiscard]] bool has_refusal() const { return has_refusal_; }

private:
    enum class Kind { kMessage, kReasoning, kCall, kOther };
    struct Item {
        Kind kind = Kind::kOther;
        std::optional<std::int64_t> index = {};  // output_index
        std::int64_t place = 0;                  // for the AnswerBuilder
        std::string id = {};
        bool begun = false;                     // its output_item.added has come
        bool whole = false;                     // it has come as a whole
        bool has_text = false;                  // of a message: some text has come
        std::optional<std::int64_t> part = {};  // of reasoning: the part of its last text
        std::string kept = {};  // what the same model gets back; see ResponsesFormat
        std::string call_id = {};
        std::string name = {};
        std::string arguments = {};
        std::string first_arguments = {};  // of output_item.added, if no others follow
    };
    struct Key {
        std::optional<std::int64_t> index = {};
        std::string id = {};
    };
    /// An object in the `output` of the whole response.
    struct OutputValue {
        const Json* json = nullptr;
        std::string_view raw = {};
        Kind kind = Kind::kOther;
        Key key = {};
        std::string call_id = {};
        std::string name = {};
        std::string arguments = {};
        Item* item = nullptr;  // what has come of it before
    };
    using OutputValues = std::vector<OutputValue>;

    static const std::string& arguments_so_far(const Item& item);
    static Kind kind_of(const Json& item);
    [[nodiscard]] std::int64_t new_place(std::optional<std::int64_t> index) const;
    Item* add(const Key& key, Kind kind);
    std::vector<Item*> candidates(const Key& key, Kind kind);
    Item* find_begun(const Key& key, Kind kind);
    Item* find_ended(const Key& key, Kind kind);
    Item* find(const Key& key, Kind kind);

    void take_item(std::string_view type, const Json& data, std::string_view raw);
    void take_part(std::string_view type, const Json& data);
    void take_text(std::string_view type, const Json& data, std::string_view raw, std::string lost);
    void take_reasoning(Item& item, std::int64_t part, std::string_view text, bool is_delta);
    void keep(Item& item, std::string members);
    static OutputValues values_in(const Json& output, std::string_view raw);
    static bool may_be(const Item& item, const OutputValue& value);
    void match(OutputValues& values);
    static void match_by_number(OutputValues& values, const std::vector<Item*>& left);
    void take_whole(Item& item, const Json& value, std::string_view raw);
    void take_whole_message(Item& item, const Json& value, std::string_view raw);
    void take_whole_reasoning(Item& item, const Json& value, std::string_view raw);
    void finish_call(const Item& item, std::int64_t number);

    AnswerBuilder& answer_;
    std::deque<Item> items_;  // in the order in which they came
    std::string malformed_;
    std::size_t argument_bytes_ = 0;
    bool has_refusal_ = false;
};

}  // namespace tenon::model
