#pragma once

#include <vector>

#include "host/permission/read_only_commands.h"

/// Inside of the list of read-only commands: `find`, which has an expression instead of options. As
/// `read_only_use`.
namespace tenon::permission {

ReadOnlyUse use_of_find(const std::vector<Argument>& arguments);

}  // namespace tenon::permission
