#include "host/shim/tree.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>

#include "host/jobs/process.h"

namespace tenon::shim {
namespace {

// A tree that grows while it is listed is a matter for the rounds that stop it.
constexpr std::size_t kMostListed = 100'000;

std::vector<jobs::ListedProcess> all_by_parent() {
    auto all = jobs::all_processes();
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.stat.parent < b.stat.parent; });
    return all;
}

void send(const Descendant& to, int signal) {
    jobs::send_signal(jobs::open_process(to.pid, to.start_time), signal);
}

/// The kernel's own list of a process's children, all its threads' together. False where this
/// kernel does not keep one.
bool add_listed_children(pid_t parent, std::vector<pid_t>& found) {
    const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(tasks.c_str()), ::closedir);
    if (!dir) return true;  // it has gone
    while (const dirent* entry = ::readdir(dir.get())) {
        if (entry->d_name[0] == '.') continue;
        const std::string file = tasks + "/" + entry->d_name + "/children";
        const std::unique_ptr<FILE, int (*)(FILE*)> list(::fopen(file.c_str(), "re"), ::fclose);
        if (!list) {
            if (::access((tasks + "/" + entry->d_name).c_str(), F_OK) == 0) return false;
            continue;
        }
        for (int pid = 0; std::fscanf(list.get(), "%d", &pid) == 1;)
            found.push_back(pid);
    }
    return true;
}

}  // namespace

std::vector<Descendant> listed_descendants_of(pid_t root) {
    std::vector<pid_t> pids;
    if (!add_listed_children(root, pids)) return descendants_of(root);
    for (std::size_t next = 0; next < pids.size() && pids.size() < kMostListed; ++next)
        add_listed_children(pids[next], pids);
    std::vector<Descendant> found;
    for (const pid_t pid : pids) {
        if (const auto stat = jobs::stat_of(pid)) {
            found.push_back({pid, stat->start_time, stat->state == 'Z'});
        }
    }
    return found;
}

std::vector<Descendant> descendants_of(pid_t root) {
    const std::vector<jobs::ListedProcess> all = all_by_parent();
    std::vector<Descendant> found;
    const auto add_children = [&](pid_t parent) {
        auto it = std::lower_bound(
            all.begin(), all.end(), parent,
            [](const jobs::ListedProcess& p, pid_t wanted) { return p.stat.parent < wanted; });
        for (; it != all.end() && it->stat.parent == parent; ++it)
            found.push_back({it->pid, it->stat.start_time, it->stat.state == 'Z'});
    };
    add_children(root);
    // A pid handed out again while /proc was read could close a circle: no more than there are.
    for (std::size_t next = 0; next < found.size() && found.size() <= all.size(); ++next)
        add_children(found[next].pid);
    return found;
}

void signal_descendants(pid_t root, int first, int second) {
    for (const Descendant& process : listed_descendants_of(root)) {
        send(process, first);
        send(process, second);
    }
}

namespace {

std::vector<Descendant> stopped_descendants_of(pid_t root) {
    constexpr int kLooks = 8;
    std::set<std::pair<pid_t, std::uint64_t>> stopped;
    std::vector<Descendant> tree;
    for (int look = 0; look < kLooks; ++look) {
        tree = descendants_of(root);
        bool grown = false;
        for (const Descendant& process : tree) {
            if (!stopped.emplace(process.pid, process.start_time).second) continue;
            grown = true;
            send(process, SIGSTOP);
        }
        if (!grown) break;
    }
    return tree;
}

}  // namespace

void stop_descendants(pid_t root, pid_t group) {
    if (group > 0) ::kill(-group, SIGSTOP);
    stopped_descendants_of(root);
}

void kill_descendants(pid_t root) {
    for (const Descendant& process : stopped_descendants_of(root))
        send(process, SIGKILL);
}

int count_living(pid_t root) {
    const auto tree = descendants_of(root);
    return static_cast<int>(
        std::count_if(tree.begin(), tree.end(), [](const Descendant& d) { return !d.zombie; }));
}

}  // namespace tenon::shim
