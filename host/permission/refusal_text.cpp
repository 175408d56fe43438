#include "host/permission/refusal_text.h"

#include <algorithm>

#include "host/permission/rule_offer.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// For a shell: 'text'.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

/// The rule without what stands between its parentheses.
std::string bare(const std::string& rule) {
    return rule.substr(0, rule.find('('));
}

/// The rules that allow all of `open`, each once; bare ones for too many of them. Empty: there are
/// none.
std::vector<std::string> rules_for(const std::vector<const Need*>& open,
                                   const fs::path& workspace) {
    std::vector<std::string> rules;
    for (const Need* need : open) {
        std::string rule = need->rule(workspace);
        if (rule.empty()) return {};
        if (open.size() > kMostItems && need->protected_name.empty()) rule = bare(rule);
        if (std::find(rules.begin(), rules.end(), rule) == rules.end())
            rules.push_back(std::move(rule));
    }
    // The bare rule covers the others about commands.
    if (std::find(rules.begin(), rules.end(), "Bash") != rules.end())
        std::erase_if(rules, [](const std::string& rule) { return rule.starts_with("Bash("); });
    return rules;
}

}  // namespace

std::string enumerated(const std::vector<std::string>& items) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
        out += items[i];
    }
    return out;
}

std::string advice(const std::vector<const Need*>& open, const fs::path& workspace) {
    const std::vector<std::string> rules = rules_for(open, workspace);
    if (rules.empty()) return " No rule allows it; --yes answers with yes.";
    std::string options;
    for (const std::string& rule : rules)
        options += " --allow " + shell_quoted(rule);
    std::string out = " Allow it with" + options + " or permissions.allow in the configuration.";
    for (const Need* need : open) {
        if (need->kind != NeedKind::kCommand) continue;
        if (need->opaque)
            return out + " Only the bare rule Bash allows what is not wholly understood.";
        if (!need->runs_inside)
            return out + " Only the bare rule Bash allows what runs outside the workspace.";
        if (may_run_its_input(need->part)) return out + " It would hold for any other input too.";
    }
    return out;
}

std::string named(const Rule& rule) {
    return rule.text() + " (" + rule.origin() + ")";
}

std::string shortened(const std::string& text) {
    constexpr std::size_t kLongest = 2'000;
    if (text.size() <= kLongest) return text;
    const auto is_inside = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    std::size_t head = kLongest / 2;
    std::size_t tail = text.size() - kLongest / 2;
    while (head > 0 && is_inside(head))
        --head;
    while (tail < text.size() && is_inside(tail))
        ++tail;
    return text.substr(0, head) + "[… " + std::to_string(tail - head) + " bytes …]" +
           text.substr(tail);
}

}  // namespace tenon::permission
