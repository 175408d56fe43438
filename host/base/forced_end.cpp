#include "host/base/forced_end.h"

#include <atomic>
#include <cerrno>
#include <pthread.h>
#include <unistd.h>

#include "host/base/output.h"

namespace tenon {
namespace {

using Milliseconds = std::chrono::milliseconds;

// What a signal handler can reach.
std::atomic<std::int64_t> first_request_ms{0};  // of the steady clock; 0: none
std::atomic<bool (*)(FixedText&)> hang_namer{nullptr};
std::atomic<void (*)()> terminal_restorer{nullptr};
std::atomic<int> signal_received{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t steady_ms() noexcept {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void request_by_signal(int signal) {
    const int saved = errno;
    signal_received = signal;
    stop_requested(signal);
    errno = saved;
}

}  // namespace

bool stop_is_overdue() noexcept {
    const std::int64_t first = first_request_ms;
    return first != 0 && steady_ms() - first >= Milliseconds(kStopPatience).count();
}

void stop_requested(int signal) noexcept {
    std::int64_t none = 0;
    if (first_request_ms.compare_exchange_strong(none, steady_ms()) || !stop_is_overdue()) return;
    FixedText text;
    text << "tenon: ";
    const auto name = hang_namer.load();
    if (name == nullptr || !name(text)) text << "a part of tenon itself";
    text << " has not stopped within " << std::int64_t{kStopPatience.count()}
         << " s. The process ends now without an orderly end; its jobs go on.\n";
    end_at_once(128 + signal, text);
}

void stop_completed() noexcept {
    first_request_ms = 0;
}

void set_hang_namer(bool (*name)(FixedText&)) noexcept {
    hang_namer = name;
}

void set_terminal_restorer(void (*restore)()) noexcept {
    terminal_restorer = restore;
}

void restore_terminal() noexcept {
    if (const auto restore = terminal_restorer.load(); restore != nullptr) restore();
}

void end_at_once(int exit_code, const FixedText& message) noexcept {
    restore_terminal();
    message.write_to(error_descriptor());
    ::_exit(exit_code);
}

StopRequestsBySignal::StopRequestsBySignal() {
    signal_received = 0;
    struct sigaction action {};
    action.sa_handler = request_by_signal;
    action.sa_flags = SA_RESTART;
    sigset_t ours;
    ::sigemptyset(&ours);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler == SIG_IGN) continue;
        ::sigaction(kSignals[i], &action, nullptr);
        ::sigaddset(&ours, kSignals[i]);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &ours, &mask_before_);
}

StopRequestsBySignal::~StopRequestsBySignal() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        ::sigaction(kSignals[i], &before_[i], nullptr);
    if (const int signal = signal_received; signal != 0) ::raise(signal);
}

}  // namespace tenon
