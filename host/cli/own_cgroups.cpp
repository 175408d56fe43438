#include "host/cli/own_cgroups.h"

#include <sstream>
#include <string_view>

#include "host/base/atomic_file.h"
#include "host/base/quantity.h"
#include "host/base/utf8.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOfAGroupFile = std::size_t{64} << 10U;

/// The path in the line whose controllers are `controllers` ("" for version 2).
std::optional<std::string> path_in_hierarchy(const std::string& text,
                                             std::string_view controllers) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string named = "," + line.substr(first + 1, second - first - 1) + ",";
        if (named.find("," + std::string(controllers) + ",") != std::string::npos)
            return line.substr(second + 1);
    }
    return std::nullopt;
}

std::optional<std::string> own_groups(const fs::path& proc) {
    auto text = read_whole_file(proc / "self/cgroup", kMostOfAGroupFile);
    if (!text) return std::nullopt;
    return *std::move(text);
}

std::optional<GroupLimit> lowest_beneath(const fs::path& mount, const std::string& path,
                                         const char* file) {
    std::optional<GroupLimit> out;
    // In a container, the path may name a group that is not visible; its own is then the root.
    for (fs::path group = path;; group = group.parent_path()) {
        const fs::path directory = mount / group.relative_path();
        const auto text = read_whole_file(directory / file, kMostOfAGroupFile);
        const auto number = text ? parse_integer(utf8::trimmed(*text)) : std::nullopt;
        // Version 1 writes a number near the largest where there is no limit.
        if (number && *number < INT64_MAX / 2 &&
            (!out || static_cast<std::uint64_t>(*number) < out->limit))
            out = {static_cast<std::uint64_t>(*number), directory};
        if (!group.has_relative_path()) return out;
    }
}

}  // namespace

std::optional<std::string> group_of_systemd(const fs::path& proc) {
    const auto text = own_groups(proc);
    if (!text) return std::nullopt;
    auto path = path_in_hierarchy(*text, "name=systemd");
    return path ? path : path_in_hierarchy(*text, "");
}

std::optional<GroupLimit> lowest_limit(const fs::path& proc, const fs::path& cgroups,
                                       const LimitFile& file) {
    const auto text = own_groups(proc);
    if (!text) return std::nullopt;
    if (const auto path = path_in_hierarchy(*text, file.controller))
        return lowest_beneath(cgroups / file.controller, *path, file.v1);
    const auto path = path_in_hierarchy(*text, "");
    return path ? lowest_beneath(cgroups, *path, file.v2) : std::nullopt;
}

}  // namespace tenon::cli
