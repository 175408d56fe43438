#include "host/permission/refusal_text.h"

#include "host/base/is_among.h"
#include "host/permission/rule_offer.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// More texts are only counted.
constexpr std::size_t kMostItems = 100;

/// 'text', as a shell reads it.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

/// The rule without its parentheses.
std::string bare_rule(const std::string& rule) {
    return rule.substr(0, rule.find('('));
}

/// The rules that allow all of `unmet`, each once; bare rules when there are too many needs. Empty:
/// no rules allow all of it.
std::vector<std::string> rules_for(const std::vector<const Need*>& unmet,
                                   const fs::path& workspace) {
    std::vector<std::string> rules;
    for (const Need* need : unmet) {
        std::string rule = need->rule(workspace);
        if (rule.empty()) return {};
        if (unmet.size() > kMostItems && need->protected_name.empty()) rule = bare_rule(rule);
        if (!is_among(rules, rule)) rules.push_back(std::move(rule));
    }
    // The bare rule covers the other rules about commands.
    if (is_among(rules, std::string_view("Bash")))
        std::erase_if(rules, [](const std::string& rule) { return rule.starts_with("Bash("); });
    return rules;
}

}  // namespace

std::vector<std::string> item_texts(const std::vector<const Need*>& needs,
                                    const fs::path& workspace) {
    std::vector<std::string> items;
    std::size_t left_out = 0;
    for (const Need* need : needs) {
        std::string text = need->description(workspace);
        if (is_among(items, text)) continue;
        if (items.size() < kMostItems)
            items.push_back(std::move(text));
        else
            ++left_out;
    }
    if (left_out > 0)
        items.push_back("do more than that (parts left out: " + std::to_string(left_out) + ")");
    return items;
}

std::string enumerated(const std::vector<std::string>& items) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
        out += items[i];
    }
    return out;
}

std::string advice(const std::vector<const Need*>& unmet, const fs::path& workspace) {
    const std::vector<std::string> rules = rules_for(unmet, workspace);
    if (rules.empty()) return " No rule allows it; --yes answers with yes.";
    std::string options;
    for (const std::string& rule : rules)
        options += " --allow " + shell_quoted(rule);
    std::string out = " Allow it with" + options + " or permissions.allow in the configuration.";
    for (const Need* need : unmet) {
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
