#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include "host/base/result.h"
#include "host/model/url.h"

namespace tenon::model {

/// Why there is no connection or no response.
struct HttpFailure {
    std::string message;   ///< URL without credentials, phase, cause
    bool stopped = false;  ///< the stop token asked for it
    /// Trying again cannot help: certificate refused, proxy wants a login, no descriptor left here.
    bool permanent = false;
    bool malformed = false;  ///< the body came, and stands for nothing
};

/// Shuts a connected or connecting socket down when stop is requested, so that whoever blocks on it
/// returns; the owner closes it. Must be destroyed before the descriptor is closed, since its
/// number may then belong to somebody else.
class ShutdownOnStop {
public:
    ShutdownOnStop(std::stop_token stop, int fd);

private:
    std::stop_callback<std::function<void()>> callback_;
};

/// Bounds how long one blocking read or write on `fd` may wait without a byte.
void set_io_timeout(int fd, std::chrono::milliseconds timeout);

struct Route {
    Url target;
    std::optional<Url> proxy;
    Poco::Net::Context::Ptr tls;  ///< for an https target
    std::chrono::milliseconds timeout{};
};

/// A blocking connection to the target, through the proxy's CONNECT and a verified TLS handshake
/// where the route says so. For http through a proxy it ends at the proxy. Tries every address of
/// the host. Each phase (look-up and connect, CONNECT, handshake) takes at most `timeout`, however
/// many bytes come; returns within 100 ms of a stop.
Result<Poco::Net::StreamSocket, HttpFailure> dial(const Route& route, std::stop_token stop);

}  // namespace tenon::model
