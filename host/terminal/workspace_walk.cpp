#include "host/terminal/workspace_walk.h"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <tenon/gitignore.hpp>

#include "host/base/unique_fd.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIgnoreFile = 1 << 20;

struct DirectoryCloser {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, DirectoryCloser>;

/// The beginning of a regular file; empty when it is none.
std::string ignore_text_of(const fs::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
    std::string text(std::min(static_cast<std::size_t>(info.st_size), kMaxIgnoreFile), '\0');
    std::size_t size = 0;
    for (ssize_t n = 1; n > 0 && size < text.size(); size += static_cast<std::size_t>(n))
        n = std::max<ssize_t>(::read(fd.get(), text.data() + size, text.size() - size), 0);
    text.resize(size);
    return text;
}

bool is_there(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

/// The nearest folder from `workspace` upwards that has a `.git`, else the workspace.
fs::path repository_of(const fs::path& workspace) {
    for (fs::path folder = workspace;; folder = folder.parent_path()) {
        if (is_there(folder / ".git")) return folder;
        if (folder == folder.parent_path()) return workspace;
    }
}

class WorkspaceWalk {
public:
    WorkspaceWalk(const fs::path& workspace, bool with_hidden,
                  const std::function<bool(std::string_view)>& found)
        : top_(repository_of(workspace)),
          with_hidden_(with_hidden),
          base_(workspace == top_ ? "" : workspace.lexically_relative(top_).string() + "/"),
          found_(found) {}

    void run() {
        read_rules_above();
        walk(base_, 0);
    }

private:
    void read_rules_above() {
        std::string folder;
        for (const fs::path& name : fs::path(base_)) {
            if (name.empty()) continue;
            read_rules(folder);
            folder += name.string();
            if (rules_.ignores(folder, true, first_rule_)) {
                rules_.shrink(0);  // the workspace is ignored as a whole
                first_rule_ = 0;
                return;
            }
            folder += '/';
        }
    }

    /// `folder` is empty or ends with a slash. A folder with a `.git` is a repository of its own:
    /// rules from above do not apply in it.
    void read_rules(const std::string& folder) {
        if (is_there(top_ / (folder + ".git"))) {
            first_rule_ = rules_.size();
            push_rules(folder, ".git/info/exclude");
        }
        push_rules(folder, ".gitignore");
    }

    void push_rules(const std::string& folder, const char* file) {
        const std::string text = ignore_text_of(top_ / (folder + file));
        if (text.empty()) return;
        rules_.push(IgnoreFile(folder.substr(0, folder.empty() ? 0 : folder.size() - 1), text));
    }

    /// First the names of the folder, then those below it. False when the walk is to end.
    bool walk(const std::string& folder, std::size_t depth) {
        if (depth > kDeepest) return true;
        const std::size_t rules_before = rules_.size(), first_before = first_rule_;
        read_rules(folder);
        std::vector<std::string> below;
        bool goes_on = list(folder, below);
        for (std::size_t i = 0; goes_on && i < below.size(); ++i)
            goes_on = walk(below[i], depth + 1);
        rules_.shrink(rules_before);
        first_rule_ = first_before;
        return goes_on;
    }

    bool list(const std::string& folder, std::vector<std::string>& below) {
        const OpenDirectory directory(::opendir((top_ / folder).c_str()));
        if (!directory) return true;
        while (const dirent* entry = ::readdir(directory.get())) {
            const std::string_view name = entry->d_name;
            if (name == "." || name == ".." || name == ".git") continue;
            if (!can_be_mentioned(name) || (name[0] == '.' && !with_hidden_)) continue;
            std::string path = folder + std::string(name);
            const bool is_folder = is_folder_entry(::dirfd(directory.get()), *entry);
            if (rules_.ignores(path, is_folder, first_rule_)) continue;
            if (is_folder) path += '/';
            if (!found_(std::string_view(path).substr(base_.size()))) return false;
            if (is_folder) below.push_back(std::move(path));
        }
        return true;
    }

    static bool is_folder_entry(int directory, const dirent& entry) {
        if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
        struct stat info {};
        return ::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISDIR(info.st_mode);
    }

    const fs::path top_;
    const bool with_hidden_;
    const std::string base_;  ///< the workspace from the top; empty or ends with a slash
    const std::function<bool(std::string_view)>& found_;
    IgnoreStack rules_;
    std::size_t first_rule_ = 0;
};

}  // namespace

void walk_workspace(const fs::path& workspace, bool with_hidden,
                    const std::function<bool(std::string_view path)>& found) {
    WorkspaceWalk(workspace, with_hidden, found).run();
}

bool can_be_mentioned(std::string_view name) {
    return utf8::is_valid(name) && std::none_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\';
           });
}

}  // namespace tenon::terminal
