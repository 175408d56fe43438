#pragma once

#include "host/plugins/services.h"

namespace tenon::plugins {

/// Adds the method `result.image/1`: adds the image in the request's body to the result of the
/// running call, behind its text.
void add_image_service(Services& services);

}  // namespace tenon::plugins
