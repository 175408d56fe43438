#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// The files of the source tree, for the tests that check them.
namespace tenon::testing {

inline const std::filesystem::path kSource = TENON_SOURCE_DIR;

/// The C and C++ files in a folder and below it.
inline std::vector<std::filesystem::path> sources_below(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const auto ending = entry.path().extension();
        if (ending == ".h" || ending == ".hpp" || ending == ".cpp" || ending == ".c")
            found.push_back(entry.path());
    }
    return found;
}

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
}

}  // namespace tenon::testing
