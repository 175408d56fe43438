#include "host/jobs/store.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <map>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/utf8.h"
#include "host/jobs/end_file.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kOthersDecideWithin = 2s;

void stamp(JobEnd& end) {
    end.ended_ms = wall_clock_ms();
    end.ended_boot_ms = boot_clock_ms();
    end.boot_id = boot_id();
}

Error unknown(const JobId& id) {
    return {"Unknown job " + utf8::repair(id)};
}

Error other_machines(const JobRecord& job) {
    return {"job " + job.id + " belongs to the host " + utf8::repair(job.host) +
            ": only there it can be ended"};
}

/// Whether processes that the shim started may still run after the job's end.
bool may_have_left_processes(const JobEnd& end, const Started& shim) {
    return !shim.tree_ended &&
           (end.status == Status::kLost || end.left_behind > 0 || end.survivors > 0);
}

}  // namespace

bool Store::exists(const JobId& id, const char* file) const {
    return ::access((folder_of(id) / file).c_str(), F_OK) == 0;
}

bool Store::is_recorded(const JobId& id) const {
    return exists(id, kJobFile);
}

bool Store::has_ended(const JobId& id) const {
    return exists(id, kStatusFile);
}

bool Store::has_begun(const JobId& id) const {
    return exists(id, kStartedFile);
}

Result<JobRecord> Store::read_job(const JobId& id) const {
    if (!is_job_id(id) || ::access(folder_of(id).c_str(), F_OK) != 0) return unknown(id);
    const fs::path file = folder_of(id) / kJobFile;
    auto text = read_whole_file(file, kMaxRecordBytes);
    if (!text) return text.error();
    auto job = decode_job(*text);
    if (!job) return job.error().while_doing(file.string());
    job->id = id;
    return job;
}

Result<Started> Store::started(const JobId& id) const {
    const fs::path file = folder_of(id) / kStartedFile;
    auto text = read_whole_file(file, kMaxRecordBytes);
    if (!text) return text.error();
    auto started = decode_started(*text);
    if (!started) return started.error().while_doing(file.string());
    return started;
}

/// False: there is no status.json. Error: it cannot be understood.
Result<bool> Store::read_end(JobRecord& job) const {
    const fs::path file = folder_of(job.id) / kStatusFile;
    if (!has_ended(job.id)) return false;
    auto text = read_whole_file(file, kMaxRecordBytes);
    if (!text) return text.error();
    auto end = decode_end(*text);
    if (!end) return end.error().while_doing(file.string());
    job.status = end->status;
    job.started_ms = end->started_ms;
    job.end = std::move(*end);
    return true;
}

Result<JobRecord> Store::load(const JobId& id) const {
    auto job = read_job(id);
    if (!job) return job;
    return with_status(std::move(*job));
}

Result<JobRecord> Store::with_status(JobRecord job) const {
    auto ended = read_end(job);
    if (!ended) return ended.error();
    if (*ended) return job;
    if (is_elsewhere(job)) return with_status_of_files(std::move(job));
    bool locked = false;
    {
        // Shared, so that two readers do not take each other for a shim.
        const LockAttempt attempt = try_lock(job.id, LOCK_SH);
        // It may have ended between the first look and the lock.
        ended = read_end(job);
        if (!ended) return ended.error();
        if (*ended) return job;
        if (!has_begun(job.id)) return job;  // queued
        if (attempt.holder == Holder::kUnknown && attempt.error != ENOENT &&
            attempt.error != EROFS) {
            return Error::from_errno("lock job " + job.id, attempt.error);
        }
        if (attempt.holder == Holder::kAnother) return as_running(std::move(job));
        locked = attempt.holder == Holder::kThis;
    }
    if (!locked) {
        settle_as_lost(job, false);
        return job;
    }
    return settle(std::move(job));
}

/// Without the lock: not every file system that machines share supports locks between them.
JobRecord Store::with_status_of_files(JobRecord job) const {
    return has_begun(job.id) ? as_running(std::move(job)) : job;
}

JobRecord Store::as_running(JobRecord job) const {
    job.status = Status::kRunning;
    if (auto by = started(job.id)) {
        job.started_ms = by->started_ms;
        if (by->shim.boot_id == boot_id()) job.started_boot_ms = since_boot(by->shim.start_time);
        correct_start(job);
    }
    return job;
}

/// The job has no supervisor any more. Only the holder of the lock may end what is left of the job
/// and record it as lost; other processes may be reading, or doing the same.
Result<JobRecord> Store::settle(JobRecord job) const {
    const auto deadline = std::chrono::steady_clock::now() + kOthersDecideWithin;
    while (true) {
        const LockAttempt attempt = try_lock(job.id, LOCK_EX);
        auto ended = read_end(job);
        if (!ended) return ended.error();
        if (*ended) return job;
        if (attempt.holder == Holder::kUnknown)
            return Error::from_errno("lock job " + job.id, attempt.error);
        if (attempt.holder == Holder::kThis) {
            settle_as_lost(job, true);
            return job;
        }
        if (std::chrono::steady_clock::now() > deadline) return as_running(std::move(job));
        std::this_thread::sleep_for(1ms);
    }
}

