#pragma once

#include <string>
#include <string_view>

#include "host/agent/ports.h"

/// What a server says when it refuses a request. Pure functions.
namespace tenon::model {

/// What a refusal says, in lower case: the names and texts in its body, which may be any bytes,
/// without the escapes of JSON. Each text has quotes around it; a path ("loc") is one text with
/// dots, and its last name follows once more. A copy of the request, which some servers send back
/// (`input`), is left out.
std::string words_of_refusal(std::string_view body);

/// Whether a refusal with this HTTP status may be about one part of the request. Under status 200
/// that depends on the error in `body`: there must be one, and not with another status of its own.
bool may_name_a_part(int status, std::string_view body);

/// Whether a refusal that names no part may be about the schema that an answer must fit: servers
/// name it in too many ways. It is not about the length, the key, the account or the model's name.
bool may_be_about_schema(const agent::ModelFailure& failure, std::string_view words);

}  // namespace tenon::model
