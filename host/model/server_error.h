#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"

/// What servers write when something went wrong: any bytes, and in many shapes. Pure functions.
namespace tenon::model {

/// One line of `bytes`, which may be HTML, a stack trace or nothing: valid UTF-8 without control
/// characters, white space as single blanks, at most `max_characters` and then an ellipsis.
std::string excerpt(std::string_view bytes, std::size_t max_characters = 300);

struct ServerError {
    std::string type;     ///< empty: it said none
    std::string message;  ///< an excerpt, never empty
    std::string request_id;
};

/// The error that a body or an event holds: {"error":{"type","message"}}, {"error":"text"}, or a
/// "type" of "error" or "…_error" beside a "message". Nothing: it holds none.
std::optional<ServerError> find_error(const Json& object);

/// Whether an error of this `error.type` can go away by itself.
bool is_passing_error(std::string_view type);

}  // namespace tenon::model
