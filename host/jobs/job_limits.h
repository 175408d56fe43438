#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What one job may use, and how a job that used more is described.
namespace tenon::jobs {

/// For the whole process tree of a job. None: there is no such limit.
struct JobLimits {
    std::optional<std::uint64_t> memory;     ///< bytes, resident, shared pages counted once
    std::optional<std::uint64_t> processes;  ///< at one time, with those that are not yet reaped
    std::optional<std::chrono::milliseconds> cpu;  ///< processor time, with that of ended processes

    [[nodiscard]] bool any() const { return memory || processes || cpu; }
    bool operator==(const JobLimits&) const = default;
};

inline constexpr char kMemoryLimit[] = "jobs.memoryLimit";
inline constexpr char kProcessLimit[] = "jobs.processLimit";
inline constexpr char kCpuLimit[] = "jobs.cpuLimit";

/// Who measures: the supervisor, or the kernel in a cgroup.
inline constexpr char kShimActor[] = "tenon-shim";
inline constexpr char kCgroupActor[] = "cgroup";

/// Which limit a job was ended for. `value` and `figure` are bytes, processes or milliseconds.
struct LimitReached {
    std::string actor;
    std::string limit;         ///< the configuration key
    std::uint64_t value = 0;   ///< as configured
    std::uint64_t figure = 0;  ///< as measured; for a cgroup's memory: the most that it allowed

    bool operator==(const LimitReached&) const = default;
};

/// "its processes used 512 MiB of memory, more than jobs.memoryLimit = 256 MiB"
std::string sentence_of(const LimitReached& reached);
/// "memory 256 MiB, 100 processes, processor time 60 s"; empty without limits.
std::string text_of(const JobLimits& limits);

}  // namespace tenon::jobs
