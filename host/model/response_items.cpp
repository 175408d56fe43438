#include "host/model/response_items.h"

#include <algorithm>
#include <array>
#include <map>

#include "host/agent/wire.h"
#include "host/model/event_data.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxItems = 2 * kMaxCalls;  // reasoning may stand before each call
/// Places of one item: its own, and one for each text of a message behind it.
constexpr std::int64_t kPlaces = 1000;
constexpr std::int64_t kMostIndices = 1'000'000;
constexpr std::string_view kBetweenParts = "\n\n";
constexpr const char* kInContent = "content_index";
constexpr const char* kInSummary = "summary_index";

Result<OrderedJson> parse_item(std::string_view raw) {
    return parse_ordered_json(raw, kMaxJsonDepth, kMaxOrderedMembers);
}

/// An object as it was received, but on one line. Written anew from `value` if the event had to be
/// mended before it could be parsed, or if it has too many members to keep their order.
std::string object_text(std::string_view raw, const Json& value) {
    const auto ordered = parse_item(raw);
    if (!ordered || !ordered->is_object()) return dump_json(value);
    return raw.find_first_of("\r\n") == raw.npos ? std::string(raw) : dump_ordered_json(*ordered);
}

/// The members of a message that are not explained here, with its type; empty: it has none.
std::string unknown_members(std::string_view raw, const Json& value) {
    constexpr std::array<std::string_view, 5> kKnown = {"type", "id", "role", "status", "content"};
    OrderedJson kept = {{"type", "message"}};
    const auto all = parse_item(object_text(raw, value));
    if (!all) return {};
    for (const auto& [key, member] : all->items()) {
        if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end() && !member.is_null())
            kept[key] = member;
    }
    return kept.size() > 1 ? dump_ordered_json(kept) : std::string();
}

/// As much of an id, or of a name, as counts.
std::string server_id(std::string id) {
    id.resize(std::min(id.size(), kLongestServerId));
    return id;
}

/// The arguments of a call as JSON text; empty: there are none.
std::string arguments_of(const Json& call, std::string_view raw) {
    const Json& arguments = member(call, "arguments");
    if (const std::string* text = string_in(arguments)) return *text;
    if (arguments.is_null()) return {};
    return arguments.is_object() ? object_text(agent::raw_member(raw, "arguments"), arguments)
                                 : dump_json(arguments);
}

std::string text_of_part(const Json& part) {
    if (const std::string* text = string_in(part)) return *text;
    return string_or(part, "text", string_or(part, "refusal"));
}

/// The texts of a list of parts, or of a single text, joined.
std::string text_of_parts(const Json& parts) {
    if (const std::string* text = string_in(parts)) return *text;
    std::string out;
    if (!parts.is_array()) return out;
    for (const Json& part : parts) {
        const std::string text = text_of_part(part);
        if (!out.empty() && !text.empty()) out += kBetweenParts;
        out += text;
    }
    return out;
}

bool are_different(const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && a != b;
}

std::string too_many_items() {
    return "more than " + std::to_string(kMaxItems) + " output items";
}

/// The place of a text behind that of its item.
std::int64_t place_of_text(std::int64_t item, std::int64_t content_index) {
    return item + 1 + std::clamp<std::int64_t>(content_index, 0, kPlaces - 2);
}

/// What the text of an event belongs to.
enum class TextOf { kAnswer, kRefusal, kReasoning, kSummary, kArguments };
struct ResponseTextEvent {
    std::string_view type;  ///< without .delta or .done
    TextOf of;
    const char* whole;  ///< the member with all of the text, in the event with .done
};
constexpr std::array kTextEvents = {
    ResponseTextEvent{"response.output_text", TextOf::kAnswer, "text"},
    ResponseTextEvent{"response.refusal", TextOf::kRefusal, "refusal"},
    ResponseTextEvent{"response.reasoning_text", TextOf::kReasoning, "text"},
    ResponseTextEvent{"response.reasoning", TextOf::kReasoning, "text"},  // of some servers
    ResponseTextEvent{"response.reasoning_summary_text", TextOf::kSummary, "text"},
    ResponseTextEvent{"response.reasoning_summary", TextOf::kSummary, "text"},  // the older name
    ResponseTextEvent{"response.function_call_arguments", TextOf::kArguments, "arguments"},
};

}  // namespace

const std::string& ResponseItems::arguments_so_far(const Item& item) {
    return item.arguments.empty() ? item.first_arguments : item.arguments;
}

ResponseItems::Kind ResponseItems::kind_of(const Json& item) {
    const std::string type = string_or(item, "type");
    if (type == "message") return Kind::kMessage;
    if (type == "reasoning") return Kind::kReasoning;
    if (type == "function_call") return Kind::kCall;
    return Kind::kOther;
}

