#include "host/session/rule_texts.h"

namespace tenon::session {

std::vector<permission::RuleText> rule_texts(const std::vector<config::RuleText>& rules) {
    std::vector<permission::RuleText> out;
    for (const config::RuleText& rule : rules)
        out.push_back({rule.text, rule.origin, rule.base});
    return out;
}

Result<void> check_rule(const config::RuleText& rule, const std::filesystem::path& base,
                        const std::filesystem::path& home) {
    const auto parsed = permission::Rule::parse({rule.text, rule.origin, rule.base}, {base, home});
    if (!parsed) return parsed.error();
    return {};
}

}  // namespace tenon::session
