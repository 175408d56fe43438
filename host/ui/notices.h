#pragma once

#include <vector>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/ui/redaction.h"

namespace tenon::ui {

/// What a person at a headless run should know while it goes on, as lines "tenon: …" on standard
/// error: notices and retries. Thread-safe.
class Notices : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override;
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
