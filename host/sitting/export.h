#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.h"
#include "host/base/secrets.h"
#include "host/config/settings.h"

namespace tenon::sitting {

/// Writes the conversation of the session `id` into a new file, as Markdown and without known keys.
/// `name` is the file, relative to the workspace, perhaps in quotes or below `~`; when it is empty,
/// `tenon-ID.md`. Returns its path. Error, and no file is left: it is there already, it cannot be
/// written, or the journal cannot be read. Blocks.
Result<std::filesystem::path> export_conversation(const config::Settings& settings,
                                                  const std::string& id, const Secrets& secrets,
                                                  std::string name);

}  // namespace tenon::sitting
