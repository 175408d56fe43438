#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/agent/recorded_usage.h"
#include "host/agent/spending.h"
#include "host/cli/screen.h"
#include "host/jobs/job.h"
#include "host/journal/session_entries.h"
#include "host/journal/session_list.h"

/// Sessions as text for people and as JSON for programs. Pure functions. The texts of a session may
/// hold any bytes.
namespace tenon::cli {

/// One session as `--json` prints it.
Json to_json(const journal::SessionSummary& session);

/// A table with one line for each session, in the given order. `with_workspace`: with a column for
/// the workspace.
std::vector<std::string> sessions_table(std::span<const journal::SessionSummary> sessions,
                                        bool with_workspace, const Screen& screen,
                                        std::int64_t now_ms);

/// What a session has used in its whole life, subagents included.
struct SessionFigures {
    agent::RecordedUsage usage;
    std::optional<agent::Money> cost;  ///< none without prices
};
/// The members `usage` and, with prices, `total_cost_usd`.
void add_figures(OrderedJson& document, const SessionFigures& figures);

/// The heading of a conversation: the session, what it has used, and its jobs.
std::string describe(const journal::SessionSummary& session, const SessionFigures& figures,
                     std::span<const jobs::JobRecord> jobs, std::int64_t now_ms);

/// Turns the entries of a conversation, one after the other, into text for people. A tool call is
/// one line, followed by the first lines of its result.
class ConversationWords {
public:
    explicit ConversationWords(const Screen& screen) : columns_(screen.columns) {}

    /// The text of the next entry. Empty for entries that only the model gets, and for calls, which
    /// are shown with their results.
    [[nodiscard]] std::string of(const journal::SessionEntry& entry);
    /// The text after the last entry: the calls without results.
    [[nodiscard]] std::string end();

private:
    [[nodiscard]] std::string answer(const journal::SessionEntry& entry);
    [[nodiscard]] std::string result(const journal::SessionEntry& entry);
    [[nodiscard]] std::string call(const Json& block) const;

    std::size_t columns_;
    std::vector<std::pair<std::string, std::string>> calls_;  // id, line: without results so far
};

}  // namespace tenon::cli
