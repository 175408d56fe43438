#pragma once

#include <filesystem>
#include <vector>

namespace tenon::session {

/// Where skills are looked for. They need not be there.
struct SkillFolders {
    std::vector<std::filesystem::path>
        search;  ///< in order: the workspace's, the user's, Tenon's own
    /// Those outside the workspace, and where links in the user's lead: directories, and the file
    /// behind a SKILL.md that is a link. File tools may read them. A link in the workspace opens
    /// nothing. Below a directory behind a link such a SKILL.md counts two levels deep, no deeper:
    /// the link may lead to anything, such as all of a person's sources.
    std::vector<std::filesystem::path> readable;
};

/// `home` and `config` (the user's folder of configuration) may be empty. Blocks on files.
SkillFolders skill_folders(const std::filesystem::path& workspace,
                           const std::filesystem::path& home, const std::filesystem::path& config,
                           const std::filesystem::path& prefix);

}  // namespace tenon::session
