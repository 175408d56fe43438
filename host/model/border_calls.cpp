#include "host/model/border_calls.h"

#include <algorithm>
#include <charconv>

#include "host/agent/repair.h"
#include "host/agent/wire.h"

namespace tenon::model {
namespace {

/// Longer names are cut at the border in any case.
constexpr std::size_t kLongestJoinedName = 1024;

/// The text of a string or a number; of anything else none.
std::string text_of_scalar(const Json& value) {
    if (const std::string* text = string_in(value)) return *text;
    return value.is_number() ? dump_json(value) : std::string();
}

std::optional<std::int64_t> index_of(const Json& value, Repairs& repairs) {
    if (const auto number = integer_in(value)) return number;
    const std::string* text = string_in(value);
    if (text == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    repairs.made(Repair::kIndexText);
    return number;
}

void follow(CollectedCall::Nesting& nesting, std::string_view text) {
    for (const char c : text) {
        if (nesting.escaped) {
            nesting.escaped = false;
        } else if (nesting.in_string) {
            nesting.escaped = c == '\\';
            nesting.in_string = c != '"';
        } else if (c == '"') {
            nesting.in_string = true;
        } else if (c == '{' || c == '[') {
            ++nesting.depth;
            nesting.begun = true;
        } else if ((c == '}' || c == ']') && nesting.depth > 0) {
            --nesting.depth;
        }
    }
}

/// Whether the name of one of the tools begins with this text.
bool begins_tool_of(std::string_view tools, std::string_view text) {
    std::string quoted = json_quote(text);
    quoted.pop_back();
    const auto blocks = agent::split_blocks(tools);
    return std::any_of(blocks.begin(), blocks.end(), [&](std::string_view tool) {
        return agent::raw_member(tool, "name").starts_with(quoted);
    });
}

/// Whether `next` continues a name that came before it, or repeats it with more behind it.
bool continues_name(const std::string& before, const std::string& next, std::string_view tools) {
    if (is_tool_of(tools, before) && is_tool_of(tools, next)) return false;
    return begins_tool_of(tools, next.starts_with(before) ? next : before + next);
}

}  // namespace

bool is_tool_of(std::string_view tools, std::string_view name) {
    const std::string quoted = json_quote(name);
    const auto blocks = agent::split_blocks(tools);
    return std::any_of(blocks.begin(), blocks.end(), [&](std::string_view tool) {
        return agent::raw_member(tool, "name") == quoted;
    });
}

CallCollector::Parts CallCollector::parts_of(const CallFragment& fragment, Repairs& repairs) {
    Parts parts;
    parts.index = index_of(fragment.index, repairs);
    parts.id = text_of_scalar(fragment.id);
    parts.id.resize(std::min(parts.id.size(), kLongestServerId));
    parts.name = text_of_scalar(fragment.name);
    parts.whole = fragment.whole;
    parts.is_end = fragment.whole;
    if (const std::string* text = string_in(fragment.arguments)) {
        parts.arguments = std::string(fragment.lost) + *text;
    } else if (!fragment.arguments.is_null()) {
        parts.arguments = dump_json(fragment.arguments);
        parts.whole = true;
        if (fragment.arguments.is_object()) repairs.made(Repair::kArgumentsObject);
    }
    return parts;
}

CollectedCall* CallCollector::find_by_id(const std::string& id) {
    if (id.empty()) return nullptr;
    const auto found = std::find_if(calls_.rbegin(), calls_.rend(),
                                    [&](const CollectedCall& call) { return call.id == id; });
    return found == calls_.rend() ? nullptr : &*found;
}

/// Of several calls with the same index the one with the same id, else the last.
CollectedCall* CallCollector::find_by_index(const Parts& parts) {
    CollectedCall* last = nullptr;
    for (CollectedCall& call : calls_) {
        if (call.index != parts.index) continue;
        if (!parts.id.empty() && call.id == parts.id) return &call;
        last = &call;
    }
    return last;
}

CollectedCall* CallCollector::find(const Parts& parts, const CallFragment& fragment,
                                   Repairs& repairs) {
    if (parts.index) return find_by_index(parts);
    repairs.made(Repair::kIndexMissing);
    if (CollectedCall* call = find_by_id(parts.id)) return call;
    if (!parts.id.empty() && !parts.name.empty()) return nullptr;
    if (fragment.of > 1)
        return fragment.position < calls_.size() ? &calls_[fragment.position] : nullptr;
    return last_ < calls_.size() ? &calls_[last_] : nullptr;
}

/// Without indices, each entry of a list is a call of its own.
bool CallCollector::is_another_of_its_list(const CollectedCall& call, const Parts& parts) const {
    return call.list == list_ && !parts.index && !parts.name.empty();
}

/// Some servers send a call a second time, whole, when they end the answer.
bool CallCollector::is_repetition(const CollectedCall& call, const Parts& parts) {
    return !parts.id.empty() && call.id == parts.id && call.name == parts.name &&
           call.has_whole_arguments() && call.arguments == parts.arguments;
}

bool CallCollector::begins_another(const CollectedCall& call, const Parts& parts,
                                   std::string_view tools) {
    if (parts.name.empty()) return false;
    const bool other_id = !parts.id.empty() && !call.id.empty() && parts.id != call.id;
    if (other_id &&
        (call.has_whole_arguments() || call.arguments.empty() || parts.name != call.name))
        return true;
    if (call.name.empty()) return false;
    const bool same_id = !parts.id.empty() && parts.id == call.id;
    if (parts.name == call.name) {
        const bool is_again = parts.is_end || (parts.whole && same_id);
        return call.has_whole_arguments() && !is_again && !agent::is_blank(parts.arguments);
    }
    if (call.has_whole_arguments()) return true;
    if (same_id) return false;
    // Neither a piece of the name nor all of it again.
    if (!call.arguments.empty()) return !parts.name.starts_with(call.name);
    return !continues_name(call.name, parts.name, tools);
}

void CallCollector::add_name(CollectedCall& call, const std::string& name, Repairs& repairs) {
    if (name.empty()) return;
    if (call.joined.size() < kLongestJoinedName) call.joined += name.substr(0, kLongestJoinedName);
    if (call.name.empty()) {
        call.name = name.substr(0, kLongestJoinedName);
    } else if (name == call.name || !call.arguments.empty()) {
        repairs.made(Repair::kNameRepeated);
    } else {
        repairs.made(Repair::kNameInPieces);
        call.name = name.starts_with(call.name) ? name.substr(0, kLongestJoinedName) : call.joined;
    }
}

void CallCollector::add(CollectedCall& call, const Parts& parts, Repairs& repairs) {
    if (call.id.empty()) call.id = parts.id;
    add_name(call, parts.name, repairs);
    const bool began_empty = call.arguments == "{}" && !agent::is_blank(parts.arguments);
    if (began_empty && !parts.whole) repairs.made(Repair::kArgumentsBeginEmpty);
    if (began_empty || (parts.whole && !parts.arguments.empty())) {
        call.arguments.clear();
        call.nesting = {};
    }
    call.arguments += parts.arguments;
    follow(call.nesting, parts.arguments);
}

bool CallCollector::take(std::int64_t place, std::size_t order, const CallFragment& fragment,
                         std::string_view tools, Repairs& repairs) {
    if (fragment.position == 0) ++list_;
    const Parts parts = parts_of(fragment, repairs);
    if (parts.id.empty() && parts.name.empty() && parts.arguments.empty() && fragment.kept.empty())
        return true;
    CollectedCall* call = find(parts, fragment, repairs);
    if (call != nullptr && is_another_of_its_list(*call, parts)) call = nullptr;
    if (call != nullptr && is_repetition(*call, parts)) {
        repairs.made(Repair::kCallRepeated);
        return true;
    }
    if (call != nullptr && begins_another(*call, parts, tools)) {
        if (parts.index) repairs.made(Repair::kIndexReused);
        call = nullptr;
    }
    if (call == nullptr) {
        if (calls_.size() == kMaxCalls) return false;
        call = &calls_.emplace_back();
        call->place = place;
        call->order = order;
        call->index = parts.index;
    } else if (call != &calls_.back()) {
        repairs.made(Repair::kCallsMixed);
    }
    call->list = list_;
    last_ = static_cast<std::size_t>(call - calls_.data());
    add(*call, parts, repairs);
    if (!fragment.kept.empty()) call->kept = fragment.kept;
    return true;
}

std::vector<CollectedCall> CallCollector::finish(std::string_view tools, Repairs& repairs) {
    std::erase_if(calls_, [](const CollectedCall& call) {
        return call.name.empty() && agent::is_blank(call.arguments);
    });
    for (CollectedCall& call : calls_) {
        if (call.joined == call.name || is_tool_of(tools, call.name)) continue;
        if (!is_tool_of(tools, call.joined)) continue;
        call.name = call.joined;
        repairs.made(Repair::kNameInPieces);
    }
    return std::move(calls_);
}

}  // namespace tenon::model
