#pragma once

#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"

namespace tenon::ui {

/// Takes known keys out of what providers, models, tools and plugins say in events. Answers and
/// results come without them already; pieces of an answer may cut one, so that the end of a piece
/// may wait for the next. Thread-safe.
class Redaction {
public:
    /// `secrets` outlives it.
    explicit Redaction(const Secrets& secrets)
        : secrets_(secrets), text_(secrets), thinking_(secrets) {}

    /// The events to show instead of this one, in order; none while a piece waits.
    std::vector<agent::AgentEvent> of(agent::AgentEvent event);
    /// What waits of an answer that was given up is forgotten.
    void forget_unfinished();

private:
    const Secrets& secrets_;
    Mutex mutex_;
    RedactedStream text_ TENON_GUARDED_BY(mutex_);
    RedactedStream thinking_ TENON_GUARDED_BY(mutex_);
};

/// One stream, many watchers. Add watchers before events come; they must outlive it. What
/// is said in words passes through the redaction.
class FanOut : public agent::EventSink {
public:
    /// `secrets` outlives it.
    explicit FanOut(const Secrets& secrets) : redaction_(secrets) {}
    void add(agent::EventSink& watcher) { watchers_.push_back(&watcher); }
    void on_event(const agent::AgentEvent& event) override;
    /// What waits of an answer that was given up is forgotten.
    void forget_unfinished() { redaction_.forget_unfinished(); }

private:
    Redaction redaction_;
    std::vector<agent::EventSink*> watchers_;
};

}  // namespace tenon::ui
