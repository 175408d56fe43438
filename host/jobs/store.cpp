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

// execve(2): MAX_ARG_STRLEN is 32 pages, the closing NUL included.
constexpr std::size_t kMaxCommandBytes = 131'071;
constexpr int kIdAttempts = 16;
constexpr std::size_t kMostSyncedSingly = 8;
constexpr auto kMomentIsOver = 2s;  // of others' locks
constexpr std::int64_t kDayMs = 86'400'000;
// A folder without job.json is somebody's create() under way, or what a killed one left.
constexpr std::int64_t kHalfMadeMs = 3'600'000;
constexpr char kRemovedPrefix[] = ".removed-";
// Two clocks of one machine part by less than this unless somebody sets one.
constexpr std::int64_t kDriftMs = 3'600'000;

/// Milliseconds since a job ended; none where that cannot be told. Since an earlier boot only the
/// wall clock counted.
std::optional<std::int64_t> age_of(const JobEnd& end, bool wall_clock_tells) {
    if (!end.boot_id.empty() && end.boot_id == boot_id())
        return boot_clock_ms() - end.ended_boot_ms;
    if (!wall_clock_tells) return std::nullopt;
    return wall_clock_ms() - end.ended_ms;
}

void stamp(JobEnd& end) {
    end.ended_ms = wall_clock_ms();
    end.ended_boot_ms = boot_clock_ms();
    end.boot_id = boot_id();
}

/// Any bytes but NUL: records write what is not UTF-8 with path_to_text.
bool is_path(std::string_view path) {
    return path.find('\0') == std::string_view::npos;
}

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && utf8::is_valid(text);
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

void sync_path(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) ::fsync(fd.get());
}

Error unknown(const JobId& id) {
    return {"Unknown job " + utf8::repair(id)};
}

Error elsewhere(const JobRecord& job) {
    return {"job " + job.id + " belongs to the host " + utf8::repair(job.host) +
            ": only there it can be ended"};
}

/// What the rules for records refuse must be refused before it is written. Which jobs it follows is
/// whoever's business who knows them.
std::optional<Error> problem_when_read_again(const JobSpec& spec) {
    JobRecord job;
    job.spec = spec;
    job.spec.after.clear();
    const std::string text = encode_job(job);
    if (text.size() > kMaxRecordBytes)
        return Error{"the record would be " + std::to_string(text.size()) +
                     " bytes long; at most " + std::to_string(kMaxRecordBytes) +
                     " can be read again"};
    auto again = decode_job(text);
    return again ? std::nullopt : std::optional(again.error());
}

Result<void> make_directories(const fs::path& directory) {
    std::error_code failed;
    fs::create_directories(directory.parent_path().parent_path(), failed);
    ::mkdir(directory.parent_path().c_str(), 0700);  // what goes wrong here shows in the next line
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return Error::from_errno("make the jobs directory " + directory.string());
    if (!fs::is_directory(directory, failed))
        return Error::from_errno("open the jobs directory " + directory.string(), ENOTDIR);
    return {};
}

/// Whether what a shim started may still run after the job's end.
bool may_have_left_something(const JobEnd& end, const Started& shim) {
    return !shim.tree_ended &&
           (end.status == Status::kLost || end.left_behind > 0 || end.survivors > 0);
}

}  // namespace

std::optional<Error> Store::problem_with(const JobSpec& spec) {
    if (is_blank(spec.command)) return Error{"the command is empty"};
    if (spec.command.find('\0') != std::string::npos) return Error{"the command holds a NUL byte"};
    if (!utf8::is_valid(spec.command)) return Error{"the command is not valid UTF-8"};
    if (spec.command.size() > kMaxCommandBytes) {
        return Error{"the command is " + std::to_string(spec.command.size()) +
                     " bytes long; at most " + std::to_string(kMaxCommandBytes) +
                     " can be started: put it into a file and run that"};
    }
    if (!is_text(spec.name) || !is_text(spec.tool_use_id))
        return Error{"name or call id is not valid UTF-8"};
    if (!is_path(spec.workspace)) return Error{"the workspace's path holds a NUL byte"};
    if (!spec.session.empty() && !is_session_id(spec.session)) {
        return Error{"\"" + utf8::repair(spec.session) + "\" is no session id"};
    }
    if (spec.timeout && spec.timeout->count() <= 0) return Error{"the timeout must be above 0"};
    if (spec.timeout && *spec.timeout > kMostTimeout)
        return Error{"the timeout must be at most " +
                     std::to_string(std::chrono::floor<std::chrono::hours>(kMostTimeout).count()) +
                     " hours"};
    if (!is_path(spec.cwd) || spec.cwd.empty() || spec.cwd[0] != '/') {
        return Error{"cwd must be an absolute path: " + utf8::repair(spec.cwd)};
    }
    struct stat info {};
    if (::stat(spec.cwd.c_str(), &info) != 0) return Error::from_errno("cwd " + spec.cwd);
    if (!S_ISDIR(info.st_mode)) return Error::from_errno("cwd " + spec.cwd, ENOTDIR);
    if (::access(spec.cwd.c_str(), X_OK) != 0) return Error::from_errno("cwd " + spec.cwd);
    return problem_when_read_again(spec);
}

