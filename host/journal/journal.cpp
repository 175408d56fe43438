#include "host/journal/journal.h"

#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/journal/journal_lines.h"

namespace tenon::journal {
namespace {

/// Takes the lock that makes this process the one that writes. Whoever asks whether a session is
/// open may hold it for a moment. False: see errno.
bool lock(int fd) {
    constexpr int kTries = 6;
    constexpr std::chrono::milliseconds kMoment{10};
    for (int i = 1; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++i) {
        if (errno != EWOULDBLOCK || i == kTries) return false;
        std::this_thread::sleep_for(kMoment);
    }
    return true;
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& path) {
    const std::string doing = "open journal " + path.string();
    UniqueFd fd(::open(path.c_str(),
                       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!fd) return Error::from_errno(doing);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return Error::from_errno(doing);
    if (!S_ISREG(info.st_mode)) return Error{doing + ": not a regular file"};
    if (!lock(fd.get())) {
        if (errno == EWOULDBLOCK) {
            return Error{doing +
                         ": another tenon is using this session; end it, or start one of its own"};
        }
        return Error::from_errno(doing);
    }
    return Journal(std::move(fd), path);
}

void Journal::continue_after(const Reader& reader) {
    next_seq_ = reader.last_seq() + 1;
    end_ = reader.file_end();
    half_line_at_ = reader.half_line_at();
}

Result<void> Journal::mend_end() {
    if (end_ == FileEnd::kWhole) return {};
    const std::string doing = "journal " + path_.string();
    if (end_ == FileEnd::kHalfLine && ::ftruncate(fd_.get(), half_line_at_) == 0) {
        end_ = FileEnd::kWhole;
        return {};
    }
    // When nothing can be removed (chattr +a), the half line gets a line end, and is not a record.
    const bool unended = end_ == FileEnd::kUnended;
    if (auto written = write_all(fd_.get(), unended ? "\n" : "!\n"); !written)
        return written.error().while_doing(doing + ": end the last line");
    end_ = FileEnd::kWhole;
    return {};
}

Result<std::int64_t> Journal::append(std::string_view type, std::string_view members) {
    if (auto mended = mend_end(); !mended) return mended.error();
    const std::string doing = "journal " + path_.string();
    const std::int64_t seq = next_seq_;
    std::string line =
        R"({"v":1,"seq":)" + std::to_string(seq) + R"(,"type":")" + std::string(type) + '"';
    if (!members.empty()) line.append(",").append(members);
    line += "}\n";
    if (line.size() > kMaxJournalLine) {
        return Error{doing + ": a record of " + std::to_string(line.size()) +
                     " bytes is too large; at most " + std::to_string(kMaxJournalLine) +
                     " are written"};
    }
    half_line_at_ = ::lseek(fd_.get(), 0, SEEK_END);
    if (auto written = write_all(fd_.get(), line); !written) {
        end_ = FileEnd::kHalfLine;
        (void)mend_end();  // else before the next record
        return written.error().while_doing(doing);
    }
    ++next_seq_;
    return seq;
}

}  // namespace tenon::journal
