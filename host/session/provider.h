#pragma once

#include <functional>
#include <memory>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/config/credentials.h"
#include "host/config/settings.h"

namespace tenon::session {

/// Makes a provider for one more conversation of a run. Any thread. Providers may outlive the
/// source. The error says why there is none.
using ProviderSource = std::function<Result<std::unique_ptr<agent::Provider>>()>;

/// The model behind a run, as configured: each conversation has a provider of its own, retried, and
/// recorded when asked for; a recorded run that is played, or written, is one for all of them.
/// Connects to nothing yet. The error (exit 2) says what is missing and how to give it. `secrets`
/// outlives the providers.
Result<ProviderSource> make_provider_source(const config::Settings::Model& model,
                                            const config::Credentials& credentials,
                                            const Secrets& secrets);

}  // namespace tenon::session
