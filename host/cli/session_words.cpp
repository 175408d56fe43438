#include "host/cli/session_words.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "host/base/clock.h"
#include "host/base/path_text.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/cli/columns.h"
#include "host/jobs/store.h"

namespace tenon::cli {
namespace {

using journal::RecordType;

constexpr std::size_t kWidestId = 24;
constexpr std::size_t kWidestName = 24;
constexpr std::size_t kLinesOfAResult = 5;
constexpr std::size_t kIndent = 4;
constexpr std::size_t kMostOfALine = 4096;  // even the widest screen shows no more

constexpr std::array kSessionColumns = {
    TableColumn{"ID", true, kWidestId},
    TableColumn{"LAST"},
    TableColumn{"TURNS"},
    TableColumn{"MODEL", false, kWidestName},
    TableColumn{"OPEN", false},
    TableColumn{"FIRST PROMPT"},
};
constexpr std::array kColumnsWithWorkspace = {
    TableColumn{"ID", true, kWidestId},
    TableColumn{"LAST"},
    TableColumn{"TURNS"},
    TableColumn{"MODEL", false, kWidestName},
    TableColumn{"OPEN", false},
    TableColumn{"WORKSPACE", false, kWidestName},
    TableColumn{"FIRST PROMPT"},
};

/// The text on one line, with blanks instead of line ends.
std::string folded(std::string_view text) {
    std::string out(text.substr(0, kMostOfALine));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    return visible(out);
}

/// `label` before the first line, as many blanks before the others.
std::string labelled(std::string_view label, const std::string& text) {
    std::string out(label);
    for (const char c : visible(text, true)) {
        out += c;
        if (c == '\n') out.append(label.size(), ' ');
    }
    return out + "\n";
}

std::string time_and_age(std::int64_t wall_ms, std::int64_t now_ms) {
    return rfc3339(wall_ms) + " (" + in_words_ago(now_ms - wall_ms) + ")";
}

}  // namespace

Json to_json(const journal::SessionSummary& session) {
    return {{"id", session.id},
            {"workspace", path_to_text(session.workspace)},
            {"provider", session.provider},
            {"model", session.model},
            {"created", rfc3339(session.created_ms)},
            {"last", rfc3339(session.last_ms)},
            {"turns", session.turns},
            {"open", session.held},
            {"first_prompt", session.first_prompt}};
}

std::vector<std::string> sessions_table(std::span<const journal::SessionSummary> sessions,
                                        bool with_workspace, const Screen& screen,
                                        std::int64_t now_ms) {
    std::vector<TableRow> rows;
    for (const journal::SessionSummary& session : sessions) {
        TableRow row{{session.id, in_words_ago(now_ms - session.last_ms),
                      std::to_string(session.turns), visible(session.model),
                      session.held ? "yes" : "-"}};
        if (with_workspace) row.cells.push_back(visible(session.workspace));
        row.cells.push_back(session.first_prompt.empty() ? "-" : folded(session.first_prompt));
        rows.push_back(std::move(row));
    }
    if (with_workspace) return table(kColumnsWithWorkspace, rows, screen);
    return table(kSessionColumns, rows, screen);
}

void add_figures(OrderedJson& document, const SessionFigures& figures) {
    const agent::Usage& usage = figures.usage.tokens;
    document["usage"] = {{"input_tokens", usage.input_tokens},
                         {"output_tokens", usage.output_tokens},
                         {"cache_read_input_tokens", usage.cache_read_input_tokens},
                         {"cache_creation_input_tokens", usage.cache_creation_input_tokens}};
    if (figures.cost) document["total_cost_usd"] = figures.cost->dollars();
}

std::string describe(const journal::SessionSummary& session, const SessionFigures& figures,
                     std::span<const jobs::JobRecord> jobs, std::int64_t now_ms) {
    std::string text =
        labelled("session:    ", session.id) + labelled("workspace:  ", session.workspace) +
        labelled("model:      ", session.model) +
        labelled("created:    ", time_and_age(session.created_ms, now_ms)) +
        labelled("last:       ", time_and_age(session.last_ms, now_ms)) +
        labelled("turns:      ", std::to_string(session.turns)) +
        labelled("tokens:     ", agent::in_words(figures.usage.tokens) + " (subagents included" +
                                     (figures.usage.has_estimates ? ", partly estimated" : "") +
                                     ")");
    if (figures.cost) text += labelled("cost:       ", figures.cost->text());
    if (session.held) text += "open:       in a running host\n";
    std::string list;
    for (const jobs::JobRecord& job : jobs) {
        list += (list.empty() ? "" : "\n") + job.id + " " + jobs::how_it_ended(job) + ": " +
                cut(folded(job.spec.command), 60);
    }
    if (!list.empty()) text += labelled("jobs:       ", list);
    return text;
}

std::string ConversationWords::of(const journal::SessionEntry& entry) {
    if (entry.type == RecordType::kResult) return result(entry);
    std::string text = end();
    if (entry.type == RecordType::kAnswer) return text + answer(entry);
    if (entry.type == RecordType::kClear) return text + "\n--- cleared ---\n";
    if (entry.type == RecordType::kCompaction)
        return text + "\n--- summarised ---\n" + visible(entry.text, true) + "\n";
    if (entry.origin == "environment") return text;
    const std::string label = entry.origin == "prompt" ? "> " : "[" + visible(entry.origin) + "] ";
    text += "\n" + labelled(label, entry.typed.empty() ? entry.text : entry.typed);
    for (const OrderedJson& file : entry.attached)
        text += "    attached " + visible(string_or(file, "name")) + "\n";
    return text;
}

std::string ConversationWords::end() {
    std::string text;
    for (const auto& call : calls_)
        text += "\n" + call.second + "\n    (no result)\n";
    calls_.clear();
    return text;
}

std::string ConversationWords::answer(const journal::SessionEntry& entry) {
    std::string text;
    for (const OrderedJson& ordered : entry.content) {
        const Json block(ordered);
        const std::string type = string_or(block, "type");
        if (type == "text") text += "\n" + visible(string_or(block, "text"), true) + "\n";
        if (type == "tool_use") calls_.emplace_back(string_or(block, "id"), call(block));
    }
    return text;
}

/// Shows a single argument as it is, and several as JSON.
std::string ConversationWords::call(const Json& block) const {
    const Json& input = member(block, "input");
    const bool one = input.is_object() && input.size() == 1 && input.begin()->is_string();
    std::string line = "* " + visible(string_or(block, "name"));
    if (!input.empty()) line += " " + folded(one ? *string_in(*input.begin()) : dump_json(input));
    return cut(line, columns_);
}

std::string ConversationWords::result(const journal::SessionEntry& entry) {
    const auto asked = std::find_if(calls_.begin(), calls_.end(), [&](const auto& call) {
        return call.first == entry.tool_use_id;
    });
    std::string text = "\n";
    if (asked != calls_.end()) {
        text += asked->second + "\n";
        calls_.erase(asked);
    }
    std::istringstream in(entry.text);
    std::size_t count = 0;
    for (std::string line; std::getline(in, line); ++count) {
        if (count >= kLinesOfAResult) continue;
        const bool failed = count == 0 && entry.is_error && !line.starts_with("Error");
        const std::string shown = (failed ? "Error: " : "") + line.substr(0, kMostOfALine);
        text += std::string(kIndent, ' ') + cut(visible(shown), columns_ - kIndent) + "\n";
    }
    if (count > kLinesOfAResult) {
        text += std::string(kIndent, ' ') + "(" + std::to_string(count - kLinesOfAResult) +
                " more lines)\n";
    }
    return text;
}

}  // namespace tenon::cli
