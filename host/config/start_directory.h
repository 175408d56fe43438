#pragma once

#include <filesystem>
#include <string>

namespace tenon::config {

/// Where the program was started.
struct StartDirectory {
    std::filesystem::path
        path;             ///< absolute; empty: the directory no longer exists, or has no path
    std::string problem;  ///< why `path` is empty, for a person
};

/// Finds out where the program was started. When that directory no longer exists, the process
/// changes to `/`: libraries ask for the current directory (Poco's Application does when it is
/// constructed), and must not fail. Call it before a relative path is used.
StartDirectory enter_start_directory();

}  // namespace tenon::config
