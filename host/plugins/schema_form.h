#pragma once

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

// The keywords of a form that schema.cpp decides itself.
constexpr const char* kTypesKeyword = "x-tenon-types";   ///< of `type`: a list of names
constexpr const char* kChoicesKeyword = "x-tenon-enum";  ///< `enum`
constexpr const char* kTextKeyword = "x-tenon-text";     ///< pattern, minLength, maxLength

/// `schema` reduced to what the validator decides by: annotations dropped, local references
/// replaced by what they name, `type`, `enum` and the assertions on strings under the keywords
/// above. The Error names the place (as a JSON pointer) of a keyword that is unknown or malformed.
/// Pure function.
Result<Json> schema_form(const Json& schema);

}  // namespace tenon::plugins
