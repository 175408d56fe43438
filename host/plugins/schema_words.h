#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"

namespace tenon::plugins {

/// One report of the validator: where, as it names the steps ("<root>", "[job_ids]", "[0]"), and in
/// its own words.
struct SchemaFlaw {
    std::vector<std::string> context;
    std::string description;
};

/// Says which members of `value` do not fit and what is allowed, the first five. `form` is the form
/// of the schema (see schema_form.h), `whole` the name of the value itself. Pure function.
std::string flaws_in_words(const std::vector<SchemaFlaw>& flaws, const Json& form,
                           const Json& value, std::string_view whole);

}  // namespace tenon::plugins
