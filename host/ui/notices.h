#pragma once

#include <vector>

#include "host/agent/ports.h"

namespace tenon::ui {

/// What a person at a headless run should know while it goes on, as lines "tenon: …" on standard
/// error: notices and retries. Thread-safe.
class Notices : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override;
};

/// One stream, many watchers. Add watchers before events come; they must outlive it.
class FanOut : public agent::EventSink {
public:
    void add(agent::EventSink& watcher) { watchers_.push_back(&watcher); }
    void on_event(const agent::AgentEvent& event) override {
        for (agent::EventSink* watcher : watchers_)
            watcher->on_event(event);
    }

private:
    std::vector<agent::EventSink*> watchers_;
};

}  // namespace tenon::ui
