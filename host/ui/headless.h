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

/// The output of a run without a terminal: notices, JSON lines, and the report at the end. The
/// caller gives functions that write.
namespace tenon::ui {

/// Calls `say` with a line for each notice and each retry. Thread-safe if `say` is.
class Notices : public agent::EventSink {
public:
    explicit Notices(std::function<void(std::string_view line)> say) : say_(std::move(say)) {}
    void on_event(const agent::AgentEvent& event) override;

private:
    std::function<void(std::string_view line)> say_;
};

/// The result of a run.
struct RunReport {
    struct Job {
        std::string id;
        std::string status;
        std::optional<int> exit_code;
    };
    struct DeniedCall {
        std::string tool_name;
        Json tool_input;
    };
    /// success error_max_turns error_max_budget error_structured_output error_api error_interrupted
    /// error_jobs
    std::string subtype = "success";
    std::string text;                          ///< the last answer, or the error message
    std::optional<std::string> document = {};  ///< JSON: the structured answer of a success
    std::string session_id;
    std::int64_t turns = 0;
    std::chrono::milliseconds duration{};
    agent::Usage usage;
    std::optional<double> cost_usd;  ///< none without prices
    agent::ModelName model;  ///< that gave the last answer; without one, that of the session
    std::vector<DeniedCall> denials;
    std::vector<Job> jobs;  ///< the background jobs of this run

    [[nodiscard]] bool is_error() const { return subtype != "success"; }
};

/// The usage of one answer; `message` is that of agent::Answered.
agent::Usage usage_of(const Json& message);

/// The result object without the structured answer.
Json to_json(const RunReport& report);
/// The result object of --output-format json, and the last line of stream-json, on one line. The
/// structured answer stands in it as the model wrote it, without the white space.
std::string result_object(const RunReport& report);

/// Writes events as JSON lines, one line for each event: --output-format stream-json. Thread-safe:
/// the lines are written one after the other, on the thread of the event.
class JsonLines : public agent::EventSink {
public:
    /// `write` writes one document and returns whether that succeeded.
    explicit JsonLines(std::function<bool(std::string_view json)> write)
        : write_(std::move(write)) {}

    void on_event(const agent::AgentEvent& event) override;
    /// Writes the last line; later events are dropped. False when it could not be written.
    bool result(const RunReport& report);

private:
    std::function<bool(std::string_view json)> write_;
    Mutex mutex_;
    std::string session_id_ TENON_GUARDED_BY(mutex_);
    bool over_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::ui
