#include "host/verify/schema_example.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace tenon::verify {

using plugins::Schema;

namespace {

constexpr int kDeepest = 16;
constexpr std::size_t kHugeText = 1U << 20U;

/// Texts that meet patterns which are in common use. No file has these names.
// clang-format off
constexpr std::string_view kTexts[] = {
    "tenon-verify", "tenon_verify", "tenonverify", "Tenon", "TENON", "tenon verify", "tenon1", "a", "A", "1", "0", "12",
    "123", "1234", "00000000", "deadbeef", "1.0", "1.2.3", "v1.2.3", "#a1b2c3", "2026-01-31", "2026-01-31T12:00:00Z",
    "12:00", "12:00:00", "tenon-verify.txt", "./tenon-verify", "/tenon-verify", "tenon@example.org", "https://example.org/", "example.org", "127.0.0.1", "a/b", "a,b", ""};
// clang-format on

/// Makes values from a schema. What it makes need not fit: the caller checks.
class ExampleMaker {
public:
    ExampleMaker(const Json& root, Members members, std::size_t text)
        : root_(root), members_(members), text_(text) {}

    [[nodiscard]] Json make(const Json& schema, int depth = 0) const {
        if (!schema.is_object() || depth > kDeepest) return Json::object();
        if (const std::string* target = string_in(member(schema, "$ref")))
            return make(referenced(*target), depth + 1);
        if (schema.contains("const")) return member(schema, "const");
        if (const Json& choices = member(schema, "enum"); choices.is_array() && !choices.empty())
            return element(choices, 0);
        for (const char* key : {"oneOf", "anyOf", "allOf"}) {
            const Json& first = element(member(schema, key), 0);
            if (first.is_object()) return make(merged(schema, first), depth + 1);
        }
        return make_of(type_of(schema), schema, depth);
    }

private:
    /// "#/definitions/name" or "#/$defs/name"; the root for "#".
    [[nodiscard]] const Json& referenced(std::string_view target) const {
        const Json* at = &root_;
        if (target.starts_with("#")) target.remove_prefix(1);
        while (target.starts_with("/")) {
            target.remove_prefix(1);
            const std::string_view name = target.substr(0, target.find('/'));
            target.remove_prefix(name.size());
            at = &member(*at, name);
        }
        return *at;
    }

    /// One alternative with what stands beside the list of alternatives.
    static Json merged(const Json& schema, const Json& alternative) {
        Json out = schema;
        for (const char* key : {"oneOf", "anyOf", "allOf"})
            out.erase(key);
        for (const auto& [key, value] : alternative.items()) {
            if (key == "properties" && out.contains(key)) {
                Json all = member(out, key);
                if (all.is_object() && value.is_object()) all.update(value);
                out[key] = std::move(all);
            } else if (key == "required" && member(out, key).is_array() && value.is_array()) {
                Json all = member(out, key);
                for (const Json& name : value)
                    all.push_back(name);
                out[key] = std::move(all);
            } else {
                out[key] = value;
            }
        }
        return out;
    }

    static std::string type_of(const Json& schema) {
        const Json& type = member(schema, "type");
        if (const std::string* one = string_in(type)) return *one;
        for (const std::string& one : strings_in(type))
            if (one != "null") return one;
        if (schema.contains("properties")) return "object";
        if (schema.contains("items")) return "array";
        if (schema.contains("minimum") || schema.contains("maximum")) return "number";
        return "string";
    }

    [[nodiscard]] Json make_of(const std::string& type, const Json& schema, int depth) const {
        if (type == "object") return make_object(schema, depth);
        if (type == "array") return make_array(schema, depth);
        if (type == "integer" || type == "number") return make_number(schema, type == "integer");
        if (type == "boolean") return false;
        if (type == "null") return nullptr;
        return make_text(schema);
    }

    [[nodiscard]] Json make_object(const Json& schema, int depth) const {
        Json out = Json::object();
        const Json& properties = member(schema, "properties");
        if (properties.is_object() && members_ == Members::kAll)
            for (const auto& [name, property] : properties.items())
                out[name] = make(property, depth + 1);
        for (const std::string& name : strings_in(member(schema, "required"))) {
            if (out.contains(name)) continue;
            const Json& property = member(properties, name);
            out[name] = property.is_object() ? make(property, depth + 1) : Json("tenon-verify");
        }
        const std::int64_t least = integer_or(schema, "minProperties", 0);
        for (int i = 1; static_cast<std::int64_t>(out.size()) < least && i < 100; ++i)
            out["tenon_verify_" + std::to_string(i)] =
                make(member(schema, "additionalProperties"), depth + 1);
        return out;
    }

    [[nodiscard]] Json make_array(const Json& schema, int depth) const {
        Json out = Json::array();
        const Json& items = member(schema, "items");
        const std::int64_t least = std::max<std::int64_t>(
            integer_or(schema, "minItems", 0),
            members_ == Members::kAll && integer_or(schema, "maxItems", 1) > 0 ? 1 : 0);
        for (std::int64_t i = 0; i < std::min<std::int64_t>(least, 1000); ++i) {
            const Json& item =
                items.is_array() ? element(items, static_cast<std::size_t>(i)) : items;
            out.push_back(item.is_object() ? make(item, depth + 1) : Json("tenon-verify"));
            if (bool_or(schema, "uniqueItems", false)) make_unique(out, i);
        }
        return out;
    }

    static void make_unique(Json& list, std::int64_t position) {
        Json& last = list.back();
        if (const auto number = integer_in(last)) {
            last = *number + position;
        } else if (const std::string* text = string_in(last); text != nullptr && position > 0) {
            last = *text + std::to_string(position);
        }
    }

