// What the commands and jobs of a session print.
#include "host/session/open_session.h"

namespace tenon::session {

std::vector<CommandOutputEnd> OpenSession::running_commands(std::size_t max_bytes) const {
    std::vector<CommandOutputEnd> ends;
    for (const jobs::JobRecord& job : queue_->running_commands())
        ends.push_back(
            {job.spec.tool_use_id, !job.spec.subagent.empty(), job_output_end(job, max_bytes)});
    return ends;
}

jobs::OutputEnd OpenSession::job_output_end(const jobs::JobRecord& job,
                                            std::size_t max_bytes) const {
    return jobs::read_output_end(store_->folder_of(job.id), job, max_bytes, secrets_);
}

jobs::WholeOutput OpenSession::job_output(const jobs::JobRecord& job,
                                          std::uint64_t max_bytes) const {
    return {store_->folder_of(job.id), job, max_bytes, secrets_};
}

}  // namespace tenon::session
