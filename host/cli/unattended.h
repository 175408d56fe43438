#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "host/jobs/store.h"

namespace tenon::cli {

/// Finds jobs that cannot be waited for here: queued ones that nobody is there to start, since a
/// job of a session waits for a host that has the session open, and those of another machine. Not
/// thread-safe; blocks on the disk.
class Unattended {
public:
    /// How often a queued job is worth a look: no event tells that a host has died.
    static constexpr std::chrono::seconds kTick{1};

    /// `jobs` outlives the object.
    explicit Unattended(const jobs::Store& jobs) : jobs_(jobs) {}

    /// Why nobody should wait for a job that has not ended and what to do, for a person; nothing
    /// while somebody may start it, or when it runs on this machine.
    [[nodiscard]] std::optional<std::string> why(const jobs::JobRecord& job);

private:
    using Time = std::chrono::steady_clock::time_point;

    const jobs::Store& jobs_;
    std::map<jobs::JobId, Time> seen_;  // first seen queued without anybody to start it
};

}  // namespace tenon::cli
