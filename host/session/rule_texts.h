#pragma once

#include <filesystem>
#include <vector>

#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/permission/rules.h"

/// Permission rules on their way from the configuration to the gate.
namespace tenon::session {

std::vector<permission::RuleText> rule_texts(const std::vector<config::RuleText>& rules);

/// What `config::Sources::check_rule` asks for.
Result<void> check_rule(const config::RuleText& rule, const std::filesystem::path& base,
                        const std::filesystem::path& home);

}  // namespace tenon::session
