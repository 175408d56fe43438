#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::session {

/// What a project says to agents: of each directory from the repository's root (see project_root)
/// down to the workspace its AGENTS.md, else its CLAUDE.md; without a repository the workspace's
/// alone. A file that is blank, or is left out with a warning, does not stand in the way of the
/// other. Left out are files that lead out of the repository, belong to other users, are no regular
/// files, or are not text in UTF-8. 32 KiB in all; what is deepest is cut first.
struct Instructions {
    std::string text;                   ///< valid UTF-8, for the first user message; may be empty
    std::vector<std::string> warnings;  ///< what could not be read, or was cut
};
Instructions project_instructions(const std::filesystem::path& workspace);

}  // namespace tenon::session
