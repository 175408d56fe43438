#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/jobs/queue.h"
#include "host/jobs/store.h"
#include "host/journal/deliveries.h"

namespace tenon::session {

/// The background jobs of one session for its loop: takes the ends of jobs from the queue and
/// returns those that wait for delivery. Does not decide which ones these are; Deliveries does. The
/// arguments of the constructor outlive the object. Thread-safe.
class JobInbox final : public agent::Inbox {
public:
    /// `session_folder` holds the session's files other than its journal.
    JobInbox(const jobs::Store& store, jobs::Queue& queue, journal::Deliveries& deliveries,
             std::filesystem::path session_folder, const Secrets& secrets)
        : store_(store),
          queue_(queue),
          deliveries_(deliveries),
          session_folder_(std::move(session_folder)),
          secrets_(secrets) {}

    std::vector<agent::JobEnded> undelivered() override;
    bool wait(std::stop_token stop) override;
    std::string table() override;
    std::optional<agent::RecoveredCall> recover(const agent::ToolCall& call,
                                                const agent::ToolFacts& facts) override;
    /// Whether `undelivered` would return something.
    [[nodiscard]] bool has_undelivered();

private:
    void take_ended();
    [[nodiscard]] std::string preview_of(const jobs::JobRecord& job) const;
    [[nodiscard]] std::string text_of(const jobs::JobRecord& job) const;

    const jobs::Store& store_;
    jobs::Queue& queue_;
    journal::Deliveries& deliveries_;
    std::filesystem::path session_folder_;
    const Secrets& secrets_;
};

/// The background jobs that have not ended, or whose end is neither delivered nor reserved.
std::vector<jobs::JobRecord> undelivered_jobs(const jobs::Queue& queue,
                                              const journal::Deliveries& deliveries);

}  // namespace tenon::session
