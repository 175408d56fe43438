#pragma once

#include "host/base/secrets.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// Adds the method text.redact/1: a part of a text without known keys and without the pieces of
/// keys that cutting has left, for a plugin that shows a part of a long line. Only for first-party
/// plugins, since an answer tells of a key piece by piece. `secrets` outlives `services`.
void add_redact_service(Services& services, const Secrets& secrets);

}  // namespace tenon::plugins
