#pragma once

#include <string>

#include "host/base/json.h"

namespace tenon::plugins {

/// Why `value` does not fit `form` (see schema_form), for a model: which argument, what is wrong,
/// what is allowed; at most a handful of complaints, joined by "; ". Empty when what fails is
/// beyond the simple keywords (anyOf, contains, …). Whether the value fits is not decided here.
std::string explain_misfit(const Json& form, const Json& value);

}  // namespace tenon::plugins
