#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/cli/screen.h"

namespace tenon::cli {

/// Shows on standard error how far a call is: on a terminal one line that is rewritten and removed
/// at the end, otherwise plain lines. Of many notes within a second, some are left out.
/// Thread-safe. It does not write itself, and shows nothing but the progress.
class CallProgress : public agent::EventSink {
public:
    using Clock = std::chrono::steady_clock;
    /// What it writes with.
    struct Ways {
        std::function<void(std::string_view line)> say;     ///< a whole line, as base/output does
        std::function<void(std::string_view bytes)> write;  ///< to a terminal, unchanged
        std::function<Clock::time_point()> now = Clock::now;
    };
    /// `screen` is that of standard error, `tool` the name before each note.
    CallProgress(std::string tool, Screen screen, Ways ways)
        : tool_(std::move(tool)), screen_(screen), ways_(std::move(ways)) {}

    void on_event(const agent::AgentEvent& event) override;
    /// Another line for standard error, which does not disturb the line of the progress.
    void say(std::string_view line);
    /// After the call: removes the line from the terminal. A last note that was left out is shown
    /// as a plain line. Later notes are dropped.
    void finish();

    static constexpr std::size_t kMostLinesASecond = 3;
    static constexpr std::size_t kMostRewritesASecond = 20;

private:
    void show(std::string note) TENON_REQUIRES(mutex_);
    bool may_show_now() TENON_REQUIRES(mutex_);
    void remove_line() TENON_REQUIRES(mutex_);

    const std::string tool_;
    const Screen screen_;
    const Ways ways_;
    Mutex mutex_;
    std::deque<Clock::time_point> shown_at_ TENON_GUARDED_BY(mutex_);
    std::string shown_ TENON_GUARDED_BY(mutex_);
    std::string left_out_ TENON_GUARDED_BY(mutex_);
    bool has_line_ TENON_GUARDED_BY(mutex_) = false;
    bool over_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::cli
