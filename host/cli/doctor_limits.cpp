// Limits that a run with many jobs may reach.
#include <algorithm>
#include <ctime>
#include <sys/resource.h>

#include "host/base/atomic_file.h"
#include "host/base/limits.h"
#include "host/base/quantity.h"
#include "host/base/utf8.h"
#include "host/cli/doctor.h"
#include "host/cli/own_cgroups.h"

namespace tenon::cli {
namespace {

// A host needs these for itself, and these for each running job: the task's thread, the supervisor,
// the shell and what the shell starts; a pidfd, a pipe and the files that are being read.
constexpr std::uint64_t kOwnProcesses = 16;
constexpr std::uint64_t kProcessesOfAJob = 4;
constexpr std::uint64_t kOwnDescriptors = 64;
constexpr std::uint64_t kDescriptorsOfAJob = 4;
constexpr std::uint64_t kLittleMemory = std::uint64_t{256} << 20U;
constexpr std::uint64_t kFewestFileBytes = std::uint64_t{1} << 20U;

std::string for_running_jobs(std::uint64_t needed, const config::Settings& settings) {
    return "; jobs.maxRunning=" + std::to_string(settings.jobs.max_running) + " may need " +
           std::to_string(needed);
}

/// How many jobs fit; for the remedy.
std::string fewer_jobs(std::uint64_t available, std::uint64_t own, std::uint64_t each) {
    const std::uint64_t fit = available > own ? (available - own) / each : 0;
    return "jobs.maxRunning=" + std::to_string(std::max<std::uint64_t>(fit, 1));
}

std::uint64_t needed_by(const config::Settings& settings, std::uint64_t own, std::uint64_t each) {
    return own + each * static_cast<std::uint64_t>(settings.jobs.max_running);
}

Check check_open_files(const config::Settings& settings) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t needed = needed_by(settings, kOwnDescriptors, kDescriptorsOfAJob);
    const std::string found = "the limit is " + std::to_string(limit.rlim_cur) + ", at most " +
                              std::to_string(limit.rlim_max);
    // A host raises its own soft limit.
    if (limit.rlim_max >= needed) return {"open files", CheckStatus::kOk, found, ""};
    return {"open files", CheckStatus::kWarning, found + for_running_jobs(needed, settings),
            "ulimit -Hn " + std::to_string(needed) + " (as root; LimitNOFILE= in a unit), or: " +
                fewer_jobs(limit.rlim_max, kOwnDescriptors, kDescriptorsOfAJob)};
}

Check check_processes(const config::Settings& settings) {
    const std::uint64_t needed = needed_by(settings, kOwnProcesses, kProcessesOfAJob);
    const auto left = processes_left();
    if (!left) return {"processes", CheckStatus::kOk, "this user has no low limit", ""};
    const std::string found = "this user may start " + std::to_string(*left) + " more";
    if (*left >= needed) return {"processes", CheckStatus::kOk, found, ""};
    return {"processes", CheckStatus::kWarning, found + for_running_jobs(needed, settings),
            "ulimit -Su $(ulimit -Hu), or: " + fewer_jobs(*left, kOwnProcesses, kProcessesOfAJob)};
}

void check_group_processes(const config::Settings& settings, const MachinePlaces& places,
                           Checks& out) {
    const auto lowest = lowest_limit(places.proc, places.cgroups, {"pids", "pids.max", "pids.max"});
    if (!lowest) return;
    const auto text = read_whole_file(lowest->group / "pids.current", 64);
    const auto used = text ? parse_integer(utf8::trimmed(*text)) : std::nullopt;
    const std::uint64_t left =
        lowest->limit - std::min(lowest->limit, static_cast<std::uint64_t>(used.value_or(0)));
    const std::uint64_t needed = needed_by(settings, kOwnProcesses, kProcessesOfAJob);
    const std::string found = std::to_string(left) + " of " + std::to_string(lowest->limit) +
                              " are left in " + lowest->group.string();
    if (left >= needed) {
        out.push_back({"processes of group", CheckStatus::kOk, found, ""});
        return;
    }
    out.push_back({"processes of group", CheckStatus::kWarning,
                   found + for_running_jobs(needed, settings),
                   "raise TasksMax= of the unit (pids-limit of a container), or: " +
                       fewer_jobs(left, kOwnProcesses, kProcessesOfAJob)});
}

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20U) + " MiB";
}

void check_group_memory(const config::Settings& settings, const MachinePlaces& places,
                        Checks& out) {
    const auto lowest = lowest_limit(places.proc, places.cgroups,
                                     {"memory", "memory.limit_in_bytes", "memory.max"});
    if (!lowest) return;
    const std::string found =
        mebibytes(lowest->limit) + " are allowed in " + lowest->group.string();
    const std::uint64_t of_a_job = settings.jobs.memory_limit.value_or(0);
    if (lowest->limit >= kLittleMemory && of_a_job <= lowest->limit) {
        out.push_back({"memory", CheckStatus::kOk, found, ""});
    } else if (of_a_job > lowest->limit) {
        out.push_back({"memory", CheckStatus::kWarning,
                       found + ", less than jobs.memoryLimit (" + mebibytes(of_a_job) + ")",
                       "jobs.memoryLimit=" + std::to_string((lowest->limit / 2) >> 20U) + "MiB"});
    } else {
        out.push_back(
            {"memory", CheckStatus::kWarning,
             found + "; the kernel may kill the host when jobs need memory",
             "raise MemoryMax= of the unit (memory limit of a container) to 256M or more"});
    }
}

Check check_file_size(const config::Settings& settings) {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) return {"file size", CheckStatus::kOk, "no limit", ""};
    const std::string found = "the limit is " + std::to_string(limit.rlim_cur) + " bytes";
    const std::string remedy = "ulimit -f unlimited";
    if (limit.rlim_cur < kFewestFileBytes)
        return {"file size", CheckStatus::kError, found + "; a session cannot be recorded", remedy};
    if (limit.rlim_cur < settings.jobs.output_limit)
        return {"file size", CheckStatus::kWarning,
                found + ", less than jobs.outputLimit (" +
                    std::to_string(settings.jobs.output_limit) + ")",
                remedy + ", or: jobs.outputLimit=" + std::to_string(limit.rlim_cur)};
    return {"file size", CheckStatus::kOk, found, ""};
}

}  // namespace

Checks check_limits(const config::Settings& settings, const MachinePlaces& places) {
    Checks out = {check_open_files(settings), check_processes(settings)};
    check_group_processes(settings, places, out);
    check_group_memory(settings, places, out);
    out.push_back(check_file_size(settings));
    return out;
}

Checks check_clock(std::int64_t now) {
    // This version was written after the first of these; certificates are not valid for so long as
    // until the second.
    constexpr std::int64_t kBegin2026 = 1'767'225'600;
    constexpr std::int64_t kBegin2056 = 2'713'910'400;
    const std::time_t seconds = now;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    if (now >= kBegin2026 && now < kBegin2056) return {{"clock", CheckStatus::kOk, date, ""}};
    return {{"clock", CheckStatus::kError,
             std::string("it says ") + date + "; certificates of servers would be refused",
             "timedatectl set-ntp true, or: date --set=TIME"}};
}

}  // namespace tenon::cli
