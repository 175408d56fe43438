#include "host/base/limits.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "host/base/unique_fd.h"

namespace tenon {
namespace {

// A user who may start so many does not run out because of one host.
constexpr rlim_t kPlenty = 8192;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string what_to_raise(int code) {
    switch (code) {
        case EMFILE:
            return "; is the limit of descriptors (ulimit -n) too low, or reached?";
        case ENFILE:
            return "; the whole system has no descriptor left (fs.file-max)";
        case EAGAIN:
            return "; is the limit of processes (ulimit -u) too low, or reached?";
        case ENOMEM:
            return "; memory has run out: is there a limit of it (ulimit -v) that is too low?";
        default:
            return "";
    }
}

/// The number after `name` in a text like that of /proc/<pid>/status.
long number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    return at == std::string_view::npos ? 0 : std::atol(text.data() + at + name.size());
}

/// The threads of a process if it belongs to this user, else 0.
std::size_t threads_if_ours(const char* pid) {
    char path[300];
    std::snprintf(path, sizeof path, "/proc/%s/status", pid);
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    char text[4096];
    const ssize_t n = fd ? ::read(fd.get(), text, sizeof text - 1) : 0;
    if (n <= 0) return 0;
    text[n] = '\0';
    if (static_cast<uid_t>(number_after(text, "\nUid:\t")) != ::getuid()) return 0;
    return static_cast<std::size_t>(std::max(1L, number_after(text, "\nThreads:\t")));
}

}  // namespace

bool is_shortage(int code) {
    return code == EMFILE || code == ENFILE || code == EAGAIN || code == ENOMEM;
}

Error shortage_error(std::string_view doing, int code) {
    Error error = Error::from_errno(doing, code);
    error.message += what_to_raise(code);
    return error;
}

int descriptor_shortage(unsigned wanted) {
    std::vector<UniqueFd> opened(wanted);
    for (UniqueFd& fd : opened) {
        fd.reset(::open("/", O_PATH | O_CLOEXEC));
        if (!fd) return errno;
    }
    return 0;
}

rlim_t descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

void set_descriptor_limit(rlim_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptors_left() {
    const Directory open(::opendir("/proc/self/fd"), ::closedir);
    if (!open) return errno == EMFILE || errno == ENFILE ? 0 : descriptor_limit();
    std::size_t used = 0;
    while (const dirent* entry = ::readdir(open.get()))
        used += entry->d_name[0] == '.' ? 0 : 1;
    const rlim_t limit = descriptor_limit();
    --used;  // the directory itself
    return limit > used ? limit - used : 0;
}

std::optional<std::size_t> processes_left() {
    rlimit limit{};
    if (::getuid() == 0 || ::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur > kPlenty)
        return std::nullopt;
    const Directory proc(::opendir("/proc"), ::closedir);
    std::size_t used = 0;
    while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            used += threads_if_ours(entry->d_name);
    }
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

std::thread start_thread(const std::string& name, std::function<void()> function) {
    try {
        std::thread thread(std::move(function));
        ::pthread_setname_np(thread.native_handle(), name.c_str());
        return thread;
    } catch (const std::system_error& e) {
        throw std::runtime_error(
            shortage_error("start the thread \"" + name + "\"", e.code().value()).message);
    }
}

}  // namespace tenon