Result<Store> Store::open(fs::path folder) {
    if (auto made = make_directories(folder); !made) return made.error();
    return Store(std::move(folder));
}

Result<Store> Store::open_existing(fs::path folder) {
    const UniqueFd readable(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable && errno != ENOENT) {
        return Error::from_errno("open the jobs directory " + folder.string());
    }
    return Store(std::move(folder));
}

Result<JobRecord> Store::create(JobSpec spec) const {
    for (const JobId& after : spec.after) {
        if (!is_job_id(after)) return unknown(after).while_doing("record the job: after");
    }
    JobRecord job;
    job.spec = std::move(spec);
    job.submitted_ms = wall_clock_ms();
    job.submitted_ns = boot_clock_ns();
    job.boot_id = boot_id();
    job.host = host_name();
    auto id = make_directory();
    if (!id) return id.error().while_doing("record the job");
    job.id = *std::move(id);
    if (auto filled = fill_directory(job); !filled) {
        std::error_code ignored;
        fs::remove_all(folder_of(job.id), ignored);
        return filled.error().while_doing("record the job");
    }
    return job;
}

Result<JobId> Store::make_directory() const {
    for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
        JobId id = random_hex(8);
        if (::mkdir(folder_of(id).c_str(), 0700) == 0) return id;
        if (errno == ENOENT) {  // somebody has removed what `open` made
            if (auto made = make_directories(folder_); !made) return made.error();
        } else if (errno != EEXIST) {
            return Error::from_errno("make " + folder_of(id).string());
        }
    }
    return Error{"no free id in " + folder_.string()};
}

