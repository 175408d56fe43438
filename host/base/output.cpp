#include "host/base/output.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF
#include <poll.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"

namespace tenon {
namespace {

constexpr int kLookMs = 100;
constexpr std::chrono::seconds kPatienceAfterStop{1};

// What a signal handler can reach.
std::atomic<int> own_output{STDOUT_FILENO};
std::atomic<int> own_error{STDERR_FILENO};

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

int output_descriptor() noexcept {
    return own_output;
}

int error_descriptor() noexcept {
    return own_error;
}

void keep_standard_streams() {
    if (own_output != STDOUT_FILENO) return;
    const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (output < 0 || error < 0) {
        for (const int fd : {output, error})
            if (fd >= 0) ::close(fd);
        return;
    }
    own_output = output;
    own_error = error;
}

DescriptorStream::DescriptorStream(int fd) : std::ostream(nullptr), buffer_(fd) {
    rdbuf(&buffer_);
}

DescriptorStream::~DescriptorStream() {
    flush();
}

DescriptorStream::Buffer::Buffer(int fd) : fd_(fd) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
}

DescriptorStream::Buffer::int_type DescriptorStream::Buffer::overflow(int_type c) {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
}

int DescriptorStream::Buffer::sync() {
    const std::string_view bytes(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return bytes.empty() || write_all(fd_, bytes) ? 0 : -1;
}

void say(std::string_view text) {
    (void)write_all(error_descriptor(), "tenon: " + visible(text, true) + "\n");
}

}  // namespace tenon
