#pragma once

#include <filesystem>
#include <vector>

namespace tenon::session {

/// The folders of skills. They need not exist.
struct SkillFolders {
    std::vector<std::filesystem::path>
        search;  ///< in order: of the workspace, of the user, of Tenon
    /// What file tools may read: the folders outside the workspace, and the targets of links in the
    /// user's folders, which are directories or files linked as SKILL.md. Links in the workspace
    /// make nothing readable. Below a linked directory, a linked SKILL.md is followed at most two
    /// levels deep, since the directory may hold anything, such as all of a person's sources.
    std::vector<std::filesystem::path> readable;
};

/// Finds the folders. `home` and `config` (the user's folder of configuration) may be empty. Blocks
/// on files.
SkillFolders skill_folders(const std::filesystem::path& workspace,
                           const std::filesystem::path& home, const std::filesystem::path& config,
                           const std::filesystem::path& prefix);

}  // namespace tenon::session
