#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/jobs/job.h"
#include "host/jobs/process.h"

/// The files of one job's folder and their JSON. Every text carries "v"; a higher one than ours is
/// refused, unknown members are ignored. The texts may be hostile: errors name the member.
namespace tenon::jobs {

inline constexpr char kJobFile[] = "job.json";     ///< what was asked
inline constexpr char kLockFile[] = "lock";        ///< flock: who holds it may decide
inline constexpr char kStartedFile[] = "started";  ///< the shim's identity; may be the lock's file
inline constexpr char kCancelFile[] = "cancel";    ///< who asked for the end
inline constexpr char kStatusFile[] = "status.json";  ///< the terminal record
/// The output in the order it came: the first half of the cap, then its rotating quarters.
inline constexpr const char* kOutputFiles[] = {"output", "output.1", "output.2"};

/// No terminal record is longer: so much room is reserved for it before its job begins.
inline constexpr std::size_t kEndRoom = 4096;
/// Longer records are not ours.
inline constexpr std::size_t kMaxRecordBytes = 8U << 20U;

/// What the shim says of itself before it starts the command.
struct Started {
    ProcessIdentity shim;
    std::int64_t started_ms = 0;  ///< wall clock
    std::uint64_t output_cap = 0;
    /// Nothing is left of what the shim started: written over the false that stood there. True also
    /// where the record is older than this member.
    bool tree_ended = false;
};

/// Id, status and end are not part of job.json: the folder's name and the other files tell them.
std::string encode_job(const JobRecord& job);
Result<JobRecord> decode_job(std::string_view text);

std::string encode_started(const Started& started);
/// Reads up to the first NUL: behind it there is room for who asks for the end.
Result<Started> decode_started(std::string_view text);
/// Where in such a text the digit of a false `tree_ended` stands.
std::optional<std::size_t> tree_ended_digit(std::string_view text);

std::string encode_cancel(std::string_view by);
Result<std::string> decode_cancel(std::string_view text);

/// At most kEndRoom bytes: texts that are too long for it are cut.
std::string encode_end(const JobEnd& end);
Result<JobEnd> decode_end(std::string_view text);

}  // namespace tenon::jobs
