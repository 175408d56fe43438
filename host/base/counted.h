#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon {

/// "1 job", "2 jobs". `what` is a noun with a regular plural.
std::string counted(std::size_t number, std::string_view what);

}  // namespace tenon
