#pragma once

#include <string>
#include <vector>

namespace tenon::sdk::testing {

/// What of `which` ("c" or "c++") this machine has.
inline std::vector<std::string> compilers(const std::string& which) {
    std::vector<std::string> out;
#ifdef TENON_GCC
    if (which == "c") out.emplace_back(TENON_GCC);
#endif
#ifdef TENON_CLANG
    if (which == "c") out.emplace_back(TENON_CLANG);
#endif
#ifdef TENON_GXX
    if (which == "c++") out.emplace_back(TENON_GXX);
#endif
#ifdef TENON_CLANGXX
    if (which == "c++") out.emplace_back(TENON_CLANGXX);
#endif
    return out;
}

constexpr const char* kStrict =
    " -Wall -Wextra -Wpedantic -Wshadow -Werror -I" TENON_SDK "/include ";

}  // namespace tenon::sdk::testing
