#include "host/base/signals.h"

#include <csignal>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host/base/forced_end.h"
#include "host/base/limits.h"

namespace tenon {
namespace {

// What a signal handler can reach.
volatile sig_atomic_t last_text_fd = -1;
const char* volatile last_text_bytes = "";

void write_last_text(int signal) {
    const char* text = last_text_bytes;
    std::size_t length = 0;
    while (text[length] != '\0')
        ++length;
    if (last_text_fd >= 0) (void)!::write(last_text_fd, text, length);
    ::_exit(128 + signal);
}

}  // namespace

Signals::Signals(std::function<void(int)> before_forced_end)
    : before_forced_end_(std::move(before_forced_end)) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction now {};
        if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) continue;
        ::sigaddset(&set, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
    quit_.reset(::eventfd(0, EFD_CLOEXEC));
    if (!signals_ || !quit_) throw std::runtime_error("cannot watch for signals");
    thread_ = start_thread("signals", [this] { watch(); });
}

Signals::~Signals() {
    const std::uint64_t one = 1;
    (void)!::write(quit_.get(), &one, sizeof one);
    thread_.join();
}

void Signals::watch() {
    pollfd entries[2] = {{signals_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
    while (true) {
        if (::poll(entries, 2, -1) < 0) continue;  // EINTR: nothing else can happen to these two
        if (entries[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
        receive(static_cast<int>(info.ssi_signo));
    }
}

void Signals::receive(int signal) {
    if (stop_is_overdue() && before_forced_end_) before_forced_end_(signal);
    stop_requested(signal);
    if (received_ != 0) return;
    received_ = signal;
    stop_.request_stop();
}

void exit_on_signals(int fd, const char* last_text) {
    last_text_fd = fd;
    last_text_bytes = last_text;
    struct sigaction action {};
    action.sa_handler = write_last_text;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(signal, &action, nullptr);
    action.sa_handler = [](int) {};
    ::sigaction(SIGWINCH, &action, nullptr);
}

}  // namespace tenon
