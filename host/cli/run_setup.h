#pragma once

#include <memory>
#include <optional>
#include <string>

#include "host/cli/options.h"
#include "host/config/settings.h"
#include "host/session/open_session.h"

namespace tenon::cli {

/// What is settled before anything starts, be it a headless run or an interactive session. Its
/// members refer to each other: it stays where it was made.
struct RunSetup {
    config::Settings settings;
    Secrets secrets;
    session::ProviderSource providers;
    std::unique_ptr<agent::Provider> provider;  ///< of the session's own conversation
    std::string session_id;
    rlim_t descriptor_limit = 0;  ///< the soft limit that this process was started with
    bool moves_session = false;   ///< to the workspace, from a directory that no longer exists
};

/// The error (exit 2) says what is missing: a model's name, a key, a folder of plugins, a session
/// to continue. Starts nothing.
Result<std::unique_ptr<RunSetup>> prepare_run(const Options& options, const config::Loaded& loaded);

/// What is wrong when a directory of `--plugin-dir` does not exist; nothing when all are there.
std::optional<std::string> missing_plugin_folder(const config::Loaded& loaded);

/// What a host of this set-up is made of. `launcher` outlives the host.
session::OpenOptions host_options_of(const Options& options, const config::Sources& sources,
                                     const RunSetup& setup, jobs::Launcher* launcher);

}  // namespace tenon::cli
