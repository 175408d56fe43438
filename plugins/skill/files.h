#pragma once

#include <dirent.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

/// Folders and files, opened by the host: beneath the session's roots, and not where a rule forbids
/// it. All functions throw tenon::Failure with the reason.
namespace tenon::skill {

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// The folders of skills in the order of search. They may be missing.
std::vector<std::string> skill_folders(const Host& host);

/// A folder with one skill, of a directory in the Agent Plugins form.
struct PluginSkill {
    std::string plugin;
    std::string folder;
};
/// In the order of search.
std::vector<PluginSkill> plugin_skills(const Host& host);

Folder open_folder(const Host& host, std::string_view path);

/// The contents of a regular file, or enough of them to see that it is too large for a skill.
std::string read_file(const Host& host, std::string_view path);

}  // namespace tenon::skill
