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
/// `steps`. Each request that is not refused uses the next step. A step is an object:
///
///   content       array of blocks, or a string for one text block. {{job:N}} in a string becomes
///                 the N-th job id seen in requests, here and in `expect`. Thinking blocks without
///                 a signature get one.
///   stop_reason   default: tool_use or end_turn, as the content demands
///   usage         replaces members of the default usage
///   piece         characters of one text or input delta (default 20)
///   events        [[name, data],…] instead of content, sent unchanged; data is an object, or a
///                 string for raw text
///   expect        a string, or an array of strings, which the JSON text of the last message must
///                 contain; else the request is refused with 404
///   repeat        how many requests use this step (default 1; 0: all that follow)
/// faults:
///   status        any HTTP status instead of an answer, with
///   headers       {name: value} and
///   body          a string, sent unchanged, or an object; default: the error body of that status
///   delay_ms      before the head of the response
///   gap_ms        before each event
///   drip          the response is written one byte at a time
///   cut_after     the connection is closed after so many bytes of the event stream
///   reset         … with RST, and without `cut_after` before the response
///   error_after   the event `error` follows after so many events
///   error         {"type","message"} of that event (default: overloaded_error)
///   close         closes the connection after the response without announcing it
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
