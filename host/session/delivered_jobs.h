#pragma once

#include <filesystem>
#include <map>

#include "host/agent/session.h"
#include "host/jobs/job.h"

namespace tenon::session {

/// Which ended jobs nobody waits to hear of any more, as the journals say. Reads each journal once.
/// Used by one thread.
class DeliveredJobs {
public:
    /// `sessions` is the folder of the journals.
    explicit DeliveredJobs(std::filesystem::path sessions) : sessions_(std::move(sessions)) {}

    /// False also when the journal cannot be read.
    bool contains(const jobs::JobRecord& job);

private:
    /// Null: there is none.
    const Result<agent::Deliveries>* journal(const std::filesystem::path& path);
    bool has_result(const std::filesystem::path& path, const std::string& tool_use_id);
    bool contains_subagents(const jobs::JobRecord& job);
    [[nodiscard]] std::filesystem::path journal_of(const std::string& session) const {
        return sessions_ / (session + ".jsonl");
    }

    std::filesystem::path sessions_;
    std::map<std::filesystem::path, Result<agent::Deliveries>> journals_;
};

}  // namespace tenon::session
