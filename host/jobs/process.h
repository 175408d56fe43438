#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon::jobs {

/// What one line of /proc/<pid>/stat says (proc(5)). The command name in it may contain any bytes.
struct ProcessStat {
    char state = '?';
    pid_t parent = 0;
    std::uint64_t start_time = 0;  ///< field 22: clock ticks since boot
    bool is_exiting = false;       ///< about to end, or ended: its children get another parent
};
std::optional<ProcessStat> parse_stat(std::string_view line);
/// None when there is no such process.
std::optional<ProcessStat> stat_of(pid_t pid);

struct ListedProcess {
    pid_t pid = 0;
    ProcessStat stat;
};
/// Every visible process of the machine, in no order. This takes a while, and a process that is
/// forked meanwhile may be missing.
std::vector<ListedProcess> all_processes();

/// Identifies one process for ever. A pid alone is used again for other processes.
struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
    std::string boot_id;

    static ProcessIdentity of_this_process();
};

/// A pidfd of exactly this process, or none when it has gone or was of another boot. A pidfd never
/// refers to another process, so a signal sent to it reaches no other.
UniqueFd open_process(const ProcessIdentity& who);
UniqueFd open_process(pid_t pid, std::uint64_t start_time);

/// Milliseconds from boot to such a start time.
std::int64_t since_boot(std::uint64_t start_time);

/// False when the process is gone or may not be signalled.
bool send_signal(const UniqueFd& process, int signal);

}  // namespace tenon::jobs
