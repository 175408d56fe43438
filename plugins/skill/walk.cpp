#include "plugins/skill/walk.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include <tenon/paths.hpp>

namespace tenon::skill {
namespace {

constexpr int kMaxDepth = 6;
constexpr int kMaxFolders = 2'000;

/// The names in a folder that this search uses.
struct Names {
    bool has_skill = false;
    std::vector<std::string> folders;  // and links to folders; sorted
};

Names names_in(DIR* folder, const std::string& path, const AddRemark& add_remark) {
    Names names;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string name = entry->d_name;
        const bool is_file = entry->d_type == DT_REG;
        if (name == "." || name == ".." || name == ".git" || name == "node_modules") continue;
        if (is_file && name != "SKILL.md") continue;
        struct stat info {};
        const bool is_folder = !is_file &&
                               ::fstatat(::dirfd(folder), name.c_str(), &info, 0) == 0 &&
                               S_ISDIR(info.st_mode);
        if (name != "SKILL.md") {
            if (is_folder) names.folders.push_back(name);
        } else if (is_folder) {
            add_remark(Remark::kLeftOut, path + "/SKILL.md is left out: it is a folder");
        } else {
            names.has_skill = true;
        }
    }
    std::sort(names.folders.begin(), names.folders.end());
    return names;
}

}  // namespace

std::vector<std::string> Walk::below(const std::string& root) {
    folders_left_ = kMaxFolders;
    visit(root, 0);
    if (folders_left_ < 0)
        add_remark_(Remark::kLeftOut, root + " has more than " + std::to_string(kMaxFolders) +
                                          " folders; skills in the rest of them are not found");
    return std::move(found_);
}

void Walk::visit(const std::string& folder, int depth) {
    if (depth > kMaxDepth || --folders_left_ < 0) return;
    Names names;
    try {
        const Directory open = Paths(host_).directory(folder);
        if (!is_new(::dirfd(open.get()))) return;
        names = names_in(open.get(), folder, add_remark_);
    } catch (const Failure& failure) {
        add_remark_(Remark::kLeftOut, "skills in " + folder + " are left out: " + failure.what());
        return;
    }
    if (names.has_skill && depth > 0) {
        found_.push_back(folder);
        return;
    }
    for (const std::string& name : names.folders)
        visit(folder + "/" + name, depth + 1);
}

bool Walk::is_new(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 && seen_.emplace(info.st_dev, info.st_ino).second;
}

}  // namespace tenon::skill
