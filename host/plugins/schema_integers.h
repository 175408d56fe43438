#pragma once

#include <optional>

#include "host/base/json.h"

namespace tenon::plugins {

/// `value` with 2.0 and 1e2 replaced by 2 and 100 where `form` (see schema_form) states an integer.
/// For JSON Schema these numbers are integers; a tool should get only one form of them. A number
/// that does not fit into a signed integer of 64 bits is not replaced. Nothing when `value` need
/// not change; then it is not copied. Pure function.
std::optional<Json> with_integers(const Json& form, const Json& value);

}  // namespace tenon::plugins
