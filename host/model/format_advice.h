#pragma once

#include <string>
#include <string_view>

#include "host/model/http.h"

/// What to try when a server does not know the address to which a request was sent. Pure functions.
namespace tenon::model {

/// Whether a response may mean that the server does not speak the wire format, or has its API at
/// another path: there is no such address there, or success brings something else than an answer.
/// An error in the format, one about a model, and any with success are no such responses. `body`
/// may be any bytes.
bool may_be_wrong_address(std::string_view format, const HttpHead& head, std::string_view body);

/// Another provider and other paths to try, as the end of a message. `section` is that of the
/// settings: "model", or "model.fallback.1". Empty at a vendor's own address. No credentials.
std::string advice_on_address(std::string_view format, std::string_view base_url,
                              std::string_view section);

}  // namespace tenon::model
