#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/agent/ports.h"
#include "host/base/secrets.h"

/// Reads the journals of a session's subagents. Known keys are removed before a text is cut.
namespace tenon::session {

/// The texts of a subagent's answers.
struct SubagentWords {
    std::string all;        ///< every text, in order, a paragraph each; long ones cut in the middle
    std::string last;       ///< of the last answer, whole
    bool finished = false;  ///< nothing follows the last answer, and it has no calls
};

/// Error: the journal cannot be read. Damaged lines are ignored.
Result<SubagentWords> read_subagent(const std::filesystem::path& journal, const Secrets& secrets);

/// Recovers the texts of a subagent whose call has no result because its host ended. They are the
/// result of the call if the subagent had finished and the tool states that it answers with its
/// subagent's texts. Nothing if `folder`, the session's, has no journal of the subagent.
std::optional<agent::RecoveredCall> recover_subagent(const std::filesystem::path& folder,
                                                     const agent::ToolCall& call,
                                                     const agent::ToolFacts& facts,
                                                     const Secrets& secrets);

/// The text, or "(no output)" if it is blank.
std::string text_or_none(std::string text);

}  // namespace tenon::session
