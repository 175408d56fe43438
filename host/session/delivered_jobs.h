#pragma once

#include <filesystem>
#include <map>

#include "host/base/result.h"
#include "host/jobs/job.h"
#include "host/journal/deliveries.h"

namespace tenon::session {

/// Jobs whose end has already been delivered, according to the journals of all sessions. The
/// clean-up may remove them. Reads each journal once, without its lock. Not thread-safe; blocks on
/// files.
class DeliveredJobs {
public:
    /// `sessions` is the folder of the journals.
    explicit DeliveredJobs(std::filesystem::path sessions) : sessions_(std::move(sessions)) {}

    /// Whether the end of this ended job has been delivered. False also when its journal cannot be
    /// read.
    bool contains(const jobs::JobRecord& job);

private:
    /// Null: there is no such file.
    const Result<journal::DeliveryEvidence>* journal(const std::filesystem::path& path);
    bool has_result(const std::filesystem::path& path, const std::string& tool_use_id);
    bool contains_job_of_subagent(const jobs::JobRecord& job);
    [[nodiscard]] std::filesystem::path journal_of(const std::string& session) const {
        return sessions_ / (session + ".jsonl");
    }

    std::filesystem::path sessions_;
    std::map<std::filesystem::path, Result<journal::DeliveryEvidence>> journals_;
};

}  // namespace tenon::session
