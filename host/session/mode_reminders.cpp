#include "host/session/mode_reminders.h"

namespace tenon::session {

std::string ModeReminders::reminders() {
    const bool plan = gate_.stance().mode == permission::PermissionMode::kPlan;
    std::string text;
    // Without this, the whole conversation would be searched before each request.
    if (plan || may_have_been_told_) {
        if (plan != was_told_of_plan()) text = plan ? kPlanBegins : kPlanIsOver;
        may_have_been_told_ = plan;
    }
    const std::string of_plugins = plugins_.reminders();
    if (!text.empty() && !of_plugins.empty()) text += "\n\n";
    return text + of_plugins;
}

/// The texts need no escapes in JSON, so they stand in the messages as they are.
bool ModeReminders::was_told_of_plan() const {
    const auto messages = session_.conversation().messages();
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (message->role != agent::Role::kUser) continue;
        const auto begins = message->wire.rfind(kPlanBegins);
        const auto is_over = message->wire.rfind(kPlanIsOver);
        if (begins == std::string::npos && is_over == std::string::npos) continue;
        return is_over == std::string::npos || (begins != std::string::npos && begins > is_over);
    }
    return false;
}

}  // namespace tenon::session
