#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/base/unique_fd.h"
#include "host/jobs/job_limits.h"

/// Control groups of version 2, as Documentation/admin-guide/cgroup-v2.rst of Linux describes them
/// and systemd delegates them (https://systemd.io/CGROUP_DELEGATION).
namespace tenon::shim {

/// One control group, made for one job and removed with this object. It reads and writes the
/// group's files, and takes no decisions.
class Cgroup {
public:
    /// Makes a group beside or beneath the group of this process, where that is delegated to this
    /// user and has the controllers that `limits` need. None: there is no such place.
    static std::optional<Cgroup> make(const std::string& job, const jobs::JobLimits& limits);
    Cgroup(Cgroup&&) = default;
    Cgroup& operator=(Cgroup&&) = delete;
    ~Cgroup();

    /// The file into which a process writes "0" to become a member.
    [[nodiscard]] int procs() const { return procs_.get(); }
    /// Whether the process is a member. Also works for a process that has ended and is not reaped.
    [[nodiscard]] bool has(pid_t pid) const;
    /// Whether the kernel has ended processes of the group because of memory.max.
    [[nodiscard]] bool is_out_of_memory() const;
    /// The most bytes that were in use. None: this kernel does not record it.
    [[nodiscard]] std::optional<std::uint64_t> peak_memory() const;
    /// Processor time of all processes that were ever in the group. None: it cannot be read.
    [[nodiscard]] std::optional<std::chrono::milliseconds> cpu() const;
    /// The number of processes and threads. None: the group does not have this controller.
    [[nodiscard]] std::optional<std::uint64_t> tasks() const;
    /// Sends SIGKILL to all members at once, also to those that are just being forked.
    void kill() const;

private:
    Cgroup(std::filesystem::path path, UniqueFd held, UniqueFd procs)
        : path_(std::move(path)), held_(std::move(held)), procs_(std::move(procs)) {}

    std::filesystem::path path_;  // empty: moved from
    UniqueFd held_;               // the directory; its lock shows that it is in use
    UniqueFd procs_;
};

/// Where a group for a job can be made: in `own` or the nearest group above it that this user may
/// change and that, with `needs_memory`, has the memory controller enabled for its children. If
/// `own` itself is marked as delegated, its processes are first moved into a child, so that this
/// can be enabled.
std::optional<std::filesystem::path> delegated_place(const std::filesystem::path& mount,
                                                     const std::filesystem::path& own,
                                                     bool needs_memory, uid_t user);

}  // namespace tenon::shim
