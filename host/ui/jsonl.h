#pragma once

#include <string>

#include "host/agent/ports.h"
#include "host/base/output.h"
#include "host/ui/report.h"

namespace tenon::ui {

/// Events as JSON lines: --output-format stream-json. One line an event, written
/// whole. Thread-safe. When the reader is gone it goes quiet; the run goes on.
class JsonLines : public agent::EventSink {
public:
    /// `output` outlives it.
    explicit JsonLines(Output& output) : output_(output) {}

    void on_event(const agent::AgentEvent& event) override;
    /// The last line: events behind it are dropped. False when it could not be written.
    bool result(const Report& report);

private:
    Output& output_;
    Mutex mutex_;
    std::string session_id_ TENON_GUARDED_BY(mutex_);
    bool over_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::ui
