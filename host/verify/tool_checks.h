#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/plugin/instance.h"
#include "host/plugins/plugin_tool.h"
#include "host/verify/verdicts.h"

namespace tenon::verify {

/// What `required` names although `properties` beside it has no such member, each with its place:
/// `"nmae"`, or `"nmae" in /properties/options`. A schema that states `additionalProperties` as
/// anything but false may mean such a member, and so may the alternatives in `anyOf` and the like;
/// they are not looked at. Pure function. `schema` may be any JSON.
std::vector<std::string> required_but_unknown(const Json& schema);

/// Passes remarks on what a usable tool states: flags, claims and its name. `taken` are the names
/// of the tools that come with the host. False: the tool is wrong, and that has been said.
bool check_statements(const plugin::ToolDeclaration& declaration, const agent::ToolSpec& spec,
                      const std::set<std::string>& taken, Verdicts& verdicts);

}  // namespace tenon::verify
