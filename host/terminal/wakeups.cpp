#include "host/terminal/wakeups.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tenon::terminal {
namespace {

// A signal handler uses it.
volatile sig_atomic_t signal_fd = -1;

void note_signal(int signal) {
    const int saved = errno;
    const auto byte = static_cast<unsigned char>(signal);
    (void)!::write(signal_fd, &byte, 1);
    errno = saved;
}

}  // namespace

Wakeups::Wakeups() {
    ::signal(SIGPIPE, SIG_IGN);
    posted_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int fds[2] = {-1, -1};
    if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return;
    signal_read_.reset(fds[0]);
    signal_write_.reset(fds[1]);
    signal_fd = fds[1];
    sigset_t ours;
    ::sigemptyset(&ours);
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        struct sigaction now {};
        ::sigaction(kSignals[i], nullptr, &now);
        if (now.sa_handler == SIG_IGN && kSignals[i] != SIGCONT && kSignals[i] != SIGWINCH)
            continue;
        ::sigaddset(&ours, kSignals[i]);
        ::sigaction(kSignals[i], &action, &now);
        before_[i] = now;
    }
    ::pthread_sigmask(SIG_BLOCK, &ours, &mask_before_);
    mask_in_wait_ = mask_before_;
    for (const int signal : kSignals)
        if (::sigismember(&ours, signal) == 1) ::sigdelset(&mask_in_wait_, signal);
}

Wakeups::~Wakeups() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        if (before_[i]) ::sigaction(kSignals[i], &*before_[i], nullptr);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    signal_fd = -1;
}

void Wakeups::post(std::function<void()> work) {
    const Lock lock(mutex_);
    posted_.push_back(std::move(work));
    const std::uint64_t one = 1;
    (void)!::write(posted_event_.get(), &one, sizeof one);
}

Wakeups::Readiness Wakeups::wait(int fd, std::chrono::milliseconds timeout) {
    pollfd entries[3] = {
        {posted_event_.get(), POLLIN, 0}, {signal_read_.get(), POLLIN, 0}, {fd, POLLIN, 0}};
    const timespec time{timeout.count() / 1000, timeout.count() % 1000 * 1000000};
    if (::ppoll(entries, 3, timeout < timeout.zero() ? nullptr : &time, &mask_in_wait_) <= 0)
        return {};
    if (entries[0].revents != 0) {
        std::uint64_t count = 0;
        (void)!::read(posted_event_.get(), &count, sizeof count);
    }
    return {(entries[2].revents & POLLIN) != 0,
            (entries[2].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 &&
                (entries[2].revents & POLLIN) == 0};
}

Wakeups::ReceivedSignals Wakeups::take_signals() {
    ReceivedSignals seen;
    unsigned char signals[64];
    ssize_t n = 0;
    while ((n = ::read(signal_read_.get(), signals, sizeof signals)) > 0) {
        for (ssize_t i = 0; i < n; ++i) {
            switch (signals[i]) {
                case SIGINT:
                    seen.interrupt = true;
                    break;
                case SIGTERM:
                    seen.terminate = true;
                    break;
                case SIGHUP:
                    seen.hangup = true;
                    break;
                case SIGTSTP:
                    seen.stop = true;
                    break;
                case SIGCONT:
                    seen.resumed = true;
                    break;
                default:
                    seen.resized = true;
                    break;
            }
        }
    }
    return seen;
}

bool Wakeups::run_posted(std::chrono::milliseconds budget) {
    const auto end = std::chrono::steady_clock::now() + budget;
    bool any = false;
    do {
        std::function<void()> work;
        {
            const Lock lock(mutex_);
            if (posted_.empty()) return any;
            work = std::move(posted_.front());
            posted_.pop_front();
        }
        any = true;
        work();
    } while (std::chrono::steady_clock::now() < end);
    return any;
}

bool Wakeups::has_work() {
    const Lock lock(mutex_);
    return !posted_.empty();
}

void Wakeups::stop_this_process() {
    stop(::getpid());
}

void Wakeups::stop(pid_t whom) {
    struct sigaction stopping {
    }, noting{};
    stopping.sa_handler = SIG_DFL;
    sigset_t let_in, before;
    ::sigemptyset(&let_in);
    ::sigaddset(&let_in, SIGTSTP);
    ::sigaddset(&let_in, SIGCONT);  // or it would be delivered later
    if (::sigaction(SIGTSTP, &stopping, &noting) != 0) return;
    ::kill(whom, SIGTSTP);
    ::pthread_sigmask(SIG_UNBLOCK, &let_in, &before);  // the process stops here
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::sigaction(SIGTSTP, &noting, nullptr);
}

}  // namespace tenon::terminal
