#include "host/shim/spool.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "host/jobs/record.h"

namespace tenon::shim {

using jobs::kOutputFiles;

Spool::Spool(int folder, std::uint64_t cap)
    : folder_(folder), half_(cap / 2), quarter_(cap / 4), offsets_(folder) {}

void Spool::open() {
    if (segment_ < 0) open_next();
}

void Spool::write(std::string_view bytes) {
    total_ += bytes.size();
    while (!bytes.empty()) {
        if (room_ == 0 && !open_next()) break;
        if (segment_ > 0 && bytes.size() > 2 * quarter_) {
            // Does not write what the rest would rotate away again.
            const std::size_t skipped = bytes.size() - 2 * quarter_;
            omitted_ += skipped;
            bytes.remove_prefix(skipped);
        }
        if (segment_ > 0 && size_[segment_] == 0)
            offsets_.begin(file_.get(), total_ - bytes.size());
        const ssize_t n =
            ::write(file_.get(), bytes.data(), std::min<std::uint64_t>(room_, bytes.size()));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            note_problem("write");
            break;
        }
        const auto written = static_cast<std::uint64_t>(n);
        room_ -= written;
        size_[segment_] += written;
        bytes.remove_prefix(written);
    }
    omitted_ += bytes.size();
}

bool Spool::open_next() {
    if (segment_ < 0 || (must_open_ && segment_ == 0))
        return open_file(kOutputFiles[segment_ = 0], half_);
    if (quarter_ == 0) return false;
    if (!must_open_) {  // the segment is full, go on to the next
        must_open_ = true;
        if (segment_ < 2) {
            ++segment_;
        } else if (!rotate()) {
            must_open_ = false;
            return false;
        }
    }
    return open_file(kOutputFiles[segment_], quarter_);
}

bool Spool::open_file(const char* name, std::uint64_t room) {
    file_.reset(
        ::openat(folder_, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) {
        note_problem("open");
        return false;
    }
    must_open_ = false;
    room_ = room;
    size_[segment_] = 0;
    return room > 0 || (segment_ == 0 && open_next());
}

/// Removes the older quarter; the newer one takes its place.
bool Spool::rotate() {
    file_.reset();
    // Unlinked first, because ext4 writes a file to the disk that replaces another by rename.
    ::unlinkat(folder_, kOutputFiles[1], 0);
    if (::renameat(folder_, kOutputFiles[2], folder_, kOutputFiles[1]) != 0) {
        note_problem("rename");
        return false;
    }
    omitted_ += size_[1];
    size_[1] = size_[2];
    size_[2] = 0;
    return true;
}

void Spool::drop_tail() {
    file_.reset();
    for (const int tail : {1, 2}) {
        ::unlinkat(folder_, kOutputFiles[tail], 0);
        omitted_ += std::exchange(size_[tail], 0);
    }
    quarter_ = 0;
    room_ = 0;
    must_open_ = false;
    segment_ = 2;
}

void Spool::note_problem(const char* doing) {
    if (!problem_.empty()) return;
    problem_ =
        std::string("output not kept: ") + doing + ": " + std::generic_category().message(errno);
}

}  // namespace tenon::shim
