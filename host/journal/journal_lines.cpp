#include "host/journal/journal_lines.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tenon::journal {
namespace {

constexpr std::size_t kChunk = 256U << 10U;

}  // namespace

Result<JournalLines> JournalLines::open(const std::filesystem::path& path, std::int64_t from) {
    const std::string doing = "read " + path.string();
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return Error::from_errno(doing);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return Error::from_errno(doing);
    if (!S_ISREG(info.st_mode)) return Error{doing + ": not a regular file"};
    if (::lseek(fd.get(), from, SEEK_SET) < 0) return Error::from_errno(doing);
    JournalLines lines(fd.get());
    lines.own_ = std::move(fd);
    lines.offset_ = from;
    return lines;
}

/// Appends one chunk. False at the end of the file.
Result<bool> JournalLines::fill() {
    buffer_.erase(0, from_);
    from_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kChunk);
    ssize_t n = -1;
    do
        n = ::read(fd_, buffer_.data() + had, kChunk);
    while (n < 0 && errno == EINTR);
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) return Error::from_errno("read");
    return n > 0;
}

Result<std::optional<JournalLines::Line>> JournalLines::next() {
    Line line;
    line.offset = offset_;
    std::size_t searched = 0;
    while (true) {
        const std::size_t end = buffer_.find('\n', from_ + searched);
        const bool found = end != std::string::npos;
        const std::size_t length = (found ? end : buffer_.size()) - from_;
        line.too_long = line.too_long || length > kMaxJournalLine;
        if (found) {
            if (!line.too_long) line.text = std::string_view(buffer_).substr(from_, length);
            from_ = end + 1;
            offset_ += static_cast<std::int64_t>(length) + 1;
            return std::optional(line);
        }
        searched = length;
        if (line.too_long) {  // it is not returned, so it is not kept
            offset_ += static_cast<std::int64_t>(length);
            from_ = buffer_.size();
            searched = 0;
        }
        const auto more = fill();
        if (!more) return more.error();
        if (*more) continue;
        if (buffer_.empty() && !line.too_long) return std::optional<Line>();
        line.ended = false;
        line.text = buffer_;
        from_ = buffer_.size();
        offset_ += static_cast<std::int64_t>(buffer_.size());
        return std::optional(line);
    }
}

}  // namespace tenon::journal
