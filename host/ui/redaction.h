#pragma once

#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"

namespace tenon::ui {

/// Removes known secrets from the texts of events that come from providers, models, tools and
/// plugins. (Whole answers and results have been redacted before.) A secret can be cut by the
/// pieces of a streamed answer, so the end of a piece may be held until the next. Thread-safe.
class Redaction {
public:
    /// `secrets` must outlive the object.
    explicit Redaction(const Secrets& secrets)
        : secrets_(secrets), text_(secrets), thinking_(secrets) {}

    /// The events to show instead of `event`, in order; none when all of it is held.
    std::vector<agent::AgentEvent> redact(agent::AgentEvent event);
    /// Drops the held end of an answer that was cancelled.
    void forget_unfinished();
    /// The held end of an answer that was cut off, without what may be the beginning of a secret.
    std::vector<agent::AgentEvent> take_unfinished();

private:
    std::vector<agent::AgentEvent> finish(Secrets::Cut cut);

    const Secrets& secrets_;
    Mutex mutex_;
    RedactedStream text_ TENON_GUARDED_BY(mutex_);
    RedactedStream thinking_ TENON_GUARDED_BY(mutex_);
};

/// Passes events through the redaction to all watchers, on the thread of the event.
class FanOut : public agent::EventSink {
public:
    /// `secrets` must outlive the object.
    explicit FanOut(const Secrets& secrets) : redaction_(secrets) {}
    /// Call it before the first event; `watcher` must outlive the object.
    void add(agent::EventSink& watcher) { watchers_.push_back(&watcher); }
    void on_event(const agent::AgentEvent& event) override;
    /// See Redaction.
    void forget_unfinished() { redaction_.forget_unfinished(); }
    /// The turn has ended without a whole answer: passes on what was kept back.
    void show_unfinished();

private:
    Redaction redaction_;
    std::vector<agent::EventSink*> watchers_;
};

}  // namespace tenon::ui
