#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include "host/agent/contact.h"
#include "host/base/result.h"
#include "host/model/url.h"

namespace tenon::model {

/// Why there is no connection or no response.
struct HttpFailure {
    std::string message;   ///< URL without credentials, phase, cause
    bool stopped = false;  ///< stop was requested
    /// Trying again cannot help: a refused certificate, a proxy that needs a login, no free
    /// descriptor.
    bool permanent = false;
    bool malformed = false;  ///< the body arrived and cannot be decoded
    agent::Contact contact = agent::Contact::kMade;
    /// How many times HttpConfig::idle_timeout the server has been waited for; 0: that was not why.
    int idle_timeouts = 0;
};

/// Shuts a connected or connecting socket down when stop is requested, so that blocked calls on it
/// return. Does not own the descriptor, and must be destroyed before it is closed, since its number
/// may be used again.
class ShutdownOnStop {
public:
    ShutdownOnStop(std::stop_token stop, int fd);

private:
    std::stop_callback<std::function<void()>> callback_;
};

/// Sets the longest time that one blocking read or write on `fd` waits for a byte.
void set_io_timeout(int fd, std::chrono::milliseconds timeout);

/// How a server is reached.
struct Route {
    Url target;
    std::optional<Url> proxy;
    Poco::Net::Context::Ptr tls;  ///< for an https target
    std::chrono::milliseconds timeout{};
    std::string ca_lock = {};  ///< see HttpConfig
};

/// Opens a blocking connection to the target: through the proxy's CONNECT, and with a verified TLS
/// handshake for https. For http through a proxy the connection ends at the proxy. Tries every
/// address of the host. Blocks; each phase (look-up and connect, CONNECT, handshake) takes at most
/// `timeout`, even if bytes keep arriving. Returns within 100 ms of a stop.
Result<Poco::Net::StreamSocket, HttpFailure> dial(const Route& route, std::stop_token stop);

}  // namespace tenon::model
