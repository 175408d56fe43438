#pragma once

#include <functional>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"

namespace tenon::sitting {

/// Takes the events of a session to another thread, as many at once as have come meanwhile: a fast
/// stream costs one hand-over for each time that thread looks.
class EventRelay : public agent::EventSink {
public:
    /// `post` runs what it is given on the other thread, later; any thread calls it. `show` runs
    /// there.
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
