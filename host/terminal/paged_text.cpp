#include "host/terminal/paged_text.h"

#include <algorithm>
#include <cerrno>
#include <sys/mman.h>

#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kLinesPerStart = 64;
constexpr std::size_t kReadAtOnce = 16 << 10;

}  // namespace

PagedText::PagedText() : file_(::memfd_create("tenon-pager", MFD_CLOEXEC)), complete_(file_) {}

PagedText::PagedText(const std::vector<std::string>& lines) : PagedText() {
    std::string text;
    for (const std::string& line : lines)
        text.append(line).append("\n");
    add(text);
}

void PagedText::add(std::string_view lines) {
    std::string bytes;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        do {
            const std::string_view part = utf8::first_bytes(line, kLongestLine);
            if (line_count_++ % kLinesPerStart == 0) starts_.push_back(size_ + bytes.size());
            bytes.append(part).append("\n");
            line.remove_prefix(std::max(part.size(), std::min<std::size_t>(line.size(), 1)));
        } while (!line.empty());
    }
    write_out(bytes);
}

/// With pwrite, so that the offset of the file stays at the beginning.
void PagedText::write_out(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n =
            ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            complete_ = false;
            return;
        }
        size_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::vector<std::string> PagedText::lines(std::size_t first, std::size_t count) const {
    std::vector<std::string> found;
    if (first >= line_count_) return found;
    std::size_t skip = first % kLinesPerStart;
    std::uint64_t at = starts_[first / kLinesPerStart];
    std::string buffer(kReadAtOnce, '\0');
    std::string unfinished;
    while (found.size() < count) {
        const ssize_t n =
            ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        at += static_cast<std::uint64_t>(n);
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
        for (auto end = bytes.find('\n'); end != std::string_view::npos && found.size() < count;
             end = bytes.find('\n')) {
            unfinished += bytes.substr(0, end);
            bytes.remove_prefix(end + 1);
            if (skip > 0)
                --skip;
            else
                found.push_back(std::move(unfinished));
            unfinished.clear();
        }
        unfinished += bytes;
    }
    return found;
}

}  // namespace tenon::terminal
