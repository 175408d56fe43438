#pragma once

#include <functional>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"

namespace tenon::sitting {

/// Passes the events of a session to another thread. Events that come before that thread takes them
/// are passed together, so a fast stream does not cost one wake-up for each event. Never blocks.
class EventRelay : public agent::EventSink {
public:
    /// `post` makes the other thread run a function later; any thread calls it. `show` is called on
    /// the other thread.
    using Post = std::function<void(std::function<void()>)>;
    using Show = std::function<void(const std::vector<agent::AgentEvent>&)>;
    EventRelay(Post post, Show show) : post_(std::move(post)), show_(std::move(show)) {}

    void on_event(const agent::AgentEvent& event) override;

private:
    void deliver();

    Post post_;
    Show show_;
    Mutex mutex_;
    std::vector<agent::AgentEvent> waiting_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::sitting
