#include "host/journal/journal.h"

#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/journal/journal_lines.h"
#include "host/journal/record.h"

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

/// Whether a line without its end is a record that was being written: nothing relied on it yet.
bool is_cut_off_record(std::string_view line) {
    constexpr std::string_view kBegin = R"({"v":1,"seq":)";
    const std::size_t known = std::min(line.size(), kBegin.size());
    return line.substr(0, known) == kBegin.substr(0, known) &&
           line.find('\0') == std::string_view::npos;
}

}  // namespace

Result<Journal::Opened> Journal::open(const std::filesystem::path& path) {
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
    Journal journal(std::move(fd), path);
    auto text = read_lines(journal);
    if (!text) return text.error().while_doing(doing);
    return Opened{std::move(journal), std::move(*text)};
}

/// Also finds out how the file ends.
Result<std::string> Journal::read_lines(Journal& journal) {
    std::string text;
    JournalLines lines(journal.fd_.get());
    while (true) {
        const auto line = lines.next();
        if (!line) return line.error();
        if (!*line) return text;
        const JournalLines::Line& found = **line;
        if (!found.ended && !found.too_long && !Record::read(found.text) &&
            is_cut_off_record(found.text)) {
            journal.end_ = End::kHalfLine;
            journal.size_ = found.offset;
            return text;
        }
        text.append(found.text).append("\n");
        if (found.ended) continue;
        journal.end_ = End::kUnended;
    }
}

std::vector<std::string_view> Journal::Opened::lines() const {
    std::vector<std::string_view> lines;
    std::size_t from = 0;
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', from)) {
        lines.push_back(std::string_view(text).substr(from, at - from));
        from = at + 1;
    }
    return lines;
}

Result<void> Journal::mend_end() {
    if (end_ == End::kWhole) return {};
    const std::string doing = "journal " + path_.string();
    if (end_ == End::kHalfLine && ::ftruncate(fd_.get(), size_) == 0) {
        end_ = End::kWhole;
        return {};
    }
    // Where nothing can be removed (chattr +a), the half line is ended as one that is no record.
    const bool unended = end_ == End::kUnended;
    if (auto written = write_all(fd_.get(), unended ? "\n" : "!\n"); !written)
        return written.error().while_doing(doing + ": end the last line");
    end_ = End::kWhole;
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
    size_ = ::lseek(fd_.get(), 0, SEEK_END);
    if (auto written = write_all(fd_.get(), line); !written) {
        end_ = End::kHalfLine;
        (void)mend_end();  // else before the next record
        return written.error().while_doing(doing);
    }
    ++next_seq_;
    return seq;
}

}  // namespace tenon::journal
