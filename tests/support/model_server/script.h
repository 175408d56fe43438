#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/base/result.h"
#include "tests/support/model_server/wire.h"

/// What a ModelServer answers, step by step. A script is a JSON array of steps, or an object with
/// `steps`. Each request that is not refused uses the next step. A step is an object:
///
///   content       array of blocks of the Messages API, or a string for one text block; each wire
///                 format writes them in its own way. {{job:N}} in a string becomes the N-th job
///                 id seen in requests, here and in `expect`. Thinking blocks without a signature
///                 get one.
///   stop_reason   default: tool_use or end_turn, as the content demands
///   usage         replaces members of the default usage
///   piece         characters of one text or input delta (default 20)
///   events        [[name, data],…] instead of content, sent unchanged; data is an object, or a
///                 string for raw text; or {format: [[name, data],…]} for some formats
///   expect        a string, or an array of strings, which the JSON text of the last message, in
///                 the form of the Messages API, must contain; else the request is refused with 404
///   sloppy        names of defects (sloppiness.h) with which the answer is written, where they can
///                 occur in the wire format
///   repeat        how many requests use this step (default 1; 0: all that follow)
/// faults:
///   status        any HTTP status instead of an answer, with
///   headers       {name: value} and
///   body          a string, sent unchanged, or an object; default: the error body of that status.
///                 {"anthropic": …, "openai": …, "openai-responses": …}: one for each format
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
    std::optional<Events> events;
    std::map<std::string, Events> events_of;  ///< of formats, in place of `events`
    std::set<std::string> sloppy;
    std::vector<std::string> expect;
    int repeat = 1;

    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::string> body;
    std::map<std::string, std::string> bodies_of;  ///< of formats, in place of `body`
    std::chrono::milliseconds delay{};
    std::chrono::milliseconds gap{};
    bool drip = false;
    std::optional<std::size_t> cut_after;
    bool reset = false;
    std::optional<std::size_t> error_after;
    std::string error_type = "overloaded_error";
    std::string error_message = "Overloaded";
    bool close = false;
    std::optional<std::string> raw;
};

/// The Error names the step and the field.
Result<std::vector<Step>> read_script(const std::string& text);

/// The value for a format: that of `own` or else `common`; null: there is none.
template <class Value>
const Value* for_format(const std::map<std::string, Value>& own, const std::optional<Value>& common,
                        std::string_view format) {
    const auto found = own.find(std::string(format));
    if (found != own.end()) return &found->second;
    return common ? &*common : nullptr;
}

/// The Messages API's error body for a status.
std::string error_body(int status, const std::string& message, const std::string& type = {});

}  // namespace tenon::testing
