#include "host/jobs/whole_output.h"

#include <algorithm>
#include <utility>

#include "host/base/held_text.h"

namespace tenon::jobs {
namespace {

constexpr std::uint64_t kReadAtOnce = 64 << 10;
constexpr std::size_t kLongestUnbrokenLine = 256 << 10;

}  // namespace

WholeOutput::WholeOutput(const std::filesystem::path& job_folder, const JobRecord& job,
                         std::uint64_t max_bytes, const Secrets& secrets)
    : output_(job_folder), secrets_(secrets), redacted_(secrets), runs_(!is_terminal(job.status)) {
    const std::uint64_t lost = runs_ ? output_.omitted().value_or(0) : job.end.omitted_bytes;
    const std::uint64_t size = output_.size();
    has_gap_ = lost > 0 || size > max_bytes;
    if (!has_gap_) return;
    gap_begin_ = gap_end_ = std::min(lost > 0 ? output_.head() : size / 2, size);
    if (size > max_bytes) {
        gap_begin_ = std::min(gap_begin_, max_bytes / 2);
        gap_end_ = std::max(gap_end_, size - max_bytes / 2);
    }
    omitted_ = lost + gap_end_ - gap_begin_;
}

std::string WholeOutput::next() {
    while (!finished_) {
        if (const auto end = waiting_.rfind('\n'); end != std::string::npos)
            return std::exchange(waiting_, waiting_.substr(end + 1)).substr(0, end + 1);
        if (waiting_.size() >= kLongestUnbrokenLine) break;
        read_more();
    }
    return std::exchange(waiting_, {});
}

void WholeOutput::read_more() {
    if (has_gap_ && at_ == gap_begin_) return pass_gap();
    const std::uint64_t end = has_gap_ ? gap_begin_ : output_.size();
    const std::string bytes = output_.read(at_, std::min(at_ + kReadAtOnce, end));
    if (bytes.empty()) {
        if (!has_gap_) return finish();
        at_ = gap_begin_;  // the file became shorter
        return;
    }
    at_ += bytes.size();
    waiting_ += redacted_.take(std::exchange(begins_after_gap_, false)
                                   ? secrets_.redact_part(bytes, {true, false})
                                   : bytes);
}

void WholeOutput::pass_gap() {
    waiting_ += secrets_.redact_part(redacted_.finish(), {false, true});
    waiting_ += omitted(omitted_, "bytes");
    has_gap_ = false;
    begins_after_gap_ = true;
    at_ = gap_end_;
}

/// The rest of a secret that a running job prints may not be there yet.
void WholeOutput::finish() {
    waiting_ += secrets_.redact_part(redacted_.finish(), {false, runs_});
    finished_ = true;
}

}  // namespace tenon::jobs
