#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/atomic_file.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"
#include "host/jobs/orphans.h"
#include "host/jobs/record.h"

namespace tenon::jobs {

/// What `list` could not read, and what `clean_up` could not remove.
using Problems = std::vector<std::string>;

/// The jobs of one state directory, one directory each. Any number of processes use it at once:
/// whoever would decide about a job holds its lock, a shim for as long as the job runs. Stateless
/// and thread-safe; starts nothing. Blocks on the disk only; `cancel` also up to two seconds on a
/// shim that is just starting, and whoever finds a job lost until its processes are ended, which
/// takes half a minute at most.
class Store {
public:
    /// `folder` and the state directory around it are made when missing, 0700.
    static Result<Store> open(std::filesystem::path folder);
    /// For whoever creates no job: nothing is made. A folder that is not there holds no jobs.
    static Result<Store> open_existing(std::filesystem::path folder);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::filesystem::path folder_of(const JobId& id) const { return folder_ / id; }

    /// Why no job can be made of this, or nothing: a command that exec would refuse, a folder that
    /// is not there, text that a record cannot hold.
    static std::optional<Error> problem_with(const JobSpec& spec);

    /// Records a queued job under a fresh id, and reserves what its end needs: from then on it can
    /// be ended on a full disk. Directories that are missing are made again. The job survives the
    /// death of this process, of the machine only after `sync`. On Error nothing is left.
    [[nodiscard]] Result<JobRecord> create(JobSpec spec) const;
    /// Brings the records of these jobs to the disk. What cannot be synced stays as it is.
    void sync(std::span<const JobId> ids) const;
    /// Writes job.json again: for what may change while a job runs. Where there is no room for a
    /// second file, a text of the same length is written over the first.
    [[nodiscard]] Result<void> rewrite(const JobRecord& job) const;

    /// The job and its true status now. A job that nobody can tell about any more is reported, and
    /// where possible recorded, as lost; what its supervisor left running is ended before. Another
    /// machine's job (`is_elsewhere`) has the status that its files say, and is never judged.
    [[nodiscard]] Result<JobRecord> load(const JobId& id) const;
    /// Every readable job, in the order of submission. Foreign files are passed over; a job that
    /// cannot be read is a problem, and left alone.
    [[nodiscard]] std::vector<JobRecord> list(Problems* problems = nullptr) const;
    /// Every folder with a job's name, also where its record is not written yet. In no order.
    [[nodiscard]] std::vector<JobId> ids() const;
    /// Cheap: whether job.json stands.
    [[nodiscard]] bool is_recorded(const JobId& id) const;
    /// Cheap: whether status.json stands.
    [[nodiscard]] bool has_ended(const JobId& id) const;
    /// Cheap: whether a supervisor has recorded its start.
    [[nodiscard]] bool has_begun(const JobId& id) const;
    /// Whether somebody holds the lock of a job that has not begun: it may be about to be cancelled.
    [[nodiscard]] bool is_held_before_start(const JobId& id) const;
    /// Whether a shim still looks after the job: it runs, or what it left behind does.
    [[nodiscard]] bool is_supervised(const JobId& id) const;
    [[nodiscard]] Result<Started> started(const JobId& id) const;

    /// Takes a queued job out (it is recorded as cancelled, and returned so) or asks the shim of a
    /// running one to end its tree (returned as running; its end follows). A persistent job that
    /// has ended while its tree lives gets its tree ended. Needs no free space; where none is left
    /// for who asks, it does without. Error: unknown, another machine's, or ended already and how.
    [[nodiscard]] Result<JobRecord> cancel(const JobId& id, std::string_view by) const;
    /// Ends what a job has left that is lost, or that ended with something left behind, where its
    /// supervisor was killed before it could do so. Of a job that ended in order nothing is ended:
    /// who carries its id by now may be anybody. Nothing while a supervisor lives. How many
    /// processes that were.
    int end_abandoned(const JobId& id) const;
    /// The same for every job of the store that has processes.
    void end_all_abandoned() const;
    /// Ends a job that nobody has started with this record and output, unless somebody else decided
    /// first. Returns what is true afterwards. Without `sync` the caller does that, for many at
    /// once.
    [[nodiscard]] Result<JobRecord> end_unstarted(const JobId& id, JobEnd end,
                                                  std::string_view output = {},
                                                  Sync sync = Sync::kYes) const;
    /// Everything written so far to the disk, whatever it costs.
    void sync_everything() const;

    /// Bytes of output that a job holds, or may still come to hold while it runs.
    [[nodiscard]] std::uint64_t held_bytes(const JobId& id) const;
    /// The same over all jobs but those for which `skip` is true.
    [[nodiscard]] std::uint64_t held_bytes(const std::function<bool(const JobId&)>& skip) const;

    /// Removes jobs that ended more than `keep_days` ago and whose end was told. Of this boot the
    /// time since boot tells how long ago; of others the wall clock, and while that has been set
    /// since boot nothing does: they stay.
    /// Returns how many went.
    int clean_up(int keep_days, const std::function<bool(const JobRecord&)>& is_delivered,
                 Problems* problems = nullptr) const;

private:
    explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}

    enum class Holder { kUs, kAnother, kUnknown };
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
    [[nodiscard]] JobRecord as_its_files_say(JobRecord job) const;
    [[nodiscard]] Result<JobRecord> settle(JobRecord job) const;
    [[nodiscard]] UniqueFd open_directory(const JobId& id) const;
    [[nodiscard]] Result<JobId> make_directory() const;
    [[nodiscard]] Result<void> fill_directory(const JobRecord& job) const;
    [[nodiscard]] OrphansEnded end_tree(const JobId& id, const Started& shim) const;
    enum class Announce { kNo, kYes };  // to the host that has queued the job
    [[nodiscard]] Result<JobRecord> end_queued(const JobId& id, JobEnd end, std::string_view output,
                                               Sync sync, Announce announce) const;
    [[nodiscard]] Result<void> ask_shim_to_end(const JobId& id, std::string_view by) const;
    void announce_to_host(const JobId& id) const;
    /// Whether the wall clock was set since boot, as far as the records of this boot show.
    [[nodiscard]] bool clock_was_set() const;
    void remove(const JobId& id, Problems* problems) const;
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
