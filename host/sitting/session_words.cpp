#include "host/sitting/session_words.h"

#include <algorithm>

#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/sitting/session_tally.h"
#include "host/sitting/status_line.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kNoRoomForNames = 50;  // there is no room for a column of names
constexpr std::size_t kIndentOfNarrow = 2;
constexpr std::size_t kLeastText = 4;
constexpr std::string_view kBuiltInList =
    "the built-in list: recursive rm of /, of the home directory or of a top-level directory; "
    "sudo, "
    "shutdown, reboot, halt, poweroff; writing to block devices. No rule or mode allows these.";

std::size_t widest_name(const std::vector<Fact>& facts) {
    std::size_t widest = 0;
    for (const auto& [name, text] : facts)
        widest = std::max(widest, width_of(name));
    return widest;
}

/// `first` before the first row, as many blanks before the others.
void add_hanging(Lines& lines, const std::string& first, std::size_t indent,
                 const std::string& text, std::size_t width) {
    std::string before = first;
    for (const std::string& row :
         wrap(text, std::max(kLeastText, width - std::min(width, indent)))) {
        lines.push_back(before + row);
        before.assign(indent, ' ');
    }
}

/// The tokens and, with prices, the money.
std::string usage_words(const agent::Usage& usage, const agent::Prices& prices,
                        const std::string& remark = {}) {
    std::string words = agent::in_words(usage);
    if (!remark.empty()) words += " (" + remark + ")";
    if (prices.known()) words += "; " + prices.cost(usage).text();
    return words;
}

std::string estimated_words(bool has_estimates) {
    return has_estimates ? ", partly estimated" : "";
}

std::string with_origin(const permission::Rule& rule) {
    return rule.text() + "  (" + rule.origin() + ")";
}

std::string context_words(const StatusFacts& facts) {
    if (facts.context_tokens == 0) return "not known before the next answer";
    const std::string text = context_text(facts.context_tokens, facts.window);
    return text + (facts.window ? "" : "; the window is not known") + "; " +
           std::to_string(facts.cached_percent) + " % of the last request cached";
}

std::string jobs_words(const jobs::QueueLoad& jobs) {
    if (jobs.running == 0 && jobs.queued == 0) return "none running";
    std::string text = std::to_string(jobs.running) + " running";
    if (jobs.queued > 0) text += ", " + std::to_string(jobs.queued) + " queued";
    return text;
}

std::string joined_names(const Lines& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

}  // namespace

Lines fact_lines(const std::vector<Fact>& facts, std::size_t width) {
    Lines lines;
    const std::size_t column = widest_name(facts) + 2;
    for (const auto& [name, written] : facts) {
        const std::string text = visible(written, true);
        if (width < kNoRoomForNames) {
            const Lines rows = wrap(name + ": " + text, std::max(kLeastText, width));
            lines.insert(lines.end(), rows.begin(), rows.end());
        } else {
            add_hanging(lines, padded(name, column), column, text, width);
        }
    }
    return lines;
}

std::vector<Fact> fallback_facts(const std::vector<std::string>& fallbacks) {
    std::vector<Fact> facts;
    for (const std::string& fallback : fallbacks)
        facts.emplace_back("fallback", fallback);
    return facts;
}

Lines status_lines(const StatusFacts& facts, std::size_t width) {
    std::string model = facts.model + " (" + facts.provider;
    if (!facts.server.empty()) model += ", " + facts.server;
    model += ")";
    if (!facts.answered_by.empty()) model += "; the last answer is of " + facts.answered_by;
    std::vector<Fact> shown = {
        {"session", facts.session}, {"workspace", facts.workspace}, {"model", model}};
    for (Fact& fallback : fallback_facts(facts.fallbacks))
        shown.push_back(std::move(fallback));
    const std::vector<Fact> rest = {{"mode", permission::in_words(facts.stance)},
                                    {"context", context_words(facts)},
                                    {"turns", std::to_string(facts.turns) + " since it was opened"},
                                    {"jobs", jobs_words(facts.jobs)},
                                    {"plugins", joined_names(facts.plugins)},
                                    {"sandbox", facts.sandbox},
                                    {"journal", facts.journal}};
    shown.insert(shown.end(), rest.begin(), rest.end());
    return fact_lines(shown, width);
}

Lines cost_lines(const CostFacts& facts, std::size_t width) {
    const std::string turns = counted(static_cast<std::size_t>(facts.turns), "turn");
    std::vector<Fact> shown = {
        {"since it was opened",
         usage_words(facts.since_opened, facts.prices,
                     turns + ", subagents included" + estimated_words(facts.has_estimates))},
        {"last answer", usage_words(facts.last_answer, facts.prices)},
    };
    if (facts.in_all) {
        shown.emplace_back(
            "in the journal",
            usage_words(facts.in_all->tokens, facts.prices,
                        "subagents included" + estimated_words(facts.in_all->has_estimates)));
    }
    if (!facts.budget.empty()) shown.emplace_back("budget of this run", facts.budget);
    Lines lines = fact_lines(shown, width);
    lines.insert(lines.begin(), "Tokens of this session:");
    return lines;
}

Lines permission_lines(const PermissionFacts& facts, std::size_t width) {
    std::string mode = permission::in_words(facts.stance);
    if (!facts.mode_lock.empty()) mode += "  (locked by " + facts.mode_lock + ")";
    std::vector<Fact> shown = {{"mode", mode}, {"deny", std::string(kBuiltInList)}};
    for (const permission::Rule& rule : facts.rules.deny)
        shown.emplace_back("deny", with_origin(rule));
    for (const permission::Rule& rule : facts.rules.ask)
        shown.emplace_back("ask", with_origin(rule));
    for (const permission::Rule& rule : facts.rules.allow)
        shown.emplace_back("allow", with_origin(rule));
    std::size_t number = 0;
    for (const permission::Rule& rule : facts.of_session)
        shown.emplace_back("allow " + std::to_string(++number), rule.text() + "  (this session)");
    Lines lines = fact_lines(shown, width);
    const std::string help =
        "/permissions MODE changes the mode, as Shift-Tab does." +
        std::string(number > 0 ? " /permissions remove N removes a rule of this session." : "");
    const Lines rows = wrap(help, std::max(kLeastText, width));
    lines.insert(lines.end(), rows.begin(), rows.end());
    return lines;
}

std::string mode_part(permission::Stance stance) {
    const std::string words = permission::in_words(stance);
    return words == "ask" ? std::string() : words;
}

}  // namespace tenon::sitting
