#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Poco/Net/StreamSocket.h>

#include "tests/support/model_server/wire.h"

namespace tenon::testing {

/// One request, and the status of its response.
struct Received {
    std::string method;
    std::string path;
    Fields fields;
    std::string body;  ///< as the Messages API would have it
    std::string sent;  ///< the body as it was sent
    int status = 0;    ///< 0: not answered with a status (yet)
    std::string refusal;
    int connection = 0;       ///< counted from 1
    std::string format = {};  ///< the wire format, as `model.provider` names it
    [[nodiscard]] Json json() const { return Json::parse(body); }
};

/// Thrown when the client has closed the connection.
struct ConnectionClosed {};

/// One connection: reads requests and writes responses. Blocks. Not thread-safe.
class Peer {
public:
    explicit Peer(Poco::Net::StreamSocket socket) : socket_(std::move(socket)) {}

    /// Nothing: the client has closed the connection, or sends no HTTP.
    std::optional<Received> read_request();
    /// Throws ConnectionClosed.
    void write(std::string_view bytes);
    void write_slowly(std::string_view bytes);
    /// Closing the connection will send RST.
    void reset() { socket_.setLinger(true, 0); }

private:
    bool read_more();
    Received parse_head();

    Poco::Net::StreamSocket socket_;
    std::string buffer_;
};

/// A whole response with its length.
std::string response(int status, const std::vector<std::pair<std::string, std::string>>& fields,
                     const std::string& body);
/// One chunk of a chunked body.
std::string chunk(std::string_view bytes);

}  // namespace tenon::testing
