#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::session {

/// A project's instructions for agents: from each directory between the repository's root (see
/// project_root) and the workspace the AGENTS.md, else the CLAUDE.md; without a repository only
/// from the workspace. CLAUDE.md is also used if AGENTS.md is blank or is left out with a warning.
/// Files are left out if they are links out of the repository, belong to other users, are no
/// regular files, or are not text in UTF-8. At most 32 KiB in all; the deepest files are cut first.
struct Instructions {
    std::string text;                   ///< valid UTF-8, for the first user message; may be empty
    std::vector<std::string> warnings;  ///< files that could not be read, or were cut
};
/// Reads the instructions. Blocks on files.
Instructions project_instructions(const std::filesystem::path& workspace);

}  // namespace tenon::session
