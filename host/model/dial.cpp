#include "host/model/dial.h"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <vector>

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocketImpl.h>

#include "host/base/limits.h"
#include "host/base/mutex.h"
#include "host/base/unique_fd.h"
#include "host/model/proxy_answer.h"
#include "host/model/tls.h"
#include "host/model/watchdog.h"

namespace tenon::model {
namespace {

using Clock = std::chrono::steady_clock;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;
using std::chrono::milliseconds;

constexpr std::size_t kMaxProxyHeaderBytes = std::size_t{16} << 10U;
constexpr milliseconds kStopCheck{50};
const std::string kTooLate = "no answer in time";

HttpFailure stopped() {
    return {"stopped", true, false};
}

milliseconds left(Clock::time_point deadline) {
    return std::max(milliseconds{0},
                    std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

/// getaddrinfo can neither be interrupted nor given a deadline. It runs in a detached thread, which
/// shares only this object with the caller and may outlive the wait.
struct Lookup {
    Mutex mutex;
    Condition changed;
    bool done TENON_GUARDED_BY(mutex) = false;
    std::vector<SocketAddress> found TENON_GUARDED_BY(mutex);
    std::string error TENON_GUARDED_BY(mutex);
    int shortage TENON_GUARDED_BY(mutex) = 0;  // the errno, if this process lacks a resource
};

/// A look-up opens a file and a socket at once.
constexpr unsigned kDescriptorsOfALookup = 2;

/// If getaddrinfo cannot open a file or socket, it may report any error, even "unknown host".
int shortage_behind(int code, int system_error) {
    if (code == 0) return 0;
    if (code == EAI_MEMORY) return ENOMEM;
    if (code == EAI_SYSTEM && is_shortage(system_error)) return system_error;
    return descriptor_shortage(kDescriptorsOfALookup);
}

/// A failure for lack of a resource of this process; the server is not the cause.
HttpFailure resource_failure(const std::string& doing, int code) {
    return {shortage_error(doing, code).message, false, true};
}

void look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    const int shortage = shortage_behind(code, errno);
    const std::string reason = code == 0 ? "" : ::gai_strerror(code);
    const Lock lock(lookup->mutex);
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        if (one->ai_family == AF_INET || one->ai_family == AF_INET6) {
            lookup->found.emplace_back(one->ai_addr, one->ai_addrlen);
        }
    }
    if (list != nullptr) ::freeaddrinfo(list);
    lookup->error = lookup->found.empty() && reason.empty() ? "no address" : reason;
    lookup->shortage = shortage;
    lookup->done = true;
    lookup->changed.notify_all();
}

Result<std::vector<SocketAddress>, HttpFailure> resolve(const Url& url, Clock::time_point deadline,
                                                        const std::stop_token& stop) {
    Poco::Net::IPAddress numeric;
    if (Poco::Net::IPAddress::tryParse(url.host, numeric)) {
        return std::vector{SocketAddress(numeric, url.port)};
    }
    auto lookup = std::make_shared<Lookup>();
    try {
        start_thread("look-up", [lookup, host = url.host, port = url.port] {
            look_up(lookup, host, port);
        }).detach();
    } catch (const std::exception& e) {
        return HttpFailure{"look up " + url.host + ": " + e.what(), false, true};
    }
    const std::stop_callback wake(stop, [&lookup] {
        const Lock lock(lookup->mutex);
        lookup->changed.notify_all();
    });
    Lock lock(lookup->mutex);
    while (!lookup->done && !stop.stop_requested()) {
        if (!lookup->changed.wait_until(lock, deadline)) break;
    }
    const bool done = lookup->done;
    auto found = lookup->found;
    const std::string error = lookup->error;
    const int shortage = lookup->shortage;
    lock.unlock();  // `wake` takes it when it is unregistered while running
    if (stop.stop_requested()) return stopped();
    if (!done) return HttpFailure{"look up " + url.host + ": no answer in time"};
    if (shortage != 0) return resource_failure("look up " + url.host, shortage);
    if (found.empty())
        return HttpFailure{"look up " + url.host + ": " + error, false, false, false,
                           agent::Contact::kNoAddress};
    return found;
}

/// 0, or the errno of the failure.
int wait_connected(int fd, Clock::time_point deadline, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd p{fd, POLLOUT, 0};
        const auto slice = std::min(left(deadline), kStopCheck);
        const int n = ::poll(&p, 1, static_cast<int>(slice.count()));
        if (n < 0 && errno != EINTR) return errno;
        if (n > 0) {
            int code = 0;
            socklen_t size = sizeof code;
            ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
            return code;
        }
        if (left(deadline).count() == 0) return ETIMEDOUT;
    }
    return ECANCELED;
}

Result<UniqueFd, HttpFailure> connect_one(const SocketAddress& address, Clock::time_point deadline,
                                          const std::stop_token& stop) {
    UniqueFd fd(::socket(address.af(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd && is_shortage(errno)) return resource_failure("socket", errno);
    if (!fd) return HttpFailure{Error::from_errno("socket").message};
    int code = 0;
    if (::connect(fd.get(), address.addr(), address.length()) != 0) {
        code = errno == EINPROGRESS ? wait_connected(fd.get(), deadline, stop) : errno;
    }
    if (stop.stop_requested()) return stopped();
    if (code != 0) {
        return HttpFailure{
            Error::from_errno("connect to " + address.toString(), code).message, false, false,
            false, code == ECONNREFUSED ? agent::Contact::kRefused : agent::Contact::kNotMade};
    }
    // Without it the last piece of a request waits for the peer's delayed acknowledgement.
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    return fd;
}

Result<UniqueFd, HttpFailure> connect_any(const Url& url, milliseconds timeout,
                                          const std::stop_token& stop) {
    const auto deadline = Clock::now() + timeout;
    auto addresses = resolve(url, deadline, stop);
    if (!addresses) return addresses.error();
    HttpFailure last;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        // An address that does not answer must not use the time of the others.
        const auto share = left(deadline) / static_cast<int>(addresses->size() - i);
        auto fd = connect_one((*addresses)[i], Clock::now() + share, stop);
        if (fd || fd.error().stopped) return fd;
        last = fd.error();
    }
    return last;
}

/// Reads the head of the proxy's answer and no byte more, since the tunnel follows.
Result<std::string, HttpFailure> read_head(StreamSocket& socket) {
    std::string head;
    while (!head.ends_with("\r\n\r\n") && !head.ends_with("\n\n")) {
        char c = 0;
        if (head.size() == kMaxProxyHeaderBytes) return HttpFailure{"its answer is too long"};
        if (socket.receiveBytes(&c, 1) != 1) return HttpFailure{"it closed the connection"};
        head += c;
    }
    return head;
}

/// Poco's code for a timeout depends on what was waited for.
bool is_over(const Watchdog& watchdog, const Poco::Exception& e) {
    return watchdog.has_expired() || dynamic_cast<const Poco::TimeoutException*>(&e) != nullptr;
}

Result<void, HttpFailure> open_tunnel(StreamSocket& socket, const Route& route,
                                      const std::stop_token& stop) {
    const Watchdog watchdog(socket.impl()->sockfd(), route.timeout);
    const std::string where = route.target.authority(true);
    std::string ask = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
    if (const auto login = route.proxy->basic_credentials()) {
        ask += "Proxy-Authorization: " + *login + "\r\n";
    }
    ask += "\r\n";
    const std::string doing = "proxy " + route.proxy->shown() + ": CONNECT " + where + ": ";
    try {
        socket.sendBytes(ask.data(), static_cast<int>(ask.size()));
        const auto head = read_head(socket);
        if (stop.stop_requested()) return stopped();
        if (!head && watchdog.has_expired()) return HttpFailure{doing + kTooLate};
        if (!head) return HttpFailure{doing + head.error().message};
        auto judged = judge_connect(*head, *route.proxy);
        if (judged) return {};
        HttpFailure failure = judged.error();
        failure.message.insert(0, doing);
        return failure;
    } catch (const Poco::Exception& e) {
        if (stop.stop_requested()) return stopped();
        return HttpFailure{doing + (is_over(watchdog, e) ? kTooLate : e.displayText())};
    }
}

/// Adds an explanation to messages of OpenSSL that are hard to understand.
std::string explained(const std::string& cause) {
    const bool plain = cause.find("wrong version number") != std::string::npos ||
                       cause.find("http request") != std::string::npos ||
                       cause.find("packet length too long") != std::string::npos;
    return plain ? cause + " (is there an http server, without TLS, at this https address?)"
                 : cause;
}

HttpFailure refused_certificate(std::string message, const Route& route) {
    if (route.proxy) {
        message += "; if the proxy " + route.proxy->shown() +
                   " inspects TLS, this certificate may be its own";
    }
    return {std::move(message), false, true};
}

Result<StreamSocket, HttpFailure> shake_hands(const StreamSocket& socket, const Route& route,
                                              const std::stop_token& stop) {
    const Watchdog watchdog(socket.impl()->sockfd(), route.timeout);
    (void)take_seen_certificate();
    try {
        auto secured = Poco::Net::SecureStreamSocket::attach(socket, route.target.host, route.tls);
        // After a timeout Poco returns without an error. It would finish the handshake with the
        // first write and never compare the name. With a certificate it has compared the name.
        if (!watchdog.has_expired() && secured.havePeerCertificate()) return StreamSocket(secured);
        if (stop.stop_requested()) return stopped();
        return HttpFailure{"TLS handshake: " + kTooLate};
    } catch (const Poco::Net::CertificateValidationException&) {
        return refused_certificate(wrong_name(take_seen_certificate(), route.target.host), route);
    } catch (const Poco::Exception& e) {
        if (stop.stop_requested()) return stopped();
        if (is_over(watchdog, e)) return HttpFailure{"TLS handshake: " + kTooLate};
        if (const auto seen = take_seen_certificate(); !seen.complaint.empty()) {
            // OpenSSL looks for the authorities in files and skips those that it cannot open.
            if (const int code = descriptor_shortage(1); code != 0)
                return resource_failure("TLS handshake: look for the authority of the certificate",
                                        code);
            return refused_certificate(
                "TLS handshake: certificate verify failed: " + seen.complaint +
                    (seen.authority_is_unknown ? how_to_trust(route.ca_lock) : ""),
                route);
        }
        return HttpFailure{"TLS handshake: " + explained(e.displayText())};
    }
}

}  // namespace

ShutdownOnStop::ShutdownOnStop(std::stop_token stop, int fd)
    : callback_(std::move(stop), [fd] { ::shutdown(fd, SHUT_RDWR); }) {}

void set_io_timeout(int fd, milliseconds timeout) {
    const timeval value{timeout.count() / 1000, (timeout.count() % 1000) * 1000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

Result<StreamSocket, HttpFailure> dial(const Route& route, std::stop_token stop) {
    Url server = route.target;
    server.path.clear();
    const std::string doing = "connect to " + server.shown() +
                              (route.proxy ? " through proxy " + route.proxy->shown() : "") + ": ";
    auto fd = connect_any(route.proxy ? *route.proxy : route.target, route.timeout, stop);
    if (!fd) {
        HttpFailure failure = fd.error();
        if (!failure.stopped) failure.message.insert(0, doing);
        return failure;
    }
    const int number = fd->get();
    set_io_timeout(number, route.timeout);
    StreamSocket socket(new Poco::Net::StreamSocketImpl(fd->release()));
    if (!route.target.secure) return socket;
    const ShutdownOnStop guard(stop, number);
    if (route.proxy) {
        if (auto opened = open_tunnel(socket, route, stop); !opened) return opened.error();
    }
    auto secured = shake_hands(socket, route, stop);
    if (!secured && !secured.error().stopped) {
        HttpFailure failure = secured.error();
        failure.contact = agent::Contact::kNoTls;
        failure.message = doing + failure.message;
        return failure;
    }
    return secured;
}

}  // namespace tenon::model