Store::LockAttempt Store::try_lock(const JobId& id, int operation) const {
    const fs::path file = folder_of(id) / kLockFile;
    UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    // In a folder that cannot be written, the lock still shows whether a shim lives.
    if (!lock && (errno == EROFS || errno == EACCES)) {
        lock.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!lock) return {Holder::kUnknown, {}, errno};
    if (::flock(lock.get(), operation | LOCK_NB) == 0) return {Holder::kThis, std::move(lock)};
    if (errno == EWOULDBLOCK) return {Holder::kAnother, {}};
    return {Holder::kUnknown, {}, errno};
}

bool Store::has_begun_or_ended(const JobId& id) const {
    return has_begun(id) || has_ended(id);
}

bool Store::is_held_before_start(const JobId& id) const {
    return try_lock(id, LOCK_SH).holder == Holder::kAnother && !has_begun(id);
}

/// Other processes hold the lock only for a moment, except a shim, which records its start.
Store::LockAttempt Store::lock_unstarted(const JobId& id) const {
    const auto deadline = std::chrono::steady_clock::now() + kOthersDecideWithin;
    while (true) {
        LockAttempt attempt = try_lock(id, LOCK_EX);
        if (attempt.holder != Holder::kAnother || has_begun_or_ended(id)) return attempt;
        if (std::chrono::steady_clock::now() > deadline) return attempt;
        std::this_thread::sleep_for(1ms);
    }
}

void Store::settle_as_lost(JobRecord& job, bool locked) const {
    JobEnd end;
    end.status = Status::kLost;
    stamp(end);
    if (auto by = started(job.id)) {
        end.started_ms = by->started_ms;
        end.reason = by->shim.boot_id == boot_id()
                         ? "its supervisor (pid " + std::to_string(by->shim.pid) + ") was killed"
                         : "the machine went down while it ran";
        if (locked) {
            const OrphansEnded left = end_tree(job.id, *by);
            end.left_behind = left.ended;
            end.survivors = left.survivors;
        }
    } else {
        end.reason = "the record of its start cannot be read: " + by.error().message;
    }
    // If this cannot be recorded, the job is lost all the same.
    if (locked && record_end(job, end, Sync::kYes)) return;
    job.status = Status::kLost;
    job.started_ms = end.started_ms;
    job.end = std::move(end);
}

OrphansEnded Store::end_tree(const JobId& id, const Started& shim) const {
    const OrphansEnded left = end_orphans(id, shim);
    const UniqueFd directory = open_directory(id);
    if (left.survivors == 0 && left.looked && directory) mark_tree_ended(directory.get());
    return left;
}

int Store::end_leftovers(const JobId& id) const {
    auto job = read_job(id);
    if (!job || is_elsewhere(*job)) return 0;
    const auto ended = read_end(*job);
    const auto by = started(id);
    if (!ended || !*ended || !by || !may_have_left_processes(job->end, *by)) return 0;
    const LockAttempt attempt = try_lock(id, LOCK_EX);
    if (attempt.holder != Holder::kThis) return 0;  // a supervisor, or a process that does the same
    return end_tree(id, *by).ended;
}

void Store::end_all_leftovers() const {
    for (const JobId& id : jobs_with_processes()) {
        if (is_recorded(id)) end_leftovers(id);
    }
}

Result<void> Store::record_end(JobRecord& job, JobEnd end, Sync sync) const {
    const UniqueFd directory = open_directory(job.id);
    if (!directory) return Error::from_errno("open " + folder_of(job.id).string());
    // The space is reserved already, unless the job is of an older version.
    auto file = EndFile::reserve(directory.get());
    if (!file) return file.error().while_doing("job " + job.id);
    if (auto written = file->record(end, sync); !written)
        return written.error().while_doing("job " + job.id);
    job.status = end.status;
    job.started_ms = end.started_ms;
    job.end = std::move(end);
    return {};
}

std::vector<JobId> Store::ids() const {
    std::vector<JobId> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder_.c_str()), ::closedir);
    while (dir) {
        const dirent* entry = ::readdir(dir.get());
        if (entry == nullptr) break;
        if (is_job_id(entry->d_name)) found.emplace_back(entry->d_name);
    }
    return found;
}

std::vector<JobRecord> Store::list(Problems* problems) const {
    std::vector<JobRecord> jobs;
    for (const JobId& id : ids()) {
        auto job = load(id);
        if (job) {
            jobs.push_back(std::move(*job));
        } else if (problems != nullptr && exists(id, kJobFile)) {
            problems->push_back(job.error().message);
        }
    }
    sort_by_submission(jobs);
    return jobs;
}

