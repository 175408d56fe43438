#include "plugins/file/lines.h"

#include <algorithm>
#include <utility>

#include "plugins/file/text.h"

namespace tenon::file {
namespace {

constexpr std::size_t kLineChunk = 64U << 10U;

}  // namespace

LineReader::LineReader(const Fd& fd, std::string_view shown, std::function<bool()> go_on)
    : fd_(fd), shown_(shown), go_on_(std::move(go_on)) {
    fill();
}

/// Appends one chunk and drops the lines that were returned before. False at the end of the file.
bool LineReader::fill() {
    ended_ = ended_ || !go_on_();
    if (ended_) return false;
    buffer_.erase(0, from_);
    from_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kLineChunk);
    const std::size_t got = read_some(fd_.get(), buffer_.data() + had, kLineChunk, shown_);
    buffer_.resize(had + got);
    ended_ = got < kLineChunk;
    return got > 0;
}

bool LineReader::binary() const {
    return looks_binary(buffer_);
}

/// The end of the line that begins at from_, reading on until it is in the buffer or too far away.
std::size_t LineReader::find_end() {
    std::size_t searched = 0;
    while (true) {
        const std::size_t end = buffer_.find('\n', from_ + searched);
        if (end != std::string::npos) return end;
        searched = buffer_.size() - from_;
        if (searched >= kMaxLine || !fill()) return std::string::npos;
    }
}

bool LineReader::skip_line() {
    while (true) {
        const std::size_t end = buffer_.find('\n', from_);
        from_ = end == std::string::npos ? buffer_.size() : end + 1;
        if (end != std::string::npos) return true;
        if (!fill()) return false;
    }
}

bool LineReader::next(std::string_view& line) {
    if (rest_to_skip_ && !skip_line()) return false;
    const std::size_t end = find_end();
    const std::size_t stop = std::min(end, buffer_.size());
    if (end == std::string::npos && stop == from_) return false;
    rest_to_skip_ = end == std::string::npos && !ended_;
    cut_lines_ += rest_to_skip_ ? 1 : 0;
    line = std::string_view(buffer_).substr(from_, stop - from_);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    from_ = std::min(stop + 1, buffer_.size());
    return true;
}

}  // namespace tenon::file
