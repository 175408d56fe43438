#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.h"

namespace tenon::app {

/// A fresh id that sorts by time: 20261121-081530-9f3c.
std::string new_session_id();

/// The session of this workspace whose journal was written last, below `folder`. Error: there is
/// none. Journals that cannot be read are passed over.
Result<std::string> latest_session(const std::filesystem::path& folder,
                                   const std::filesystem::path& workspace);

}  // namespace tenon::app
