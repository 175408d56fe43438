#include "host/app/skill_folders.h"

#include <algorithm>

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

/// Skills are often kept elsewhere and linked to.
std::vector<fs::path> folders_behind_links(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code ended;
    for (fs::directory_iterator it(folder, ended), end; !ended && it != end; it.increment(ended)) {
        std::error_code failed;
        if (!it->is_symlink(failed) || !it->is_directory(failed)) continue;
        if (fs::path real = fs::canonical(it->path(), failed); !failed)
            found.push_back(std::move(real));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

SkillFolders skill_folders(const fs::path& workspace, const fs::path& home, const fs::path& config,
                           const fs::path& prefix) {
    SkillFolders folders;
    for (const char* name : {"skills", ".agents/skills", ".tenon/skills", ".claude/skills"})
        folders.search.push_back(workspace / name);
    if (!home.empty()) folders.readable.push_back(home / ".agents/skills");
    if (!config.empty()) folders.readable.push_back(config / "skills");
    folders.readable.push_back(prefix / "share/tenon/skills");
    folders.search.insert(folders.search.end(), folders.readable.begin(), folders.readable.end());
    for (const fs::path& folder : std::vector<fs::path>(folders.readable))
        for (fs::path& real : folders_behind_links(folder))
            folders.readable.push_back(std::move(real));
    return folders;
}

}  // namespace tenon::app
