#pragma once

#include <optional>

#include "host/base/json.h"

namespace tenon::plugins {

/// `value` with 2.0 and 1e2 written as 2 and 100 where `form` (see schema_form) wants an integer:
/// for JSON Schema they are integers, and a tool is to find one kind of number only. What a signed
/// integer of 64 bits cannot hold stays as it is. Nothing when there is nothing to write anew,
/// which is found without a copy. Pure function.
std::optional<Json> with_integers(const Json& form, const Json& value);

}  // namespace tenon::plugins
