#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "host/base/result.h"
#include "host/config/settings.h"

namespace tenon::session {

/// A fresh id that sorts by time: 20261121-081530-9f3c.
std::string new_session_id();

/// The session of this workspace whose journal was written last, below `folder`. Error: there is
/// none. Journals that cannot be read are passed over.
Result<std::string> latest_session(const std::filesystem::path& folder,
                                   const std::filesystem::path& workspace);

/// A session that the command line names.
struct NamedSession {
    std::string id;                ///< --session
    bool workspace_named = false;  ///< with --workspace
    bool yes = false;              ///< --yes
};

/// Whether the session is to be moved to the workspace of `settings`: its own workspace no longer
/// exists, --workspace was given, and --yes or the answer to the question says so. `ask` is empty
/// where there is no terminal. Error (exit 2): it belongs to another workspace, and is not moved.
/// The move itself is made by the host, which holds the lock of the journal.
Result<bool> is_to_be_moved(const NamedSession& named, const config::Settings& settings,
                            const std::function<bool(const std::string& question)>& ask);

}  // namespace tenon::session