bool ResponseItems::has_calls() const {
    return std::any_of(items_.begin(), items_.end(),
                       [](const Item& item) { return item.kind == Kind::kCall; });
}

ResponseItems::Item* ResponseItems::add(const Key& key, Kind kind) {
    if (items_.size() >= kMaxItems && malformed_.empty()) malformed_ = too_many_items();
    if (!malformed_.empty()) return nullptr;
    Item item;
    item.kind = kind;
    item.index = key.index;
    item.id = key.id;
    item.place = new_place(key.index);
    return &items_.emplace_back(std::move(item));
}

/// That of the item's index, behind all others if there is none or if it is taken.
std::int64_t ResponseItems::new_place(std::optional<std::int64_t> index) const {
    std::int64_t behind = 0;
    bool is_free = index && *index >= 0 && *index < kMostIndices;
    for (const Item& item : items_) {
        behind = std::max(behind, item.place + kPlaces);
        is_free = is_free && item.place != *index * kPlaces;
    }
    return is_free ? *index * kPlaces : behind;
}

std::vector<ResponseItems::Item*> ResponseItems::candidates(const Key& key, Kind kind) {
    std::vector<Item*> found;
    for (Item& item : items_) {
        if (item.kind == kind && (!key.index || item.index == key.index)) found.push_back(&item);
    }
    return found;
}

/// A new item, unless an event that came too early has made it already.
ResponseItems::Item* ResponseItems::find_begun(const Key& key, Kind kind) {
    for (Item* item : candidates(key, kind)) {
        if (!item->begun && !item->whole && !are_different(item->id, key.id)) return item;
    }
    return add(key, kind);
}

ResponseItems::Item* ResponseItems::find_ended(const Key& key, Kind kind) {
    const auto found = candidates(key, kind);
    for (Item* item : found)
        if (!key.id.empty() && item->id == key.id) return item;
    for (Item* item : found)
        if (!item->whole && (item->begun || !are_different(item->id, key.id))) return item;
    return add(key, kind);
}

/// The item that an event is about: of those with its index, or of all if it has none, the one with
/// its id, else the last one. The id of an item that has begun may change.
ResponseItems::Item* ResponseItems::find(const Key& key, Kind kind) {
    const auto found = candidates(key, kind);
    for (Item* item : found)
        if (!key.id.empty() && item->id == key.id) return item;
    if (found.empty()) return add(key, kind);
    Item* last = found.back();
    const bool is_another =
        last->whole ? !key.index : !last->begun && are_different(last->id, key.id);
    return is_another ? add(key, kind) : last;
}

void ResponseItems::take(std::string_view type, const Json& data, std::string_view raw,
                         std::string lost) {
    if (!malformed_.empty()) return;
    if (type.starts_with("response.output_item.")) return take_item(type, data, raw);
    if (type.starts_with("response.content_part.") ||
        type.starts_with("response.reasoning_summary_part."))
        return take_part(type, data);
    take_text(type, data, raw, std::move(lost));
}

void ResponseItems::take_item(std::string_view type, const Json& data, std::string_view raw) {
    const Json& value = member(data, "item");
    const Key key = {integer_in(member(data, "output_index")),
                     server_id(string_or(value, "id", string_or(data, "item_id")))};
    const bool is_whole = type == "response.output_item.done";
    if (!is_whole && type != "response.output_item.added") return;
    Item* item = is_whole ? find_ended(key, kind_of(value)) : find_begun(key, kind_of(value));
    if (item == nullptr) return;
    if (is_whole) return take_whole(*item, value, agent::raw_member(raw, "item"));
    item->begun = true;
    item->call_id = server_id(string_or(value, "call_id", item->call_id));
    item->name = server_id(string_or(value, "name", item->name));
    std::string arguments = arguments_of(value, agent::raw_member(raw, "item"));
    if (answer_.keeps(arguments.size())) item->first_arguments = std::move(arguments);
}

void ResponseItems::take_part(std::string_view type, const Json& data) {
    const Json& part = member(data, "part");
    const std::string part_type = string_or(part, "type");
    const bool in_summary = type.starts_with("response.reasoning_summary_part.");
    const bool is_reasoning = in_summary || part_type == "reasoning_text";
    has_refusal_ = has_refusal_ || part_type == "refusal";
    const Key key = {integer_in(member(data, "output_index")),
                     server_id(string_or(data, "item_id"))};
    Item* item = find(key, is_reasoning ? Kind::kReasoning : Kind::kMessage);
    const std::string text = text_of_part(part);
    if (item == nullptr || item->whole || text.empty()) return;
    if (is_reasoning)
        return take_reasoning(*item, integer_or(data, in_summary ? kInSummary : kInContent, 0),
                              text, false);
    item->has_text = true;
    answer_.whole_text(place_of_text(item->place, integer_or(data, kInContent, 0)), text);
}

