// The directories of a store, and the recording of new jobs.
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/private_dirs.h"
#include "host/base/utf8.h"
#include "host/jobs/end_file.h"
#include "host/jobs/store.h"

namespace tenon::jobs {
namespace {

namespace fs = std::filesystem;

// execve(2): MAX_ARG_STRLEN is 32 pages, the closing NUL included.
constexpr std::size_t kMaxCommandBytes = 131'071;
constexpr int kIdAttempts = 16;
constexpr std::size_t kMostSyncedSingly = 8;

/// Any bytes but NUL: records write what is not UTF-8 with path_to_text.
bool is_path(std::string_view path) {
    return path.find('\0') == std::string_view::npos;
}

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && utf8::is_valid(text);
}

bool is_blank_command(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

void sync_path(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) ::fsync(fd.get());
}

/// Refuses what could not be read again. The jobs in `after` are checked by the queue.
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

/// False with errno; EEXIST: there is a directory with this name.
bool rename_to_new(const fs::path& from, const fs::path& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    // Not every file system has this. A rename can replace a directory only if it is empty.
    return ::mkdir(to.c_str(), 0700) == 0 && ::rename(from.c_str(), to.c_str()) == 0;
}

/// `id` is the last one tried. False with errno; EEXIST: none of them was free.
bool rename_to_free_id(const fs::path& from, const fs::path& folder, JobId& id) {
    for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
        id = random_hex(8);
        if (rename_to_new(from, folder / id)) return true;
        if (errno != EEXIST) return false;
    }
    return false;
}

Result<void> make_directories(const fs::path& directory) {
    if (auto made = make_private_dirs(directory); !made) return made;
    std::error_code failed;
    if (!fs::is_directory(directory, failed))
        return Error::from_errno("open the jobs directory " + directory.string(), ENOTDIR);
    return {};
}

}  // namespace

std::optional<Error> Store::problem_with(const JobSpec& spec) {
    if (is_blank_command(spec.command)) return Error{"the command is empty"};
    if (spec.command.find('\0') != std::string::npos)
        return Error{"the command contains a NUL byte"};
    if (!utf8::is_valid(spec.command)) return Error{"the command is not valid UTF-8"};
    if (spec.command.size() > kMaxCommandBytes) {
        return Error{"the command is " + std::to_string(spec.command.size()) +
                     " bytes long; at most " + std::to_string(kMaxCommandBytes) +
                     " can be started: put it into a file and run that"};
    }
    if (!is_text(spec.name) || !is_text(spec.tool_use_id))
        return Error{"name or call id is not valid UTF-8"};
    if (!is_path(spec.workspace)) return Error{"the workspace's path contains a NUL byte"};
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

PreparedJob::~PreparedJob() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<PreparedJob> Store::prepare() const {
    PreparedJob prepared(prepared_folder() / random_hex(16));
    const std::string path = prepared.path().string();
    if (::mkdir(path.c_str(), 0700) != 0) {
        // It is not made before it is needed.
        if (errno != ENOENT) return Error::from_errno("make " + path);
        if (auto made = make_directories(prepared_folder()); !made) return made.error();
        if (::mkdir(path.c_str(), 0700) != 0) return Error::from_errno("make " + path);
    }
    const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return Error::from_errno("open " + path);
    for (const char* name : {kLockFile, kJobFile}) {
        const UniqueFd file(
            ::openat(directory.get(), name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file) return Error::from_errno("create " + path + "/" + name);
    }
    if (auto end_file = EndFile::reserve(directory.get()); !end_file)
        return end_file.error().while_doing(folder_.string());
    return prepared;
}

Result<JobRecord> Store::create(JobSpec spec, PreparedJob prepared) const {
    for (const JobId& after : spec.after) {
        if (!is_job_id(after))
            return Error{"record the job: after: Unknown job " + utf8::repair(after)};
    }
    JobRecord job;
    job.spec = std::move(spec);
    job.submitted_ms = wall_clock_ms();
    job.submitted_ns = boot_clock_ns();
    job.boot_id = boot_id();
    job.host = host_name();
    const std::string record = encode_job(job);
    auto id = prepared ? publish(prepared, record) : Result<JobId>(Error{});
    if (!id) {  // it may have been removed as abandoned
        auto another = prepare();
        if (!another) return another.error().while_doing("record the job");
        id = publish(*another, record);
    }
    if (!id) return id.error().while_doing("record the job");
    job.id = *std::move(id);
    return job;
}

/// Writes the record and gives the directory its name, which is the id: a job can be found only
/// when it has a whole record and all that its end needs.
Result<JobId> Store::publish(PreparedJob& prepared, std::string_view record) const {
    const fs::path file = prepared.path() / kJobFile;
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return Error::from_errno("open " + file.string());
    if (auto written = write_all(fd.get(), record); !written)
        return written.error().while_doing(file.string());
    JobId id;
    bool renamed = rename_to_free_id(prepared.path(), folder_, id);
    if (!renamed && errno == ENOENT) {
        // Another process may have removed what `open` made.
        if (auto made = make_directories(folder_); !made) return made.error();
        renamed = rename_to_free_id(prepared.path(), folder_, id);
    }
    if (!renamed && errno == EEXIST) return Error{"no free id in " + folder_.string()};
    if (!renamed) return Error::from_errno("make " + folder_of(id).string());
    prepared.release();
    return id;
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

}  // namespace tenon::jobs
