#include "host/agent/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/atomic_file.h"

namespace tenon::agent {
namespace {

Result<std::string> read_all(int fd, std::size_t expected) {
    std::string text(expected + 1, '\0');  // one more: the end is seen without growing
    std::size_t size = 0;
    while (true) {
        if (size == text.size()) text.resize(2 * size);
        const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read");
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    text.resize(size);
    return text;
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
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return Error{doing +
                         ": another tenon is using this session; end it, or start one of its own"};
        }
        return Error::from_errno(doing);
    }
    auto text = read_all(fd.get(), static_cast<std::size_t>(info.st_size));
    if (!text) return text.error().while_doing(doing);

    // A line without its end was being written when the writer died; nothing relied on it yet.
    const auto end = static_cast<std::int64_t>(text->rfind('\n') + 1);
    if (end != static_cast<std::int64_t>(text->size())) {
        if (::ftruncate(fd.get(), end) != 0)
            return Error::from_errno(doing + ": remove the cut-off last line");
        text->resize(static_cast<std::size_t>(end));
    }
    return Opened{Journal(std::move(fd), path, end), std::move(*text)};
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

Result<std::int64_t> Journal::append(std::string_view type, std::string_view members) {
    const std::int64_t seq = next_seq_;
    std::string line =
        R"({"v":1,"seq":)" + std::to_string(seq) + R"(,"type":")" + std::string(type) + '"';
    if (!members.empty()) line.append(",").append(members);
    line += "}\n";
    if (auto written = write_all(fd_.get(), line); !written) {
        Error error = written.error().while_doing("journal " + path_.string());
        // Half a line would swallow the next one.
        if (::ftruncate(fd_.get(), size_) != 0)
            error = Error::from_errno(error.message + "; and remove the half line");
        return error;
    }
    size_ += static_cast<std::int64_t>(line.size());
    ++next_seq_;
    return seq;
}

}  // namespace tenon::agent
