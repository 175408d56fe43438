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

/// One control group, made for one job and removed with this object. Reads and writes its files;
/// when to look and what follows is not its business.
class Cgroup {
public:
    /// Beside or beneath the group that this process is in, where that is delegated to this user
    /// and has the controllers that `limits` need. None: there is no such place.
    static std::optional<Cgroup> make(const std::string& job, const jobs::JobLimits& limits);
    Cgroup(Cgroup&&) = default;
    Cgroup& operator=(Cgroup&&) = delete;
    ~Cgroup();

    /// The file into which a process writes "0" to become a member.
    [[nodiscard]] int procs() const { return procs_.get(); }
    /// Whether the process has become one; also of one that has ended and is not reaped.
    [[nodiscard]] bool has(pid_t pid) const;
    /// The kernel has ended its processes because of memory.max.
    [[nodiscard]] bool is_out_of_memory() const;
    /// Bytes: the most that was in use, as far as this kernel keeps it.
    [[nodiscard]] std::optional<std::uint64_t> peak_memory() const;
    /// Processor time of all processes there ever were. None: it cannot be read.
    [[nodiscard]] std::optional<std::chrono::milliseconds> cpu() const;
    /// Processes and threads. None: there is no such controller here.
    [[nodiscard]] std::optional<std::uint64_t> tasks() const;
    /// SIGKILL for all at one stroke, also those that are just being forked.
    void kill() const;

private:
    Cgroup(std::filesystem::path path, UniqueFd held, UniqueFd procs)
        : path_(std::move(path)), held_(std::move(held)), procs_(std::move(procs)) {}

    std::filesystem::path path_;  // empty: moved from
    UniqueFd held_;               // the directory, locked: others see that it is in use
    UniqueFd procs_;
};

/// Where a group for a job can be made: the nearest of `own` and the groups above it that this user
/// may change and that hands `controllers` on to its children. Where `own` itself is marked as
/// delegated its processes are first moved into a child, so that it can hand them on.
std::optional<std::filesystem::path> delegated_place(const std::filesystem::path& mount,
                                                     const std::filesystem::path& own,
                                                     bool needs_memory, uid_t user);

}  // namespace tenon::shim
