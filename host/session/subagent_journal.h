#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/agent/ports.h"
#include "host/base/secrets.h"

/// What the journals of a session's subagents tell, known keys taken out before anything is cut.
namespace tenon::session {

/// What a subagent has said.
struct SubagentWords {
    std::string all;        ///< every text, in order, a paragraph each; long ones cut in the middle
    std::string last;       ///< of the last answer, whole
    bool finished = false;  ///< the last answer left nothing to do
};

/// The error: the journal cannot be read. Damaged lines count as not there.
Result<SubagentWords> read_subagent(const std::filesystem::path& journal, const Secrets& secrets);

/// For a call without a result, of a host that has ended: what its subagent has said. This is the
/// result of the call when the subagent had finished and the tool states that it answers with its
/// subagent's words. Nothing when `folder`, the session's, has no journal of the subagent.
std::optional<agent::RecoveredCall> recover_subagent(const std::filesystem::path& folder,
                                                     const agent::ToolCall& call,
                                                     const agent::ToolFacts& facts,
                                                     const Secrets& secrets);

/// A result is never blank.
std::string text_or_none(std::string text);

}  // namespace tenon::session
