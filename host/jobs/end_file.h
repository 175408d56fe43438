#pragma once

#include <optional>
#include <string_view>

#include "host/base/atomic_file.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"

/// What ending a job needs, so that no full disk can keep a job from its end: the room of the
/// terminal record, and what is noted in files that are there already. No function here needs free
/// space or a new file once `EndFile::reserve` has succeeded, except on file systems that write
/// every block to a new place.
namespace tenon::jobs {

/// The terminal record before it is there: a file under a temporary name that holds its room. Only
/// the holder of the job's lock may use it; `Store::create` makes it before the job can be found.
class EndFile {
public:
    /// Makes the file in the job's directory and reserves its room, or opens it with its room.
    /// `directory` stays the caller's, and open as long as the object lives. Error: there is no
    /// space, no file to be had, or the file system cannot be written. What was begun stays.
    static Result<EndFile> reserve(int directory);

    /// Writes the record in its room and gives it its name: readers see all of it or nothing. With
    /// `sync` the record and its name are on the disk afterwards. After an Error it may be tried
    /// again.
    Result<void> record(const JobEnd& end, Sync sync);

private:
    EndFile(int directory, UniqueFd file) : directory_(directory), file_(std::move(file)) {}

    int directory_;
    UniqueFd file_;
};

/// Notes in `started` that nothing of the job's tree is left. Where this fails, the next host looks
/// for processes once more.
void mark_tree_ended(int directory);

/// Records who asks for the end of a job: in `cancel`, or where no file can be made in room that
/// `started` has. False: neither could be written.
bool record_request(int directory, std::string_view by);
/// Who has asked. Empty: nobody, or nobody who could say so.
std::string recorded_request(int directory);

/// What a shim writes to its starter when it can record nothing: how the job ended. In one piece.
void send_unrecorded_end(const UniqueFd& to, const JobEnd& end);
/// The starter's side; call it when there is something to read, or the shim has hung up. None: the
/// shim has sent nothing, so the record stands, or the shim has died.
std::optional<JobEnd> receive_unrecorded_end(const UniqueFd& from);

}  // namespace tenon::jobs
