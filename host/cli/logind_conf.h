#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The part of systemd-logind's configuration that says whose processes a logout kills. Blocks on
/// files.
namespace tenon::cli {

/// A setting of the section [Login], and the file that has it.
struct LoginSetting {
    std::string value;
    std::filesystem::path file;
};
using LoginSettings = std::map<std::string, LoginSetting>;

/// Reads the first logind.conf of `folders`, then the drop-ins of all of them in the order of their
/// names. Of drop-ins with one name, the one in the first folder counts (logind.conf(5)). Where
/// nothing sets KillUserProcesses, the comment in logind.conf, which has the default of the build,
/// is used.
LoginSettings read_logind_conf(const std::vector<std::filesystem::path>& folders);

/// Whether a logout kills the processes of this user's sessions; none: the configuration does not
/// say.
std::optional<bool> kills_processes_of(const LoginSettings& settings, const std::string& user);

}  // namespace tenon::cli
