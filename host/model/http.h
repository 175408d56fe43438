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
    std::string base_url;      ///< may have a path prefix and a slash at the end
    std::string ca_file;       ///< PEM; replaces the system's CAs. Empty: these
    bool ca_variables = true;  ///< SSL_CERT_FILE and SSL_CERT_DIR may say where these are
    std::string ca_lock;       ///< where model.caFile is locked, for messages; empty: nowhere
    std::string proxy;         ///< for http and https alike; "host:port" or an http URL
    std::string https_proxy;   ///< from the environment, for https only; used if `proxy` is empty
    std::string no_proxy;      ///< hosts that are reached without a proxy
    /// For each of these: look-up and connect, the proxy's CONNECT, the TLS handshake. A shorter
    /// `idle_timeout` applies instead.
    std::chrono::milliseconds connect_timeout{30'000};
    /// The longest time without a byte from the server; also see HttpClient::kPatience.
    std::chrono::milliseconds idle_timeout{90'000};
    std::shared_ptr<SharedTls> tls = nullptr;  ///< null: the client makes its own
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// Whether a text can be the value of a header field: it has no control characters.
bool is_header_value(std::string_view text);

/// Status and header of a response.
struct HttpHead {
    int status = 0;
    HttpFields fields;
    bool whole = false;  ///< the body was read to its end; set when the request returns
    /// The first field of that name, case ignored, or "". Any bytes.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct HttpPost {
    std::string path;  ///< appended to the base URL, with its leading slash
    HttpFields fields;
    std::span<const std::string_view> body;  ///< pieces that are sent one after the other
};

/// Takes a piece of the response's body, decompressed, as soon as it arrives. Returns false when
/// the rest is not needed.
using OnBody = std::function<bool(const HttpHead&, std::string_view)>;

/// Sends requests to one server, over HTTP/1.1 with or without TLS (Poco::Net). Keeps one
/// connection open between requests. If the server closes it before it answers a byte, the request
/// is sent once more on a new connection. Follows no redirects. Asks for no compression, but
/// decodes gzip and deflate. Does not retry failed requests. One thread at a time.
class HttpClient {
public:
    /// An attempt ends after this many idle timeouts without progress, even if bytes arrive.
    /// Progress is: the server takes a piece of the request, a final response head arrives, or the
    /// reader of the body calls `progress`.
    static constexpr int kPatience = 3;

    /// Checks the configuration. Opens nothing.
    static Result<std::unique_ptr<HttpClient>> create(HttpConfig config);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Blocks until the body ends or `on_body` returns false; returns within 100 ms of a stop.
    Result<HttpHead, HttpFailure> post(const HttpPost& request, const OnBody& on_body,
                                       std::stop_token stop);
    /// The same with GET, and without a body.
    Result<HttpHead, HttpFailure> get(const std::string& path, const HttpFields& fields,
                                      const OnBody& on_body, std::stop_token stop);

    /// To be called in `on_body`: the piece is progress.
    void progress();

    [[nodiscard]] const Route& route() const { return route_; }
    /// For messages: the address of `path`, without credentials.
    [[nodiscard]] std::string shown(std::string_view path) const;
    /// For messages: "POST https://…: ", with the proxy on the way.
    [[nodiscard]] std::string doing(const std::string& method, std::string_view path) const;

private:
    class Connection;
    struct Attempt;
    explicit HttpClient(HttpConfig config);
    Result<HttpHead, HttpFailure> exchange(const std::string& method, const HttpPost& request,
                                           const OnBody& on_body, const std::stop_token& stop);
    Result<void, HttpFailure> make_tls_context();
    Result<std::unique_ptr<Connection>, HttpFailure> connect(const std::stop_token& stop);
    std::unique_ptr<Connection> take_kept_connection();
    Result<void, HttpFailure> converse(Connection& connection, const HttpPost& request,
                                       const OnBody& on_body, Attempt& attempt);
    [[nodiscard]] bool is_refused_by_proxy(const HttpHead& head) const;
    [[nodiscard]] HttpFailure refusal_of_proxy(const HttpHead& head) const;
    Result<void, HttpFailure> read_body(Connection& connection,
                                        const Poco::Net::HTTPResponse& response,
                                        const OnBody& on_body, Attempt& attempt);

    HttpConfig config_;
    Route route_;
    std::unique_ptr<Connection> kept_;
    Watchdog* watchdog_ = nullptr;  // of the attempt under way
};

}  // namespace tenon::model
