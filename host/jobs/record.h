#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/jobs/job.h"
#include "host/jobs/process.h"

/// The files of one job's folder and their JSON. Each text has a version "v". A higher version than
/// ours is refused; unknown members are ignored. The texts may be hostile; an error names the
/// member.
namespace tenon::jobs {

inline constexpr char kJobFile[] = "job.json";     ///< what was asked
inline constexpr char kLockFile[] = "lock";        ///< flock: its holder may decide about the job
inline constexpr char kStartedFile[] = "started";  ///< the shim; may be a hard link to the lock
inline constexpr char kCancelFile[] = "cancel";    ///< who asked for the end
inline constexpr char kStatusFile[] = "status.json";  ///< the terminal record
/// The output in its order: the first half of the cap, then two rotating quarters.
inline constexpr const char* kOutputFiles[] = {"output", "output.1", "output.2"};

/// Beside the directory of the jobs: the directories of future jobs.
inline constexpr char kPreparedFolder[] = "prepared";
/// Directories among the jobs that begin so are removed jobs.
inline constexpr char kRemovedPrefix[] = ".removed-";

/// No terminal record is longer. This much space is reserved for it before the job begins.
inline constexpr std::size_t kEndBytes = 4096;
/// Longer records are refused.
inline constexpr std::size_t kMaxRecordBytes = 8U << 20U;

/// What the shim records about itself before it starts the command.
struct Started {
    ProcessIdentity shim;
    std::int64_t started_ms = 0;  ///< wall clock
    std::uint64_t output_cap = 0;
    /// Nothing is left of what the shim started. Written later, over the false in the file. Also
    /// true for records that are older than this member.
    bool tree_ended = false;
};

/// Id, status and end are not in job.json: they follow from the folder's name and the other files.
std::string encode_job(const JobRecord& job);
Result<JobRecord> decode_job(std::string_view text);

std::string encode_started(const Started& started);
/// Reads up to the first NUL. After it, the file may contain a request for the end.
Result<Started> decode_started(std::string_view text);
/// The position of the digit of `tree_ended` in such a text, if it is false.
std::optional<std::size_t> tree_ended_digit(std::string_view text);

std::string encode_cancel(std::string_view by);
Result<std::string> decode_cancel(std::string_view text);

/// At most kEndBytes bytes: texts that are too long for that are cut.
std::string encode_end(const JobEnd& end);
Result<JobEnd> decode_end(std::string_view text);

}  // namespace tenon::jobs
