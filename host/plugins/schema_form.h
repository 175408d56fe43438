#pragma once

#include <string_view>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

/// The keyword under which `schema_form` collects what is asserted of strings (pattern, minLength,
/// maxLength), for the constraint that schema.cpp adds to the validator.
constexpr std::string_view kTextKeyword = "x-tenon-text";

/// `schema` reduced to what the validator decides by: annotations dropped, local references
/// replaced by what they name, assertions on strings under kTextKeyword. The Error names the place
/// (as a JSON pointer) of a keyword that is unknown or malformed. Pure function.
Result<Json> schema_form(const Json& schema);

}  // namespace tenon::plugins
