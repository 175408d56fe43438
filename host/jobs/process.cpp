#include "host/jobs/process.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/clock.h"

namespace tenon::jobs {
namespace {

/// The part of `line` after the next `skip` blanks.
std::string_view skip_fields(std::string_view line, int skip) {
    while (skip-- > 0) {
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) return {};
        line.remove_prefix(blank + 1);
    }
    return line;
}

std::uint64_t number_at(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') break;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view line) {
    // The name may contain blanks and brackets of its own: the last closing bracket ends it.
    const auto name_end = line.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    line.remove_prefix(name_end + 2);
    const std::string_view start = skip_fields(line, 19);
    if (line.empty() || start.empty()) return std::nullopt;
    constexpr std::uint64_t kExiting = 4;  // PF_EXITING, <linux/sched.h>
    const bool exiting =
        line[0] == 'Z' || line[0] == 'X' || (number_at(skip_fields(line, 6)) & kExiting) != 0;
    return ProcessStat{line[0], static_cast<pid_t>(number_at(skip_fields(line, 1))),
                       number_at(start), exiting};
}

std::optional<ProcessStat> stat_of(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    char line[1024];
    const ssize_t n = ::read(fd.get(), line, sizeof line);
    if (n <= 0) return std::nullopt;
    return parse_stat({line, static_cast<std::size_t>(n)});
}

std::vector<ListedProcess> all_processes() {
    std::vector<ListedProcess> all;
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
    if (!proc) return all;
    while (const dirent* entry = ::readdir(proc.get())) {
        const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
        if (pid <= 0) continue;
        if (const auto stat = stat_of(pid)) all.push_back({pid, *stat});
    }
    return all;
}

ProcessIdentity ProcessIdentity::of_this_process() {
    const auto stat = stat_of(::getpid());
    return {::getpid(), stat ? stat->start_time : 0, tenon::boot_id()};
}

UniqueFd open_process(pid_t pid, std::uint64_t start_time) {
    if (pid <= 0) return {};
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return {};
    // Only now: the process that has the pid now is the one that the descriptor refers to.
    const auto stat = stat_of(pid);
    if (!stat || stat->start_time != start_time) return {};
    return fd;
}

UniqueFd open_process(const ProcessIdentity& who) {
    if (who.boot_id.empty() || who.boot_id != tenon::boot_id()) return {};
    return open_process(who.pid, who.start_time);
}

std::int64_t since_boot(std::uint64_t start_time) {
    static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return static_cast<std::int64_t>(start_time / ticks * 1000 + start_time % ticks * 1000 / ticks);
}

bool send_signal(const UniqueFd& process, int signal) {
    return process && ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

}  // namespace tenon::jobs
