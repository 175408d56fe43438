#include "host/model/url.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/URI.h>

namespace tenon::model {
namespace {

using Poco::Net::IPAddress;

/// An '@' in a user or password that is not percent-encoded: the last one is before the host.
std::string with_encoded_ats(std::string_view text) {
    const auto scheme = text.find("://");
    const auto begin = scheme == text.npos ? 0 : scheme + 3;
    const auto end = std::min(text.find_first_of("/?#", begin), text.size());
    const auto last = text.substr(0, end).rfind('@');
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool inside = last != text.npos && i >= begin && i < last;
        if (inside && text[i] == '@') {
            out += "%40";
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_control_or_blank(std::string_view text) {
    return text.find_first_of(std::string_view("\0\t\n\v\f\r \x7f", 8)) != text.npos;
}

std::optional<IPAddress> address(const std::string& text) {
    IPAddress parsed;
    if (!IPAddress::tryParse(text, parsed)) return std::nullopt;
    return parsed;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool in_network(const IPAddress& host, std::string_view network, std::string_view bits) {
    const auto base = address(std::string(network));
    const auto length = number<unsigned>(bits);
    if (!base || !length || base->family() != host.family()) return false;
    const unsigned width = host.family() == IPAddress::IPv4 ? 32 : 128;
    if (*length > width) return false;
    const IPAddress mask(*length, host.family());
    return (host & mask) == (*base & mask);
}

bool names_host(const Url& target, std::string_view entry) {
    if (entry == "*") return true;
    if (const auto slash = entry.find('/'); slash != entry.npos) {
        const auto host = address(target.host);
        return host && in_network(*host, entry.substr(0, slash), entry.substr(slash + 1));
    }
    if (entry.starts_with('[')) {
        const auto close = entry.find(']');
        if (close == entry.npos) return false;
        const auto rest = entry.substr(close + 1);
        if (!rest.empty() && rest != ":" + std::to_string(target.port)) return false;
        entry = entry.substr(1, close - 1);
    } else if (const auto colon = entry.find(':');
               colon != entry.npos && entry.find(':', colon + 1) == entry.npos) {
        if (number<std::uint16_t>(entry.substr(colon + 1)) != target.port) return false;
        entry = entry.substr(0, colon);
    }
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    const auto bare = entry.starts_with('.') ? entry.substr(1) : entry;
    if (bare.empty()) return false;
    const std::string wanted = Poco::toLower(std::string(bare));
    const std::string host = Poco::toLower(target.host);
    return host == wanted || (host.size() > wanted.size() && host.ends_with(wanted) &&
                              host[host.size() - wanted.size() - 1] == '.' && !address(host));
}

}  // namespace

std::string Url::authority(bool always_port) const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (always_port || port != (secure ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

std::string Url::shown() const {
    return (secure ? "https://" : "http://") + authority() + path;
}

std::optional<std::string> Url::basic_credentials() const {
    if (user_info.empty()) return std::nullopt;
    std::ostringstream out;
    Poco::Base64Encoder encoder(out);
    encoder.rdbuf()->setLineLength(0);
    encoder << user_info;
    encoder.close();
    return "Basic " + out.str();
}

Result<Url> parse_url(std::string_view text, std::string_view what) {
    const auto refuse = [&](std::string_view why) {
        return Error{std::string(what) + ": " + std::string(why)};
    };
    if (text.empty()) return refuse("is empty");
    if (has_control_or_blank(text)) return refuse("has blanks or control characters");
    try {
        const Poco::URI uri{with_encoded_ats(text)};
        if (uri.getScheme() != "http" && uri.getScheme() != "https") {
            return refuse("must begin with http:// or https://");
        }
        if (uri.getHost().empty()) return refuse("names no host");
        if (uri.getPort() == 0) return refuse("has no valid port");
        if (!uri.getRawQuery().empty() || !uri.getFragment().empty()) {
            return refuse("must not have a query or a fragment");
        }
        Url url;
        url.secure = uri.getScheme() == "https";
        url.host = uri.getHost();
        if (url.host.starts_with('[') && url.host.ends_with(']')) {
            url.host = url.host.substr(1, url.host.size() - 2);
        }
        url.port = uri.getPort();
        Poco::URI::decode(uri.getUserInfo(), url.user_info);
        Poco::URI::encode(uri.getPath(), "?#", url.path);
        while (url.path.ends_with('/'))
            url.path.pop_back();
        return url;
    } catch (const Poco::Exception&) {
        // Poco's own text would repeat the URL with its password.
        return refuse("is no valid URL");
    }
}

Result<Url> parse_proxy(std::string_view text, std::string_view what) {
    const std::string allowed =
        "; allowed: http://[USER:PASSWORD@]HOST[:PORT], with special characters in user and "
        "password as %40 for @";
    const auto refuse = [&](const std::string& why) {
        return Error{std::string(what) + ": " + why + allowed};
    };
    const auto scheme = text.find("://");
    if (text.starts_with("https://"))
        return refuse("TLS on the way to the proxy (https://) is not supported");
    if (scheme != text.npos && !text.starts_with("http://"))
        return refuse("only HTTP proxies are supported");
    const std::string full = (scheme == text.npos ? "http://" : "") + std::string(text);
    auto url = parse_url(full, what);
    if (!url) return Error{url.error().message + allowed};
    if (!url->path.empty()) return refuse("it must not have a path");
    return url;
}

bool bypasses_proxy(const Url& target, std::string_view no_proxy) {
    std::size_t at = 0;
    while (at < no_proxy.size()) {
        const auto begin = no_proxy.find_first_not_of(", \t", at);
        if (begin == no_proxy.npos) return false;
        const auto end = std::min(no_proxy.find_first_of(", \t", begin), no_proxy.size());
        if (names_host(target, no_proxy.substr(begin, end - begin))) return true;
        at = end;
    }
    return false;
}

}  // namespace tenon::model
