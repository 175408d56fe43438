#include "host/shim/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tenon::shim {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "tenon-job-";
constexpr char kHostsOwn[] = "tenon-host";
constexpr std::size_t kMostRead = 1U << 20U;

std::string read_file(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[4096];
    while (fd && text.size() < kMostRead) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
}

bool write_control_file(const fs::path& path, const std::string& text) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_word(const std::string& text, std::string_view wanted) {
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word == wanted) return true;
    }
    return false;
}

/// `name 123` on a line of its own.
std::optional<std::uint64_t> value_of(const std::string& text, std::string_view name) {
    std::istringstream lines(text);
    std::string word;
    for (std::uint64_t value = 0; lines >> word >> value;) {
        if (word == name) return value;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> only_number(const std::string& text) {
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    return std::strtoull(text.c_str(), nullptr, 10);
}

/// systemd marks a delegated group with an extended attribute.
bool is_marked_as_delegated(const fs::path& group) {
    for (const char* name : {"user.delegate", "trusted.delegate"}) {
        char value[2] = {};
        if (::getxattr(group.c_str(), name, value, sizeof value) == 1 && value[0] == '1')
            return true;
    }
    return false;
}

/// Whether this group or one above it was delegated to this user. That root may write everywhere
/// does not count: an unmarked group is managed by another program.
bool is_delegated(const fs::path& mount, fs::path group, uid_t user) {
    struct stat info {};
    if (user != 0 && ::stat(group.c_str(), &info) == 0 && info.st_uid == user) return true;
    for (; group != mount && group.has_relative_path(); group = group.parent_path()) {
        if (is_marked_as_delegated(group)) return true;
    }
    return false;
}

bool may_change(const fs::path& group) {
    return ::access(group.c_str(), W_OK | X_OK) == 0 &&
           ::access((group / "cgroup.procs").c_str(), W_OK) == 0 &&
           ::access((group / "cgroup.subtree_control").c_str(), W_OK) == 0;
}

bool enables_memory(const fs::path& group) {
    return has_word(read_file(group / "cgroup.subtree_control"), "memory");
}

/// Controllers can be enabled only in a group without processes: these are moved into a child
/// first.
bool enable_memory(const fs::path& group) {
    if (!has_word(read_file(group / "cgroup.controllers"), "memory")) return false;
    const fs::path child = group / kHostsOwn;
    if (::mkdir(child.c_str(), 0755) != 0 && errno != EEXIST) return false;
    std::istringstream pids(read_file(group / "cgroup.procs"));
    for (std::string pid; pids >> pid;)
        write_control_file(child / "cgroup.procs", pid);
    write_control_file(group / "cgroup.subtree_control", "+pids");
    return write_control_file(group / "cgroup.subtree_control", "+memory");
}

struct Hierarchy {
    fs::path mount;
    fs::path own;
};

/// The group of this process in the hierarchy of version 2.
std::optional<Hierarchy> find_own() {
    std::istringstream groups(read_file("/proc/self/cgroup"));
    std::string own;
    for (std::string line; std::getline(groups, line);) {
        if (line.starts_with("0::/")) own = line.substr(3);
    }
    if (own.empty() || own.find("/..") != std::string::npos) return std::nullopt;
    std::istringstream mounts(read_file("/proc/self/mountinfo"));
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::istringstream fields(line);
        std::string skipped, root, point;
        fields >> skipped >> skipped >> skipped >> root >> point;
        // Names with blanks are written with \040; such a place is not found.
        if (root != "/" && own.rfind(root, 0) != 0) continue;
        const std::string below = root == "/" ? own : own.substr(root.size());
        fs::path path = point + (below == "/" ? "" : below);
        std::error_code failed;
        if (fs::is_directory(path, failed)) return Hierarchy{point, path};
    }
    return std::nullopt;
}

/// Also removes the groups that the job's own processes have made in it.
void remove_group(const fs::path& group) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(group, failed)) {
        if (entry.is_directory(failed) && !entry.is_symlink(failed)) remove_group(entry.path());
    }
    ::rmdir(group.c_str());
}

/// Removes groups that killed supervisors have left: their locks are free, and they are empty.
void remove_abandoned(const fs::path& place) {
    std::error_code failed;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(place, failed)) {
        if (entry.path().filename().string().starts_with(kPrefix)) found.push_back(entry.path());
    }
    for (const fs::path& group : found) {
        const UniqueFd fd(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) remove_group(group);
    }
}

bool set_limits(const fs::path& group, const jobs::JobLimits& limits) {
    if (!limits.memory) return true;
    // Without swap there is no such file.
    write_control_file(group / "memory.swap.max", "0");
    return write_control_file(group / "memory.oom.group", "1") &&
           write_control_file(group / "memory.max", std::to_string(*limits.memory));
}

}  // namespace

std::optional<fs::path> delegated_place(const fs::path& mount, const fs::path& own,
                                        bool needs_memory, uid_t user) {
    const auto is_ours = [&](const fs::path& group) {
        return may_change(group) && is_delegated(mount, group, user);
    };
    if (is_ours(own) && (!needs_memory || enables_memory(own))) return own;
    if (is_marked_as_delegated(own) && is_ours(own) && enable_memory(own)) return own;
    for (fs::path group = own; group != mount && group.has_relative_path();) {
        group = group.parent_path();
        if (!is_ours(group)) return std::nullopt;
        if (!needs_memory || enables_memory(group)) return group;
    }
    return std::nullopt;
}

std::optional<Cgroup> Cgroup::make(const std::string& job, const jobs::JobLimits& limits) {
    const auto hierarchy = find_own();
    if (!hierarchy) return std::nullopt;
    const auto place =
        delegated_place(hierarchy->mount, hierarchy->own, limits.memory.has_value(), ::geteuid());
    if (!place) return std::nullopt;
    remove_abandoned(*place);
    fs::path path = *place / (kPrefix + job);
    if (::mkdir(path.c_str(), 0755) != 0) return std::nullopt;
    UniqueFd held(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (held) std::ignore = ::flock(held.get(), LOCK_EX | LOCK_NB);
    UniqueFd procs(::open((path / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    const bool works = held && procs && set_limits(path, limits);
    Cgroup group(std::move(path), std::move(held), std::move(procs));
    if (!works) return std::nullopt;
    return group;
}

Cgroup::~Cgroup() {
    if (held_) remove_group(path_);
}

bool Cgroup::has(pid_t pid) const {
    const std::string groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
    return groups.find("/" + path_.filename().string()) != std::string::npos;
}

bool Cgroup::is_out_of_memory() const {
    return value_of(read_file(path_ / "memory.events"), "oom_kill").value_or(0) > 0;
}

std::optional<std::uint64_t> Cgroup::peak_memory() const {
    return only_number(read_file(path_ / "memory.peak"));
}

std::optional<std::chrono::milliseconds> Cgroup::cpu() const {
    const auto microseconds = value_of(read_file(path_ / "cpu.stat"), "usage_usec");
    if (!microseconds) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(*microseconds / 1000));
}

std::optional<std::uint64_t> Cgroup::tasks() const {
    return only_number(read_file(path_ / "pids.current"));
}

void Cgroup::kill() const {
    write_control_file(path_ / "cgroup.kill", "1");
}

}  // namespace tenon::shim
