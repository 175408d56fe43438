#include "host/shim/tree.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <memory>

#include "host/jobs/process.h"

namespace tenon::shim {
namespace {

struct Process {
    pid_t parent;
    Descendant self;
};

/// Everything in /proc, sorted by parent.
std::vector<Process> all_processes() {
    std::vector<Process> all;
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
    if (!proc) return all;
    while (const dirent* entry = ::readdir(proc.get())) {
        const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
        if (pid <= 0) continue;
        if (const auto stat = jobs::stat_of(pid)) {
            all.push_back({stat->parent, {pid, stat->start_time, stat->state == 'Z'}});
        }
    }
    std::sort(all.begin(), all.end(),
              [](const Process& a, const Process& b) { return a.parent < b.parent; });
    return all;
}

void send(const Descendant& to, int signal) {
    jobs::send_signal(jobs::open_process(to.pid, to.start_time), signal);
}

}  // namespace

std::vector<Descendant> descendants_of(pid_t root) {
    const std::vector<Process> all = all_processes();
    std::vector<Descendant> found;
    const auto add_children = [&](pid_t parent) {
        auto it =
            std::lower_bound(all.begin(), all.end(), parent,
                             [](const Process& p, pid_t wanted) { return p.parent < wanted; });
        for (; it != all.end() && it->parent == parent; ++it)
            found.push_back(it->self);
    };
    add_children(root);
    // A pid handed out again while /proc was read could close a circle: no more than there are.
    for (std::size_t next = 0; next < found.size() && found.size() <= all.size(); ++next)
        add_children(found[next].pid);
    return found;
}

void signal_descendants(pid_t root, int first, int second) {
    for (const Descendant& process : descendants_of(root)) {
        send(process, first);
        send(process, second);
    }
}

void kill_descendants(pid_t root) {
    constexpr int kLooks = 8;
    std::vector<Descendant> tree;
    for (int look = 0; look < kLooks; ++look) {
        std::vector<Descendant> now = descendants_of(root);
        const bool grown = now.size() > tree.size();
        tree = std::move(now);
        if (!grown) break;
        for (const Descendant& process : tree)
            send(process, SIGSTOP);
    }
    for (const Descendant& process : tree)
        send(process, SIGKILL);
}

int count_living(pid_t root) {
    const auto tree = descendants_of(root);
    return static_cast<int>(
        std::count_if(tree.begin(), tree.end(), [](const Descendant& d) { return !d.zombie; }));
}

}  // namespace tenon::shim
