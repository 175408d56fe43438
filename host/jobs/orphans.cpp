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

constexpr auto kGiveUp = 5s;   // without any end; on a slow machine all together may take longer
constexpr auto kAtMost = 30s;  // also when new ones appear as fast as others end
constexpr int kDyingMs = 500;
constexpr auto kRound = 20ms;
constexpr auto kLoading = 100ms;  // takes a program; then its environment can be read
constexpr int kLooks = 8;         // in one round; if the tree grows faster, the next round goes on
constexpr std::size_t kMostEnvironment = 8U << 20U;
constexpr char kVariable[] = "TENON_JOB_ID=";
constexpr char kSupervisor[] = "tenon-shim";

std::string file_of(pid_t pid, const char* name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

/// Files of /proc do not tell their size. Empty when the file cannot be read.
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

/// The environment with which the process was started. Also empty while a new program is being
/// loaded.
std::string environment_of(pid_t pid) {
    return read_proc(file_of(pid, "environ"));
}

/// The job's id in an environment; empty when there is none.
std::string job_id_in(const std::string& environment) {
    const std::string block = '\0' + environment;
    const std::string wanted = '\0' + std::string(kVariable);
    const auto at = block.find(wanted);
    if (at == std::string::npos) return {};
    return block.c_str() + at + wanted.size();
}

/// The effective user. The owner of the process's files in /proc may be another.
std::optional<uid_t> user_of(pid_t pid) {
    const std::string status = read_proc(file_of(pid, "status"));
    const auto at = status.find("\nUid:");
    unsigned real = 0, effective = 0;
    if (at == std::string::npos ||
        std::sscanf(status.c_str() + at, "\nUid: %u %u", &real, &effective) != 2)
        return std::nullopt;
    return effective;
}

/// A launcher runs the program of its host: only the name that it has given itself shows it.
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

/// All processes and their parents, at one moment.
class ProcessTree {
public:
    ProcessTree() {
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
    /// Adds `roots` and their descendants, without the processes that `spare` names and what
    /// descends from these.
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

std::vector<Target> targets(const ProcessTree& tree, const std::set<pid_t>& pids) {
    std::vector<Target> found;
    for (const pid_t pid : pids) {
        const ProcessStat& stat = tree.all().at(pid);
        if (stat.state != 'Z') found.push_back({pid, stat.start_time});
    }
    return found;
}

/// The processes of one job, as end_orphans defines them.
class Orphans {
public:
    Orphans(const JobId& id, const Started& shim) : id_(id), shim_start_(shim.shim.start_time) {
        const char* own = std::getenv("TENON_JOB_ID");
        belongs_to_job_ = own != nullptr && own == id;
    }

    std::vector<Target> find() {
        const ProcessTree tree;
        looked_ = tree.all().count(::getpid()) > 0;
        doubt_ = Doubt::kNone;
        std::set<pid_t> spared = tree.with_ancestors(::getpid());
        if (belongs_to_job_) {
            spared.erase(::getpid());
            tree.add_with_descendants({::getpid()}, spared, [](pid_t) { return false; });
        }
        const auto spare = [&](pid_t pid) { return spared.count(pid) > 0 || is_supervisor(pid); };
        const std::set<pid_t> of_job = find_with_id(tree, spared);
        std::vector<pid_t> roots;
        for (const pid_t pid : of_job) {
            const pid_t parent = tree.parent_of(pid);
            if (adopts_orphans(tree, parent)) {
                roots.push_back(pid);
            } else if (of_job.count(parent) == 0 && has_died_since(tree, parent)) {
                doubt_ = Doubt::kParentDies;
            }
        }
        std::set<pid_t> all;
        tree.add_with_descendants(std::move(roots), all, spare);
        return targets(tree, all);
    }

    /// Why the last look may have missed an orphan: a process had no environment to read, yet or at
    /// all; or a process of the job has a parent that is just dying.
    enum class Doubt { kNone, kNoEnvironment, kParentDies };
    [[nodiscard]] Doubt doubt() const { return doubt_; }
    /// Whether the last look saw any process at all. Without a descriptor none can be listed.
    [[nodiscard]] bool looked() const { return looked_; }

private:
    std::set<pid_t> find_with_id(const ProcessTree& tree, const std::set<pid_t>& spared) {
        std::set<pid_t> of_job;
        for (const auto& [pid, stat] : tree.all()) {
            if (stat.start_time < shim_start_ || stat.state == 'Z' || spared.count(pid) > 0)
                continue;
            const std::string environment = environment_of(pid);
            const bool is_unreadable = environment.empty() && !stat.is_exiting;
            if (!is_unreadable && job_id_in(environment) != id_) continue;
            if (user_of(pid) != ::geteuid() || is_supervisor(pid)) continue;
            if (!is_unreadable) {
                of_job.insert(pid);
            } else if (adopts_orphans(tree, stat.parent)) {
                doubt_ = Doubt::kNoEnvironment;
            }
        }
        return of_job;
    }
    /// Also true if it is dying: it may have had the id, which cannot be read any more.
    static bool has_died_since(const ProcessTree& tree, pid_t pid) {
        const auto now = stat_of(pid);
        return !now || now->is_exiting || now->start_time != tree.all().at(pid).start_time;
    }
    static bool adopts_orphans(const ProcessTree& tree, pid_t parent) {
        return parent <= 1 || tree.all().count(parent) == 0 || is_supervisor(parent) ||
               (is_launcher(parent) && user_of(parent) == ::geteuid());
    }

    JobId id_;
    std::uint64_t shim_start_;
    bool belongs_to_job_ = false;
    bool looked_ = false;
    Doubt doubt_ = Doubt::kNone;
};

/// Stops the processes, so that none forks while the others die, then kills them. Sets `found` to
/// what was there then. Returns the descriptors of those that could be signalled.
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
        // A dying process releases its lock a moment before it counts as dead.
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
            const auto doubt = orphans.doubt();
            const bool look_again =
                doubt == Orphans::Doubt::kParentDies ||
                (doubt == Orphans::Doubt::kNoEnvironment && Clock::now() < began + kLoading);
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
        std::string id = job_id_in(environment_of(process.pid));
        if (is_job_id(id)) found.insert(std::move(id));
    }
    return found;
}

bool end_children_without_id(const std::function<bool(pid_t)>& ours) {
    const auto find = [&] {
        const ProcessTree tree;
        const auto spare = [&](pid_t pid) {
            return ours(pid) || is_supervisor(pid) || !job_id_in(environment_of(pid)).empty();
        };
        std::set<pid_t> all;
        tree.add_with_descendants(tree.children_of(::getpid()), all, spare);
        return targets(tree, all);
    };
    std::vector<Target> found = find();
    return !found.empty() && !kill_all(found, find).empty();
}

}  // namespace tenon::jobs
