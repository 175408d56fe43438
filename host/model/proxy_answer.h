#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/model/dial.h"
#include "host/model/url.h"

/// What a proxy's answers mean (RFC 9110, sections 9.3.6 and 11.7). Pure functions.
namespace tenon::model {

/// Judges the head of the answer to CONNECT. Error: there is no tunnel; its message does not name
/// the proxy.
Result<void, HttpFailure> judge_connect(const std::string& head, const Url& proxy);

/// What to do about a 407 of this proxy. `offered`: the values of its Proxy-Authenticate fields.
std::string login_advice(const Url& proxy, const std::vector<std::string>& offered);

}  // namespace tenon::model
