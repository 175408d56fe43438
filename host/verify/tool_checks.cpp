#include "host/verify/tool_checks.h"

#include <algorithm>

#include "host/base/untrusted.h"

namespace tenon::verify {
namespace {

/// Whether a member that `properties` does not name was meant to be possible. Without a word about
/// it, the schema only happens to allow it.
bool expects_other_members(const Json& schema) {
    if (schema.contains("patternProperties")) return true;
    const Json& others = member(schema, "additionalProperties");
    return others.is_object() || (others.is_boolean() && others != false);
}

void collect_unknown(const Json& schema, const std::string& place, std::vector<std::string>& out) {
    if (!schema.is_object()) return;
    const Json& properties = member(schema, "properties");
    const bool describes = properties.is_object() || place.empty();
    for (const std::string& name : strings_in(member(schema, "required")))
        if (describes && !properties.contains(name) && !expects_other_members(schema))
            out.push_back(in_quotes(name) + (place.empty() ? "" : " in " + visible(place)));
    for (const char* key : {"properties", "definitions", "$defs"}) {
        const Json& schemas = member(schema, key);
        if (!schemas.is_object()) continue;
        for (const auto& [name, one] : schemas.items())
            collect_unknown(one, place + "/" + key + "/" + name, out);
    }
    for (const char* key : {"items", "additionalProperties"})
        collect_unknown(member(schema, key), place + "/" + key, out);
}

void check_flags(const plugin::ToolDeclaration& declaration, const agent::ToolSpec& spec,
                 Verdicts& verdicts) {
    constexpr std::uint32_t kKnown = TENON_READ_ONLY | TENON_ADDITIVE | TENON_IDEMPOTENT |
                                     TENON_CLOSED_WORLD | TENON_CONCURRENT | TENON_LONG_RUNNING;
    if ((declaration.flags & ~kKnown) != 0)
        verdicts.remark("tools", spec.name + " has flags that this host does not know",
                        "that is fine if they are of a later minor version of the ABI");
    if (spec.read_only && (!spec.facts.writes.empty() || !spec.facts.command.empty()))
        verdicts.remark("tools",
                        spec.name +
                            " claims to be read-only, but states a command or a path "
                            "that it writes",
                        "leave out the flag TENON_READ_ONLY");
}

/// False: the host leaves a plugin with such a tool out.
bool check_name(const std::string& name, const std::set<std::string>& taken, Verdicts& verdicts) {
    const bool is_free = taken.count(name) == 0;
    if (!is_free)
        verdicts.fail("tools",
                      name +
                          " is also the name of a tool that comes with Tenon, which then "
                          "leaves the plugin out",
                      "choose another name: one that begins with the id is free");
    return is_free;
}

}  // namespace

std::vector<std::string> required_but_unknown(const Json& schema) {
    std::vector<std::string> out;
    collect_unknown(schema, "", out);
    return out;
}

bool check_statements(const plugin::ToolDeclaration& declaration, const agent::ToolSpec& spec,
                      const std::set<std::string>& taken, Verdicts& verdicts) {
    check_flags(declaration, spec, verdicts);
    const bool is_free = check_name(spec.name, taken, verdicts);
    const std::vector<std::string> unknown = required_but_unknown(spec.input_schema);
    for (const std::string& name : unknown)
        verdicts.fail("tools",
                      "the input schema of " + spec.name + " requires " + name +
                          ", which its properties do not have",
                      "correct the name in \"required\", or describe the property");
    return is_free && unknown.empty();
}

}  // namespace tenon::verify
