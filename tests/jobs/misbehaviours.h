#pragma once

#include <string>

#include "tests/jobs/jobs_fixture.h"

/// Process trees that resist being ended.
namespace tenon::jobs::testing {

inline constexpr const char* kMisbehaviours[] = {
    "setsid linger",
    "daemon setsid daemon linger",
    "ignore-term linger",
    "block-term setsid linger",
    "ignore-term daemon setsid daemon split split linger",
    "stop linger",
    "ignore-term daemon stop linger",
    "close daemon setsid linger",
    "storm=8 linger",
    "ignore-term setsid storm=12 linger",
    "ignore-term respawn=100000 linger",
    "daemon setsid block-term respawn=100000 respawn=100000 linger",
};

/// Starts a misbehaving tree from a shell that stays, and returns when it runs.
inline JobId start_misbehaving(Queue& queue, const JobsFolder& folder, const std::string& what,
                               JobSpec spec) {
    static int number = 0;
    const std::string ready = folder.fifo("ready" + std::to_string(++number));
    const std::string last = what.substr(what.rfind(' ') + 1);
    const bool stops = what.find("stop") != std::string::npos;
    // Before its last step, or before it is stopped: afterwards it cannot report.
    const auto at = stops ? what.find("stop") : what.size() - last.size();
    spec.command = "nohup " TENON_MISBEHAVE " " + what.substr(0, at) + "ready=" + ready + " " +
                   what.substr(at) + " & wait; sleep 1000";
    auto job = queue.submit(std::move(spec));
    EXPECT_TRUE(job);
    JobsFolder::read_fifo(ready);
    return job ? job->id : JobId();
}

}  // namespace tenon::jobs::testing
