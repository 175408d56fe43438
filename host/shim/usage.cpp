#include "host/shim/usage.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>

#include "host/base/unique_fd.h"
#include "host/shim/tree.h"

namespace tenon::shim {
namespace {

// A tree of this size is above every limit that makes sense, even if it grows on while it is
// listed.
constexpr std::size_t kMostListed = 100'000;
// Before Linux 6.17 the resident size of a process is a sum of counters of each processor. Each may
// be too low by so many pages: three counters in batches of at least 32.
constexpr std::uint64_t kPagesBehind = 3 * 32;

std::uint64_t page_size() {
    static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::uint64_t processors() {
    static const auto count = std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF));
    return static_cast<std::uint64_t>(count);
}

/// Without streams and strings, since files of /proc are read thousands of times.
std::string_view read_small(const char* path, char* buffer, std::size_t size) {
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return {};
    const ssize_t n = ::read(fd.get(), buffer, size);
    return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
}

/// The numbers of proc(5)'s stat that are needed here.
struct Stat {
    std::uint64_t own_ticks = 0;
    std::uint64_t childrens_ticks = 0;
    std::uint64_t start_time = 0;
    std::uint64_t resident_pages = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    char buffer[1024];
    std::string_view line = read_small(path, buffer, sizeof buffer - 1);
    const auto name_end = line.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    buffer[line.size()] = '\0';
    // Fields 4 to 24: after the state, which is one letter.
    std::array<std::uint64_t, 21> fields{};
    const char* at = buffer + name_end + 3;
    for (std::uint64_t& field : fields) {
        char* end = nullptr;
        field = std::strtoull(at, &end, 10);
        if (end == at) return std::nullopt;
        at = end;
    }
    Stat stat;
    stat.own_ticks = fields[10] + fields[11];
    stat.childrens_ticks = fields[12] + fields[13];
    stat.start_time = fields[18];
    stat.resident_pages = fields[20];
    return stat;
}

std::uint64_t number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    return at == std::string_view::npos
               ? 0
               : std::strtoull(text.data() + at + name.size(), nullptr, 10);
}

/// The share of each process in a shared page, so that the sum over all processes counts it once.
std::uint64_t proportional_bytes(pid_t pid) {
    char path[40];
    char buffer[2048];
    std::snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    std::string_view text = read_small(path, buffer, sizeof buffer - 1);
    buffer[text.size()] = '\0';
    if (!text.empty()) return number_after(text, "\nPss:") * 1024;
    // The file cannot be read. Only the pages that are not shared are certain.
    std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
    text = read_small(path, buffer, sizeof buffer - 1);
    buffer[text.size()] = '\0';
    unsigned long long total = 0, resident = 0, shared = 0;
    if (std::sscanf(buffer, "%llu %llu %llu", &total, &resident, &shared) != 3) return 0;
    return resident > shared ? (resident - shared) * page_size() : 0;
}

}  // namespace

UsageMeter::UsageMeter(pid_t root) : root_(root) {}

Usage UsageMeter::look(std::uint64_t enough, const std::vector<pid_t>& excluded) {
    Usage usage;
    tree_ = listed_pids(root_, std::min<std::uint64_t>(enough, kMostListed) + excluded.size());
    std::erase_if(tree_, [&](pid_t pid) {
        return std::find(excluded.begin(), excluded.end(), pid) != excluded.end();
    });
    usage.processes = tree_.size();
    // Reading the usage of a process may wait for the process: not for thousands.
    if (usage.processes > enough) return usage;
    const auto root = read_stat(root_);
    if (!root) return usage;
    for (auto& [pid, seen] : seen_)
        seen.is_alive = false;
    std::uint64_t pages = 0;
    std::uint64_t ticks = root->childrens_ticks;
    std::uint64_t own_ticks = 0;
    // Parents first, so that the time of a process that ends meanwhile is missed and not counted
    // twice.
    for (const pid_t pid : tree_) {
        const auto stat = read_stat(pid);
        if (!stat) continue;
        if (stat->resident_pages > 0) pages += stat->resident_pages + kPagesBehind * processors();
        ticks += stat->own_ticks + stat->childrens_ticks;
        own_ticks += stat->own_ticks;
        Seen& seen = seen_[pid];
        if (seen.start_time != stat->start_time) vanished_ += seen.ticks;
        seen = {stat->start_time, stat->own_ticks, true};
    }
    own_ticks += ticks_of_vanished();
    usage.memory_at_most = pages * page_size();
    // The time of children of a process that ignores SIGCHLD is not added to that process.
    static const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    usage.cpu = std::chrono::milliseconds(std::max(ticks, own_ticks) * 1000 / ticks_a_second);
    return usage;
}

std::uint64_t UsageMeter::ticks_of_vanished() {
    std::erase_if(seen_, [this](const auto& entry) {
        if (!entry.second.is_alive) vanished_ += entry.second.ticks;
        return !entry.second.is_alive;
    });
    return vanished_;
}

std::uint64_t UsageMeter::memory() const {
    std::uint64_t sum = 0;
    for (const pid_t pid : tree_)
        sum += proportional_bytes(pid);
    return sum;
}

}  // namespace tenon::shim
