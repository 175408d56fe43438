#include "host/jobs/job.h"

#include <algorithm>
#include <array>
#include <unistd.h>
#include <utility>

#include "host/base/clock.h"

namespace tenon::jobs {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 7> kNames{{
    {Status::kQueued, "queued"},
    {Status::kRunning, "running"},
    {Status::kCompleted, "completed"},
    {Status::kError, "error"},
    {Status::kTimeout, "timeout"},
    {Status::kCancelled, "cancelled"},
    {Status::kLost, "lost"},
}};

}  // namespace

std::optional<std::chrono::steady_clock::time_point> deadline_of(
    std::chrono::steady_clock::time_point start,
    const std::optional<std::chrono::milliseconds>& timeout) {
    using Point = std::chrono::steady_clock::time_point;
    if (!timeout) return std::nullopt;
    // A start before the clock's zero leaves more room than can be said.
    const auto room =
        std::chrono::floor<std::chrono::milliseconds>(Point::max() - std::max(start, Point{}));
    if (*timeout > room) return std::nullopt;
    return start + *timeout;
}

std::string_view to_string(Status status) {
    for (const auto& [value, name] : kNames) {
        if (value == status) return name;
    }
    return "lost";
}

std::optional<Status> status_from(std::string_view text) {
    for (const auto& [value, name] : kNames) {
        if (name == text) return value;
    }
    return std::nullopt;
}

bool is_terminal(Status status) {
    return status != Status::kQueued && status != Status::kRunning;
}

const std::string& host_name() {
    static const std::string name = [] {
        char text[256] = {};
        return std::string(::gethostname(text, sizeof text - 1) == 0 ? text : "");
    }();
    return name;
}

bool is_elsewhere(const JobRecord& job) {
    return !job.host.empty() && job.host != host_name();
}

std::int64_t start_by_this_clock(const JobRecord& job) {
    if (job.status != Status::kRunning || job.started_boot_ms == 0) return job.started_ms;
    return wall_clock_ms() - (boot_clock_ms() - job.started_boot_ms);
}

void correct_start(JobRecord& job) {
    job.started_ms = start_by_this_clock(job);
}

JobRecord redacted(JobRecord job, const Secrets& secrets) {
    for (std::string* text : {&job.spec.command, &job.spec.name, &job.spec.cwd, &job.spec.workspace,
                              &job.end.ended_by, &job.end.reason}) {
        *text = secrets.redact(std::move(*text));
    }
    return job;
}

}  // namespace tenon::jobs
