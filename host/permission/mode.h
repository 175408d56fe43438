#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"

/// The permission mode of a session, and how a person may change it while the session is open. Pure
/// functions.
namespace tenon::permission {

enum class PermissionMode { kAsk, kAcceptEdits, kPlan, kDontAsk, kBypassPermissions };

/// ask acceptEdits plan dontAsk bypassPermissions
std::optional<PermissionMode> mode_from(std::string_view name);
std::string_view to_string(PermissionMode mode);

/// What decides on a call that no rule is about.
struct Stance {
    PermissionMode mode = PermissionMode::kAsk;
    bool yes = false;  ///< every question is answered with yes
    bool operator==(const Stance&) const = default;
};
/// "ask", "acceptEdits", "plan", "dontAsk", and "no questions" for `yes` and bypassPermissions.
std::string in_words(Stance stance);

/// The stances that a session may have. A session may always go to a stricter one. Without a lock,
/// it has ask, acceptEdits and plan besides that with which it began. From dontAsk, which is for
/// times without a person, it only goes to plan.
struct StanceLimits {
    Stance start;
    /// Where permissions.mode is locked: the loosest mode that it permits, and the origin of the
    /// lock. None: it is not locked.
    std::optional<PermissionMode> loosest = {};
    std::string lock = {};
};

/// A step of the key Shift-Tab: ask, acceptEdits, plan, then the stance with which the session
/// began if it is another one.
struct StanceStep {
    Stance stance;
    std::string remark;  ///< "left out: NAMES: REASON", or empty
};
StanceStep next_stance(Stance now, const StanceLimits& limits);

/// The stance for the name of a mode, in any letter case; `no questions` and `default` are names
/// too. The Error says
/// that there is no such mode, or why the session may not have it.
Result<Stance> stance_named(std::string_view name, const StanceLimits& limits);

}  // namespace tenon::permission
