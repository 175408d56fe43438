#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "host/jobs/store.h"

namespace tenon::cli {

/// Finds unfinished jobs for which waiting is useless: queued jobs that no host will start, because
/// none has their session open, and jobs of another machine. Not thread-safe; blocks on files.
class Unattended {
public:
    /// How often a queued job must be looked at: no event reports that its host has died.
    static constexpr std::chrono::seconds kTick{1};

    /// `jobs` outlives the object.
    explicit Unattended(const jobs::Store& jobs) : jobs_(jobs) {}

    /// Why waiting for this job is useless, and what to do instead, as a text for people. Nothing
    /// when the job has ended, runs on this machine, or may still be started.
    [[nodiscard]] std::optional<std::string> why(const jobs::JobRecord& job);

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    const jobs::Store& jobs_;
    std::map<jobs::JobId, SteadyTime> seen_;  // when each was first seen queued without a host
};

}  // namespace tenon::cli
