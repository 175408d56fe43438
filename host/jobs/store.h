#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"
#include "host/jobs/orphans.h"
#include "host/jobs/record.h"

namespace tenon::jobs {

/// What could not be read or removed, a sentence each.
using Problems = std::vector<std::string>;

/// The directory of a future job, with all that the job's end needs. Removed with this object
/// unless a job is made of it. May outlive the Store.
class PreparedJob {
public:
    PreparedJob() = default;
    explicit PreparedJob(std::filesystem::path path) : path_(std::move(path)) {}
    PreparedJob(PreparedJob&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PreparedJob& operator=(PreparedJob&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~PreparedJob();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    explicit operator bool() const { return !path_.empty(); }
    /// It has got another name, and belongs to a job.
    void release() { path_.clear(); }

private:
    std::filesystem::path path_;
};

/// The jobs of one state directory, one directory each. Any number of processes may use it at once:
/// whoever decides about a job holds its lock; a shim holds it as long as the job runs. Stateless
/// and thread-safe; starts nothing. Blocks only on the disk, with two exceptions: `cancel` waits up
/// to two seconds for a shim that is just starting, and a function that finds a job lost waits
/// until the job's processes are ended, for half a minute at most.
class Store {
public:
    /// Makes `folder` and the state directory around it when they are missing, with mode 0700.
    static Result<Store> open(std::filesystem::path folder);
    /// For callers that create no job: makes nothing. A folder that does not exist has no jobs.
    static Result<Store> open_existing(std::filesystem::path folder);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// Holds the directories that `prepare` has made.
    [[nodiscard]] std::filesystem::path prepared_folder() const {
        return folder_.parent_path() / kPreparedFolder;
    }
    [[nodiscard]] std::filesystem::path folder_of(const JobId& id) const { return folder_ / id; }

    /// Why no job can be made from this, if so: a command that exec would refuse, a folder that
    /// does not exist, text that a record cannot contain.
    static std::optional<Error> problem_with(const JobSpec& spec);

    /// Records a queued job under a new id, and reserves the space that its end needs: from now on
    /// it can be ended on a full disk. Missing directories are made again. The record survives the
    /// death of this process, and after `sync` also of the machine. On Error nothing is left.
    /// `prepared` was made ahead by `prepare`; without it, or if it has gone, another one is made.
    [[nodiscard]] Result<JobRecord> create(JobSpec spec, PreparedJob prepared = {}) const;
    /// Makes all files of a job but its record, so that `create` takes less time.
    [[nodiscard]] Result<PreparedJob> prepare() const;
    /// Syncs the records of these jobs to the disk, as far as possible.
    void sync(std::span<const JobId> ids) const;
    /// Writes job.json again, for what may change while a job runs. When there is no space for a
    /// second file, the old text is overwritten if the new one has the same length.
    [[nodiscard]] Result<void> rewrite(const JobRecord& job) const;

    /// The job and its true status now. When nobody knows any more how the job ended, it is
    /// reported as lost, and recorded so if possible; what its supervisor left running is ended
    /// before. Another machine's job (`is_elsewhere`) has the status that its files say, and is
    /// never lost.
    [[nodiscard]] Result<JobRecord> load(const JobId& id) const;
    /// Every readable job, in the order of submission. Other files are ignored. A job that cannot
    /// be read is reported as a problem.
    [[nodiscard]] std::vector<JobRecord> list(Problems* problems = nullptr) const;
    /// The ids of all jobs, in no order; also of those whose record is not written yet.
    [[nodiscard]] std::vector<JobId> ids() const;
    /// Cheap: whether there is a job.json.
    [[nodiscard]] bool is_recorded(const JobId& id) const;
    /// Cheap: whether there is a status.json.
    [[nodiscard]] bool has_ended(const JobId& id) const;
    /// Cheap: whether a shim has recorded its start.
    [[nodiscard]] bool has_begun(const JobId& id) const;
    /// Whether somebody holds the lock of a job that has not begun: it may be about to be
    /// cancelled.
    [[nodiscard]] bool is_held_before_start(const JobId& id) const;
    /// Whether the job has a living shim: the job runs, or processes that it left behind do.
    [[nodiscard]] bool is_supervised(const JobId& id) const;
    [[nodiscard]] Result<Started> started(const JobId& id) const;

    /// Cancels a job. A queued job is recorded as cancelled, and returned so. The shim of a running
    /// job is asked to end its process tree; the job is returned as running, and its end follows.
    /// When a persistent job has ended and its tree lives, the tree is ended. Needs no free space;
    /// without any, it is not recorded who asked. Error: unknown, another machine's, or ended
    /// already and how.
    [[nodiscard]] Result<JobRecord> cancel(const JobId& id, std::string_view by) const;
    /// Ends the leftover processes of an ended job, if its shim was killed before it could end
    /// them: of a lost job, or of one that ended with processes left behind. Of other jobs
    /// nothing is ended, since by now any process may have their id in its environment. Does
    /// nothing while a shim lives. Returns how many processes were ended.
    int end_leftovers(const JobId& id) const;
    /// The same for every job of the store that has processes.
    void end_all_leftovers() const;
    /// Ends a job that has not been started, with this record and output, unless another process
    /// has decided first. Returns the job as it is afterwards. With Sync::kNo the caller syncs, for
    /// many jobs at once.
    [[nodiscard]] Result<JobRecord> end_unstarted(const JobId& id, JobEnd end,
                                                  std::string_view output = {},
                                                  Sync sync = Sync::kYes) const;
    /// Syncs everything written so far to the disk, which may take long.
    void sync_everything() const;

    /// The bytes of output that a job has on the disk; for a running job, its cap.
    [[nodiscard]] std::uint64_t held_bytes(const JobId& id) const;
    /// The sum over all jobs, without those for which `skip` is true.
    [[nodiscard]] std::uint64_t held_bytes(const std::function<bool(const JobId&)>& skip) const;

    /// Removes jobs that ended more than `keep_days` ago and whose end was delivered. The age of a
    /// job that ended in this boot is known from the time since boot, of other jobs from the wall
    /// clock. If that was set since boot, the age of other jobs is unknown, and they stay. Returns
    /// how many were removed.
    int clean_up(int keep_days, const std::function<bool(const JobRecord&)>& is_delivered,
                 Problems* problems = nullptr) const;

private:
    explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}

    enum class Holder { kThis, kAnother, kUnknown };
    struct LockAttempt {
        Holder holder;
        UniqueFd lock;
        int error = 0;
    };
    [[nodiscard]] LockAttempt try_lock(const JobId& id, int operation) const;
    [[nodiscard]] LockAttempt lock_unstarted(const JobId& id) const;
    [[nodiscard]] bool has_begun_or_ended(const JobId& id) const;
    [[nodiscard]] bool exists(const JobId& id, const char* file) const;
    [[nodiscard]] Result<JobRecord> read_job(const JobId& id) const;
    [[nodiscard]] Result<bool> read_end(JobRecord& job) const;
    [[nodiscard]] Result<JobRecord> with_status(JobRecord job) const;
    [[nodiscard]] JobRecord as_running(JobRecord job) const;
    [[nodiscard]] JobRecord with_status_of_files(JobRecord job) const;
    [[nodiscard]] Result<JobRecord> settle(JobRecord job) const;
    [[nodiscard]] UniqueFd open_directory(const JobId& id) const;
    [[nodiscard]] Result<JobId> publish(PreparedJob& prepared, std::string_view record) const;
    [[nodiscard]] OrphansEnded end_tree(const JobId& id, const Started& shim) const;
    enum class NotifyHost { kNo, kYes };  // to the host that has queued the job
    [[nodiscard]] Result<JobRecord> end_queued(const JobId& id, JobEnd end, std::string_view output,
                                               Sync sync, NotifyHost notify) const;
    [[nodiscard]] Result<void> ask_shim_to_end(const JobId& id, std::string_view by) const;
    void notify_host(const JobId& id) const;
    /// Whether the wall clock was set since boot, as far as the records of this boot show.
    [[nodiscard]] bool clock_was_set() const;
    void remove(const JobId& id, Problems* problems) const;
    void remove_leftovers(bool wall_clock_is_right) const;
    void settle_as_lost(JobRecord& job, bool locked) const;
    [[nodiscard]] Result<void> record_end(JobRecord& job, JobEnd end, Sync sync) const;

    std::filesystem::path folder_;
};

/// In the order of submission. Within one boot the wall clock has no say: it may have been set
/// back.
void sort_by_submission(std::vector<JobRecord>& jobs);

/// "completed", "error (exit code 3)", "error (SIGSEGV)", …
std::string how_it_ended(const JobRecord& job);
/// "SIGTERM" for 15.
std::string signal_name(int signal);

}  // namespace tenon::jobs
