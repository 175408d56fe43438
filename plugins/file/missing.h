#pragma once

#include <string>

#include "plugins/file/host.h"

namespace tenon::file {

/// Opens for reading. When the name does not exist, the Failure lists similar names in its folder,
/// or the first folder of the path that does not exist.
File open_or_suggest(const Host& host, const std::string& path);
/// The same for a folder.
File folder_or_suggest(const Host& host, const std::string& path);

}  // namespace tenon::file
