#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "host/cli/options.h"
#include "host/config/settings.h"
#include "host/base/result.h"

namespace tenon::session {

/// A fresh id that sorts by time: 20261121-081530-9f3c.
std::string new_session_id();

/// The session of this workspace whose journal was written last, below `folder`. Error: there is
/// none. Journals that cannot be read are passed over.
Result<std::string> latest_session(const std::filesystem::path& folder,
                                   const std::filesystem::path& workspace);

/// Whether the session of --session is to be moved to the workspace: it belongs to a directory that
/// no longer exists, --workspace was given, and --yes or the answer to the question says so. `ask`
/// is empty where there is no terminal. Error (exit 2): it belongs to another workspace, and is not
/// moved. The move itself is the host's, which holds the journal's lock.
Result<bool> is_to_be_moved(const cli::Options& options, const config::Settings& settings,
                            const std::function<bool(const std::string& question)>& ask);

}  // namespace tenon::session
