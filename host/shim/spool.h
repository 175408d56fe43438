#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/unique_fd.h"
#include "host/jobs/offsets.h"

namespace tenon::shim {

/// Writes what the command prints into at most `cap` bytes of disk: the first half into `output`,
/// then into two rotating quarters, `output.1` (older) and `output.2` (newer). The three files in
/// this order are the output without its middle. Never fails: what cannot be written counts as
/// omitted, and the cause is kept. The file `offsets` says where the tail's files begin.
class Spool {
public:
    /// `folder` stays the caller's, and open.
    Spool(int folder, std::uint64_t cap);

    /// Makes the first file, so that there is one even if nothing is printed.
    void open();
    void write(std::string_view bytes);

    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] std::uint64_t omitted() const { return omitted_; }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// Frees the disk space of the tail, for the case that not even the status can be written.
    void drop_tail();

private:
    bool open_next();
    bool open_file(const char* name, std::uint64_t room);
    bool rotate();
    void note_problem(const char* doing);

    int folder_;
    std::uint64_t half_;
    std::uint64_t quarter_;
    jobs::OffsetsWriter offsets_;
    UniqueFd file_;
    int segment_ = -1;            // index of the file being written, -1 before the first
    bool must_open_ = true;       // the segment's file is full or was never opened
    std::uint64_t room_ = 0;      // bytes left in the segment
    std::uint64_t size_[3] = {};  // bytes in each file
    std::uint64_t total_ = 0;
    std::uint64_t omitted_ = 0;
    std::string problem_;
};

}  // namespace tenon::shim
