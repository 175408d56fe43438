#pragma once

#include <filesystem>

#include "host/agent/message.h"
#include "host/base/result.h"

/// The tokens that a session has used in its whole life, from its journal.
namespace tenon::agent {

struct RecordedUsage {
    Usage tokens;
    bool has_estimates = false;  ///< servers did not state all of it

    bool operator==(const RecordedUsage&) const = default;
};

/// The tokens of all answers in the journal and in those of the session's subagents, which are in
/// the folder beside it; of conversations that were cleared or summarised too. Journals of
/// subagents that cannot be read are left out. Blocks on the files, in memory that does not grow
/// with their length; a host may write them meanwhile. Error: the journal cannot be read.
Result<RecordedUsage> usage_of_session(const std::filesystem::path& journal);

}  // namespace tenon::agent
