#include "host/jobs/follower.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "host/jobs/offsets.h"
#include "host/jobs/record.h"

namespace tenon::jobs {
namespace {

constexpr std::size_t kPiece = 65536;
constexpr int kRotationAttempts = 4;

UniqueFd open_file(const std::filesystem::path& file) {
    return UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

bool same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Whether `fd` has this file open. An inode number is not used again while the file is open.
bool is_at(const UniqueFd& fd, const std::filesystem::path& file) {
    struct stat ours {};
    struct stat now {};
    return ::fstat(fd.get(), &ours) == 0 && ::lstat(file.c_str(), &now) == 0 &&
           same_file(ours, now);
}

}  // namespace

OutputFollower::OutputFollower(std::filesystem::path job_folder)
    : folder_(std::move(job_folder)), events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (events_ && ::inotify_add_watch(events_.get(), folder_.c_str(),
                                       IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        events_.reset();
    }
}

std::optional<OutputFollower::Piece> OutputFollower::next() {
    // First, so that whatever is written after this reading makes the descriptor readable again.
    forget_events();
    while (true) {
        if (std::string bytes = read_more(); !bytes.empty()) {
            position_ += bytes.size();
            return Piece{std::move(bytes), std::exchange(omitted_, 0)};
        }
        if (!move_on()) return std::nullopt;
    }
}

std::string OutputFollower::read_more() {
    std::string bytes(file_ ? kPiece : 0, '\0');
    ssize_t n = 0;
    do {
        n = file_ ? ::read(file_.get(), bytes.data(), bytes.size()) : 0;
    } while (n < 0 && errno == EINTR);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

/// True: read again. After the successor was found, the file is read to its end once more, since it
/// may have grown in between.
bool OutputFollower::move_on() {
    if (!file_) {
        file_ = open_file(folder_ / kOutputFiles[0]);
        in_head_ = true;
        return static_cast<bool>(file_);
    }
    if (successor_) {
        file_ = std::move(successor_);
        omitted_ += successor_at_ - position_;
        position_ = successor_at_;
        in_head_ = false;
        return true;
    }
    find_successor();
    return static_cast<bool>(successor_);
}

/// The tail's newer file becomes its older one whenever a third begins.
void OutputFollower::find_successor() {
    const auto older = folder_ / kOutputFiles[1];
    const auto newer = folder_ / kOutputFiles[2];
    for (int attempt = 0; attempt < kRotationAttempts && !successor_; ++attempt) {
        if (!in_head_ && is_at(file_, newer)) return;
        const bool file_is_older = !in_head_ && is_at(file_, older);
        UniqueFd next = open_file(file_is_older ? newer : older);
        struct stat info {};
        if (!next || ::fstat(next.get(), &info) != 0 || info.st_size == 0) {
            if (file_is_older || in_head_) return;
            continue;  // moved this moment
        }
        // It has bytes and so a line in the offsets, unless two more files were begun already.
        const auto begin = Offsets(folder_).of(info.st_ino);
        if (!begin || *begin < position_) continue;
        successor_ = std::move(next);
        successor_at_ = *begin;
    }
}

void OutputFollower::forget_events() const {
    char buffer[4096];
    while (events_ && ::read(events_.get(), buffer, sizeof buffer) > 0) {
    }
}

}  // namespace tenon::jobs
