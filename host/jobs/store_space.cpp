// The disk space that the jobs of a store take, and its clean-up.
#include <cstdlib>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/jobs/store.h"

namespace tenon::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDayMs = 86'400'000;
// A folder without job.json, or for a future job, may belong to a living process. After this time
// it counts as left by a process that was killed.
constexpr std::int64_t kHalfMadeMs = 3'600'000;
// The two clocks of a machine differ by less than this, unless one of them is set.
constexpr std::int64_t kDriftMs = 3'600'000;

/// Milliseconds since a job ended; none when that is not known. Across boots only the wall clock
/// can tell.
std::optional<std::int64_t> age_of(const JobEnd& end, bool wall_clock_is_right) {
    if (!end.boot_id.empty() && end.boot_id == boot_id())
        return boot_clock_ms() - end.ended_boot_ms;
    if (!wall_clock_is_right) return std::nullopt;
    return wall_clock_ms() - end.ended_ms;
}

/// By the wall clock.
bool is_older_than(const fs::path& path, std::int64_t ms) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && wall_clock_ms() - info.st_mtim.tv_sec * 1000 > ms;
}

}  // namespace

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
    // Renamed first, so that nobody reads a job of which some files are gone.
    const fs::path away = folder_ / (kRemovedPrefix + id + "-" + random_hex(8));
    std::error_code failed;
    fs::rename(folder_of(id), away, failed);
    if (!failed) fs::remove_all(away, failed);
    if (failed && problems != nullptr)
        problems->push_back("remove " + folder_of(id).string() + ": " + failed.message());
}

int Store::clean_up(int keep_days, const std::function<bool(const JobRecord&)>& is_delivered,
                    Problems* problems) const {
    const bool wall_clock_is_right = !clock_was_set();
    int removed = 0;
    for (const JobId& id : ids()) {
        if (!exists(id, kJobFile)) {
            const bool old = wall_clock_is_right && is_older_than(folder_of(id), kHalfMadeMs);
            if (old && !exists(id, kStartedFile)) remove(id, problems);
            continue;
        }
        auto job = load(id);
        if (!job || !is_terminal(job->status) || is_elsewhere(*job)) continue;
        const auto age = age_of(job->end, wall_clock_is_right);
        if (!age || *age <= keep_days * kDayMs || !is_delivered(*job)) continue;
        // A persistent job's shim holds the lock while its tree lives.
        const LockAttempt attempt = try_lock(id, LOCK_EX);
        if (attempt.holder != Holder::kThis) continue;
        remove(id, problems);
        if (::access(folder_of(id).c_str(), F_OK) != 0) ++removed;
    }
    remove_leftovers(wall_clock_is_right);
    return removed;
}

/// What killed processes have left that is no job.
void Store::remove_leftovers(bool wall_clock_is_right) const {
    std::error_code failed;
    std::vector<fs::path> leftovers;
    for (fs::directory_iterator at(folder_, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().filename().string().starts_with(kRemovedPrefix))
            leftovers.push_back(at->path());
    }
    for (fs::directory_iterator at(prepared_folder(), failed), end; !failed && at != end;
         at.increment(failed)) {
        if (wall_clock_is_right && is_older_than(at->path(), kHalfMadeMs))
            leftovers.push_back(at->path());
    }
    for (const fs::path& path : leftovers) {
        // Renamed first: its owner may live, and must not make a job of what is half removed.
        const fs::path away = folder_ / (kRemovedPrefix + random_hex(16));
        fs::rename(path, away, failed);
        fs::remove_all(away, failed);
    }
}

}  // namespace tenon::jobs
