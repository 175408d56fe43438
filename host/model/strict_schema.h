#pragma once

#include "host/base/json.h"

namespace tenon::model {

/// Whether OpenAI's formats take a JSON schema with `"strict":true`: it is that of an object, every
/// object in it has `additionalProperties` false and requires all of its properties, and no keyword
/// that is excluded there occurs. A schema may be true for other servers as well. Pure.
bool is_strict_schema(const Json& schema);

}  // namespace tenon::model
