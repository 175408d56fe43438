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
    std::string code = {};  ///< a word, such as insufficient_quota; empty: none was stated
    int status = 0;         ///< the HTTP status that the error itself states; 0: none
};

/// The error in a body; nothing: there is none. Known forms:
/// - {"error":{"type","code","message"}}, where the code may be a status, with the error of another
///   server in "metadata" (OpenRouter) or more of it in "innererror" (Azure); {"error":"text"}, at
///   times beside a "message"; a list of one of these (Google). Without a "message" the words of
///   another member, such as an inner "error", "errors" or "details", else the error as it is;
/// - a "type" or an "object" that is "error", or ends so, beside a "message" (vLLM);
/// - {"message":"text"} without any member of an answer (gateways);
/// - {"detail":"text"} and {"detail":[{"loc":[…],"msg"}]} (FastAPI).
/// A number in "status", "statusCode" or "status_code" is the status.
std::optional<ServerError> find_error(const Json& body);
/// The same in the data of an event. The message of an event that has a name of its own, such as
/// one that keeps the connection alive, is no error.
std::optional<ServerError> find_error_in_event(std::string_view name, const Json& data);

/// Whether a request that failed so may succeed later. Without a type or a status that is known,
/// the words of the message decide. An error that is not known may pass.
bool is_passing_error(const ServerError& error);
/// Whether a response with this status says that the request may succeed later.
bool is_passing_status(int status);

/// Whether the text of an error, in any letters, says that the same request fails each time: there
/// is no such model, the key is wrong, something is not supported.
bool is_lasting_text(std::string_view text);

/// Whether the text of an error, in any letters, is about the model's chat template. It fails in
/// the same way each time, although the status of the response is that of a failing server.
bool is_template_error(std::string_view text);

}  // namespace tenon::model
