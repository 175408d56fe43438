#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "host/jobs/store.h"

namespace tenon::cli {

/// Finds unfinished jobs for which this process must not wait: queued jobs that no host will start,
/// because none has their session open, and jobs of another machine. Not thread-safe; blocks on the
/// disk.
class Unattended {
public:
    /// How often a queued job must be looked at: no event reports that its host has died.
    static constexpr std::chrono::seconds kTick{1};

    /// `jobs` outlives the object.
    explicit Unattended(const jobs::Store& jobs) : jobs_(jobs) {}

    /// Why it is useless to wait for this job, and what to do instead, for a person. Nothing when
    /// the job has ended, runs on this machine, or may still be started.
    [[nodiscard]] std::optional<std::string> why(const jobs::JobRecord& job);

private:
    using Time = std::chrono::steady_clock::time_point;

    const jobs::Store& jobs_;
    std::map<jobs::JobId, Time> seen_;  // when each was first seen queued without a host
};

}  // namespace tenon::cli
