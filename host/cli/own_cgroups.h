#pragma once

#include <filesystem>
#include <optional>
#include <string>

/// The control groups of this process, as /proc/self/cgroup names them (cgroups(7)). Blocks on
/// files.
namespace tenon::cli {

/// The path of the group that systemd knows, such as /user.slice/user-1000.slice/session-2.scope.
/// None: it cannot be read.
std::optional<std::string> group_of_systemd(const std::filesystem::path& proc);

/// The lowest number in `file` ("pids.max") of the group and the groups above it; none: there is no
/// limit. `controller` names the hierarchy of version 1 ("pids").
struct GroupLimit {
    std::uint64_t limit = 0;
    std::filesystem::path group;  ///< the one that has this limit
};
struct LimitFile {
    const char* controller;
    const char* v1;
    const char* v2;
};
std::optional<GroupLimit> lowest_limit(const std::filesystem::path& proc,
                                       const std::filesystem::path& cgroups, const LimitFile& file);

}  // namespace tenon::cli
