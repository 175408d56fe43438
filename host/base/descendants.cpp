#include "host/base/descendants.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <poll.h>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon {
namespace {

/// The parent of a process, from /proc/<pid>/stat: `pid (name) state parent …`. The name may
/// contain any bytes. 0: the process has gone, or has ended and is not reaped.
pid_t parent_of(const char* pid) {
    const std::string path = "/proc/" + std::string(pid) + "/stat";
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[512];
    const ssize_t n = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
    if (n <= 0) return 0;
    text[n] = '\0';
    const char* const end_of_name = std::strrchr(text, ')');
    if (end_of_name == nullptr || end_of_name + 4 >= text + n || end_of_name[2] == 'Z') return 0;
    pid_t parent = 0;
    std::from_chars(end_of_name + 4, text + n, parent);
    return parent;
}

std::set<pid_t> list_descendants() {
    std::multimap<pid_t, pid_t> children;
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
    while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        if (const pid_t parent = parent_of(entry->d_name); parent > 0)
            children.emplace(parent, std::atoi(entry->d_name));
    }
    std::set<pid_t> found;
    std::vector<pid_t> next = {::getpid()};
    while (!next.empty()) {
        const auto [first, last] = children.equal_range(next.back());
        next.pop_back();
        for (auto it = first; it != last; ++it)
            if (found.insert(it->second).second) next.push_back(it->second);
    }
    return found;
}

/// A pid that is listed before and after the process was opened belongs to that process.
std::map<pid_t, UniqueFd> open_descendants() {
    std::map<pid_t, UniqueFd> opened;
    std::vector<UniqueFd> spare;  // for the second look, when the processes take all others
    for (int i = 0; i < 4; ++i)
        spare.emplace_back(::open("/", O_PATH | O_CLOEXEC));
    for (const pid_t pid : list_descendants()) {
        UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (process) opened.emplace(pid, std::move(process));
    }
    spare.clear();
    const std::set<pid_t> still = list_descendants();
    std::erase_if(opened, [&](const auto& entry) { return still.count(entry.first) == 0; });
    return opened;
}

void signal_to(const UniqueFd& process, int signal) {
    ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

/// Stops all of them before the first is killed, so that none can fork while the others die.
/// Returns how many there were.
std::size_t kill_all() {
    constexpr int kLooks = 8;
    std::map<pid_t, UniqueFd> stopped;
    for (int look = 0; look < kLooks; ++look) {
        std::size_t fresh = 0;
        for (auto& [pid, process] : open_descendants()) {
            if (stopped.count(pid) > 0) continue;
            signal_to(process, SIGSTOP);
            stopped.emplace(pid, std::move(process));
            ++fresh;
        }
        if (fresh == 0) break;
    }
    for (const auto& [pid, process] : stopped)
        signal_to(process, SIGKILL);
    return stopped.size();
}

/// False when there is no child left.
bool reap_all() {
    pid_t pid = 0;
    do {
        pid = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    } while (pid > 0 || (pid < 0 && errno == EINTR));
    return pid == 0;
}

}  // namespace

std::size_t end_descendants(std::chrono::milliseconds limit) {
    constexpr int kRoundMs = 10;
    std::size_t found = 0;
    const auto until = std::chrono::steady_clock::now() + limit;
    // What has ended is reaped first, so that the lists of the kernel are short.
    while (reap_all() && std::chrono::steady_clock::now() < until) {
        found += kill_all();
        if (!reap_all()) break;
        ::poll(nullptr, 0, kRoundMs);
    }
    return found;
}

}  // namespace tenon
