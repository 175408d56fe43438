#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "host/app/config_file.h"
#include "host/base/result.h"

/// Which workspaces a person has said yes to. A record is one file in `<state>/trust/` (folder
/// 0700, file 0600), named by the SHA-256 of the workspace's path:
///   {"v":1,"workspace":path,"file":"tenon.xml","sha256":hex,"trusted_ms":wall clock}
/// It holds for exactly these bytes of that file; `file` is empty when the workspace had none.
/// Workspaces are given with symlinks resolved.
namespace tenon::app {

enum class Trust {
    kNever,    ///< nobody was asked, or said no
    kChanged,  ///< said yes to other bytes than these
    kTrusted,
};

std::string sha256_hex(std::string_view bytes);

/// `file` is what the workspace's `.tenon/` holds, none when it has no configuration file. A record
/// that cannot be read, or has a higher `v`, is an Error, and means no trust.
Result<Trust> trust_in(const std::filesystem::path& state_dir,
                       const std::filesystem::path& workspace,
                       const std::optional<FoundFile>& file);

/// Records that a person said yes to these very bytes. Makes the state folder when there is none.
Result<void> record_trust(const std::filesystem::path& state_dir,
                          const std::filesystem::path& workspace,
                          const std::optional<FoundFile>& file);

/// For what else of a workspace needs trust (agent definitions, skills' allowed-tools): whether its
/// configuration file as it is now, or its having none, was trusted. Any doubt is a no.
bool is_trusted(const std::filesystem::path& state_dir, const std::filesystem::path& workspace);

}  // namespace tenon::app
