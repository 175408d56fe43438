// misbehave WHAT… does one thing after the other, as programs do that somebody wants to get rid of:
//
//   setsid          own session
//   daemon          fork, the parent exits, the child goes on
//   split           fork, both go on
//   ignore-term     SIGTERM, SIGHUP and SIGINT are ignored
//   block-term      … are blocked
//   stop            stops itself until somebody continues it
//   storm=N         N children, each forks a grandchild whenever it can, for at most N each
//   bomb=N          forks for ever, and so do all its children, until there have been N in all
//   respawn=N       a child that, when it dies, is started again, N times at most
//   crowd=N         forks N children; all go on
//   ignore-chld     leaves its children to the kernel, which does not charge it for their time
//   touch=MIB       takes so much memory and writes to all of it
//   share=MIB       the same, shared with the children that it has later
//   read            reads all of that
//   burn            computes without end
//   burn=MS         computes until it has used so much processor time
//   flood=BYTES     prints so many bytes, 16 a line, numbered
//   ready=FILE      opens FILE for writing and closes it: whoever reads the fifo knows we are here
//   close           closes the standard streams
//   linger          does nothing for ever
//   trace-me        makes its parent its tracer, and gets a signal that it ignores
//   exit=N          exits
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <new>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

namespace {

constexpr int kSignals[] = {SIGTERM, SIGHUP, SIGINT};

[[noreturn]] void linger() {
    while (true)
        ::pause();
}

void ignore_signals() {
    for (const int signal : kSignals)
        std::signal(signal, SIG_IGN);
}

void block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : kSignals)
        sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void storm(long width) {
    for (long i = 0; i < width; ++i) {
        if (::fork() != 0) continue;
        for (long j = 0; j < width; ++j) {
            if (::fork() == 0) linger();
        }
        linger();
    }
}

void bomb(long most) {
    void* memory = ::mmap(nullptr, sizeof(std::atomic<long>), PROT_READ | PROT_WRITE,
                          MAP_ANONYMOUS | MAP_SHARED, -1, 0);
    if (memory == MAP_FAILED) ::_exit(8);
    auto* forked = new (memory) std::atomic<long>(0);
    while (forked->fetch_add(1) < most)
        std::ignore = ::fork();
}

/// The child goes on with what comes next; we bring up another whenever it dies.
void respawn(long times) {
    for (long i = 0; i < times; ++i) {
        const pid_t child = ::fork();
        if (child == 0) return;
        while (::waitpid(child, nullptr, 0) < 0) {
        }
    }
    std::exit(0);
}

void flood(long bytes) {
    char line[32];
    for (long at = 0; at < bytes; at += 16) {
        std::snprintf(line, sizeof line, "%015ld\n", at);
        std::fwrite(line, 1, static_cast<std::size_t>(std::min(16L, bytes - at)), stdout);
    }
    std::fflush(stdout);
}

constexpr std::size_t kMiB = std::size_t{1} << 20U;
volatile char* shared = nullptr;
std::size_t shared_size = 0;

volatile char* filled_memory(long mib, int sharing) {
    const std::size_t size = static_cast<std::size_t>(mib) * kMiB;
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | sharing, -1, 0);
    if (memory == MAP_FAILED) ::_exit(8);
    std::memset(memory, 'x', size);
    return static_cast<volatile char*>(memory);
}

void crowd(long others) {
    for (long i = 0; i < others; ++i) {
        const pid_t child = ::fork();
        if (child == 0) return;
        if (child < 0) ::_exit(9);
    }
}

void read_shared() {
    for (std::size_t at = 0; at < shared_size; at += 4096)
        static_cast<void>(shared[at]);
}

void burn(long ms) {
    timespec used{};
    do {
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while (ms == 0 || used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < ms);
}

void act(std::string_view what, const std::string& value) {
    const long number = std::atol(value.c_str());
    if (what == "setsid") {
        ::setsid();
    } else if (what == "daemon") {
        if (::fork() > 0) ::_exit(0);
    } else if (what == "split") {
        if (::fork() < 0) ::_exit(9);
    } else if (what == "ignore-term") {
        ignore_signals();
    } else if (what == "block-term") {
        block_signals();
    } else if (what == "stop") {
        std::raise(SIGSTOP);
    } else if (what == "storm") {
        storm(number);
    } else if (what == "bomb") {
        bomb(number);
    } else if (what == "respawn") {
        respawn(number);
    } else if (what == "crowd") {
        crowd(number);
    } else if (what == "ignore-chld") {
        std::signal(SIGCHLD, SIG_IGN);
    } else if (what == "touch") {
        filled_memory(number, MAP_PRIVATE);
    } else if (what == "share") {
        shared = filled_memory(number, MAP_SHARED);
        shared_size = static_cast<std::size_t>(number) * kMiB;
    } else if (what == "read") {
        read_shared();
    } else if (what == "burn") {
        burn(number);
    } else if (what == "flood") {
        flood(number);
    } else if (what == "ready") {
        ::close(::open(value.c_str(), O_WRONLY | O_CLOEXEC));
    } else if (what == "close") {
        for (int fd = 0; fd < 3; ++fd)
            ::close(fd);
    } else if (what == "linger") {
        linger();
    } else if (what == "trace-me") {
        std::signal(SIGUSR1, SIG_IGN);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        std::raise(SIGUSR1);
    } else if (what == "exit") {
        std::exit(static_cast<int>(number));
    } else {
        std::fprintf(stderr, "misbehave: what is %s?\n", std::string(what).c_str());
        std::exit(2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto equals = word.find('=');
        const bool has_value = equals != std::string_view::npos;
        act(word.substr(0, equals), has_value ? std::string(word.substr(equals + 1)) : "");
    }
}
