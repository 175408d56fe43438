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

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/model/dial.h"

namespace tenon::model {

/// What the TLS connections of several clients have in common, made with the first of them: loading
/// the authorities takes some 20 ms. For clients with the same `ca_file`. Thread-safe.
struct SharedTls {
    Mutex mutex;
    Poco::Net::Context::Ptr context TENON_GUARDED_BY(mutex);
};

struct HttpConfig {
    std::string base_url;     ///< a path prefix and a slash at the end are fine
    std::string ca_file;      ///< PEM; replaces the system's CAs. Empty: those, or SSL_CERT_FILE's
    std::string proxy;        ///< for http and https alike; "host:port" or an http URL
    std::string https_proxy;  ///< the environment's, for https only; `proxy` is stronger
    std::string no_proxy;     ///< exceptions from either
    std::chrono::milliseconds connect_timeout{
        30'000};                                     ///< look-up and connect; the handshake again
    std::chrono::milliseconds idle_timeout{90'000};  ///< no byte from the server for so long
    std::shared_ptr<SharedTls> tls = nullptr;        ///< null: of its own
};

/// Status and header of a response.
struct HttpHead {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    /// The first field of that name, case ignored, or "". Bytes as they came, not checked.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct HttpPost {
    std::string path;  ///< appended to the base URL, with its leading slash
    std::vector<std::pair<std::string, std::string>> fields;
    std::span<const std::string_view> body;  ///< pieces that are sent one after the other
};

/// A piece of the response's body, as soon as it is there. False: enough, the rest is of no
/// interest.
using OnBody = std::function<bool(const HttpHead&, std::string_view)>;

/// POSTs to one server, over HTTP/1.1 with or without TLS (Poco::Net). Keeps one connection alive
/// between requests; when the server has dropped it before answering a single byte, the request is
/// sent once more on a new one. Follows no redirects, asks for no compression. One thread at a
/// time.
class HttpClient {
public:
    /// Checks the configuration; nothing is opened yet.
    static Result<std::unique_ptr<HttpClient>> create(HttpConfig config);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Blocks until the body is over or `on_body` has enough; returns within 100 ms of a stop. A
    /// body that ends too early may look like a whole one: only what is in it can tell.
    Result<HttpHead, HttpFailure> post(const HttpPost& request, const OnBody& on_body,
                                       std::stop_token stop);

    /// For messages: the address of `path`, without credentials.
    [[nodiscard]] std::string shown(std::string_view path) const;

private:
    class Connection;
    explicit HttpClient(HttpConfig config);
    Result<void, HttpFailure> make_tls_context();
    Result<std::unique_ptr<Connection>, HttpFailure> connect(const std::stop_token& stop);
    std::unique_ptr<Connection> take_kept_connection();

    HttpConfig config_;
    Route route_;
    std::unique_ptr<Connection> kept_;
};

}  // namespace tenon::model
