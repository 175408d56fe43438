#include "host/session/delivered_jobs.h"

namespace tenon::session {

namespace fs = std::filesystem;

const Result<journal::DeliveryEvidence>* DeliveredJobs::journal(const fs::path& path) {
    std::error_code failed;
    if (!fs::exists(path, failed) && !failed) return nullptr;
    auto it = journals_.find(path);
    if (it == journals_.end()) it = journals_.emplace(path, journal::read_deliveries(path)).first;
    return &it->second;
}

bool DeliveredJobs::has_result(const fs::path& path, const std::string& tool_use_id) {
    const auto* found = journal(path);
    return found == nullptr || (*found && (*found)->tool_use_ids.count(tool_use_id) > 0);
}

bool DeliveredJobs::contains(const jobs::JobRecord& job) {
    const jobs::JobSpec& spec = job.spec;
    if (spec.session.empty()) return true;
    if (!spec.subagent.empty()) return contains_job_of_subagent(job);
    if (spec.kind == jobs::JobKind::kForeground)
        return has_result(journal_of(spec.session), spec.tool_use_id);
    const auto* found = journal(journal_of(spec.session));
    return found == nullptr || (*found && (*found)->jobs.count(job.id) > 0);
}

/// Delivered according to the subagent's own journal, or because the call that it worked for has a
/// result: a subagent that died with its host does not continue.
bool DeliveredJobs::contains_job_of_subagent(const jobs::JobRecord& job) {
    const fs::path path = sessions_ / job.spec.session / (job.spec.subagent + ".jsonl");
    if (has_result(path, job.spec.tool_use_id)) return true;
    const auto* own = journal(path);
    return *own && has_result(journal_of(job.spec.session), (*own)->parent_call);
}

}  // namespace tenon::session
