#include "host/model/http.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sstream>

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/String.h>

#include "host/base/utf8.h"
#include "host/model/proxy_answer.h"
#include "host/model/response_body.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

namespace net = Poco::Net;
using std::chrono::milliseconds;

constexpr int kMaxHeaderFields = 200;  // Poco bounds each to 8.4 KB
constexpr std::size_t kSendPiece = std::size_t{64} << 10U;
constexpr std::size_t kMaxRest = std::size_t{64} << 10U;
constexpr milliseconds kRestTimeout{50};

/// OpenSSL writes with write(2), which raises SIGPIPE on a closed connection. Blocks the signal for
/// this thread and consumes one that arrived meanwhile, so that the process need not ignore it.
class NoSigpipe {
public:
    NoSigpipe() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoSigpipe() {
        const timespec now{};
        if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

bool is_timeout(const Poco::Exception& e) {
    return dynamic_cast<const Poco::TimeoutException*>(&e) != nullptr || e.code() == EAGAIN;
}

/// Whether the failure may mean that the server has closed an idle connection.
bool looks_stale(const Poco::Exception& e) {
    return !is_timeout(e) && (dynamic_cast<const net::NetException*>(&e) != nullptr ||
                              dynamic_cast<const Poco::IOException*>(&e) != nullptr);
}

std::string cause(const Poco::Exception& e) {
    if (dynamic_cast<const net::NoMessageException*>(&e) != nullptr ||
        dynamic_cast<const net::SSLConnectionUnexpectedlyClosedException*>(&e) != nullptr) {
        return "the server closed the connection";
    }
    return excerpt(e.displayText());
}

std::string in_units(milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

bool is_interim(int status) {
    return status >= 100 && status < 200 && status != net::HTTPResponse::HTTP_SWITCHING_PROTOCOLS;
}

/// Not getStatus(): Poco's enum ends at 511, and loading 529 from it is undefined behaviour.
int status_of(const net::HTTPResponse& response) {
    std::ostringstream out;
    response.write(out);
    return std::atoi(out.str().c_str() + std::string_view("HTTP/1.1 ").size());
}

HttpHead head_of(const net::HTTPResponse& response) {
    HttpHead head;
    head.status = status_of(response);
    for (const auto& [name, value] : response)
        head.fields.emplace_back(name, value);
    return head;
}

bool has_body(int status) {
    return status >= 200 && status != net::HTTPResponse::HTTP_NO_CONTENT &&
           status != net::HTTPResponse::HTTP_NOT_MODIFIED;
}

}  // namespace

/// How far one attempt came.
struct HttpClient::Attempt {
    std::string method;
    const char* phase = "send the request: ";
    HttpHead head;
    bool kept = false;      // over a connection that was used before
    bool answered = false;  // a head has arrived
    bool enough = false;    // the reader of the body needs no more
    bool reusable = false;  // the connection can be kept
};

class HttpClient::Connection {
public:
    Connection(const net::StreamSocket& socket, bool secure)
        : fd_(socket.impl()->sockfd()), secure_(secure), session_(socket) {
        session_.setKeepAlive(true);
        // Else Poco would reconnect after 8 s, although the server may keep the connection longer.
        session_.setKeepAliveTimeout(Poco::Timespan(3600, 0));
    }

    [[nodiscard]] int fd() const { return fd_; }
    void wait_at_most(milliseconds timeout) const {
        set_io_timeout(fd_, secure_ ? timeout / 2 : timeout);  // Poco waits twice on TLS
    }

    /// Whether there is nothing to read: the server has neither closed the connection nor sent
    /// bytes.
    [[nodiscard]] bool usable() const {
        pollfd p{fd_, POLLIN, 0};
        return session_.buffered() == 0 && ::poll(&p, 1, 0) == 0;
    }

    void send(net::HTTPRequest& head, std::span<const std::string_view> body, Watchdog& watchdog) {
        std::ostream& out = session_.sendRequest(head);
        out.flush();
        if (session_.networkException() != nullptr) session_.networkException()->rethrow();
        // Not through Poco's stream, which would cut the body into pieces of a few KB.
        std::string piece;
        for (const std::string_view part : body) {
            for (std::size_t at = 0; at < part.size();) {
                const auto n = std::min(part.size() - at, kSendPiece - piece.size());
                piece.append(part.substr(at, n));
                at += n;
                if (piece.size() < kSendPiece) continue;
                write(piece);
                watchdog.progress();
                piece.clear();
            }
        }
        write(piece);
    }

    /// The head of the final response, without interim ones (RFC 9110, section 15.2). Poco itself
    /// skips only status 100.
    HttpHead receive(net::HTTPResponse& response, bool& answered) {
        HttpHead head;
        do {
            response.setFieldLimit(kMaxHeaderFields);
            session_.receiveResponse(response);
            answered = true;
            head = head_of(response);
        } while (is_interim(head.status));
        return head;
    }

    /// Reads at most `size` bytes; 0: the server has closed the connection. Not through Poco's
    /// streams, which do not report a truncated body.
    std::size_t read(char* bytes, std::size_t size) {
        const int n = session_.read(bytes, static_cast<std::streamsize>(size));
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    void forget_failure() { session_.clearException(); }

private:
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const int n = session_.socket().sendBytes(bytes.data(), static_cast<int>(bytes.size()));
            if (n <= 0) throw net::ConnectionResetException("the server takes no more bytes");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// A session over a connection that HttpClient opened. Poco must never open another, which it
    /// would do when a write on a kept-alive connection fails. Also used over TLS: the socket does
    /// the encryption, and HTTPSClientSession takes no connected socket (its constructor sets the
    /// port, which throws then).
    class ClientSession : public net::HTTPClientSession {
    public:
        using net::HTTPClientSession::HTTPClientSession;
        using net::HTTPSession::buffered;
        using net::HTTPSession::clearException;
        using net::HTTPSession::read;

    protected:
        void connect(const net::SocketAddress& /*address*/) override {
            throw net::ConnectionResetException("the server closed the connection");
        }
    };

    int fd_;
    bool secure_;
    ClientSession session_;
};

bool is_header_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

std::string_view HttpHead::field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
        if (Poco::icompare(key, std::string(name)) == 0) return value;
    }
    return {};
}

void HttpClient::progress() {
    if (watchdog_ != nullptr) watchdog_->progress();
}

HttpClient::HttpClient(HttpConfig config) : config_(std::move(config)) {
    if (!config_.tls) config_.tls = std::make_shared<SharedTls>();
}

HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(HttpConfig config) {
    auto target = parse_url(config.base_url, "base URL");
    if (!target) return target.error();
    std::unique_ptr<HttpClient> client(new HttpClient(std::move(config)));
    const HttpConfig& c = client->config_;
    const std::string& asked =
        !c.proxy.empty() ? c.proxy : (target->secure ? c.https_proxy : std::string());
    if (!asked.empty() && !bypasses_proxy(*target, c.no_proxy)) {
        auto proxy =
            parse_proxy(asked, c.proxy.empty() ? "proxy (HTTPS_PROXY)" : "proxy (model.proxy)");
        if (!proxy) return proxy.error();
        client->route_.proxy = *proxy;
    }
    client->route_.target = *target;
    if (target->secure) {
        if (auto fine = check_ca_file(c.ca_file); !fine) return fine.error();
    }
    client->route_.ca_lock = c.ca_lock;
    client->route_.timeout = std::min(c.connect_timeout, c.idle_timeout);
    return client;
}

std::string HttpClient::shown(std::string_view path) const {
    return route_.target.shown() + std::string(path);
}

std::string HttpClient::doing(const std::string& method, std::string_view path) const {
    return method + " " + shown(path) +
           (route_.proxy ? " through proxy " + route_.proxy->shown() : "") + ": ";
}

bool HttpClient::is_refused_by_proxy(const HttpHead& head) const {
    return route_.proxy && !route_.target.secure &&
           head.status == net::HTTPResponse::HTTP_PROXY_AUTHENTICATION_REQUIRED;
}

HttpFailure HttpClient::refusal_of_proxy(const HttpHead& head) const {
    std::vector<std::string> offered;
    for (const auto& [name, value] : head.fields) {
        if (Poco::icompare(name, std::string("proxy-authenticate")) == 0) offered.push_back(value);
    }
    return {"the proxy answered with HTTP 407; " + login_advice(*route_.proxy, offered), false,
            true};
}

Result<void, HttpFailure> HttpClient::make_tls_context() {
    if (!route_.target.secure || route_.tls) return {};
    auto context = config_.tls->context(config_.ca_file, config_.ca_variables);
    if (!context) return HttpFailure{context.error().message, false, true};
    route_.tls = *context;
    return {};
}

Result<std::unique_ptr<HttpClient::Connection>, HttpFailure> HttpClient::connect(
    const std::stop_token& stop) {
    if (auto made = make_tls_context(); !made) return made.error();
    auto socket = dial(route_, stop);
    if (!socket) return socket.error();
    return std::make_unique<Connection>(*socket, route_.target.secure);
}

std::unique_ptr<HttpClient::Connection> HttpClient::take_kept_connection() {
    auto connection = std::move(kept_);
    if (connection && !connection->usable()) connection.reset();
    return connection;
}

namespace {

std::size_t total_size(std::span<const std::string_view> pieces) {
    std::size_t sum = 0;
    for (const auto& piece : pieces)
        sum += piece.size();
    return sum;
}

net::HTTPRequest make_request(const std::string& method, const HttpPost& post, const Route& route) {
    std::string uri = route.target.path + post.path;
    const bool through_proxy = route.proxy && !route.target.secure;
    if (through_proxy) uri.insert(0, "http://" + route.target.authority());
    net::HTTPRequest request(method, uri, net::HTTPMessage::HTTP_1_1);
    request.setHost(route.target.authority());
    request.set("Accept-Encoding", "identity");  // an inflating stream would hold events back
    if (const auto login = route.target.basic_credentials()) request.set("Authorization", *login);
    if (through_proxy) {
        if (const auto login = route.proxy->basic_credentials()) {
            request.set("Proxy-Authorization", *login);
        }
    }
    for (const auto& [name, value] : post.fields)
        request.set(name, value);
    if (method == net::HTTPRequest::HTTP_POST)
        request.setContentLength64(static_cast<Poco::Int64>(total_size(post.body)));
    return request;
}

}  // namespace

Result<void, HttpFailure> HttpClient::read_body(Connection& connection,
                                                const Poco::Net::HTTPResponse& response,
                                                const OnBody& on_body, Attempt& attempt) {
    BodyFraming framing(response);
    ContentDecoder decoder(attempt.head.field("content-encoding"));
    char piece[8192];
    std::string body;
    std::size_t rest = 0;
    while (has_body(attempt.head.status) && !framing.whole()) {
        const std::size_t n = connection.read(piece, sizeof piece);
        if (n == 0) framing.end();
        body.clear();
        if (n == 0 || !framing.feed({piece, n}, body)) break;
        if (attempt.enough && (rest += n) > kMaxRest) return {};
        for (std::size_t at = 0; at < body.size() && !attempt.enough; at += decoder.kPiece) {
            const auto bytes = decoder.feed(std::string_view(body).substr(at, decoder.kPiece));
            if (!bytes && attempt.head.status == net::HTTPResponse::HTTP_OK)
                return HttpFailure{bytes.error().message, false, !decoder.knows_coding(), true};
            // The status of an error is enough without its body.
            attempt.enough = !bytes || (!bytes->empty() && !on_body(attempt.head, *bytes));
            if (attempt.enough)
                connection.wait_at_most(std::min(kRestTimeout, config_.idle_timeout));
        }
    }
    attempt.head.whole = framing.whole();
    attempt.reusable = !framing.overrun() && response.getKeepAlive() &&
                       (framing.whole() || !has_body(attempt.head.status));
    return {};
}

/// One request and its response. Throws Poco's exceptions.
Result<void, HttpFailure> HttpClient::converse(Connection& connection, const HttpPost& request,
                                               const OnBody& on_body, Attempt& attempt) {
    auto outgoing = make_request(attempt.method, request, route_);
    try {
        connection.send(outgoing, request.body, *watchdog_);
    } catch (const net::NetException&) {
        // A server may refuse a body before it has read all of it; its response has the reason.
        if (attempt.kept) throw;
        connection.forget_failure();
    }
    watchdog_->progress();
    attempt.phase = "wait for the response: ";
    net::HTTPResponse response;
    attempt.head = connection.receive(response, attempt.answered);
    watchdog_->progress();
    attempt.phase = "read the response: ";
    return read_body(connection, response, on_body, attempt);
}

Result<HttpHead, HttpFailure> HttpClient::post(const HttpPost& request, const OnBody& on_body,
                                               std::stop_token stop) {
    return exchange(net::HTTPRequest::HTTP_POST, request, on_body, stop);
}

Result<HttpHead, HttpFailure> HttpClient::get(const std::string& path, const HttpFields& fields,
                                              const OnBody& on_body, std::stop_token stop) {
    return exchange(net::HTTPRequest::HTTP_GET, {path, fields, {}}, on_body, stop);
}

Result<HttpHead, HttpFailure> HttpClient::exchange(const std::string& method,
                                                   const HttpPost& request, const OnBody& on_body,
                                                   const std::stop_token& stop) {
    const NoSigpipe quiet;
    const HttpFailure stopped{"stopped", true, false};
    for (auto connection = take_kept_connection();; connection.reset()) {
        if (stop.stop_requested()) return stopped;
        Attempt attempt;
        attempt.method = method;
        attempt.kept = connection != nullptr;
        if (!attempt.kept) {
            auto fresh = connect(stop);
            if (!fresh) return fresh.error();
            connection = std::move(*fresh);
        }
        const ShutdownOnStop guard(stop, connection->fd());
        Watchdog watchdog(connection->fd(), kPatience * config_.idle_timeout);
        watchdog_ = &watchdog;
        connection->wait_at_most(config_.idle_timeout);
        Result<void, HttpFailure> done;
        try {
            done = converse(*connection, request, on_body, attempt);
        } catch (const Poco::Exception& e) {
            const bool over = stop.stop_requested() || watchdog.has_expired();
            if (attempt.kept && !attempt.answered && !over && looks_stale(e)) continue;
            HttpFailure failure{is_timeout(e) ? "no byte for " + in_units(config_.idle_timeout)
                                              : cause(e)};
            failure.idle_timeouts = is_timeout(e) ? 1 : 0;
            done = failure;
        }
        watchdog_ = nullptr;
        // Who refuses a request may close without reading all of it. The reset that follows then
        // cuts the body of the refusal, but its status has arrived.
        if (!done && attempt.head.status >= 400 && !watchdog.has_expired()) done = {};
        if (attempt.enough) done = {};  // all that is needed has arrived
        if (!attempt.enough && stop.stop_requested()) return stopped;
        if (!attempt.enough && watchdog.has_expired()) {
            HttpFailure failure{"no progress for " + in_units(watchdog.patience()) +
                                ", though bytes came"};
            failure.idle_timeouts = kPatience;
            done = failure;
        }
        if (!done) {
            HttpFailure failure = done.error();
            failure.message.insert(0, doing(method, request.path) + attempt.phase);
            return failure;
        }
        if (is_refused_by_proxy(attempt.head)) {
            HttpFailure failure = refusal_of_proxy(attempt.head);
            failure.message.insert(0, doing(method, request.path));
            return failure;
        }
        if (attempt.reusable) kept_ = std::move(connection);
        return attempt.head;
    }
}

}  // namespace tenon::model