void ResponseItems::take_text(std::string_view type, const Json& data, std::string_view raw,
                              std::string lost) {
    const std::size_t dot = type.rfind('.');
    const bool is_delta = type.substr(dot + 1) == "delta";
    if (!is_delta && type.substr(dot + 1) != "done") return;
    const auto* event =
        std::find_if(kTextEvents.begin(), kTextEvents.end(),
                     [&](const ResponseTextEvent& one) { return one.type == type.substr(0, dot); });
    if (event == kTextEvents.end()) return;
    const bool is_call = event->of == TextOf::kArguments;
    const bool is_message = event->of == TextOf::kAnswer || event->of == TextOf::kRefusal;
    has_refusal_ = has_refusal_ || event->of == TextOf::kRefusal;
    Item* item =
        find({integer_in(member(data, "output_index")), server_id(string_or(data, "item_id"))},
             is_call      ? Kind::kCall
             : is_message ? Kind::kMessage
                          : Kind::kReasoning);
    if (item == nullptr || item->whole) return;
    std::string text = is_delta  ? lost + string_or(data, "delta")
                       : is_call ? arguments_of(data, raw)
                                 : string_or(data, event->whole);
    if (text.empty()) return;
    if (is_call) {
        if (!is_delta) item->arguments.clear();
        item->arguments += text;
        argument_bytes_ += text.size();
        if (argument_bytes_ > kMaxContentBytes) malformed_ = kTooLong;
    } else if (is_message) {
        item->has_text = true;
        const std::int64_t place = place_of_text(item->place, integer_or(data, kInContent, 0));
        if (is_delta) {
            answer_.text(place, text);
        } else {
            answer_.whole_text(place, text);
        }
    } else {
        const bool in_summary = event->of == TextOf::kSummary;
        take_reasoning(*item, integer_or(data, in_summary ? kInSummary : kInContent, 0), text,
                       is_delta);
    }
}

/// A text that comes as a whole is new only if no delta of its part has come; in the end the whole
/// item counts.
void ResponseItems::take_reasoning(Item& item, std::int64_t part, std::string_view text,
                                   bool is_delta) {
    const bool is_new = item.part != part;
    if (!is_new && !is_delta) return;
    if (is_new && item.part) answer_.thinking(item.place, kBetweenParts);
    item.part = part;
    answer_.thinking(item.place, text);
}

void ResponseItems::take_whole(Item& item, const Json& value, std::string_view raw) {
    if (item.whole) return;
    item.whole = true;
    if (item.kind == Kind::kMessage) take_whole_message(item, value, raw);
    if (item.kind == Kind::kReasoning) take_whole_reasoning(item, value, raw);
    if (std::string id = server_id(string_or(value, "call_id")); !id.empty())
        item.call_id = std::move(id);
    if (std::string name = server_id(string_or(value, "name")); !name.empty())
        item.name = std::move(name);
    if (std::string all = arguments_of(value, raw); !all.empty()) item.arguments = std::move(all);
}

void ResponseItems::keep(Item& item, std::string members) {
    if (answer_.keeps(members.size())) item.kept = std::move(members);
}

/// Texts that came before stay if there are none now.
void ResponseItems::take_whole_message(Item& item, const Json& value, std::string_view raw) {
    const Json& content = member(value, "content");
    const auto take = [&](std::int64_t number, const Json& part) {
        const std::string text = text_of_part(part);
        if (text.empty()) return;
        item.has_text = true;
        has_refusal_ = has_refusal_ || string_or(part, "type") == "refusal";
        answer_.whole_text(place_of_text(item.place, number), text);
    };
    if (content.is_string()) take(0, content);
    for (std::size_t i = 0; content.is_array() && i < content.size(); ++i)
        take(static_cast<std::int64_t>(i), element(content, i));
    if (item.has_text) keep(item, unknown_members(raw, value));
}

void ResponseItems::take_whole_reasoning(Item& item, const Json& value, std::string_view raw) {
    std::string text = text_of_parts(member(value, "summary"));
    if (text.empty()) text = text_of_parts(member(value, "content"));
    if (!text.empty()) answer_.whole_thinking(item.place, text);
    if (!string_or(value, "encrypted_content").empty()) keep(item, object_text(raw, value));
}