    static Json make_number(const Json& schema, bool whole) {
        double value = 1;
        if (const auto least = number_in(member(schema, "minimum")))
            value = std::max(value, *least);
        if (const auto most = number_in(member(schema, "maximum"))) value = std::min(value, *most);
        if (const auto least = number_in(member(schema, "exclusiveMinimum"));
            least && value <= *least)
            value = *least + (whole ? 1 : 0.5);
        if (const auto most = number_in(member(schema, "exclusiveMaximum")); most && value >= *most)
            value = *most - (whole ? 1 : 0.5);
        if (const auto step = number_in(member(schema, "multipleOf")); step && *step > 0) {
            constexpr double kMostSteps = 1e15;
            const double steps = value / *step;
            if (steps > -kMostSteps && steps < kMostSteps)
                value = *step * static_cast<double>(static_cast<std::int64_t>(steps + 0.999999));
        }
        constexpr double kMostExact = 9e15;
        if (whole && value > -kMostExact && value < kMostExact)
            return static_cast<std::int64_t>(value);
        return value;
    }

    /// The text with the number `text_` of those that are tried.
    [[nodiscard]] Json make_text(const Json& schema) const {
        const std::int64_t least =
            std::min<std::int64_t>(integer_or(schema, "minLength", 0), 1 << 20);
        const std::int64_t most = integer_or(schema, "maxLength", std::numeric_limits<int>::max());
        std::string text(kTexts[text_]);
        const char filling = text.empty() ? 'a' : text.back();
        if (static_cast<std::int64_t>(text.size()) < least)
            text.resize(static_cast<std::size_t>(least), filling);
        if (most >= 0 && static_cast<std::int64_t>(text.size()) > most)
            text.resize(static_cast<std::size_t>(most));
        return text;
    }

    const Json& root_;
    const Members members_;
    const std::size_t text_;
};

/// The largest text that `schema` allows, and not more than kHugeText.
Json grown_text(const Json& schema) {
    const std::int64_t most = integer_or(schema, "maxLength", kHugeText);
    return std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(most, 0, kHugeText)), 'x');
}

/// The largest number that `schema` allows; `value` where the schema states it in another way.
Json grown_number(const Json& value, const Json& schema) {
    if (schema.contains("exclusiveMaximum") || schema.contains("multipleOf")) return value;
    if (schema.contains("maximum")) return member(schema, "maximum");
    if (value.is_number_integer()) return std::numeric_limits<std::int64_t>::max();
    return std::numeric_limits<double>::max();
}

/// `schema` is that of `value`, as far as it is known.
Json grown(const Json& value, const Json& schema, int depth) {
    if (depth > kDeepest || schema.contains("enum") || schema.contains("const")) return value;
    if (value.is_string()) return grown_text(schema);
    if (value.is_number()) return grown_number(value, schema);
    Json out = value;
    if (value.is_array())
        for (Json& element : out)
            element = grown(element, member(schema, "items"), depth + 1);
    if (value.is_object())
        for (auto it = out.begin(); it != out.end(); ++it)
            it.value() =
                grown(it.value(), member(member(schema, "properties"), it.key()), depth + 1);
    return out;
}

bool has_huge_text(const Json& value) {
    if (const std::string* text = string_in(value)) return text->size() >= kHugeText;
    return value.is_structured() && std::any_of(value.begin(), value.end(),
                                                [](const Json& one) { return has_huge_text(one); });
}

}  // namespace

std::optional<Json> fitting_example(const Json& schema, const Schema& compiled, Members members) {
    // Each property takes the first text that fits by itself. Where the schema combines properties,
    // this may fail.
    Json out;
    for (std::size_t text = 0; text < std::size(kTexts); ++text) {
        Json value = ExampleMaker(schema, members, text).make(schema);
        if (compiled.check(value)) return value;
        if (!value.is_object()) continue;
        if (!out.is_object()) {
            out = std::move(value);
            continue;
        }
        const Json& properties = member(schema, "properties");
        for (const auto& [name, candidate] : value.items()) {
            Json only = Json::object();
            only[name] = member(properties, name);
            Json alone = {{"type", "object"}, {"properties", std::move(only)}};
            for (const char* key : {"definitions", "$defs"})
                if (schema.contains(key)) alone[key] = member(schema, key);
            const auto judge = Schema::compile(alone);
            Json chosen = Json::object();
            chosen[name] = member(out, name);
            Json offered = Json::object();
            offered[name] = candidate;
            if (judge && !judge->check(chosen) && judge->check(offered)) out[name] = candidate;
        }
        if (compiled.check(out)) return out;
    }
    return std::nullopt;
}

Json huge_example(const Json& fitting, const Json& schema) {
    Json out = grown(fitting, schema, 0);
    if (out.is_object() && !has_huge_text(out)) out["tenon_verify"] = std::string(kHugeText, 'x');
    return out;
}

Json wrong_example(const Json& schema) {
    Json out = Json::object();
    const Json& properties = member(schema, "properties");
    if (properties.is_object()) {
        for (const auto& [name, property] : properties.items()) {
            const std::string type = string_or(property, "type");
            if (type == "string" || type == "object" || type.empty()) {
                out[name] = Json::array({17, nullptr});
            } else {
                out[name] = "tenon-verify";
            }
        }
    }
    out["tenon_verify"] = Json::object({{"nested", Json::array({1, "two", nullptr})}});
    return out;
}

}  // namespace tenon::verify
