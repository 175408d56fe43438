#include "host/jobs/job.h"

#include <array>
#include <utility>

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

}  // namespace tenon::jobs
