#include "host/jobs/end_file.h"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <tuple>
#include <unistd.h>

#include "host/base/utf8.h"
#include "host/jobs/record.h"

namespace tenon::jobs {
namespace {

constexpr char kTemporary[] = ".status.tmp";
// In the file `started`: after its text, and within the smallest block of any file system.
constexpr off_t kRequestAt = 512;
constexpr std::size_t kRequestBytes = 512;
constexpr std::size_t kMostOfAName = 64;  // a character takes up to six bytes of JSON
static_assert(kEndBytes <= PIPE_BUF, "a text of this size goes through a pipe in one piece");

bool write_at(int fd, std::string_view bytes, off_t at) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
        at += n;
    }
    return true;
}

std::string read_at(int fd, off_t at) {
    char buffer[4096];
    const ssize_t n = ::pread(fd, buffer, sizeof buffer, at);
    return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
}

UniqueFd open_in(int directory, const char* name, int flags) {
    return UniqueFd(::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
}

Error failed_to(const char* what) {
    return Error::from_errno(std::string(what) + " " + kStatusFile);
}

/// Renamed into place, so that readers see all of it or nothing.
bool write_request_file(int directory, const std::string& text) {
    const std::string temporary = ".cancel." + std::to_string(::gettid()) + ".tmp";
    const UniqueFd file = open_in(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    const bool written = file && write_at(file.get(), text, 0) &&
                         ::renameat(directory, temporary.c_str(), directory, kCancelFile) == 0;
    if (!written) ::unlinkat(directory, temporary.c_str(), 0);
    return written;
}

}  // namespace

Result<EndFile> EndFile::reserve(int directory) {
    UniqueFd file = open_in(directory, kTemporary, O_WRONLY | O_CREAT);
    if (!file) return failed_to("reserve the space of");
    int failed = 0;
    do {
        failed = ::posix_fallocate(file.get(), 0, kEndBytes);
    } while (failed == EINTR);
    if (failed != 0) {
        errno = failed;
        return failed_to("reserve the space of");
    }
    return EndFile(directory, std::move(file));
}

Result<void> EndFile::record(const JobEnd& end, Sync sync) {
    const std::string text = encode_end(end);
    if (!write_at(file_.get(), text, 0) ||
        ::ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0)
        return failed_to("write");
    if (sync == Sync::kYes && ::fsync(file_.get()) != 0) return failed_to("sync");
    // If this is begun now, the data is on the disk before the file system writes the name.
    if (sync == Sync::kNo)
        std::ignore = ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    if (::renameat(directory_, kTemporary, directory_, kStatusFile) != 0) return failed_to("name");
    if (sync == Sync::kYes) ::fsync(directory_);
    return {};
}

void mark_tree_ended(int directory) {
    const UniqueFd file = open_in(directory, kStartedFile, O_RDWR);
    if (!file) return;
    if (const auto at = tree_ended_digit(read_at(file.get(), 0)))
        write_at(file.get(), "1", static_cast<off_t>(*at));
}

bool record_request(int directory, std::string_view by) {
    std::string text =
        encode_cancel(utf8::first_bytes(utf8::repair(by.substr(0, kMostOfAName)), kMostOfAName));
    if (write_request_file(directory, text)) return true;
    const UniqueFd file = open_in(directory, kStartedFile, O_WRONLY);
    text.resize(kRequestBytes, ' ');  // overwrites an earlier request
    return file && write_at(file.get(), text, kRequestAt);
}

std::string recorded_request(int directory) {
    const UniqueFd file = open_in(directory, kCancelFile, O_RDONLY);
    std::string text = file ? read_at(file.get(), 0) : std::string();
    if (text.empty()) {
        const UniqueFd started = open_in(directory, kStartedFile, O_RDONLY);
        if (started) text = read_at(started.get(), kRequestAt);
    }
    if (text.empty()) return {};
    auto by = decode_cancel(text);
    return by ? *by : "an unreadable request";
}

void send_unrecorded_end(const UniqueFd& to, const JobEnd& end) {
    const std::string text = encode_end(end);
    if (to) std::ignore = ::write(to.get(), text.data(), text.size());
}

std::optional<JobEnd> receive_unrecorded_end(const UniqueFd& from) {
    pollfd ready{from.get(), POLLIN, 0};
    if (!from || ::poll(&ready, 1, 0) <= 0) return std::nullopt;
    char text[kEndBytes];
    const ssize_t n = ::read(from.get(), text, sizeof text);
    if (n <= 0) return std::nullopt;
    auto end = decode_end({text, static_cast<std::size_t>(n)});
    return end ? std::optional(std::move(*end)) : std::nullopt;
}

}  // namespace tenon::jobs
