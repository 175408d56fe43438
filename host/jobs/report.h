#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/held_text.h"
#include "host/base/secrets.h"
#include "host/jobs/job.h"

/// What people and models read about a job. Every text is valid UTF-8. Only what is shown is read
/// from the output files. Values of `secrets` are replaced before anything is cut, so that no part
/// of a value is left at a cut.
namespace tenon::jobs {

/// A longer output is cut in the middle.
inline constexpr std::size_t kMaxReportCharacters = 50'000;

/// What the job has printed so far: all of it, or head and tail with the number of characters or
/// bytes left out between them. Empty for a folder without output.
std::string read_output(const std::filesystem::path& job_folder, const JobRecord& job,
                        std::size_t max_characters = kMaxReportCharacters,
                        const Secrets& secrets = {});
/// The last `max_bytes` of the output on the disk. Begins with a whole character.
std::string read_output_tail(const std::filesystem::path& job_folder, std::size_t max_bytes,
                             const Secrets& secrets = {});

/// The end of an output, for a person who watches the job.
struct OutputEnd {
    std::string text;      ///< at most so many bytes; any control characters
    bool is_whole = true;  ///< `text` is all that was printed
};
/// The same. While the job runs, what may be the beginning of a secret is replaced too, since its
/// rest may not be printed yet.
OutputEnd read_output_end(const std::filesystem::path& job_folder, const JobRecord& job,
                          std::size_t max_bytes, const Secrets& secrets = {});
/// The text that `bash` answers for an ended job: the output, and how it ended, unless that was
/// exit code 0 and nothing else.
std::string report(const std::filesystem::path& job_folder, const JobRecord& job,
                   std::size_t max_characters = kMaxReportCharacters, const Secrets& secrets = {});
/// `output`, or `(no output)`, followed by the lines on how the job ended.
std::string with_ending(std::string output, const JobRecord& job);

/// The record with the values of `secrets` replaced in all texts that users or models wrote.
JobRecord redacted(JobRecord job, const Secrets& secrets);

/// The first 80 characters of a command on one line.
std::string preview(std::string_view command);

}  // namespace tenon::jobs
