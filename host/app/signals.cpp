#include "host/app/signals.h"

#include <csignal>
#include <poll.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace tenon::app {

Signals::Signals(std::function<void()> again) : again_(std::move(again)) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
    quit_.reset(::eventfd(0, EFD_CLOEXEC));
    if (!signals_ || !quit_) throw std::runtime_error("cannot watch for signals");
    thread_ = std::thread([this] { watch(); });
    ::pthread_setname_np(thread_.native_handle(), "signals");
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
        if (received_ != 0) {
            again_();
            continue;
        }
        received_ = static_cast<int>(info.ssi_signo);
        stop_.request_stop();
    }
}

}  // namespace tenon::app
