#include "host/plugins/schema_form.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <re2/re2.h>
#include <set>
#include <string>
#include <vector>

#include "host/base/utf8.h"
#include "host/plugins/text_format.h"

namespace tenon::plugins {
namespace {

/// Limits, since references can multiply the size of a schema. Far more than any tool needs.
constexpr int kMaxNodes = 10'000;
constexpr int kMaxDepth = 64;

enum class Shape {
    kAnnotation,    // does not matter for validity
    kSchema,        // one schema
    kSchemaOrList,  // one schema, or one for each element
    kSchemas,       // a non-empty list of schemas
    kSchemaByName,  // an object of schemas
    kDependencies,  // an object of schemas or lists of names
    kDefinitions,   // schemas for references; converted where they are used
    kTypes,
    kChoices,  // a non-empty list of anything
    kAnything,
    kNumber,
    kPositiveNumber,
    kCount,
    kBool,
    kNames,
    kTextCount,  // of strings
    kTextPattern,
    kTextFormat,
};

/// Draft 7 without patternProperties and remote references.
const std::map<std::string, Shape, std::less<>>& keywords() {
    static const std::map<std::string, Shape, std::less<>> table = {
        {"$schema", Shape::kAnnotation},
        {"$comment", Shape::kAnnotation},
        {"$id", Shape::kAnnotation},
        {"title", Shape::kAnnotation},
        {"description", Shape::kAnnotation},
        {"default", Shape::kAnnotation},
        {"examples", Shape::kAnnotation},
        {"readOnly", Shape::kAnnotation},
        {"writeOnly", Shape::kAnnotation},
        {"deprecated", Shape::kAnnotation},
        {"format", Shape::kTextFormat},
        {"contentEncoding", Shape::kAnnotation},
        {"contentMediaType", Shape::kAnnotation},
        {"definitions", Shape::kDefinitions},
        {"$defs", Shape::kDefinitions},
        {"properties", Shape::kSchemaByName},
        {"additionalProperties", Shape::kSchema},
        {"propertyNames", Shape::kSchema},
        {"dependencies", Shape::kDependencies},
        {"items", Shape::kSchemaOrList},
        {"additionalItems", Shape::kSchema},
        {"contains", Shape::kSchema},
        {"allOf", Shape::kSchemas},
        {"anyOf", Shape::kSchemas},
        {"oneOf", Shape::kSchemas},
        {"not", Shape::kSchema},
        {"if", Shape::kSchema},
        {"then", Shape::kSchema},
        {"else", Shape::kSchema},
        {"type", Shape::kTypes},
        {"enum", Shape::kChoices},
        {"const", Shape::kAnything},
        {"minimum", Shape::kNumber},
        {"maximum", Shape::kNumber},
        {"exclusiveMinimum", Shape::kNumber},
        {"exclusiveMaximum", Shape::kNumber},
        {"multipleOf", Shape::kPositiveNumber},
        {"minItems", Shape::kCount},
        {"maxItems", Shape::kCount},
        {"minProperties", Shape::kCount},
        {"maxProperties", Shape::kCount},
        {"uniqueItems", Shape::kBool},
        {"required", Shape::kNames},
        {"minLength", Shape::kTextCount},
        {"maxLength", Shape::kTextCount},
        {"pattern", Shape::kTextPattern},
    };
    return table;
}

bool is_type_name(const Json& name) {
    static const std::set<std::string> names = {"array",  "boolean", "integer", "null",
                                                "number", "object",  "string"};
    return name.is_string() && names.count(*string_in(name)) > 0;
}

bool all(const Json& list, const std::function<bool(const Json&)>& fits) {
    return list.is_array() && std::all_of(list.begin(), list.end(), fits);
}

bool is_count(const Json& value) {
    return value.is_number_integer() && value >= 0 && value <= INT64_MAX;
}

/// What is wrong with the value of a keyword that holds no schema; empty: nothing.
std::string_view shape_error(Shape shape, const Json& value) {
    const auto unless = [](bool fits, std::string_view text) {
        return fits ? std::string_view() : text;
    };
    const auto is_text = [](const Json& element) { return element.is_string(); };
    switch (shape) {
        case Shape::kTypes:
            return unless(is_type_name(value) || (!value.empty() && all(value, is_type_name)),
                          "must name a JSON type, or a list of them");
        case Shape::kChoices:
            return unless(value.is_array() && !value.empty(), "must be a list that is not empty");
        case Shape::kNumber:
            return unless(value.is_number(), "must be a number");
        case Shape::kPositiveNumber:
            return unless(value.is_number() && value > 0, "must be a number above 0");
        case Shape::kCount:
        case Shape::kTextCount:
            return unless(is_count(value), "must be a whole number from 0 on");
        case Shape::kBool:
            return unless(value.is_boolean(), "must be true or false");
        case Shape::kNames:
            return unless(all(value, is_text), "must be a list of names");
        case Shape::kTextPattern:
            return unless(value.is_string(), "must be a pattern in a string");
        default:
            return "";
    }
}

std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name)
        out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
    return out;
}

std::string pattern_error(const Json& value) {
    const std::string* pattern = string_in(value);
    if (pattern == nullptr) return {};
    const RE2 compiled(*pattern, RE2::Quiet);
    if (compiled.ok()) return {};
    return "the pattern " + *pattern + " is not understood: " + compiled.error();
}

std::string format_error(const Json& value) {
    const std::string* name = string_in(value);
    if (name == nullptr) return "must be the name of a format";
    if (is_known_format(*name)) return {};
    return "this host does not know the format '" + *name + "'; it knows " + known_formats();
}

