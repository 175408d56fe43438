#include "host/jobs/orphans.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/jobs/process.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kGiveUp = 5s;   // when none more has ended meanwhile: a slow machine takes longer
constexpr auto kAtMost = 30s;  // also when they are born as fast as they end
constexpr int kDyingMs = 500;
constexpr auto kRound = 20ms;
constexpr auto kLoading = 100ms;  // a program, after which its environment can be read
constexpr int kLooks = 8;         // a tree that grows faster is a matter for the next round
constexpr std::size_t kMostEnvironment = 8U << 20U;
constexpr char kVariable[] = "TENON_JOB_ID=";
constexpr char kSupervisor[] = "tenon-shim";

std::string file_of(pid_t pid, const char* name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

/// Files of /proc have no size to go by. Empty where it cannot be read.
std::string read_proc(const std::string& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[8192];
    while (fd && text.size() < kMostEnvironment) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
}

/// What the process was started with. Empty while a new program is only being loaded, too.
std::string environment_of(pid_t pid) {
    return read_proc(file_of(pid, "environ"));
}

/// The job's id in it; empty when there is none.
std::string mark_in(const std::string& environment) {
    const std::string block = '\0' + environment;
    const std::string wanted = '\0' + std::string(kVariable);
    const auto at = block.find(wanted);
    if (at == std::string::npos) return {};
    return block.c_str() + at + wanted.size();
}

/// The effective user, as the kernel says it: the owner of a process's files is another thing.
std::optional<uid_t> user_of(pid_t pid) {
    const std::string status = read_proc(file_of(pid, "status"));
    const auto at = status.find("\nUid:");
    unsigned real = 0, effective = 0;
    if (at == std::string::npos ||
        std::sscanf(status.c_str() + at, "\nUid: %u %u", &real, &effective) != 2)
        return std::nullopt;
    return effective;
}

/// A host's launcher runs the host's program: only the name that it has given itself tells.
bool is_launcher(pid_t pid) {
    return read_proc(file_of(pid, "comm")) == std::string(kLauncherName) + "\n";
}

bool is_supervisor(pid_t pid) {
    char target[4096];
    const ssize_t n = ::readlink(file_of(pid, "exe").c_str(), target, sizeof target);
    std::string_view program(target, n > 0 ? static_cast<std::size_t>(n) : 0);
    constexpr std::string_view kDeleted = " (deleted)";  // another version was installed meanwhile
    if (program.ends_with(kDeleted)) program.remove_suffix(kDeleted.size());
    return program.substr(program.rfind('/') + 1) == kSupervisor;
}

/// Who is whose child, at one moment.
class Family {
public:
    Family() {
        for (const ListedProcess& process : all_processes()) {
            parents_[process.pid] = process.stat;
            children_.emplace(process.stat.parent, process.pid);
        }
    }
    [[nodiscard]] const std::map<pid_t, ProcessStat>& all() const { return parents_; }
    [[nodiscard]] pid_t parent_of(pid_t pid) const {
        const auto it = parents_.find(pid);
        return it == parents_.end() ? 0 : it->second.parent;
    }
    [[nodiscard]] std::vector<pid_t> children_of(pid_t pid) const {
        std::vector<pid_t> found;
        const auto [first, last] = children_.equal_range(pid);
        for (auto it = first; it != last; ++it)
            found.push_back(it->second);
        return found;
    }
    /// Adds `roots` and what descends from them, but not through what `spare` says.
    void add_with_descendants(std::vector<pid_t> roots, std::set<pid_t>& to,
                              const std::function<bool(pid_t)>& spare) const {
        while (!roots.empty()) {
            const pid_t pid = roots.back();
            roots.pop_back();
            if (spare(pid) || !to.insert(pid).second) continue;
            const auto children = children_of(pid);
            roots.insert(roots.end(), children.begin(), children.end());
        }
    }
    [[nodiscard]] std::set<pid_t> with_ancestors(pid_t pid) const {
        std::set<pid_t> found;
        while (pid > 0 && found.insert(pid).second)
            pid = parent_of(pid);
        return found;
    }

private:
    std::map<pid_t, ProcessStat> parents_;
    std::multimap<pid_t, pid_t> children_;
};

struct Target {
    pid_t pid;
    std::uint64_t start_time;
    auto operator<=>(const Target&) const = default;
};

std::vector<Target> targets(const Family& family, const std::set<pid_t>& pids) {
    std::vector<Target> found;
    for (const pid_t pid : pids) {
        const ProcessStat& stat = family.all().at(pid);
        if (stat.state != 'Z') found.push_back({pid, stat.start_time});
    }
    return found;
}

/// The processes of one job, as end_orphans defines them.
class Orphans {
public:
    Orphans(const JobId& id, const Started& shim) : id_(id), born_(shim.shim.start_time) {
        const char* own = std::getenv("TENON_JOB_ID");
        we_are_of_it_ = own != nullptr && own == id;
    }

    std::vector<Target> find() {
        const Family family;
        looked_ = family.all().count(::getpid()) > 0;
        open_ = Open::kNothing;
        std::set<pid_t> spared = family.with_ancestors(::getpid());
        if (we_are_of_it_) {
            spared.erase(::getpid());
            family.add_with_descendants({::getpid()}, spared, [](pid_t) { return false; });
        }
        const auto spare = [&](pid_t pid) { return spared.count(pid) > 0 || is_supervisor(pid); };
        const std::set<pid_t> marked = find_marked(family, spared);
        std::vector<pid_t> roots;
        for (const pid_t pid : marked) {
            const pid_t parent = family.parent_of(pid);
            if (adopts_orphans(family, parent)) {
                roots.push_back(pid);
            } else if (marked.count(parent) == 0 && has_died_since(family, parent)) {
                open_ = Open::kParentDies;
            }
        }
        std::set<pid_t> all;
        family.add_with_descendants(std::move(roots), all, spare);
        return targets(family, all);
    }

    /// Why another look is due when the last one has found nothing: a process has no environment
    /// to read, yet or at all; or one of the job's has a parent that is just dying.
    enum class Open { kNothing, kNoEnvironment, kParentDies };
    [[nodiscard]] Open open() const { return open_; }
    /// Whether the last look saw any process at all: without a descriptor none can be listed.
    [[nodiscard]] bool looked() const { return looked_; }

private:
    std::set<pid_t> find_marked(const Family& family, const std::set<pid_t>& spared) {
        std::set<pid_t> marked;
        for (const auto& [pid, stat] : family.all()) {
            if (stat.start_time < born_ || stat.state == 'Z' || spared.count(pid) > 0) continue;
            const std::string environment = environment_of(pid);
            const bool is_open = environment.empty() && !stat.is_exiting;
            if (!is_open && mark_in(environment) != id_) continue;
            if (user_of(pid) != ::geteuid() || is_supervisor(pid)) continue;
            if (!is_open) {
                marked.insert(pid);
            } else if (adopts_orphans(family, stat.parent)) {
                open_ = Open::kNoEnvironment;
            }
        }
        return marked;
    }
    /// Or is dying: it may have had the mark, which cannot be read any more.
    static bool has_died_since(const Family& family, pid_t pid) {
        const auto now = stat_of(pid);
        return !now || now->is_exiting || now->start_time != family.all().at(pid).start_time;
    }
    static bool adopts_orphans(const Family& family, pid_t parent) {
        return parent <= 1 || family.all().count(parent) == 0 || is_supervisor(parent) ||
               (is_launcher(parent) && user_of(parent) == ::geteuid());
    }

    JobId id_;
    std::uint64_t born_;
    bool we_are_of_it_ = false;
    bool looked_ = false;
    Open open_ = Open::kNothing;
};

/// Stops them, so that none forks while the others die, then kills them. `found` becomes what was
/// there at the kill. The descriptors of those that could be signalled.
template <class Find>
std::vector<UniqueFd> kill_all(std::vector<Target>& found, const Find& find) {
    for (int look = 0; look < kLooks; ++look) {
        for (const Target& process : found)
            send_signal(open_process(process.pid, process.start_time), SIGSTOP);
        std::vector<Target> now = find();
        const bool grown = now.size() > found.size();
        found = std::move(now);
        if (!grown) break;
    }
    std::vector<UniqueFd> killed;
    for (const Target& process : found) {
        UniqueFd fd = open_process(process.pid, process.start_time);
        if (send_signal(fd, SIGKILL)) killed.push_back(std::move(fd));
    }
    return killed;
}

void wait_for_ends(std::vector<UniqueFd> processes, Clock::time_point until) {
    while (!processes.empty()) {
        std::vector<pollfd> ends;
        for (const UniqueFd& process : processes)
            ends.push_back({process.get(), POLLIN, 0});
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        if (left <= 0ms || ::poll(ends.data(), ends.size(), static_cast<int>(left / 1ms)) <= 0)
            return;
        std::size_t next = 0;
        std::erase_if(processes, [&](const UniqueFd&) { return ends[next++].revents != 0; });
    }
}

bool may_not_be_signalled(const std::vector<Target>& found) {
    return std::any_of(found.begin(), found.end(), [](const Target& process) {
        const UniqueFd fd = open_process(process.pid, process.start_time);
        return fd && !send_signal(fd, 0) && errno == EPERM;
    });
}

int already_seen(const std::vector<Target>& found, const std::set<Target>& seen) {
    return static_cast<int>(std::count_if(
        found.begin(), found.end(), [&](const Target& target) { return seen.count(target) > 0; }));
}

}  // namespace