/// The record comes last: whoever sees it finds what an end needs.
Result<void> Store::fill_directory(const JobRecord& job) const {
    const UniqueFd directory = open_directory(job.id);
    if (!directory) return Error::from_errno("open " + folder_of(job.id).string());
    const UniqueFd lock(
        ::openat(directory.get(), kLockFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return Error::from_errno("create " + (folder_of(job.id) / kLockFile).string());
    if (auto room = EndFile::reserve(directory.get()); !room) return room.error();
    return write_file_atomically(folder_of(job.id) / kJobFile, encode_job(job), Sync::kNo);
}

UniqueFd Store::open_directory(const JobId& id) const {
    return UniqueFd(::open(folder_of(id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Result<void> Store::rewrite(const JobRecord& job) const {
    const fs::path file = folder_of(job.id) / kJobFile;
    const std::string text = encode_job(job);
    auto written = write_file_atomically(file, text, Sync::kNo);
    if (written) return written;
    const UniqueFd old(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    const auto size = static_cast<ssize_t>(text.size());
    const bool fits = old && ::fstat(old.get(), &info) == 0 && info.st_size == size;
    if (fits && ::pwrite(old.get(), text.data(), text.size(), 0) == size) return {};
    return written;
}

void Store::sync(std::span<const JobId> ids) const {
    if (ids.size() > kMostSyncedSingly) return sync_everything();
    for (const JobId& id : ids) {
        sync_path(folder_of(id) / kJobFile);
        sync_path(folder_of(id));
    }
    sync_path(folder_);
}

void Store::sync_everything() const {
    const UniqueFd fd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) ::syncfs(fd.get());
}

// ------------------------------------------------------------------ reading

bool Store::exists(const JobId& id, const char* file) const {
    return ::access((folder_of(id) / file).c_str(), F_OK) == 0;
}

bool Store::is_recorded(const JobId& id) const {
    return exists(id, kJobFile);
}

bool Store::has_ended(const JobId& id) const {
    return exists(id, kStatusFile);
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

/// False: there is no status.json. Error: there is one, but not to be understood.
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
    if (is_elsewhere(job)) return as_its_files_say(std::move(job));
    bool locked = false;
    {
        // Shared: two that only look must not take each other for a shim.
        const LockAttempt attempt = try_lock(job.id, LOCK_SH);
        // It may have ended between the first look and the lock.
        ended = read_end(job);
        if (!ended) return ended.error();
        if (*ended) return job;
        if (!exists(job.id, kStartedFile)) return job;  // queued
        if (attempt.holder == Holder::kUnknown && attempt.error != ENOENT &&
            attempt.error != EROFS) {
            return Error::from_errno("lock job " + job.id, attempt.error);
        }
        if (attempt.holder == Holder::kAnother) return as_running(std::move(job));
        locked = attempt.holder == Holder::kUs;
    }
    if (!locked) {
        settle_as_lost(job, false);
        return job;
    }
    return settle(std::move(job));
}

/// A lock tells nothing here: not every file system that machines share passes it on.
JobRecord Store::as_its_files_say(JobRecord job) const {
    return exists(job.id, kStartedFile) ? as_running(std::move(job)) : job;
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

/// Nobody supervises it any more. One alone may end what is left of it and say so: others may be
/// looking, or be at it.
Result<JobRecord> Store::settle(JobRecord job) const {
    const auto deadline = std::chrono::steady_clock::now() + kMomentIsOver;
    while (true) {
        const LockAttempt attempt = try_lock(job.id, LOCK_EX);
        auto ended = read_end(job);
        if (!ended) return ended.error();
        if (*ended) return job;
        if (attempt.holder == Holder::kUnknown)
            return Error::from_errno("lock job " + job.id, attempt.error);
        if (attempt.holder == Holder::kUs) {
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
    // In a folder that cannot be written the lock still tells whether a shim lives.
    if (!lock && (errno == EROFS || errno == EACCES)) {
        lock.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!lock) return {Holder::kUnknown, {}, errno};
    if (::flock(lock.get(), operation | LOCK_NB) == 0) return {Holder::kUs, std::move(lock)};
    if (errno == EWOULDBLOCK) return {Holder::kAnother, {}};
    return {Holder::kUnknown, {}, errno};
}

bool Store::was_touched(const JobId& id) const {
    return exists(id, kStartedFile) || exists(id, kStatusFile);
}

/// Others hold the lock for a moment only, unless they are a shim, which leaves a trace.
Store::LockAttempt Store::lock_unstarted(const JobId& id) const {
    const auto deadline = std::chrono::steady_clock::now() + kMomentIsOver;
    while (true) {
        LockAttempt attempt = try_lock(id, LOCK_EX);
        if (attempt.holder != Holder::kAnother || was_touched(id)) return attempt;
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
        end.reason = "its start is recorded unreadably: " + by.error().message;
    }
    // Where it cannot be written it is lost all the same.
    if (locked && record_end(job, end, Sync::kYes)) return;
    job.status = Status::kLost;
    job.started_ms = end.started_ms;
    job.end = std::move(end);
}

OrphansEnded Store::end_tree(const JobId& id, const Started& shim) const {
    const OrphansEnded left = end_orphans(id, shim);
    const UniqueFd directory = open_directory(id);
    if (left.survivors == 0 && directory) mark_tree_ended(directory.get());
    return left;
}

int Store::end_abandoned(const JobId& id) const {
    auto job = read_job(id);
    if (!job || is_elsewhere(*job)) return 0;
    const auto ended = read_end(*job);
    const auto by = started(id);
    if (!ended || !*ended || !by || !may_have_left_something(job->end, *by)) return 0;
    const LockAttempt attempt = try_lock(id, LOCK_EX);
    if (attempt.holder != Holder::kUs) return 0;  // a supervisor, or another at the same
    return end_tree(id, *by).ended;
}

void Store::end_all_abandoned() const {
    for (const JobId& id : jobs_with_processes()) {
        if (is_recorded(id)) end_abandoned(id);
    }
}

Result<void> Store::record_end(JobRecord& job, JobEnd end, Sync sync) const {
    const UniqueFd directory = open_directory(job.id);
    if (!directory) return Error::from_errno("open " + folder_of(job.id).string());
    auto file =
        EndFile::reserve(directory.get());  // the room is there already, unless the job is old
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
    std::map<std::string, std::int64_t> begin;  // of each boot, as far as can be told
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
    auto job = read_job(id);
    if (!job) return job;
    if (is_elsewhere(*job)) return elsewhere(*job);
    LockAttempt attempt = lock_unstarted(id);
    if (was_touched(id)) {
        attempt.lock.reset();
        return with_status(std::move(*job));
    }
    if (attempt.holder == Holder::kAnother) return Error{"job " + id + " is locked by somebody"};
    if (attempt.holder == Holder::kUnknown)
        return Error::from_errno("lock job " + id, attempt.error);
    stamp(end);
    // Its text stands in the reason as well: where it cannot be written nothing is lost.
    if (!output.empty() &&
        write_file_atomically(folder_of(id) / kOutputFiles[0], output, Sync::kNo))
        end.output_bytes = output.size();
    if (auto written = record_end(*job, std::move(end), sync); !written) return written.error();
    return job;
}

Result<JobRecord> Store::cancel(const JobId& id, std::string_view by) const {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = by;
    // A shim that has not begun its command looks for the request itself.
    auto job = load(id);
    if (!job) return job;
    if (job->status == Status::kQueued) {
        job = end_unstarted(id, end);
        if (!job) return job;
        if (job->status == Status::kCancelled && job->end.ended_by == by) return job;
    }
    if (is_elsewhere(*job)) return elsewhere(*job);
    const bool may_have_a_tree = job->spec.lifetime == Lifetime::kPersistent;
    if (is_terminal(job->status) && may_have_a_tree && end_abandoned(id) > 0) return job;
    if (is_terminal(job->status) && !(may_have_a_tree && is_supervised(id))) {
        return Error{"Job " + id + " has ended already: " + how_it_ended(*job)};
    }
    if (auto asked = ask_shim_to_end(id, by); !asked) return asked.error();
    return job;
}

/// The request first: the shim reads it when the signal comes, or before it starts its command.
/// Where it cannot be written, the signal says all that is needed.
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

// ------------------------------------------------------------------ space and clean-up

std::uint64_t Store::held_bytes(const JobId& id) const {
    if (!has_ended(id)) {
        if (auto shim = started(id)) return shim->output_cap;
    }
    std::uint64_t sum = 0;
    for (const char* file : kOutputFiles) {
        struct stat info {};
        if (::stat((folder_of(id) / file).c_str(), &info) == 0) {
            sum += static_cast<std::uint64_t>(info.st_size);
        }
    }
    return sum;
}

std::uint64_t Store::held_bytes(const std::function<bool(const JobId&)>& skip) const {
    std::uint64_t sum = 0;
    for (const JobId& id : ids()) {
        if (!skip(id)) sum += held_bytes(id);
    }
    return sum;
}

bool Store::clock_was_set() const {
    for (const JobId& id : ids()) {
        const auto job = read_job(id);
        if (!job || job->boot_id.empty() || job->boot_id != boot_id()) continue;
        const std::int64_t then = job->submitted_ms - job->submitted_ns / 1'000'000;
        const std::int64_t now = wall_clock_ms() - boot_clock_ms();
        if (std::abs(now - then) > kDriftMs) return true;
    }
    return false;
}

void Store::remove(const JobId& id, Problems* problems) const {
    // First out of sight in one step: half a job must not be read as a broken one.
    const fs::path away = folder_ / (kRemovedPrefix + id + "-" + random_hex(8));
    std::error_code failed;
    fs::rename(folder_of(id), away, failed);
    if (!failed) fs::remove_all(away, failed);
    if (failed && problems != nullptr)
        problems->push_back("remove " + folder_of(id).string() + ": " + failed.message());
}

int Store::clean_up(int keep_days, const std::function<bool(const JobRecord&)>& is_delivered,
                    Problems* problems) const {
    const bool wall_clock_tells = !clock_was_set();
    int removed = 0;
    for (const JobId& id : ids()) {
        if (!exists(id, kJobFile)) {
            struct stat info {};
            const bool old = wall_clock_tells && ::stat(folder_of(id).c_str(), &info) == 0 &&
                             wall_clock_ms() - info.st_mtim.tv_sec * 1000 > kHalfMadeMs;
            if (old && !exists(id, kStartedFile)) remove(id, problems);
            continue;
        }
        auto job = load(id);
        if (!job || !is_terminal(job->status) || is_elsewhere(*job)) continue;
        const auto age = age_of(job->end, wall_clock_tells);
        if (!age || *age <= keep_days * kDayMs || !is_delivered(*job)) continue;
        // A persistent job's shim holds the lock while its tree lives.
        const LockAttempt attempt = try_lock(id, LOCK_EX);
        if (attempt.holder != Holder::kUs) continue;
        remove(id, problems);
        if (!fs::exists(folder_of(id))) ++removed;
    }
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
        if (entry.path().filename().string().starts_with(kRemovedPrefix)) {
            fs::remove_all(entry.path(), ignored);
        }
    }
    return removed;
}

// ------------------------------------------------------------------ words

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string how_it_ended(const JobRecord& job) {
    std::string text(to_string(job.status));
    if (job.status == Status::kError && job.end.exit_code) {
        text += " (exit code " + std::to_string(*job.end.exit_code) + ")";
    } else if (job.status == Status::kError && job.end.signal) {
        text += " (" + signal_name(*job.end.signal) + ")";
    }
    return text;
}

}  // namespace tenon::jobs
