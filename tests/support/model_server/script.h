#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/base/result.h"

/// What a ModelServer answers, step by step. A script is a JSON array of steps, or an object with
/// `steps`. Each request that is not refused takes the next step. A step is an object:
///
///   content       array of blocks, or a string for one text block. {{job:N}} in a string becomes
///   the
///                 N-th job id seen in requests, here and in `expect`. Thinking blocks without signature get
///                 one.
///   stop_reason   tool_use or end_turn when left out
///   usage         merged over the default figures
///   piece         characters of a text or input delta (default 20)
///   events        [[name, data],…] instead of content: sent as they are; data is an object, or a
///                 string for raw text
///   expect        a string, or an array of them, which the last message must contain (its JSON
///   text);
///                 else the request is answered with 404 and counted in `mismatches`
///   repeat        how many requests take this step (default 1; 0: all that follow)
/// faults:
///   status        any HTTP status instead of an answer, with
///   headers       {name: value} and
///   body          a string as it is, or an object; default: the error body of that status
///   delay_ms      before the head of the response
///   gap_ms        before each event
///   drip          the response is written one byte at a time
///   cut_after     the connection is closed after so many bytes of the event stream
///   reset         … with RST, and without `cut_after` before the response
///   error_after   after so many events comes the event `error`:
///   error         {"type","message"} (default: overloaded_error)
///   close         closes the connection after the response without having said so
///   raw           these bytes instead of any HTTP response, then the connection is closed
namespace tenon::testing {

struct Step {
    nlohmann::ordered_json content;
    std::string stop_reason;
    nlohmann::json usage;
    std::size_t piece = 20;
    std::optional<std::vector<std::pair<std::string, std::string>>> events;
    std::vector<std::string> expect;
    int repeat = 1;

    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::string> body;
    std::chrono::milliseconds delay{};
    std::chrono::milliseconds gap{};
    bool drip = false;
    std::optional<std::size_t> cut_after;
    bool reset = false;
    std::optional<std::size_t> error_after;
    std::string error_data;
    bool close = false;
    std::optional<std::string> raw;
};

/// The Error names the step and the field.
Result<std::vector<Step>> read_script(const std::string& text);

/// The events of a whole answer as (name, data).
std::vector<std::pair<std::string, std::string>> events_of(const Step& step,
                                                           const nlohmann::ordered_json& content,
                                                           const std::string& id,
                                                           const std::string& model);

/// The error body that the endpoint sends with a status.
std::string error_body(int status, const std::string& message, const std::string& type = {});

}  // namespace tenon::testing
