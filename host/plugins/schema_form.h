#pragma once

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

// Keywords of a form that schema.cpp checks itself.
constexpr const char* kTypesKeyword = "x-tenon-types";   ///< of `type`: a list of names
constexpr const char* kChoicesKeyword = "x-tenon-enum";  ///< `enum`
constexpr const char* kTextKeyword = "x-tenon-text";     ///< pattern, format, minLength, maxLength

/// What `format` means.
enum class FormatKeyword {
    kAnnotation,  ///< nothing: any format, and any text
    kAssertion,   ///< the text must have that form; see text_format.h
};

/// Converts a schema to the form that the validator uses: without annotations, with each local
/// reference replaced by the schema that it names, and with `type`, `enum` and the assertions on
/// strings moved to the keywords above. The Error names the place, as a JSON pointer, of a keyword
/// that is unknown or malformed. Pure function.
Result<Json> schema_form(const Json& schema, FormatKeyword format = FormatKeyword::kAnnotation);

}  // namespace tenon::plugins
