#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.h"
#include "host/model/dial.h"
#include "host/model/tls.h"
#include "host/model/watchdog.h"

namespace Poco::Net {
class HTTPResponse;
}

namespace tenon::model {

struct HttpConfig {
    std::string base_url;     ///< a path prefix and a slash at the end are fine
    std::string ca_file;      ///< PEM; replaces the system's CAs. Empty: those, or SSL_CERT_FILE's
    std::string proxy;        ///< for http and https alike; "host:port" or an http URL
    std::string https_proxy;  ///< the environment's, for https only; `proxy` is stronger
    std::string no_proxy;     ///< exceptions from either
    /// Look-up and connect; the proxy's CONNECT again, and the handshake again. `idle_timeout`,
    /// where it is shorter.
    std::chrono::milliseconds connect_timeout{30'000};
    /// No byte from the server for so long; and no progress for kPatience times as long.
    std::chrono::milliseconds idle_timeout{90'000};
    std::shared_ptr<SharedTls> tls = nullptr;  ///< null: of its own
};

/// Status and header of a response.
struct HttpHead {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    bool whole = false;  ///< the body was read to its end and not cut; known when `post` returns
    /// The first field of that name, case ignored, or "". Bytes as they came, not checked.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct HttpPost {
    std::string path;  ///< appended to the base URL, with its leading slash
    std::vector<std::pair<std::string, std::string>> fields;
    std::span<const std::string_view> body;  ///< pieces that are sent one after the other
};

/// A piece of the response's body, decompressed, as soon as it is there. False: enough, the rest is
/// of no interest.
using OnBody = std::function<bool(const HttpHead&, std::string_view)>;

/// POSTs to one server, over HTTP/1.1 with or without TLS (Poco::Net). Keeps one connection alive
/// between requests; when the server has dropped it before answering a single byte, the request is
/// sent once more on a new one. Follows no redirects. Asks for no compression, but reads gzip and
/// deflate. One thread at a time.
class HttpClient {
public:
    /// An attempt ends when for so many idle timeouts bytes came, but nothing that is progress: a
    /// piece of the request that the server took, the head of the response (interim ones do not
    /// count), and what the reader of the body calls progress.
    static constexpr int kPatience = 3;

    /// Checks the configuration; nothing is opened yet.
    static Result<std::unique_ptr<HttpClient>> create(HttpConfig config);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Blocks until the body is over or `on_body` has enough; returns within 100 ms of a stop.
    Result<HttpHead, HttpFailure> post(const HttpPost& request, const OnBody& on_body,
                                       std::stop_token stop);

    /// For `on_body`: what it got is progress.
    void progress();

    /// For messages: the address of `path`, without credentials.
    [[nodiscard]] std::string shown(std::string_view path) const;

private:
    class Connection;
    struct Attempt;
    explicit HttpClient(HttpConfig config);
    Result<void, HttpFailure> make_tls_context();
    Result<std::unique_ptr<Connection>, HttpFailure> connect(const std::stop_token& stop);
    std::unique_ptr<Connection> take_kept_connection();
    Result<void, HttpFailure> converse(Connection& connection, const HttpPost& request,
                                       const OnBody& on_body, Attempt& attempt);
    Result<void, HttpFailure> read_body(Connection& connection,
                                        const Poco::Net::HTTPResponse& response,
                                        const OnBody& on_body, Attempt& attempt);

    HttpConfig config_;
    Route route_;
    std::unique_ptr<Connection> kept_;
    Watchdog* watchdog_ = nullptr;  // of the attempt under way
};

}  // namespace tenon::model
