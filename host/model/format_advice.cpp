#include "host/model/format_advice.h"

#include <algorithm>
#include <array>

#include "host/model/event_data.h"
#include "host/model/refusal.h"
#include "host/model/server_error.h"
#include "host/model/wire_formats.h"

namespace tenon::model {
namespace {

/// What a server speaks that does not speak this format.
std::string_view other_format(std::string_view format) {
    return format == "openai" ? "anthropic" : "openai";
}

std::string another_path(std::string_view format, const Url& url, const std::string& key) {
    constexpr std::string_view kVersionPart = "/v1";
    if (url.path.empty() || url.path == kVersionPart)
        return key + " with the path below which the server has its API";
    if (format != "anthropic" && !url.path.ends_with(kVersionPart))
        return key + "=" + url.shown() + std::string(kVersionPart);
    Url root = url;
    root.path.clear();
    return key + "=" + root.shown();
}

/// Errors of the other formats look the same for every address of a server.
bool is_error_of_messages(const Json& body) {
    return string_or(body, "type") == "error" && member(body, "error").is_object();
}

}  // namespace

bool may_be_wrong_address(std::string_view format, const HttpHead& head, std::string_view body) {
    constexpr std::array kUnknown = {404, 405, 501};
    const Json parsed = parse_event_data(body).value_or(Json());
    if (head.status / 100 == 2) return head.whole && !find_error(parsed);
    if (format == "anthropic" && is_error_of_messages(parsed)) return false;
    return std::find(kUnknown.begin(), kUnknown.end(), head.status) != kUnknown.end() &&
           words_of_refusal(body).find("model") == std::string::npos;
}

std::string advice_on_address(std::string_view format, std::string_view base_url,
                              std::string_view section) {
    const auto url = parse_url(base_url, "base URL");
    if (is_vendors_own(format, base_url) || !url) return {};
    const std::string key(section);
    const std::string other(other_format(format));
    // The variable with the base URL is that of one provider.
    const std::string provider = section == "model"
                                     ? "--provider " + other + " -D model.baseUrl=" + url->shown()
                                     : key + ".provider=" + other;
    return "; the server may not speak the wire format " + std::string(format) +
           " at this address: try " + provider + ", or " +
           another_path(format, *url, key + ".baseUrl");
}

}  // namespace tenon::model
