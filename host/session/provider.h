#pragma once

#include <functional>
#include <memory>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/config/credentials.h"
#include "host/config/settings.h"

namespace tenon::session {

/// Makes a provider for one more conversation of a run. Thread-safe. The providers may outlive the
/// source. The Error says why there is none.
using ProviderSource = std::function<Result<std::unique_ptr<agent::Provider>>()>;

/// The source of providers according to the settings. Each conversation gets its own provider,
/// which retries requests, and records them if configured. All conversations share one replay or
/// one record file. Connects to nothing. The Error (exit 2) says what is missing and how to set it.
/// `secrets` outlives the providers.
Result<ProviderSource> make_provider_source(const config::Settings::Model& model,
                                            const config::Credentials& credentials,
                                            const Secrets& secrets);

}  // namespace tenon::session
