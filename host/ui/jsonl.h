#pragma once

#include <string>

#include "host/agent/ports.h"
#include "host/ui/report.h"

namespace tenon::ui {

/// Events as JSON lines on a descriptor: --output-format stream-json. One line an event, written
/// whole. Thread-safe. When the reader is gone it goes quiet; the run goes on.
class JsonLines : public agent::EventSink {
public:
    /// `fd` stays the caller's.
    explicit JsonLines(int fd) : fd_(fd) {}

    void on_event(const agent::AgentEvent& event) override;
    void result(const Report& report);

private:
    void write(const Json& line);

    int fd_;
    Mutex mutex_;
    std::string session_id_ TENON_GUARDED_BY(mutex_);
    bool gone_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::ui
