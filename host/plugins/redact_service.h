#pragma once

#include "host/base/secrets.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// Adds the method text.redact/1, for a plugin that shows a part of a long line: it removes known
/// secrets from that part, and the pieces of secrets at the sides where the line was cut. Only
/// first-party plugins may use it, since its answers could be used to guess a secret piece by
/// piece. `secrets` outlives `services`.
void add_redact_service(Services& services, const Secrets& secrets);

}  // namespace tenon::plugins
