#include "host/ui/redaction.h"

namespace tenon::ui {
namespace {

using namespace agent;  // NOLINT(google-build-using-namespace): the event types, and nothing else
                        // of it

/// Takes the keys out of one event of a conversation.
class Wipe {
public:
    explicit Wipe(const Secrets& secrets) : secrets_(secrets) {}

    void operator()(Notice& event) const { wipe(event.text); }
    void operator()(RetryScheduled& event) const { wipe(event.reason); }
    void operator()(ToolStarted& event) const { wipe(event.call); }
    void operator()(ToolProgressed& event) const { wipe(event.note); }
    void operator()(ToolFinished& event) const { wipe(event.call); }
    void operator()(SubagentEvent& event) const {
        wipe(event.title);
        std::visit(*this, event.event);
    }
    template <class Other>
    void operator()(Other&) const {}

private:
    void wipe(std::string& text) const { text = secrets_.redact(std::move(text)); }
    void wipe(ToolCall& call) const {
        if (secrets_.empty()) return;
        call.input = json_or_null(secrets_.redact(dump_json(call.input)));
    }

    const Secrets& secrets_;
};

}  // namespace

std::vector<AgentEvent> Redaction::of(AgentEvent event) {
    std::vector<AgentEvent> shown;
    if (auto* delta = std::get_if<TextDelta>(&event)) {
        const Lock lock(mutex_);
        if (std::string rest = thinking_.finish(); !rest.empty())
            shown.emplace_back(ThinkingDelta{std::move(rest)});
        delta->text = text_.take(delta->text);
        if (!delta->text.empty()) shown.push_back(std::move(event));
        return shown;
    }
    if (auto* delta = std::get_if<ThinkingDelta>(&event)) {
        const Lock lock(mutex_);
        delta->text = thinking_.take(delta->text);
        if (!delta->text.empty()) shown.push_back(std::move(event));
        return shown;
    }
    if (std::holds_alternative<RetryScheduled>(event)) forget_unfinished();
    if (std::holds_alternative<Answered>(event)) {
        const Lock lock(mutex_);
        if (std::string rest = thinking_.finish(); !rest.empty())
            shown.emplace_back(ThinkingDelta{std::move(rest)});
        if (std::string rest = text_.finish(); !rest.empty())
            shown.emplace_back(TextDelta{std::move(rest)});
    }
    std::visit(Wipe(secrets_), event);
    shown.push_back(std::move(event));
    return shown;
}

void Redaction::forget_unfinished() {
    const Lock lock(mutex_);
    (void)text_.finish();
    (void)thinking_.finish();
}

void FanOut::on_event(const AgentEvent& event) {
    for (const AgentEvent& shown : redaction_.of(event)) {
        for (EventSink* watcher : watchers_)
            watcher->on_event(shown);
    }
}

}  // namespace tenon::ui
