#pragma once

#include <optional>
#include <string_view>

#include "host/base/atomic_file.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"

/// What ending a job needs: the reserved space of the terminal record, and notes in files that
/// exist already. So a job can be ended on a full disk. After `EndFile::reserve` has succeeded, no
/// function here needs free space or a new file, except on file systems that write each block to a
/// new place.
namespace tenon::jobs {

/// The terminal record before it is written: a file under a temporary name with reserved space.
/// Only the holder of the job's lock may use it; `Store::create` makes it before the job can be
/// found.
class EndFile {
public:
    /// Makes the file in the job's directory and reserves its space, or opens the file that is
    /// there. `directory` stays the caller's, and open as long as the object lives. Error: there is
    /// no space, no file can be made, or the file system cannot be written. What was made stays.
    static Result<EndFile> reserve(int directory);

    /// Writes the record in its space and renames the file: readers see all of it or nothing. With
    /// `sync`, the record and its name are on the disk afterwards. After an Error this may be tried
    /// again.
    Result<void> record(const JobEnd& end, Sync sync);

private:
    EndFile(int directory, UniqueFd file) : directory_(directory), file_(std::move(file)) {}

    int directory_;
    UniqueFd file_;
};

/// Notes in `started` that nothing of the job's process tree is left. If this fails, the next host
/// looks for processes once more.
void mark_tree_ended(int directory);

/// Records who asks for the end of a job: in the file `cancel`, or, when no file can be made, in a
/// part of the file `started` that is kept for this. False: neither could be written.
bool record_request(int directory, std::string_view by);
/// Who has asked. Empty: nobody, or it could not be recorded.
std::string recorded_request(int directory);

/// Used by a shim that cannot record how the job ended: writes it to its starter, in one piece.
void send_unrecorded_end(const UniqueFd& to, const JobEnd& end);
/// The starter's side. Call it when there is something to read, or the shim has closed its end.
/// None: the shim has sent nothing, so the record was written, or the shim has died.
std::optional<JobEnd> receive_unrecorded_end(const UniqueFd& from);

}  // namespace tenon::jobs
