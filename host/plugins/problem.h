#pragma once

#include <filesystem>
#include <string>

namespace tenon::plugins {

/// A file that was found and left out.
struct Problem {
    std::filesystem::path file;
    std::string reason;
    std::string remedy;
    bool shortage = false;  ///< the host lacks something: it says nothing about the file
};

}  // namespace tenon::plugins
