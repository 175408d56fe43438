#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/config/agent_files.h"
#include "host/config/config_file.h"
#include "host/config/workspace_plugins.h"

/// Which workspaces a person has trusted. A record is one file in `<state>/trust/` (folder
/// 0700, file 0600), named by the SHA-256 of the workspace's path:
///   {"v":1,"workspace":path,"file":"tenon.xml","sha256":hex,"agents":{path:hex,…},
///    "plugins":{path:hex,…},"trusted_ms":wall clock}
/// (a path that is not UTF-8 as path_to_text writes it). A record counts only in a state directory
/// that is the user's own (see check_state_dir), and only when nobody else may write to it.
/// It covers exactly these bytes of that file; `file` is empty when the workspace had none.
/// `agents` are its agent definitions, relative to it: each is trusted by itself, also when the
/// others have changed. `plugins` are the directories in `.tenon/plugins/` in the same way, with
/// PluginTree::sha256. Workspaces are given with symlinks resolved.
namespace tenon::config {

enum class Trust {
    kNever,    ///< nobody was asked, or the answer was no
    kChanged,  ///< other bytes than these were trusted
    kTrusted,
};

std::string sha256_hex(std::string_view bytes);

/// `file` is what the workspace's `.tenon/` holds, none when it has no configuration file. A record
/// that cannot be read, or has a higher `v`, is an Error, and means no trust.
Result<Trust> trust_in(const std::filesystem::path& state_dir,
                       const std::filesystem::path& workspace,
                       const std::optional<FoundFile>& file);

/// The agent definitions of a workspace that a person has trusted.
class TrustedAgents {
public:
    TrustedAgents() = default;
    TrustedAgents(std::filesystem::path workspace, std::map<std::string, std::string> hashes)
        : workspace_(std::move(workspace)), hashes_(std::move(hashes)) {}

    /// Exactly these bytes.
    [[nodiscard]] bool covers(const AgentFile& file) const;
    /// Some bytes of this file.
    [[nodiscard]] bool knows(const std::filesystem::path& path) const;

private:
    std::filesystem::path workspace_;
    std::map<std::string, std::string> hashes_;  // by path relative to the workspace
};

/// The Error is that of `trust_in`.
Result<TrustedAgents> trusted_agents(const std::filesystem::path& state_dir,
                                     const std::filesystem::path& workspace);

/// The directories of plugins of a workspace that a person has trusted.
class TrustedPlugins {
public:
    TrustedPlugins() = default;
    TrustedPlugins(std::filesystem::path workspace, std::map<std::string, std::string> hashes)
        : workspace_(std::move(workspace)), hashes_(std::move(hashes)) {}

    /// Exactly these files.
    [[nodiscard]] bool covers(const PluginTree& tree) const;
    /// Some files of this directory.
    [[nodiscard]] bool knows(const std::filesystem::path& path) const;

private:
    std::filesystem::path workspace_;
    std::map<std::string, std::string> hashes_;  // by path relative to the workspace
};

/// The Error is that of `trust_in`.
Result<TrustedPlugins> trusted_plugins(const std::filesystem::path& state_dir,
                                       const std::filesystem::path& workspace);

/// Records that a person has trusted exactly these bytes. Replaces an earlier record. Makes the
/// state folder when there is none.
Result<void> record_trust(const std::filesystem::path& state_dir,
                          const std::filesystem::path& workspace,
                          const std::optional<FoundFile>& file,
                          const std::vector<AgentFile>& agents,
                          const std::vector<PluginTree>& plugins = {});

}  // namespace tenon::config
