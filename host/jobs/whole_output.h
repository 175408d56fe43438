#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/base/secrets.h"
#include "host/jobs/job.h"
#include "host/jobs/kept_output.h"

namespace tenon::jobs {

/// All that a job has printed and that is on the disk when the object is made, piece by piece, so
/// that it is never in memory as a whole. Of more than `max_bytes` the middle is left out; a line
/// in brackets says so, and also how much was not kept on the disk. For one thread.
class WholeOutput {
public:
    /// Values of `secrets`, which outlive the object, are replaced.
    WholeOutput(const std::filesystem::path& job_folder, const JobRecord& job,
                std::uint64_t max_bytes, const Secrets& secrets);

    /// The next piece, of any bytes; empty after the last. It ends with a line feed unless its line
    /// is very long, or the last one. Reads only a small part of the output.
    std::string next();

private:
    void read_more();
    void pass_gap();
    void finish();

    KeptOutput output_;
    const Secrets& secrets_;
    RedactedStream redacted_;
    bool runs_;
    bool has_gap_ = false;
    bool begins_after_gap_ = false;
    std::uint64_t gap_begin_ = 0, gap_end_ = 0;
    std::uint64_t omitted_ = 0;  // bytes, at the gap
    std::uint64_t at_ = 0;
    std::string waiting_;  // not passed on yet
    bool finished_ = false;
};

}  // namespace tenon::jobs
