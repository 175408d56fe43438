#include "host/base/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tenon {
namespace {

/// Calls `take` for each character of JSON text outside strings, without parsing.
template <class Take>
void scan_outside_strings(std::string_view text, Take take) {
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else {
            take(c);
        }
    }
}

std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    scan_outside_strings(text, [&](char c) {
        if (c == '[' || c == '{') {
            if (++depth > deepest) deepest = depth;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    });
    return deepest;
}

/// At least as many members as the widest object of a JSON text has.
std::size_t most_members_in(std::string_view text) {
    std::vector<std::size_t> members = {0};  // of the objects that are open
    std::size_t most = 0;
    scan_outside_strings(text, [&](char c) {
        if (c == '[' || c == '{') {
            members.push_back(0);
        } else if ((c == ']' || c == '}') && members.size() > 1) {
            members.pop_back();
        } else if (c == ':') {
            most = std::max(most, ++members.back());
        }
    });
    return most;
}

template <class AnyJson>
Result<AnyJson> parse(std::string_view text, std::size_t max_depth) {
    // The library takes a NUL for the end of the text.
    if (const auto nul = text.find('\0'); nul != text.npos)
        return Error{"a NUL byte, the first at byte " + std::to_string(nul + 1)};
    if (depth_of(text) > max_depth) {
        return Error{"JSON nested deeper than " + std::to_string(max_depth) + " levels"};
    }
    try {
        return AnyJson::parse(text);
    } catch (const nlohmann::detail::exception& e) {
        std::string why = e.what();
        // "[json.exception.parse_error.101] parse error at line 1, column 3: …": keep the last
        // part.
        if (const auto at = why.find("] "); at != std::string::npos) why.erase(0, at + 2);
        return Error{std::move(why)};
    }
}

template <class AnyJson>
std::string dump(const AnyJson& value) {
    return value.dump(-1, ' ', false, AnyJson::error_handler_t::replace);
}

template <class AnyJson>
std::optional<std::int64_t> integer(const AnyJson& value) {
    if (const auto* natural =
            value.template get_ptr<const typename AnyJson::number_unsigned_t*>()) {
        constexpr auto kMost = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
        if (*natural > kMost) return std::nullopt;
        return static_cast<std::int64_t>(*natural);
    }
    if (const auto* whole = value.template get_ptr<const typename AnyJson::number_integer_t*>())
        return *whole;
    const auto* real = value.template get_ptr<const typename AnyJson::number_float_t*>();
    constexpr double kBeyond = 9223372036854775808.0;  // 2^63
    if (real == nullptr || !(*real >= -kBeyond && *real < kBeyond) || std::trunc(*real) != *real)
        return std::nullopt;
    return static_cast<std::int64_t>(*real);
}

template <class AnyJson>
const AnyJson& member_of(const AnyJson& object, std::string_view key) {
    static const AnyJson kNone;
    if (!object.is_object()) return kNone;
    const auto it = object.find(key);
    return it == object.end() ? kNone : *it;
}

}  // namespace

Json empty_object() {
    return Json::object();
}

Result<Json> parse_json(std::string_view text, std::size_t max_depth) {
    return parse<Json>(text, max_depth);
}

Result<OrderedJson> parse_ordered_json(std::string_view text, std::size_t max_depth,
                                       std::size_t max_members) {
    // Of so many bytes, each member takes two at least.
    if (text.size() / 2 > max_members && depth_of(text) <= max_depth &&
        most_members_in(text) > max_members)
        return Error{"an object with more than " + std::to_string(max_members) + " members"};
    return parse<OrderedJson>(text, max_depth);
}

Json json_or_null(std::string_view text) {
    return parse_json(text, kMaxOwnJsonDepth).value_or(Json());
}

std::string dump_json(const Json& value) {
    return dump(value);
}

std::string dump_ordered_json(const OrderedJson& value) {
    return dump(value);
}

std::string pretty_json(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string compact_json(std::string_view text) {
    std::string out;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
        out += c;
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\' && i + 1 < text.size()) out += text[++i];
    }
    return out;
}

std::string json_quote(std::string_view text) {
    return dump_json(Json(std::string(text)));
}

const std::string* string_in(const Json& value) {
    return value.get_ptr<const std::string*>();
}

const std::string* string_in(const OrderedJson& value) {
    return value.get_ptr<const std::string*>();
}

std::optional<std::int64_t> integer_in(const Json& value) {
    return integer(value);
}

std::optional<std::int64_t> integer_in(const OrderedJson& value) {
    return integer(value);
}

std::optional<double> number_in(const Json& value) {
    if (const auto* natural = value.get_ptr<const Json::number_unsigned_t*>())
        return static_cast<double>(*natural);
    if (const auto* whole = value.get_ptr<const Json::number_integer_t*>())
        return static_cast<double>(*whole);
    if (const auto* real = value.get_ptr<const Json::number_float_t*>()) return *real;
    return std::nullopt;
}

std::vector<std::string> strings_in(const Json& array) {
    std::vector<std::string> strings;
    if (!array.is_array()) return strings;
    for (const Json& item : array) {
        if (const std::string* text = string_in(item)) strings.push_back(*text);
    }
    return strings;
}

const Json& member(const Json& object, std::string_view key) {
    return member_of(object, key);
}

const OrderedJson& member(const OrderedJson& object, std::string_view key) {
    return member_of(object, key);
}

const Json& element(const Json& array, std::size_t index) {
    static const Json kNone;
    return array.is_array() && index < array.size() ? array[index] : kNone;
}

std::string string_or(const Json& object, std::string_view key, std::string otherwise) {
    const std::string* text = string_in(member(object, key));
    return text != nullptr ? *text : std::move(otherwise);
}

std::string string_or(const OrderedJson& object, std::string_view key, std::string otherwise) {
    const std::string* text = string_in(member(object, key));
    return text != nullptr ? *text : std::move(otherwise);
}

std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t otherwise) {
    return integer_in(member(object, key)).value_or(otherwise);
}

bool bool_or(const Json& object, std::string_view key, bool otherwise) {
    const auto* flag = member(object, key).get_ptr<const Json::boolean_t*>();
    return flag != nullptr ? *flag : otherwise;
}

}  // namespace tenon
