#pragma once

#include <filesystem>
#include <string>

namespace tenon::config {

/// Where the program was started.
struct StartDirectory {
    std::filesystem::path path;  ///< absolute; empty: the directory is gone, or has no path
    std::string problem;         ///< why `path` is empty, for a person
};

/// Finds out where the program was started. When that directory is gone, the process goes to `/`:
/// libraries ask for the current directory (Poco's Application does when it is constructed), and
/// must not fail. Call it before anything else looks at a relative path.
StartDirectory enter_start_directory();

}  // namespace tenon::config
