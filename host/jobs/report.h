#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/secrets.h"
#include "host/jobs/job.h"

/// What people and models read about a job. Every text is valid UTF-8. Reads what it shows, not the
/// whole spool. Values of `secrets` are replaced before anything is cut, so that no cut leaves half
/// of one.
namespace tenon::jobs {

/// More is cut in the middle.
inline constexpr std::size_t kMaxReportCharacters = 50'000;

/// What the job printed so far: all of it, or head and tail with the number left out between, also
/// of what was dropped while it runs.
/// A folder without output gives an empty text.
std::string read_output(const std::filesystem::path& job_folder, const JobRecord& job,
                        std::size_t max_characters = kMaxReportCharacters,
                        const Secrets& secrets = {});
/// The last `max_bytes` of what is kept of the output, beginning with a whole character.
std::string read_output_tail(const std::filesystem::path& job_folder, std::size_t max_bytes,
                             const Secrets& secrets = {});

/// The text that `bash` answers for an ended job: the output, then how it ended when there is more
/// to say than exit code 0.
std::string report(const std::filesystem::path& job_folder, const JobRecord& job,
                   std::size_t max_characters = kMaxReportCharacters, const Secrets& secrets = {});
/// `output` with those lines after it, or `(no output)`.
std::string with_ending(std::string output, const JobRecord& job);

/// The line that stands for what was left out: "[5 bytes omitted]".
std::string omitted(std::uint64_t number, std::string_view unit);

/// The record with the values of `secrets` replaced in all texts that users or models wrote.
JobRecord redacted(JobRecord job, const Secrets& secrets);

/// The first 80 characters of a command on one line.
std::string preview(std::string_view command);

}  // namespace tenon::jobs
