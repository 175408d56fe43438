#include "host/model/strict_schema.h"

#include <algorithm>
#include <array>

namespace tenon::model {
namespace {

/// Keywords that a strict schema may not have.
constexpr std::array<const char*, 13> kExcluded = {"allOf",
                                                   "oneOf",
                                                   "not",
                                                   "if",
                                                   "then",
                                                   "else",
                                                   "dependentRequired",
                                                   "dependentSchemas",
                                                   "patternProperties",
                                                   "propertyNames",
                                                   "prefixItems",
                                                   "unevaluatedProperties",
                                                   "unevaluatedItems"};

bool is_object_schema(const Json& schema) {
    const Json& type = member(schema, "type");
    return type == "object" || !member(schema, "properties").is_null() ||
           (type.is_array() && std::find(type.begin(), type.end(), "object") != type.end());
}

bool has_closed_properties(const Json& schema) {
    const Json& more = member(schema, "additionalProperties");
    if (!more.is_boolean() || bool_or(schema, "additionalProperties", true)) return false;
    const std::vector<std::string> required = strings_in(member(schema, "required"));
    const Json& properties = member(schema, "properties");
    for (const auto& [name, unused] : properties.items()) {
        if (std::find(required.begin(), required.end(), name) == required.end()) return false;
    }
    return true;
}

bool is_strict_inside(const Json& schema);

bool are_strict(const Json& schemas) {
    return std::all_of(schemas.begin(), schemas.end(), is_strict_inside);
}

bool is_strict_inside(const Json& schema) {
    if (!schema.is_object()) return false;
    for (const char* keyword : kExcluded)
        if (schema.contains(keyword)) return false;
    if (is_object_schema(schema) && !has_closed_properties(schema)) return false;
    const Json& items = member(schema, "items");
    if (!items.is_null() && !is_strict_inside(items)) return false;
    return are_strict(member(schema, "properties")) && are_strict(member(schema, "anyOf")) &&
           are_strict(member(schema, "$defs")) && are_strict(member(schema, "definitions"));
}

}  // namespace

bool is_strict_schema(const Json& schema) {
    return member(schema, "type") == "object" && !schema.contains("anyOf") &&
           is_strict_inside(schema);
}

}  // namespace tenon::model
