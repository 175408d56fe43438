#include "host/shim/usage.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "host/base/unique_fd.h"
#include "host/shim/tree.h"

namespace tenon::shim {
namespace {

// A tree that grows while it is listed is above every limit that makes sense.
constexpr std::size_t kMostListed = 100'000;
// Before Linux 6.17 the resident size of a process is a sum of counters of each processor, which
// may be behind by so many pages each: three counters in batches of at least 32.
constexpr std::uint64_t kPagesBehind = 3 * 32;

std::uint64_t page_size() {
    static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::uint64_t processors() {
    static const auto count = std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF));
    return static_cast<std::uint64_t>(count);
}

/// Files of /proc are asked for thousands of times: no streams, no strings.
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
    std::uint64_t threads = 0;
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
    stat.threads = fields[16];
    stat.start_time = fields[18];
    stat.resident_pages = fields[20];
    return stat;
}

/// One thread's children. False where there is no such file.
bool add_children(pid_t pid, pid_t thread, std::vector<pid_t>& to) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, thread);
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return false;
    char buffer[4096];
    pid_t number = 0;  // a blank ends each, and a number may lie across two readings
    for (ssize_t n = 0; (n = ::read(fd.get(), buffer, sizeof buffer)) > 0;) {
        for (const char c : std::string_view(buffer, static_cast<std::size_t>(n))) {
            if (c >= '0' && c <= '9') {
                number = number * 10 + (c - '0');
            } else if (number > 0) {
                to.push_back(std::exchange(number, 0));
            }
        }
    }
    return true;
}

void add_children_of_threads(pid_t pid, std::vector<pid_t>& to) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/task", pid);
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path), ::closedir);
    if (!dir) return;
    while (const dirent* entry = ::readdir(dir.get())) {
        if (entry->d_name[0] != '.') add_children(pid, std::atoi(entry->d_name), to);
    }
}

std::uint64_t number_behind(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    return at == std::string_view::npos
               ? 0
               : std::strtoull(text.data() + at + name.size(), nullptr, 10);
}

/// Shared pages in parts, so that the sum over all who share one counts it once.
std::uint64_t proportional_bytes(pid_t pid) {
    char path[40];
    char buffer[2048];
    std::snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    std::string_view text = read_small(path, buffer, sizeof buffer - 1);
    buffer[text.size()] = '\0';
    if (!text.empty()) return number_behind(text, "\nPss:") * 1024;
    // It may not be looked into: only what it shares with nobody is certain.
    std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
    text = read_small(path, buffer, sizeof buffer - 1);
    buffer[text.size()] = '\0';
    unsigned long long total = 0, resident = 0, shared = 0;
    if (std::sscanf(buffer, "%llu %llu %llu", &total, &resident, &shared) != 3) return 0;
    return resident > shared ? (resident - shared) * page_size() : 0;
}

bool kernel_lists_children() {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/children", ::getpid());
    return ::access(path, R_OK) == 0;
}

}  // namespace

UsageMeter::UsageMeter(pid_t root) : root_(root), has_lists_(kernel_lists_children()) {}

Usage UsageMeter::look(std::uint64_t enough) {
    const auto root = read_stat(root_);
    if (!root) return {};
    tree_.clear();
    const auto list_children = [&](pid_t pid, std::uint64_t threads) {
        if (threads > 1) {
            add_children_of_threads(pid, tree_);
        } else {
            add_children(pid, pid, tree_);
        }
    };
    if (has_lists_) {
        list_children(root_, root->threads);
    } else {
        for (const Descendant& process : descendants_of(root_))
            tree_.push_back(process.pid);
    }
    for (auto& [pid, seen] : seen_)
        seen.is_alive = false;
    Usage usage;
    std::uint64_t pages = 0;
    std::uint64_t ticks = root->childrens_ticks;
    std::uint64_t own_ticks = 0;
    // Parents first: the time of one that ends meanwhile is missed, never counted twice.
    for (std::size_t next = 0; next < tree_.size() && usage.processes <= enough; ++next) {
        const auto stat = read_stat(tree_[next]);
        if (!stat) continue;
        ++usage.processes;
        if (stat->resident_pages > 0) pages += stat->resident_pages + kPagesBehind * processors();
        ticks += stat->own_ticks + stat->childrens_ticks;
        own_ticks += stat->own_ticks;
        Seen& seen = seen_[tree_[next]];
        if (seen.start_time != stat->start_time) vanished_ += seen.ticks;
        seen = {stat->start_time, stat->own_ticks, true};
        if (has_lists_ && tree_.size() < kMostListed) list_children(tree_[next], stat->threads);
    }
    own_ticks += ticks_of_vanished();
    usage.memory_at_most = pages * page_size();
    // A process that ignores SIGCHLD is not charged for its children.
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
