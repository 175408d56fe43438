#pragma once

#include <string_view>

#include "host/agent/tool_facts.h"
#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::plugins {

/// Reads the facts that a tool states (tenon_tool.facts); empty text states none. The Error says
/// which member is wrong: a member of another type, an unknown value, or an argument that
/// `input_schema` does not have, since a misspelt one would never be judged. Of a plugin that is
/// not first-party, what would spare a permission question is left out.
Result<agent::ToolFacts> read_facts(std::string_view json, const Json& input_schema,
                                    bool first_party);

}  // namespace tenon::plugins
