#include "host/base/output.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF
#include <poll.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"

namespace tenon {
namespace {

constexpr int kLookMs = 100;
constexpr std::chrono::seconds kPatienceAfterStop{1};

}  // namespace

Output::Output(int fd, std::stop_token stop)
    : fd_(fd), terminal_(::isatty(fd) == 1), stop_(std::move(stop)) {}

/// Other threads wait for the mutex, so this never calls write() on a pipe that is full.
bool Output::wait_until_ready() const {
    std::optional<std::chrono::steady_clock::time_point> give_up;
    while (true) {
        pollfd entry{fd_, POLLOUT, 0};
        if (::poll(&entry, 1, kLookMs) > 0) return true;  // or an error, which write() will name
        if (!stop_.stop_requested()) continue;
        const auto now = std::chrono::steady_clock::now();
        if (!give_up) give_up = now + kPatienceAfterStop;
        if (now >= *give_up) return false;
    }
}

bool Output::write(std::string_view text) {
    const Lock lock(mutex_);
    while (!gone_ && !text.empty()) {
        if (!wait_until_ready()) {
            gone_ = true;
            break;
        }
        // A pipe that is ready takes so much without blocking.
        const ssize_t n = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EINTR && errno != EAGAIN) {
            gone_ = true;
        }
    }
    return !gone_;
}

bool Output::write_text(std::string_view text) {
    return terminal_ ? write(harmless(text)) : write(text);
}

bool Output::write_json(std::string_view json) {
    return write((terminal_ ? visible_json(json) : std::string(json)) + "\n");
}

void say(std::string_view text) {
    (void)write_all(STDERR_FILENO, "tenon: " + visible(text, true) + "\n");
}

}  // namespace tenon
