#include "host/ui/redaction.h"

namespace tenon::ui {
namespace {

/// Removes the keys from one event.
class KeyRemover {
public:
    explicit KeyRemover(const Secrets& secrets) : secrets_(secrets) {}

    void operator()(agent::Notice& event) const { remove(event.text); }
    void operator()(agent::FileAttached& event) const { remove(event.text); }
    void operator()(agent::RetryScheduled& event) const { remove(event.reason); }
    void operator()(agent::ToolStarted& event) const { remove(event.call); }
    void operator()(agent::ToolProgressed& event) const { remove(event.note); }
    void operator()(agent::ToolFinished& event) const { remove(event.call); }
    void operator()(agent::SubagentEvent& event) const {
        remove(event.title);
        std::visit(*this, event.event);
    }
    template <class Other>
    void operator()(Other&) const {}

private:
    void remove(std::string& text) const { text = secrets_.redact(std::move(text)); }
    void remove(agent::ToolCall& call) const {
        if (secrets_.empty()) return;
        call.input = json_or_null(secrets_.redact(dump_json(call.input)));
    }

    const Secrets& secrets_;
};

}  // namespace

std::vector<agent::AgentEvent> Redaction::redact(agent::AgentEvent event) {
    std::vector<agent::AgentEvent> shown;
    if (auto* delta = std::get_if<agent::TextDelta>(&event)) {
        const Lock lock(mutex_);
        if (std::string rest = thinking_.finish(); !rest.empty())
            shown.emplace_back(agent::ThinkingDelta{std::move(rest)});
        delta->text = text_.take(delta->text);
        if (!delta->text.empty()) shown.push_back(std::move(event));
        return shown;
    }
    if (auto* delta = std::get_if<agent::ThinkingDelta>(&event)) {
        const Lock lock(mutex_);
        delta->text = thinking_.take(delta->text);
        if (!delta->text.empty()) shown.push_back(std::move(event));
        return shown;
    }
    if (std::holds_alternative<agent::RetryScheduled>(event)) forget_unfinished();
    if (std::holds_alternative<agent::Answered>(event)) shown = finish({});
    std::visit(KeyRemover(secrets_), event);
    shown.push_back(std::move(event));
    return shown;
}

void Redaction::forget_unfinished() {
    const Lock lock(mutex_);
    (void)text_.finish();
    (void)thinking_.finish();
}

std::vector<agent::AgentEvent> Redaction::finish(Secrets::Cut cut) {
    std::vector<agent::AgentEvent> shown;
    const Lock lock(mutex_);
    if (std::string rest = secrets_.redact_part(thinking_.finish(), cut); !rest.empty())
        shown.emplace_back(agent::ThinkingDelta{std::move(rest)});
    if (std::string rest = secrets_.redact_part(text_.finish(), cut); !rest.empty())
        shown.emplace_back(agent::TextDelta{std::move(rest)});
    return shown;
}

std::vector<agent::AgentEvent> Redaction::take_unfinished() {
    return finish({.begin = false, .end = true});
}

void FanOut::show_unfinished() {
    for (const agent::AgentEvent& shown : redaction_.take_unfinished()) {
        for (agent::EventSink* watcher : watchers_)
            watcher->on_event(shown);
    }
}

void FanOut::on_event(const agent::AgentEvent& event) {
    for (const agent::AgentEvent& shown : redaction_.redact(event)) {
        for (agent::EventSink* watcher : watchers_)
            watcher->on_event(shown);
    }
}

}  // namespace tenon::ui
