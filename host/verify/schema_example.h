#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/plugins/schema.h"

namespace tenon::verify {

/// Values that are made up from a schema, to try a plugin with. Pure functions. `schema` is the
/// JSON that `compiled` was compiled from; it is an object.

/// A value that fits: only with the required members, or with all members that can be made up. None
/// when no fitting value was found (a pattern that is hard to meet, for instance).
enum class Members { kRequired, kAll };
std::optional<Json> fitting_example(const Json& schema, const plugins::Schema& compiled,
                                    Members members);

/// The same with texts of one megabyte and the largest numbers, as far as the schema allows them.
/// The value need not fit: it has a huge text even where the schema has none. `fitting` is an
/// object.
Json huge_example(const Json& fitting, const Json& schema);

/// Each stated member with a value of another type, and a member that the schema does not state.
Json wrong_example(const Json& schema);

}  // namespace tenon::verify
