#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"

/// Error texts of servers, which may be any bytes in many formats. Pure functions.
namespace tenon::model {

/// Makes one line of `bytes`, which may be HTML, a stack trace or nothing: valid UTF-8 without
/// control characters, white space as single blanks, at most `max_characters` and then an ellipsis.
std::string excerpt(std::string_view bytes, std::size_t max_characters = 300);

struct ServerError {
    std::string type;     ///< empty: none was stated
    std::string message;  ///< an excerpt, never empty
    std::string request_id;
};

/// The error in a body or an event: {"error":{"type","message"}}, {"error":"text"}, or a "type" of
/// "error" or "…_error" beside a "message". Nothing: there is none.
std::optional<ServerError> find_error(const Json& object);

/// Whether a request that failed with this `error.type` may succeed later.
bool is_passing_error(std::string_view type);

}  // namespace tenon::model
