#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "host/base/result.h"
#include "host/journal/session_entries.h"

/// The end of a conversation as its journal holds it, for a person who goes on with it. Like
/// session_entries it is read without the journal's lock.
namespace tenon::journal {

/// A turn begins with a prompt, or with the ends of jobs that woke an idle session. A prompt that
/// was delivered with tool results belongs to the turn before it.
struct RecordedTurn {
    std::vector<SessionEntry> entries;  ///< oldest first; the first is the prompt, or the ends
    bool is_whole = true;               ///< false: entries after the first are left out
};

struct LastTurns {
    std::size_t earlier = 0;          ///< turns before those of `turns`
    std::vector<RecordedTurn> turns;  ///< oldest first
};

struct LastTurnsLimits {
    std::size_t turns = 0;
    std::int64_t bytes = 0;  ///< of the journal; the last turn is cut to it, others are left out
};

/// The last turns since the conversation was last cleared, within `most`; summaries do not matter.
/// The whole journal is looked through for the beginnings of turns, but only what is returned is
/// parsed. What is damaged is passed over. Error: the journal cannot be read.
Result<LastTurns> read_last_turns(const std::filesystem::path& journal,
                                  const LastTurnsLimits& most);

}  // namespace tenon::journal
