#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "host/jobs/store.h"

namespace tenon::app {

/// Finds queued jobs that nobody is there to start: a job of a session waits for a host that has
/// the session open. Of another machine's jobs nothing can be told from here. Not thread-safe;
/// blocks on the disk.
class Unattended {
public:
    /// How often a queued job is worth a look: no event tells that a host has died.
    static constexpr std::chrono::seconds kTick{1};

    /// `jobs` outlives the object.
    explicit Unattended(const jobs::Store& jobs) : jobs_(jobs) {}

    /// Why the job does not start and what to do, for a person; nothing while somebody may start
    /// it, or when it is not queued.
    [[nodiscard]] std::optional<std::string> why(const jobs::JobRecord& job);

private:
    using Time = std::chrono::steady_clock::time_point;

    const jobs::Store& jobs_;
    std::map<jobs::JobId, Time> seen_;  // queued without a session
};

}  // namespace tenon::app