/// Converts one schema. After the first error everything returns null.
class Converter {
public:
    Converter(const Json& root, FormatKeyword format) : root_(root), format_(format) {}

    Json schema(const Json& node, const std::string& at) {
        if (node.is_boolean()) return node;
        if (!node.is_object()) return fail(at, "must be a schema: an object, true or false");
        if (++nodes_ > kMaxNodes)
            return fail(at, "the schema is too large once its references are followed");
        if (depth_ == kMaxDepth) return fail(at, "the schema is nested too deep");
        ++depth_;
        Json out = node.contains("$ref") ? reference(node, at) : keywords_of(node, at);
        --depth_;
        return out;
    }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

private:
    Json fail(const std::string& at, std::string_view why) {
        if (!error_)
            error_ = Error{"schema at " + (at.empty() ? "its top" : at) + ": " + std::string(why)};
        return nullptr;
    }

    /// "#/definitions/x" and "#/$defs/x". Recursion is refused, since a form would be endless.
    Json reference(const Json& node, const std::string& at) {
        for (const auto& [key, value] : node.items()) {
            const auto keyword = keywords().find(key);
            const bool is_allowed =
                key == "$ref" ||
                (keyword != keywords().end() &&
                 (keyword->second == Shape::kAnnotation || keyword->second == Shape::kDefinitions));
            if (!is_allowed) return fail(at, "'" + key + "' next to '$ref' would be ignored");
        }
        const std::string* target = string_in(member(node, "$ref"));
        if (target == nullptr) return fail(at + "/$ref", "must be a string");
        const std::string& name = *target;
        if (name == "#") return fail(at + "/$ref", "'#' refers to itself");
        const Json* found = name.starts_with("#/") ? find(name.substr(1)) : nullptr;
        if (found == nullptr)
            return fail(at + "/$ref", "'" + name + "' names nothing in this schema");
        if (!active_.insert(name).second)
            return fail(at + "/$ref", "'" + name + "' refers to itself");
        Json out = schema(*found, name.substr(1));
        active_.erase(name);
        return out;
    }

    const Json* find(const std::string& pointer) const {
        try {
            const Json::json_pointer where(pointer);
            return root_.contains(where) ? &root_.at(where) : nullptr;
        } catch (const Json::exception&) {
            return nullptr;  // not a JSON pointer
        }
    }

    Json keywords_of(const Json& node, const std::string& at) {
        Json out = Json::object();
        for (const auto& [key, value] : node.items()) {
            const std::string here = at + "/" + escaped(key);
            const auto keyword = keywords().find(key);
            if (keyword == keywords().end())
                return fail(here, "this host does not know the keyword '" + key + "'");
            put(out, key, keyword->second, value, here);
            if (error_) return nullptr;
        }
        return out;
    }

    void put(Json& out, const std::string& key, Shape shape, const Json& value,
             const std::string& at) {
        if (const auto why = shape_error(shape, value); !why.empty()) {
            fail(at, why);
            return;
        }
        if (shape == Shape::kTextPattern)
            if (const auto why = pattern_error(value); !why.empty()) fail(at, why);
        switch (shape) {
            case Shape::kAnnotation:
            case Shape::kDefinitions:
                return;
            case Shape::kSchema:
                out[key] = schema(value, at);
                return;
            case Shape::kSchemaOrList:
                out[key] = value.is_array() ? list(value, at) : schema(value, at);
                return;
            case Shape::kSchemas:
                out[key] = list(value, at);
                return;
            case Shape::kSchemaByName:
            case Shape::kDependencies:
                out[key] = by_name(value, at, shape);
                return;
            case Shape::kTextCount:
            case Shape::kTextPattern:
                out[kTextKeyword][key] = value;
                return;
            case Shape::kTextFormat:
                if (format_ == FormatKeyword::kAnnotation) return;
                if (const auto why = format_error(value); !why.empty()) fail(at, why);
                out[kTextKeyword][key] = value;
                return;
            case Shape::kTypes:
                out[kTypesKeyword] = value.is_array() ? value : Json::array({value});
                return;
            case Shape::kChoices:
                out[kChoicesKeyword] = value;
                return;
            default:
                out[key] = value;
                return;
        }
    }

    Json list(const Json& value, const std::string& at) {
        if (!value.is_array() || value.empty())
            return fail(at, "must be a list of schemas that is not empty");
        Json out = Json::array();
        for (std::size_t i = 0; i < value.size(); ++i)
            out.push_back(schema(value[i], at + "/" + std::to_string(i)));
        return out;
    }

    Json by_name(const Json& value, const std::string& at, Shape shape) {
        if (!value.is_object()) return fail(at, "must be an object of schemas");
        Json out = Json::object();
        for (const auto& [name, value_of_name] : value.items()) {
            const std::string here = at + "/" + escaped(name);
            if (name.find('\0') != std::string::npos)
                return fail(at, "a name holds a NUL character");
            const bool names = shape == Shape::kDependencies && value_of_name.is_array();
            if (names && !shape_error(Shape::kNames, value_of_name).empty())
                return fail(here, "must be a list of names");
            out[name] = names ? value_of_name : schema(value_of_name, here);
        }
        return out;
    }

    const Json& root_;
    const FormatKeyword format_;
    std::set<std::string> active_;  // the references that are being replaced
    int nodes_ = 0;
    int depth_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<Json> schema_form(const Json& schema, FormatKeyword format) {
    Converter converter(schema, format);
    Json form = converter.schema(schema, "");
    if (converter.error()) return *converter.error();
    return form;
}

}  // namespace tenon::plugins
