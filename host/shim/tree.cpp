#include "host/shim/tree.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <set>
#include <string_view>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "host/base/unique_fd.h"
#include "host/jobs/process.h"

namespace tenon::shim {
namespace {

std::vector<jobs::ListedProcess> all_by_parent() {
    auto all = jobs::all_processes();
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.stat.parent < b.stat.parent; });
    return all;
}

/// The children of one thread, from the kernel's list. False when there is no such list.
bool add_children_of_thread(pid_t pid, pid_t thread, std::vector<pid_t>& to) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, thread);
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return false;
    char buffer[4096];
    pid_t number = 0;  // followed by a blank; two readings may each contain a part of it
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

void add_children(pid_t pid, std::vector<pid_t>& to) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/task", pid);
    struct stat tasks {};
    // It contains a directory for each thread. Most processes have one thread, with their own pid.
    if (::stat(path, &tasks) == 0 && tasks.st_nlink == 3) {
        add_children_of_thread(pid, pid, to);
        return;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path), ::closedir);
    if (!dir) return;  // it has gone
    while (const dirent* entry = ::readdir(dir.get())) {
        if (entry->d_name[0] != '.') add_children_of_thread(pid, std::atoi(entry->d_name), to);
    }
}

bool kernel_lists_children() {
    static const bool lists = [] {
        std::vector<pid_t> ignored;
        return add_children_of_thread(::getpid(), ::getpid(), ignored);
    }();
    return lists;
}

struct OpenDescendant {
    pid_t pid = 0;
    UniqueFd process;
};

/// Opens the listed processes that are not in `known` yet, as far as there are descriptors. Reads
/// no file of a process: that may wait for the process, and among thousands that fork without end
/// it waits long. A pid that is listed before and after the process was opened belongs to the
/// process.
std::vector<OpenDescendant> open_listed(pid_t root, std::set<pid_t>& known) {
    std::vector<OpenDescendant> opened;
    for (const pid_t pid : listed_pids(root)) {
        if (known.count(pid) > 0) continue;
        UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (process) opened.push_back({pid, std::move(process)});
    }
    const std::vector<pid_t> again = listed_pids(root);
    const std::set<pid_t> still(again.begin(), again.end());
    std::erase_if(opened, [&](const OpenDescendant& d) { return still.count(d.pid) == 0; });
    for (const OpenDescendant& process : opened)
        known.insert(process.pid);
    return opened;
}

/// The same where the kernel keeps no lists.
std::vector<OpenDescendant> open_unlisted(pid_t root, std::set<pid_t>& known) {
    std::vector<OpenDescendant> opened;
    for (const Descendant& process : descendants_of(root)) {
        if (!known.insert(process.pid).second) continue;
        opened.push_back({process.pid, jobs::open_process(process.pid, process.start_time)});
    }
    return opened;
}

std::vector<OpenDescendant> open_descendants(pid_t root, std::set<pid_t>& known) {
    return kernel_lists_children() ? open_listed(root, known) : open_unlisted(root, known);
}

void use_all_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<OpenDescendant> stopped_descendants_of(pid_t root) {
    constexpr int kLooks = 8;
    use_all_descriptors();
    std::set<pid_t> known;
    std::vector<OpenDescendant> stopped;
    for (int look = 0; look < kLooks; ++look) {
        std::vector<OpenDescendant> found = open_descendants(root, known);
        if (found.empty()) break;
        for (OpenDescendant& process : found) {
            jobs::send_signal(process.process, SIGSTOP);
            stopped.push_back(std::move(process));
        }
    }
    return stopped;
}

}  // namespace

std::vector<pid_t> listed_pids(pid_t root, std::size_t enough) {
    std::vector<pid_t> pids;
    if (!kernel_lists_children()) {
        for (const Descendant& process : descendants_of(root))
            pids.push_back(process.pid);
        return pids;
    }
    add_children(root, pids);
    for (std::size_t next = 0; next < pids.size() && pids.size() <= enough; ++next)
        add_children(pids[next], pids);
    return pids;
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
    // A pid that was used again while /proc was read could make a cycle: end after all were found.
    for (std::size_t next = 0; next < found.size() && found.size() <= all.size(); ++next)
        add_children(found[next].pid);
    return found;
}

void signal_descendants(pid_t root, int first, int second) {
    std::set<pid_t> known;
    for (const OpenDescendant& process : open_descendants(root, known)) {
        jobs::send_signal(process.process, first);
        jobs::send_signal(process.process, second);
    }
}

void stop_descendants(pid_t root, pid_t group) {
    if (group > 0) ::kill(-group, SIGSTOP);
    stopped_descendants_of(root);
}

void kill_descendants(pid_t root) {
    for (const OpenDescendant& process : stopped_descendants_of(root))
        jobs::send_signal(process.process, SIGKILL);
}

bool release_if_traced(pid_t child, int status) {
    if (!WIFSTOPPED(status)) return false;
    // The kernel sends SIGTRAP to inform the tracer.
    const int signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    ::ptrace(PTRACE_DETACH, child, nullptr, signal);
    return true;
}

int count_living(pid_t root, const std::vector<pid_t>& excluded) {
    const auto tree = descendants_of(root);
    return static_cast<int>(std::count_if(tree.begin(), tree.end(), [&](const Descendant& d) {
        return !d.zombie && std::find(excluded.begin(), excluded.end(), d.pid) == excluded.end();
    }));
}

}  // namespace tenon::shim
