#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Files that define kinds of subagents: the *.md of a few folders, as bytes. What they mean is for
/// the plugin that asks for them; whether they may count at all is decided here.
namespace tenon::config {

constexpr std::size_t kMaxAgentFileBytes = std::size_t{256} << 10U;
constexpr std::size_t kMaxAgentFiles = 256;  ///< a folder

/// In the order of search. They need not be there.
struct AgentFolders {
    std::filesystem::path workspace;
    std::vector<std::filesystem::path> of_workspace;  ///< what is in them needs trust
    std::vector<std::filesystem::path> of_user;
};

/// `home` and `config` (the user's folder of configuration) may be empty. A folder of the user that
/// is one of the workspace's too counts as the user's.
AgentFolders agent_folders(const std::filesystem::path& workspace,
                           const std::filesystem::path& home, const std::filesystem::path& config);

struct AgentFile {
    std::filesystem::path path;
    std::string bytes;  ///< valid UTF-8
};

/// Every definition of some folders, each folder's by name.
struct AgentFiles {
    std::vector<AgentFile> files;
    std::vector<std::string> problems;  ///< what could not be read
};
AgentFiles read_agent_files(const std::vector<std::filesystem::path>& folders);

/// What may be used, and what may not.
struct UsableAgentFiles {
    AgentFiles of_workspace;  ///< of which a person has said yes to these very bytes
    AgentFiles of_user;
    std::vector<std::filesystem::path> untrusted;
};
UsableAgentFiles usable_agent_files(const AgentFolders& folders,
                                    const std::filesystem::path& state_dir);

}  // namespace tenon::config
