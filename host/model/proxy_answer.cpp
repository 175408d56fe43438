#include "host/model/proxy_answer.h"

#include <algorithm>
#include <sstream>

#include <Poco/String.h>

#include "host/base/utf8.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxOffer = 100;

std::vector<std::string> offers_in(const std::string& head) {
    const std::string_view name = "proxy-authenticate:";
    std::vector<std::string> offers;
    std::istringstream lines(head);
    for (std::string line; std::getline(lines, line);) {
        if (Poco::toLower(line.substr(0, name.size())) == name)
            offers.emplace_back(utf8::trimmed(std::string_view(line).substr(name.size())));
    }
    return offers;
}

bool offers_basic(const std::vector<std::string>& offered) {
    return offered.empty() || std::any_of(offered.begin(), offered.end(), [](const auto& offer) {
               return Poco::toLower(offer).find("basic") != std::string::npos;
           });
}

/// 408 and 429 pass, as they do for servers.
bool is_final(std::string_view status) {
    return status.starts_with('4') && status != "408" && status != "429";
}

}  // namespace

std::string login_advice(const Url& proxy, const std::vector<std::string>& offered) {
    if (!offers_basic(offered)) {
        std::string schemes;
        for (const std::string& offer : offered)
            schemes += (schemes.empty() ? "" : ", ") + offer.substr(0, offer.find(' '));
        return "it wants the authentication " + excerpt(schemes, kMaxOffer) +
               ", and Tenon knows only Basic";
    }
    const std::string where =
        "model.proxy or HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT, special characters as %40 "
        "for @)";
    return proxy.user_info.empty() ? "it wants a user and a password: set them in " + where
                                   : "it does not accept the user and password of " + where;
}

Result<void, HttpFailure> judge_connect(const std::string& head, const Url& proxy) {
    const std::string line = head.substr(0, head.find_first_of("\r\n"));
    const bool http = line.starts_with("HTTP/1.") && line.size() >= 12;
    const std::string status = http ? line.substr(9, 3) : "";
    if (status.starts_with('2')) return {};
    HttpFailure failure{"it answered \"" + excerpt(line, 200) + "\""};
    failure.permanent = is_final(status);
    // Some proxies answer with 401, the status of servers, when the password is wrong.
    if (status == "407" || status == "401")
        failure.message += "; " + login_advice(proxy, offers_in(head));
    if (status == "403") failure.message += "; its rules do not allow this host or port";
    if (!http) failure.message += " (is it an HTTP proxy?)";
    return failure;
}

}  // namespace tenon::model