OrphansEnded end_orphans(const JobId& id, const Started& shim) {
    if (shim.shim.boot_id.empty() || shim.shim.boot_id != boot_id()) return {};
    if (const UniqueFd supervisor = open_process(shim.shim)) {
        // A dying process lets go of its lock a moment before it counts as dead.
        pollfd ended{supervisor.get(), POLLIN, 0};
        if (::poll(&ended, 1, kDyingMs) == 0) return {};
    }
    Orphans orphans(id, shim);
    const auto find = [&] { return orphans.find(); };
    const auto began = Clock::now();
    auto give_up = began + kGiveUp;
    std::set<Target> seen;
    int gone = 0;
    while (true) {
        std::vector<Target> found = find();
        const int gone_before =
            std::exchange(gone, static_cast<int>(seen.size()) - already_seen(found, seen));
        if (gone > gone_before) give_up = std::min(Clock::now() + kGiveUp, began + kAtMost);
        if (Clock::now() >= give_up) return {gone, static_cast<int>(found.size())};
        if (found.empty()) {
            const auto open = orphans.open();
            const bool look_again =
                open == Orphans::Open::kParentDies ||
                (open == Orphans::Open::kNoEnvironment && Clock::now() < began + kLoading);
            if (!look_again) return {gone, 0, orphans.looked()};
            std::this_thread::sleep_for(1ms);
            continue;
        }
        auto killed = kill_all(found, find);
        if (killed.empty() && may_not_be_signalled(found))
            return {gone, static_cast<int>(found.size())};
        seen.insert(found.begin(), found.end());
        wait_for_ends(std::move(killed), Clock::now() + kRound);
    }
}

std::set<JobId> jobs_with_processes() {
    std::set<JobId> found;
    for (const ListedProcess& process : all_processes()) {
        std::string id = mark_in(environment_of(process.pid));
        if (is_job_id(id)) found.insert(std::move(id));
    }
    return found;
}

bool end_unmarked_children(const std::function<bool(pid_t)>& ours) {
    const auto find = [&] {
        const Family family;
        const auto spare = [&](pid_t pid) {
            return ours(pid) || is_supervisor(pid) || !mark_in(environment_of(pid)).empty();
        };
        std::set<pid_t> all;
        family.add_with_descendants(family.children_of(::getpid()), all, spare);
        return targets(family, all);
    };
    std::vector<Target> found = find();
    return !found.empty() && !kill_all(found, find).empty();
}

}  // namespace tenon::jobs
