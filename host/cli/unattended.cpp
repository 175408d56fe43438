#include "host/cli/unattended.h"

#include "host/base/ids.h"
#include "host/journal/session_list.h"

namespace tenon::cli {
namespace {

using namespace std::chrono_literals;

// The longest time that `tenon jobs run` takes to start a supervisor on a busy machine.
constexpr std::chrono::milliseconds kUntilStarted = 5s;
// A host may have just closed the session, and another may be about to open it.
constexpr std::chrono::milliseconds kUntilOpenedAgain = 900ms;

}  // namespace

std::optional<std::string> Unattended::why(const jobs::JobRecord& job) {
    if (jobs::is_terminal(job.status)) return std::nullopt;
    if (jobs::is_elsewhere(job)) {
        // Its record may come over a network file system, which reports no events.
        return "job " + job.id + " belongs to the host " + job.host + ": wait for it there";
    }
    if (job.status != jobs::Status::kQueued) return std::nullopt;
    const std::string& session = job.spec.session;
    const auto sessions = jobs_.folder().parent_path() / "sessions";
    if (!session.empty() &&
        (!is_session_id(session) || journal::is_session_held(sessions, session)))
        return std::nullopt;
    const auto now = std::chrono::steady_clock::now();
    const auto grace = session.empty() ? kUntilStarted : kUntilOpenedAgain;
    if (now - seen_.emplace(job.id, now).first->second < grace) return std::nullopt;
    if (session.empty())
        return "job " + job.id +
               " was recorded and never started; only `tenon jobs cancel` ends it";
    return "job " + job.id + " is queued, and no host has its session open: it starts when " +
           "somebody opens the session (tenon --session " + session + " --workspace " +
           job.spec.workspace + ")";
}

}  // namespace tenon::cli
