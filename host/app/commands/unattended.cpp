#include "host/app/commands/unattended.h"

#include "host/app/session_list.h"
#include "host/base/ids.h"

namespace tenon::app {
namespace {

/// So long `tenon jobs run` may take from the record to the shim, on a machine that is busy.
constexpr std::chrono::seconds kGrace{5};

}  // namespace

std::optional<std::string> Unattended::why(const jobs::JobRecord& job) {
    if (job.status != jobs::Status::kQueued || jobs::is_elsewhere(job)) return std::nullopt;
    const std::string& session = job.spec.session;
    if (session.empty()) {
        const auto now = std::chrono::steady_clock::now();
        if (now - seen_.emplace(job.id, now).first->second < kGrace) return std::nullopt;
        return "job " + job.id +
               " was recorded and never started; only `tenon jobs cancel` ends it";
    }
    const auto sessions = jobs_.folder().parent_path() / "sessions";
    if (!is_session_id(session) || is_session_held(sessions, session)) return std::nullopt;
    return "job " + job.id + " is queued, and no host has its session open: it starts when " +
           "somebody opens the session (tenon --session " + session + " --workspace " +
           job.spec.workspace + ")";
}

}  // namespace tenon::app
