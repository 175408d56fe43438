#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/agent/tool_facts.h"
#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::sitting {

/// What the journal of a session says about its whole life.
struct JournalFacts {
    std::vector<std::string> models;  ///< that requests have named, in the order of their first use
    std::optional<Json> checklist;    ///< the items of the last list that a tool has shown
};

/// The facts of the tool of a name.
using FactsOfTool = std::function<agent::ToolFacts(std::string_view name)>;

/// Reads a journal, perhaps while its host writes it, in memory that does not grow with its length.
/// Blocks on the file. Error: it cannot be read.
Result<JournalFacts> read_journal_facts(const std::filesystem::path& journal,
                                        const FactsOfTool& facts_of);

}  // namespace tenon::sitting
