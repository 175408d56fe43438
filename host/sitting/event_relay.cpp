#include "host/sitting/event_relay.h"

#include <utility>

namespace tenon::sitting {

void EventRelay::on_event(const agent::AgentEvent& event) {
    bool first = false;
    {
        const Lock lock(mutex_);
        first = waiting_.empty();
        waiting_.push_back(event);
    }
    if (first) post_([this] { deliver(); });
}

void EventRelay::deliver() {
    std::vector<agent::AgentEvent> events;
    {
        const Lock lock(mutex_);
        events.swap(waiting_);
    }
    show_(events);
}

}  // namespace tenon::sitting
