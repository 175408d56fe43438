#pragma once

#include <string>

#include "plugins/file/host.h"

namespace tenon::file {

/// Opens for reading. Where the host refuses and the reason is that there is no such name, the
/// Failure names those in its folder that look like it, or the first folder on the way that is not
/// there.
Opened open_or_suggest(const Host& host, const std::string& path, Access access = Access::kRead);

}  // namespace tenon::file