ResponseItems::OutputValues ResponseItems::values_in(const Json& output, std::string_view raw) {
    const auto raws = agent::split_blocks(raw);
    OutputValues values;
    std::size_t structured = 0;
    for (std::size_t i = 0; i < output.size(); ++i) {
        const Json& json = element(output, i);
        const std::size_t number = structured;
        if (json.is_structured()) ++structured;
        if (!json.is_object()) continue;
        OutputValue& value = values.emplace_back();
        value.json = &json;
        if (number < raws.size()) value.raw = raws[number];
        value.kind = kind_of(json);
        value.key = {static_cast<std::int64_t>(i), server_id(string_or(json, "id"))};
        if (value.kind != Kind::kCall) continue;
        value.call_id = server_id(string_or(json, "call_id"));
        value.name = server_id(string_or(json, "name"));
        value.arguments = arguments_of(json, value.raw);
    }
    return values;
}

/// A server that gives a call another call_id in the end says the same about it otherwise. What
/// says something else is another call, which would get lost.
bool ResponseItems::may_be(const Item& item, const OutputValue& value) {
    if (!are_different(item.call_id, value.call_id)) return true;
    const std::string& known = arguments_so_far(item);
    const bool fits = item.whole ? value.arguments == known : value.arguments.starts_with(known);
    return fits && item.name == value.name;
}

/// Surer signs come first, for all values. Ids change, and may be the same for several items; so
/// may the indices be.
void ResponseItems::match(OutputValues& values) {
    using Fits = bool (*)(const Item&, const OutputValue&);
    constexpr Fits kHasCallId = [](const Item& item, const OutputValue& value) {
        return !value.call_id.empty() && item.call_id == value.call_id;
    };
    constexpr Fits kHasId = [](const Item& item, const OutputValue& value) {
        return !value.key.id.empty() && item.id == value.key.id &&
               !are_different(item.call_id, value.call_id);
    };
    constexpr Fits kHasIdAndIndex = [](const Item& item, const OutputValue& value) {
        return item.index == value.key.index && kHasId(item, value);
    };
    constexpr Fits kHasIndex = [](const Item& item, const OutputValue& value) {
        return item.index == value.key.index && may_be(item, value);
    };
    std::vector<Item*> left;
    for (Item& item : items_)
        left.push_back(&item);
    for (const Fits fits : {kHasCallId, kHasIdAndIndex, kHasId, kHasIndex}) {
        for (OutputValue& value : values) {
            if (value.item != nullptr) continue;
            const auto found = std::find_if(left.begin(), left.end(), [&](const Item* item) {
                return item->kind == value.kind && fits(*item, value);
            });
            if (found == left.end()) continue;
            value.item = *found;
            left.erase(found);
        }
    }
    match_by_number(values, left);
}

/// Among those of its kind that are not matched yet, which `left` has.
void ResponseItems::match_by_number(OutputValues& values, const std::vector<Item*>& left) {
    std::map<Kind, std::vector<Item*>> known;
    for (Item* item : left)
        known[item->kind].push_back(item);
    std::map<Kind, std::size_t> numbers;
    for (OutputValue& value : values) {
        if (value.item != nullptr) continue;
        const std::size_t number = numbers[value.kind]++;
        const auto& of_kind = known[value.kind];
        if (number < of_kind.size() && may_be(*of_kind[number], value))
            value.item = of_kind[number];
    }
}

void ResponseItems::take_output(const Json& output, std::string_view raw) {
    if (!output.is_array()) return;
    OutputValues values = values_in(output, raw);
    if (values.size() > kMaxItems) malformed_ = too_many_items();
    if (!malformed_.empty()) return;
    match(values);
    for (const OutputValue& value : values) {
        Item* item = value.item != nullptr ? value.item : add(value.key, value.kind);
        if (item == nullptr) return;
        take_whole(*item, *value.json, value.raw);
    }
}

/// An item of a kind that is left out takes the reasoning before it along: a server that has
/// reasoning without the item that it led to refuses the request.
void ResponseItems::finish() {
    std::stable_sort(items_.begin(), items_.end(),
                     [](const Item& a, const Item& b) { return a.place < b.place; });
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].kind != Kind::kOther) continue;
        for (std::size_t before = i; before-- > 0 && items_[before].kind == Kind::kReasoning;)
            items_[before].kept.clear();
    }
    std::int64_t number = 0;
    for (Item& item : items_) {
        if (!item.kept.empty()) answer_.keep(item.place, "item", item.kept);
        if (item.kind == Kind::kCall) finish_call(item, number++);
    }
}

void ResponseItems::finish_call(const Item& item, std::int64_t number) {
    const Json id = item.call_id.empty() ? item.id : item.call_id;
    const Json arguments = arguments_so_far(item);
    answer_.call(item.place, {.index = Json(number),
                              .id = id,
                              .name = Json(item.name),
                              .arguments = arguments,
                              .whole = true});
}

}  // namespace tenon::model
