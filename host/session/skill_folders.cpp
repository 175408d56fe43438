#include "host/session/skill_folders.h"

#include <algorithm>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/unique_fd.h"
#include "host/base/utf8.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

/// The targets of linked directories: skills are often kept elsewhere.
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

/// Whether a file begins as a skill does: with a line of three hyphens. Another file, such as a
/// key, must not become readable because it is linked as SKILL.md.
bool has_front_matter(const fs::path& file) {
    constexpr std::size_t kBeginning = 64;
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    char bytes[kBeginning];
    const ssize_t n = ::read(fd.get(), bytes, sizeof bytes);
    if (n <= 0) return false;
    std::string_view text(bytes, static_cast<std::size_t>(n));
    text = utf8::without_byte_order_mark(text);
    text = text.substr(0, text.find('\n'));
    return text.substr(0, 3) == "---" && text.find_first_not_of(" \t\r", 3) == text.npos;
}

/// Finds the targets of links named SKILL.md, in the same folders as the skill plugin.
class LinkedSkills {
public:
    /// Searches one of the folders of skills.
    void search(const fs::path& folder) { visit(folder, 0, kMaxDepth); }
    /// Searches the target of a link directly below one of them.
    void search_behind_link(const fs::path& folder) { visit(folder, 1, 1 + kMaxDepthBehindLink); }
    [[nodiscard]] std::vector<fs::path> take() {
        std::sort(found_.begin(), found_.end());
        return std::move(found_);
    }

private:
    static constexpr int kMaxDepth = 6;
    static constexpr int kMaxDepthBehindLink = 2;

    void visit(const fs::path& folder, int depth, int deepest) {
        if (depth > deepest || --folders_left_ < 0) return;
        std::error_code failed;
        const fs::path skill = folder / "SKILL.md";
        if (depth > 0 && fs::exists(fs::symlink_status(skill, failed))) return take_link(skill);
        for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
             it.increment(failed)) {
            std::error_code ignored;
            const fs::path name = it->path().filename();
            if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
            if (name != ".git" && name != "node_modules") visit(it->path(), depth + 1, deepest);
        }
    }

    void take_link(const fs::path& skill) {
        std::error_code failed;
        if (!fs::is_symlink(skill, failed)) return;
        fs::path real = fs::canonical(skill, failed);
        if (!failed && has_front_matter(real)) found_.push_back(std::move(real));
    }

    int folders_left_ = 2'000;
    std::vector<fs::path> found_;
};

}  // namespace

SkillFolders skill_folders(const fs::path& workspace, const fs::path& home, const fs::path& config,
                           const fs::path& prefix) {
    SkillFolders folders;
    for (const char* name : {"skills", ".agents/skills", ".tenon/skills", ".claude/skills"})
        folders.search.push_back(workspace / name);
    if (!home.empty()) {
        folders.readable.push_back(home / ".agents/skills");
        folders.readable.push_back(home / ".claude/skills");
    }
    if (!config.empty()) folders.readable.push_back(config / "skills");
    folders.readable.push_back(prefix / "share/tenon/skills");
    folders.search.insert(folders.search.end(), folders.readable.begin(), folders.readable.end());
    LinkedSkills linked;
    std::vector<fs::path> behind_links;
    for (const fs::path& folder : folders.readable) {
        linked.search(folder);
        for (fs::path& real : folders_behind_links(folder))
            behind_links.push_back(std::move(real));
    }
    for (fs::path& real : behind_links) {
        linked.search_behind_link(real);
        folders.readable.push_back(std::move(real));
    }
    for (fs::path& real : linked.take())
        folders.readable.push_back(std::move(real));
    return folders;
}

}  // namespace tenon::session
