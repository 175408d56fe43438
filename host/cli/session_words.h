#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/cli/screen.h"
#include "host/jobs/job.h"
#include "host/journal/session_entries.h"
#include "host/journal/session_list.h"

/// Sessions as people and programs read them. Pure functions; the texts may hold anything.
namespace tenon::cli {

/// One session of `--json`.
Json to_json(const journal::SessionSummary& session);

/// A table, one line a session, in the order given. `with_workspace`: they belong to several.
std::vector<std::string> sessions_table(std::span<const journal::SessionSummary> sessions,
                                        bool with_workspace, const Screen& screen,
                                        std::int64_t now_ms);

/// What stands above a conversation.
std::string describe(const journal::SessionSummary& session, std::span<const jobs::JobRecord> jobs,
                     std::int64_t now_ms);

/// The entries of a conversation, one after the other, as text that can be read: each call on one
/// line, above the first lines of its result.
class ConversationWords {
public:
    explicit ConversationWords(const Screen& screen) : columns_(screen.columns) {}

    /// May be empty: what only the model is told, and calls whose results come later.
    [[nodiscard]] std::string of(const journal::SessionEntry& entry);
    /// Behind the last entry: calls without results.
    [[nodiscard]] std::string end();

private:
    [[nodiscard]] std::string answer(const journal::SessionEntry& entry);
    [[nodiscard]] std::string result(const journal::SessionEntry& entry);
    [[nodiscard]] std::string call(const Json& block) const;

    std::size_t columns_;
    std::vector<std::pair<std::string, std::string>> calls_;  // id, line: without results so far
};

}  // namespace tenon::cli
