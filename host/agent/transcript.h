#pragma once

#include <filesystem>
#include <span>

#include "host/agent/message.h"
#include "host/base/result.h"
#include "host/base/secrets.h"

namespace tenon::agent {

/// Writes the messages down, one a line as it is sent, with credentials redacted, in a new file
/// `<folder>/transcript-<n>.jsonl` (0600); the folder (0700) is made when missing, its parent is
/// there. Returns the file. On Error there is no new file.
Result<std::filesystem::path> save_transcript(const std::filesystem::path& folder,
                                              std::span<const Message> messages,
                                              const Secrets& secrets);

}  // namespace tenon::agent
