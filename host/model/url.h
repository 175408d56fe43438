#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace tenon::model {

/// The parts of an http or https URL of a server or proxy.
struct Url {
    bool secure = false;
    std::string host;  ///< without the brackets of an IPv6 address
    std::uint16_t port = 0;
    std::string path;       ///< "" or "/prefix", never a slash at the end
    std::string user_info;  ///< "user:password", decoded; never part of `shown`

    /// The URL for messages, without credentials.
    [[nodiscard]] std::string shown() const;
    /// "host:port" with IPv6 brackets; the default port of the scheme is left out.
    [[nodiscard]] std::string authority(bool always_port = false) const;
    /// The value of a Basic credentials header, or nothing.
    [[nodiscard]] std::optional<std::string> basic_credentials() const;
};

/// `what` names the setting in the Error, which never contains credentials.
Result<Url> parse_url(std::string_view text, std::string_view what);

/// The URL of an HTTP proxy: "http://[user:password@]host[:port]", or the same without "http://".
Result<Url> parse_proxy(std::string_view text, std::string_view what);

/// Whether `no_proxy` (comma or blank separated: names with their subdomains, addresses, networks
/// as a.b.c.d/n, each with an optional :port, or *) names the host of `target`.
bool bypasses_proxy(const Url& target, std::string_view no_proxy);

}  // namespace tenon::model
