#pragma once

#include <string>

#include "host/agent/ports.h"
#include "host/agent/session.h"
#include "host/permission/gate.h"

namespace tenon::session {

/// Tells the model in a reminder when the permission mode has become plan, and when it is plan no
/// longer, besides what the plugins remind it of. What it was told last is read from the
/// conversation, so it holds after a resume, and it is said again after a summary. The references
/// outlive the object. Used on the thread of the conversation.
class ModeReminders final : public agent::Context {
public:
    ModeReminders(agent::Context& plugins, const agent::Session& session,
                  const permission::RuleGate& gate)
        : plugins_(plugins), session_(session), gate_(gate) {}

    std::string reminders() override;
    std::string carried_on() override { return plugins_.carried_on(); }

    static constexpr std::string_view kPlanBegins =
        "The permission mode is plan: only calls that change nothing are permitted. Look around, "
        "then propose what to do, and do not try to change anything.";
    static constexpr std::string_view kPlanIsOver =
        "The permission mode is no longer plan: changes are possible again.";

private:
    [[nodiscard]] bool was_told_of_plan() const;

    agent::Context& plugins_;
    const agent::Session& session_;
    const permission::RuleGate& gate_;
    bool may_have_been_told_ = true;  // the conversation may say that the mode is plan
};

}  // namespace tenon::session
