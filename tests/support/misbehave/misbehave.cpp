// misbehave STEP… does one step after the other, as programs do that are hard to end:
//
//   setsid          own session
//   daemon          fork, the parent exits, the child continues
//   split           fork, both continue
//   ignore-term     SIGTERM, SIGHUP and SIGINT are ignored
//   block-term      … are blocked
//   stop            stops itself until it gets SIGCONT
//   storm=N         N children, each of which forks N grandchildren
//   bomb=N          forks again and again, and so do all its children, until N forks in all
//   respawn=N       starts a child again when it ends, N times at most
//   crowd=N         forks N children; all continue
//   ignore-chld     ignores SIGCHLD, so the kernel does not add its children's time to its own
//   touch=MIB       allocates so much memory and writes to all of it
//   share=MIB       the same, shared with its later children
//   read            reads all of the shared memory
//   burn            computes without end
//   burn=MS         computes until it has used so much processor time
//   flood=BYTES     prints so many bytes, 16 a line, numbered
//   ready=FILE      opens the fifo FILE for writing and closes it, so its reader knows that this
//   step is reached close           closes the standard streams linger          does nothing for
//   ever trace-me        makes its parent its tracer, and gets a signal that it ignores exit=N
//   exits
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

/// The child continues with the next step; this process starts another one whenever it ends.
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

void do_step(std::string_view step, const std::string& value) {
    const long number = std::atol(value.c_str());
    if (step == "setsid") {
        ::setsid();
    } else if (step == "daemon") {
        if (::fork() > 0) ::_exit(0);
    } else if (step == "split") {
        if (::fork() < 0) ::_exit(9);
    } else if (step == "ignore-term") {
        ignore_signals();
    } else if (step == "block-term") {
        block_signals();
    } else if (step == "stop") {
        std::raise(SIGSTOP);
    } else if (step == "storm") {
        storm(number);
    } else if (step == "bomb") {
        bomb(number);
    } else if (step == "respawn") {
        respawn(number);
    } else if (step == "crowd") {
        crowd(number);
    } else if (step == "ignore-chld") {
        std::signal(SIGCHLD, SIG_IGN);
    } else if (step == "touch") {
        filled_memory(number, MAP_PRIVATE);
    } else if (step == "share") {
        shared = filled_memory(number, MAP_SHARED);
        shared_size = static_cast<std::size_t>(number) * kMiB;
    } else if (step == "read") {
        read_shared();
    } else if (step == "burn") {
        burn(number);
    } else if (step == "flood") {
        flood(number);
    } else if (step == "ready") {
        ::close(::open(value.c_str(), O_WRONLY | O_CLOEXEC));
    } else if (step == "close") {
        for (int fd = 0; fd < 3; ++fd)
            ::close(fd);
    } else if (step == "linger") {
        linger();
    } else if (step == "trace-me") {
        std::signal(SIGUSR1, SIG_IGN);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        std::raise(SIGUSR1);
    } else if (step == "exit") {
        std::exit(static_cast<int>(number));
    } else {
        std::fprintf(stderr, "misbehave: unknown step %s\n", std::string(step).c_str());
        std::exit(2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto equals = word.find('=');
        const bool has_value = equals != std::string_view::npos;
        do_step(word.substr(0, equals), has_value ? std::string(word.substr(equals + 1)) : "");
    }
}
