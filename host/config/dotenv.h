#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::config {

/// The three variables that a workspace's `.env` may set: ANTHROPIC_API_KEY, OPENAI_API_KEY,
/// MODEL_ID. All others are dropped.
struct DotEnv {
    std::map<std::string, std::string, std::less<>> values;  ///< none is empty
    std::vector<std::string> warnings;                       ///< never show a value
};

/// `NAME=value` a line, with or without `export`; `#` comments; 'raw', "with \n \t \" \\ \$" or
/// plain values, these up to a blank and `#`. Nothing is expanded. Of a variable that is set twice
/// the last value counts.
DotEnv parse_dotenv(const std::filesystem::path& file, std::string_view text);

/// Reads `<workspace>/.env`, at most 1 MiB, with the care of read_project_file: a link that leads
/// out of the project is not followed. A missing file is no problem, nor is a directory of that
/// name.
DotEnv read_dotenv(const std::filesystem::path& workspace);

}  // namespace tenon::config
