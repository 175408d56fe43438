#pragma once

#include "host/app/merger.h"
#include "host/app/places.h"
#include "host/app/settings.h"

namespace tenon::app {

/// Fills the paths of `sandbox.*`, and says what is wrong with them: a directory of `sandbox.write`
/// that is not there is a warning, one that would leave no wall is an error.
void take_sandbox(const Merger& merger, const Sources& sources, const Places& places,
                  Examined& out);

}  // namespace tenon::app
