#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::app {

/// What a project says to agents: of each folder from the repository's root (where .git is) down to
/// the workspace its AGENTS.md, else its CLAUDE.md; without a repository the workspace's alone. 32
/// KiB in all; what is deepest is cut first.
struct Instructions {
    std::string text;                   ///< valid UTF-8, for the first user message; may be empty
    std::vector<std::string> warnings;  ///< what could not be read, or was cut
};
Instructions project_instructions(const std::filesystem::path& workspace);

}  // namespace tenon::app
