// The space that the jobs of a store hold, and its clean-up.
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
        if (::access(folder_of(id).c_str(), F_OK) != 0) ++removed;
    }
    std::error_code failed, ignored;
    for (fs::directory_iterator at(folder_, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (at->path().filename().string().starts_with(kRemovedPrefix))
            fs::remove_all(at->path(), ignored);
    }
    return removed;
}

}  // namespace tenon::jobs