void sort_by_submission(std::vector<JobRecord>& jobs) {
    std::map<std::string, std::int64_t> begin;  // of each boot, as far as it is known
    for (const JobRecord& job : jobs) {
        const auto [it, first] = begin.emplace(job.boot_id, job.submitted_ms);
        if (!first) it->second = std::min(it->second, job.submitted_ms);
    }
    if (const auto it = begin.find(boot_id()); it != begin.end())
        it->second = std::numeric_limits<std::int64_t>::max();
    const auto key = [&](const JobRecord& job) {
        return std::tie(begin.at(job.boot_id), job.boot_id, job.submitted_ns, job.id);
    };
    std::sort(jobs.begin(), jobs.end(),
              [&](const JobRecord& a, const JobRecord& b) { return key(a) < key(b); });
}

// ------------------------------------------------------------------ deciding

Result<JobRecord> Store::end_unstarted(const JobId& id, JobEnd end, std::string_view output,
                                       Sync sync) const {
    return end_queued(id, std::move(end), output, sync, NotifyHost::kNo);
}

Result<JobRecord> Store::end_queued(const JobId& id, JobEnd end, std::string_view output, Sync sync,
                                    NotifyHost notify) const {
    auto job = read_job(id);
    if (!job) return job;
    if (is_elsewhere(*job)) return other_machines(*job);
    LockAttempt attempt = lock_unstarted(id);
    if (has_begun_or_ended(id)) {
        attempt.lock.reset();
        return with_status(std::move(*job));
    }
    if (attempt.holder == Holder::kAnother)
        return Error{"job " + id + " is locked by another process"};
    if (attempt.holder == Holder::kUnknown)
        return Error::from_errno("lock job " + id, attempt.error);
    // Also before the record, so that the host looks until this is decided even if we are killed
    // meanwhile.
    if (notify == NotifyHost::kYes) notify_host(id);
    stamp(end);
    // The reason has the same text, so nothing is lost if this cannot be written.
    if (!output.empty() &&
        write_file_atomically(folder_of(id) / kOutputFiles[0], output, Sync::kNo))
        end.output_bytes = output.size();
    if (auto written = record_end(*job, std::move(end), sync); !written) return written.error();
    if (notify == NotifyHost::kYes) notify_host(id);
    return job;
}

Result<JobRecord> Store::cancel(const JobId& id, std::string_view by) const {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = by;
    auto job = load(id);
    if (!job) return job;
    if (job->status == Status::kQueued) {
        job = end_queued(id, end, {}, Sync::kYes, NotifyHost::kYes);
        if (!job) return job;
        if (job->status == Status::kCancelled && job->end.ended_by == by) return job;
    }
    if (is_elsewhere(*job)) return other_machines(*job);
    const bool may_have_a_tree = job->spec.lifetime == Lifetime::kPersistent;
    if (is_terminal(job->status) && may_have_a_tree && end_leftovers(id) > 0) return job;
    if (is_terminal(job->status) && !(may_have_a_tree && is_supervised(id))) {
        return Error{"Job " + id + " has ended already: " + how_it_ended(*job)};
    }
    if (auto asked = ask_shim_to_end(id, by); !asked) return asked.error();
    return job;
}

/// The host that has queued the job watches the store for this, with one watch for all its jobs.
/// This makes no file, and so needs no space.
void Store::notify_host(const JobId& id) const {
    ::utimensat(AT_FDCWD, folder_of(id).c_str(), nullptr, 0);
}

/// The request is written first: the shim reads it when the signal comes, or before it starts its
/// command. If it cannot be written, the signal is enough.
Result<void> Store::ask_shim_to_end(const JobId& id, std::string_view by) const {
    if (const UniqueFd directory = open_directory(id)) record_request(directory.get(), by);
    auto shim = started(id);
    if (!shim) return shim.error();
    const UniqueFd process = open_process(shim->shim);
    if (send_signal(process, SIGTERM)) {
        send_signal(process, SIGCONT);  // a command may have stopped its supervisor
        return {};
    }
    auto now = load(id);
    if (now && is_terminal(now->status)) {
        return Error{"Job " + id + " has ended already: " + how_it_ended(*now)};
    }
    return Error{"job " + id + ": its supervisor (pid " + std::to_string(shim->shim.pid) +
                 ") could not be signalled"};
}

bool Store::is_supervised(const JobId& id) const {
    return try_lock(id, LOCK_SH).holder == Holder::kAnother;
}

// ------------------------------------------------------------------ texts

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string how_it_ended(const JobRecord& job) {
    std::string text(to_string(job.status));
    if (job.end.limit) return text + " (" + job.end.limit->limit + ")";
    if (job.status == Status::kError && job.end.exit_code) {
        text += " (exit code " + std::to_string(*job.end.exit_code) + ")";
    } else if (job.status == Status::kError && job.end.signal) {
        text += " (" + signal_name(*job.end.signal) + ")";
    }
    return text;
}

}  // namespace tenon::jobs
