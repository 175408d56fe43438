#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Files that define kinds of subagents: the *.md files of a few directories, as bytes. Decides
/// whether they may be used. Their meaning is the business of the plugin that asks for them.
namespace tenon::config {

constexpr std::size_t kMaxAgentFileBytes = std::size_t{256} << 10U;
constexpr std::size_t kMaxAgentFiles = 256;  ///< a folder

/// In the order of search. They need not exist.
struct AgentFolders {
    std::filesystem::path workspace;
    std::vector<std::filesystem::path> of_workspace;  ///< their files need trust
    std::vector<std::filesystem::path> of_user;
};

/// `home` and `config` (the user's configuration directory) may be empty. A directory that is both
/// the user's and the workspace's counts as the user's.
AgentFolders agent_folders(const std::filesystem::path& workspace,
                           const std::filesystem::path& home, const std::filesystem::path& config);

struct AgentFile {
    std::filesystem::path path;
    std::string bytes;  ///< valid UTF-8
};

/// Every definition of some directories, sorted by name within each directory.
struct AgentFiles {
    std::vector<AgentFile> files;
    std::vector<std::string> problems;  ///< what could not be read
};
AgentFiles read_agent_files(const std::vector<std::filesystem::path>& folders);

/// Which definitions may be used, and which may not.
struct UsableAgentFiles {
    AgentFiles of_workspace;  ///< a person has trusted exactly these bytes
    AgentFiles of_user;
    std::vector<std::filesystem::path> untrusted;
};
UsableAgentFiles usable_agent_files(const AgentFolders& folders,
                                    const std::filesystem::path& state_dir);

}  // namespace tenon::config
