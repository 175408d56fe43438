#pragma once

#include "host/config/merger.h"
#include "host/config/places.h"
#include "host/config/settings.h"

namespace tenon::config {

/// Fills the paths of `sandbox.*`, and says what is wrong with them: a directory of `sandbox.write`
/// that is not there is a warning, one that would leave no wall is an error.
void take_sandbox(const Merger& merger, const Sources& sources, const Places& places,
                  Examined& out);

}  // namespace tenon::config
