#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/agent/message.h"

namespace tenon::ui {

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

}  // namespace tenon::ui
