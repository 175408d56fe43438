#include "host/plugin_host/verify_surroundings.h"

#include <array>
#include <clocale>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <memory>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::plugin_host::verify {
namespace {

std::string handlers_of_signals() {
    std::string all;
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action {};
        if (::sigaction(number, nullptr, &action) != 0) continue;
        all += std::to_string(number) + ":" +
               std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler)) + " ";
    }
    return all;
}

std::string blocked_signals() {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    std::string all;
    for (int number = 1; number < NSIG; ++number)
        all += ::sigismember(&mask, number) == 1 ? '1' : '0';
    return all;
}

std::string descriptor_limits() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::to_string(limit.rlim_cur) + " of " + std::to_string(limit.rlim_max);
}

std::string working_directory() {
    struct stat info {};
    return ::stat(".", &info) == 0 ? std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino)
                                   : "none";
}

std::string current_umask() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return std::to_string(mask);
}

std::string environment() {
    std::string all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
        all += std::string(*entry) + "\n";
    return all;
}

/// How many entries a directory has, without the two dots and the entry of the reading itself.
std::size_t entries_in(const char* folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder), ::closedir);
    std::size_t count = 0;
    while (open && ::readdir(open.get()) != nullptr)
        ++count;
    return count > 2 ? count - 2 : 0;
}

std::size_t resident_bytes() {
    std::array<char, 128> text{};
    const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : ::read(fd, text.data(), text.size() - 1);
    if (fd >= 0) ::close(fd);
    unsigned long size = 0;
    unsigned long resident = 0;
    unsigned long shared = 0;
    if (n <= 0 || std::sscanf(text.data(), "%lu %lu %lu", &size, &resident, &shared) != 3) return 0;
    return (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Surroundings Surroundings::now() {
    Surroundings out;
    out.parts_ = {
        {"handlers of signals", handlers_of_signals()},
        {"the signal mask of a thread of the host", blocked_signals()},
        {"RLIMIT_NOFILE", descriptor_limits()},
        {"the working directory", working_directory()},
        {"the umask", current_umask()},
        {"the locale", std::setlocale(LC_ALL, nullptr)},
        {"the environment", environment()},
    };
    return out;
}

std::string Surroundings::changes() const {
    const Surroundings after = now();
    std::string changed;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i].second == after.parts_[i].second) continue;
        changed += (changed.empty() ? "" : ", ") + std::string(parts_[i].first);
    }
    return changed;
}

ProcessUse ProcessUse::now() {
    ProcessUse use;
// A sanitizer's malloc keeps what a plugin has freed, so its pages say nothing about the plugin.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct mallinfo2 heap = ::mallinfo2();
    use.heap = heap.uordblks + heap.hblkhd;
    use.resident = resident_bytes();
#endif
    use.descriptors = entries_in("/proc/self/fd");
    use.threads = entries_in("/proc/self/task");
    return use;
}

std::vector<std::string> open_files() {
    std::vector<std::string> names;
    for (int fd = 4; fd < 4096 && names.size() < 5; ++fd) {
        std::array<char, 256> target{};
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        const ssize_t n = ::readlink(link.c_str(), target.data(), target.size() - 1);
        if (n > 0) names.emplace_back(target.data(), static_cast<std::size_t>(n));
    }
    return names;
}

}  // namespace tenon::plugin_host::verify
