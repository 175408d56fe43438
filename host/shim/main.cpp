// tenon-shim JOB_FOLDER OUTPUT_CAP SOFT_DESCRIPTOR_LIMIT
//
// Supervises the one job of the folder, and outlives the process that started it. Its command line
// does not contain the job's command, so that a `pkill -f` for the command does not end the
// supervisor.
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/jobs/end_file.h"
#include "host/jobs/record.h"
#include "host/shim/spool.h"
#include "host/shim/start.h"
#include "host/shim/supervisor.h"

namespace {

using namespace tenon;

enum Exit { kDone = 0, kFailed = 1, kUsage = 2 };
constexpr char kSandboxRecords[] = "sandbox";  // in the state directory
constexpr int kCannotBegin = 127;  // a shell's exit code for a command that it cannot start

bool exists(int folder, const char* name) {
    return ::faccessat(folder, name, F_OK, 0) == 0;
}

bool has_begun_or_ended(int folder) {
    return exists(folder, jobs::kStartedFile) || exists(folder, jobs::kStatusFile);
}

/// The job's lock. Without a lock, `error` is an errno value, or 0 when the job has begun or ended
/// already, so that this process must not start it.
struct Claim {
    UniqueFd lock;
    int error = 0;
};
/// Waits for the lock.
Claim claim(int folder) {
    // Another supervisor holds the lock as long as the job runs: do not wait for that.
    if (has_begun_or_ended(folder)) return {};
    UniqueFd lock(
        ::openat(folder, jobs::kLockFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return {{}, errno};
    while (::flock(lock.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return {{}, errno};
    }
    if (has_begun_or_ended(folder)) return {};
    return {std::move(lock)};
}

/// Writes `started` into the lock's file and makes it a hard link to that: a file system may take a
/// quarter of a millisecond to make a new file, and the command waits for this. The link is renamed
/// into place like every record, so that readers see all of the text and watches report it.
Result<void> record_start(const std::filesystem::path& path, int folder, int lock,
                          const std::string& text) {
    constexpr char kTemporary[] = ".started.tmp";
    const auto size = static_cast<ssize_t>(text.size());
    const std::string file = "/proc/self/fd/" + std::to_string(lock);
    const bool linked =
        ::pwrite(lock, text.data(), text.size(), 0) == size && ::ftruncate(lock, size) == 0 &&
        ::linkat(AT_FDCWD, file.c_str(), folder, kTemporary, AT_SYMLINK_FOLLOW) == 0;
    if (linked && ::renameat(folder, kTemporary, folder, jobs::kStartedFile) == 0) return {};
    // Not every file system has hard links; and a supervisor that was killed may have left a link.
    ::unlinkat(folder, kTemporary, 0);
    return write_file_atomically(path / jobs::kStartedFile, text, Sync::kNo);
}

/// Ends a job that has not begun. The end is recorded if possible, else sent to the starter. The
/// start is not recorded, since nothing was started.
int refuse(const UniqueFd& starter, int folder, jobs::EndFile* end_file,
           const std::string& reason) {
    jobs::JobEnd end;
    end.status = jobs::Status::kError;
    end.exit_code = kCannotBegin;
    end.reason = reason;
    shim::Spool spool(folder, jobs::kEndBytes);
    spool.write("tenon: " + reason + "\n");
    if (spool.omitted() == 0) end.output_bytes = spool.total();
    end.ended_ms = wall_clock_ms();
    end.ended_boot_ms = boot_clock_ms();
    end.boot_id = boot_id();
    if (end_file != nullptr && end_file->record(end, Sync::kYes)) return kDone;
    jobs::send_unrecorded_end(starter, end);
    return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        constexpr char kUse[] = "use: tenon-shim JOB_FOLDER OUTPUT_CAP SOFT_DESCRIPTOR_LIMIT\n";
        return ::write(STDERR_FILENO, kUse, sizeof kUse - 1) < 0 ? kFailed : kUsage;
    }
    const std::filesystem::path path = argv[1];
    const std::uint64_t cap = std::strtoull(argv[2], nullptr, 10);
    auto starter = shim::detach(std::strtoull(argv[3], nullptr, 10));
    const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!starter) return kFailed;
    if (!folder)
        return refuse(*starter, -1, nullptr, Error::from_errno("open " + path.string()).message);
    const Claim claimed = claim(folder.get());
    if (!claimed.lock && claimed.error == 0) return kDone;
    if (!claimed.lock)
        return refuse(*starter, folder.get(), nullptr,
                      Error::from_errno("lock the job", claimed.error).message);
    auto end_file = jobs::EndFile::reserve(folder.get());
    if (!end_file) return refuse(*starter, folder.get(), nullptr, end_file.error().message);

    const jobs::Started started{jobs::ProcessIdentity::of_this_process(), wall_clock_ms(), cap};
    auto begun =
        record_start(path, folder.get(), claimed.lock.get(), jobs::encode_started(started));
    if (!begun)
        return refuse(*starter, folder.get(), &*end_file,
                      begun.error().while_doing("record the start").message);
    auto text = read_whole_file(path / jobs::kJobFile, jobs::kMaxRecordBytes);
    auto job = text ? jobs::decode_job(*text) : Result<jobs::JobRecord>(text.error());
    shim::prepare_environment(path.filename().string());
    // It outlives the supervisor: what it has made is removed when nothing of the command is left.
    auto confinement = sandbox::Confinement::prepare(
        job ? job->spec.containment : sandbox::Policy{}, path.filename().string(),
        path.parent_path().parent_path() / kSandboxRecords);
    auto nothing = sandbox::Confinement::none();
    shim::Supervisor supervisor(folder.get(), job ? job->spec : jobs::JobSpec{},
                                confinement ? *confinement : nothing, cap, std::move(*starter),
                                *std::move(end_file));
    const bool ok = !job           ? supervisor.refuse("job.json: " + job.error().message)
                    : !confinement ? supervisor.refuse(confinement.error().message)
                                   : supervisor.run();
    if (!ok) supervisor.record_later();
    return ok ? kDone : kFailed;
}
