#pragma once

#include <memory>

#include "host/agent/ports.h"
#include "host/app/credentials.h"
#include "host/app/settings.h"
#include "host/base/secrets.h"

namespace tenon::app {

/// The model behind a run, as configured: retried, and recorded when asked for. Connects to nothing
/// yet. The error (exit 2) says what is missing and how to give it. `secrets` outlives the
/// provider.
Result<std::unique_ptr<agent::Provider>> make_provider(const Settings::Model& model,
                                                       const Credentials& credentials,
                                                       const Secrets& secrets);

}  // namespace tenon::app
