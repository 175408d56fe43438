#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"

/// What a run without a person at a terminal writes: notices on the way, JSON lines, and the report
/// at the end. Others do the writing.
namespace tenon::ui {

/// What a person at a headless run should know while it goes on: notices and retries, one line
/// each. Thread-safe when `say` is.
class Notices : public agent::EventSink {
public:
    explicit Notices(std::function<void(std::string_view line)> say) : say_(std::move(say)) {}
    void on_event(const agent::AgentEvent& event) override;

private:
    std::function<void(std::string_view line)> say_;
};

/// How a run ended, for whoever started the program.
struct Report {
    struct Job {
        std::string id;
        std::string status;
        std::optional<int> exit_code;
    };
    struct Denial {
        std::string tool_name;
        Json tool_input;
    };
    std::string subtype =
        "success";     ///< success error_max_turns error_api error_interrupted error_jobs
    std::string text;  ///< of the last answer; for an error what went wrong
    std::string session_id;
    std::int64_t turns = 0;
    std::chrono::milliseconds duration{};
    agent::Usage usage;
    std::vector<Denial> denials;
    std::vector<Job> jobs;  ///< the background jobs of this run

    [[nodiscard]] bool is_error() const { return subtype != "success"; }
};

/// The result object of --output-format json, and the last line of stream-json.
Json to_json(const Report& report);

/// Events as JSON lines: --output-format stream-json. One line an event. Thread-safe: one line is
/// written after the other.
class JsonLines : public agent::EventSink {
public:
    /// `write` gets one document at a time, and says whether it could be written.
    explicit JsonLines(std::function<bool(std::string_view json)> write)
        : write_(std::move(write)) {}

    void on_event(const agent::AgentEvent& event) override;
    /// The last line: events behind it are dropped. False when it could not be written.
    bool result(const Report& report);

private:
    std::function<bool(std::string_view json)> write_;
    Mutex mutex_;
    std::string session_id_ TENON_GUARDED_BY(mutex_);
    bool over_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::ui
