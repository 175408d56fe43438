#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "plugins/file/host.h"

/// The five tools. Each takes the arguments of the model and returns the text of the result, or
/// throws Failure with what to do instead. They may run on any thread; several calls of those that
/// only read may run at once.
namespace tenon::file {

struct ReadArgs {
    std::string path;
    std::int64_t offset = 1;            ///< first line
    std::optional<std::int64_t> limit;  ///< lines
};
std::string read_file(const Host& host, const ReadArgs& args);

struct WriteArgs {
    std::string path, content;
};
std::string write_file(const Host& host, const WriteArgs& args);

struct EditArgs {
    std::string path, old_text, new_text;
    bool replace_all = false;
};
std::string edit_file(const Host& host, const EditArgs& args);

constexpr std::chrono::seconds kSearchTime{30};

struct GlobArgs {
    std::string pattern;
    std::string path = ".";
    std::chrono::milliseconds time = kSearchTime;
};
std::string glob(const Host& host, const GlobArgs& args);

struct GrepArgs {
    std::string pattern;
    std::string path = ".";
    std::string glob;  ///< of file names (or of paths, when there is a slash in it); empty: all
    bool ignore_case = false;
    std::int64_t context = 0;  ///< lines
    std::int64_t max_results = 200;
    std::chrono::milliseconds time = kSearchTime;
};
std::string grep(const Host& host, const GrepArgs& args);

}  // namespace tenon::file
