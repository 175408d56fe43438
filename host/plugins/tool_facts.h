#pragma once

#include <string_view>

#include "host/agent/tool_facts.h"
#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

/// Reads the facts that a tool states (tenon_tool.facts); an empty text states none. The Error
/// names the member that is wrong: it has another type, an unknown value, or the name of an
/// argument that `input_schema` does not have, since a misspelt argument would never be judged. For
/// a plugin that is not first-party, the members that could spare a permission question are
/// ignored.
Result<agent::ToolFacts> read_facts(std::string_view json, const Json& input_schema,
                                    bool first_party);

}  // namespace tenon::plugins
