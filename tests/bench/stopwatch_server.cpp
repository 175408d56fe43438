#include "tests/bench/stopwatch_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>

#include "host/base/atomic_file.h"

namespace tenon::bench {
namespace {

using namespace std::chrono_literals;

std::size_t content_length(std::string_view head) {
    constexpr std::string_view kField = "content-length:";
    std::string lower(head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = lower.find(kField);
    return at == lower.npos ? 0 : std::stoul(lower.substr(at + kField.size()));
}

}  // namespace

Reply say(const std::string& text) {
    return {Json::array({{{"type", "text"}, {"text", text}}}), {}};
}

Reply call(std::size_t number, const std::string& tool, const Json& input) {
    return calls(number, 1, tool, input);
}

Reply calls(std::size_t first_number, std::size_t count, const std::string& tool,
            const Json& input) {
    Json content = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
        content.push_back({{"type", "tool_use"},
                           {"id", "toolu_" + std::to_string(first_number + i)},
                           {"name", tool},
                           {"input", input}});
    }
    return {content, {}};
}

StopwatchServer::StopwatchServer(Script script)
    : script_(std::move(script)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      quit_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), where, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), where, &size) != 0)
        throw std::runtime_error(Error::from_errno("listen on 127.0.0.1").message);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

StopwatchServer::~StopwatchServer() {
    const std::uint64_t one = 1;
    std::ignore = ::write(quit_.get(), &one, sizeof one);
    thread_.join();
}

std::string StopwatchServer::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<Exchange> StopwatchServer::exchanges() const {
    const Lock lock(mutex_);
    return exchanges_;
}

std::string StopwatchServer::first_body() const {
    const Lock lock(mutex_);
    return first_body_;
}

void StopwatchServer::wait_for(std::size_t count) const {
    const auto deadline = Clock::now() + 60s;
    Lock lock(mutex_);
    while (exchanges_.size() < count) {
        if (Clock::now() >= deadline)
            throw std::runtime_error("request " + std::to_string(count) + " did not come");
        changed_.wait_until(lock, deadline);
    }
}

Samples StopwatchServer::turns(std::size_t first, std::size_t count, Until until) const {
    const auto all = exchanges();
    if (all.size() < first + count)
        throw std::runtime_error("only " + std::to_string(all.size()) + " requests came");
    Samples samples;
    for (std::size_t i = first; i < first + count; ++i)
        samples.add((until == Until::kWhole ? all[i].received : all[i].first_byte) -
                    all[i - 1].answered);
    return samples;
}

void StopwatchServer::run() {
    while (true) {
        pollfd ready[] = {{listener_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0) continue;
        if (ready[1].revents != 0) return;
        const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const int on = 1;
        ::setsockopt(peer.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (peer) serve(peer.get());
    }
}

void StopwatchServer::serve(int fd) {
    std::string rest;
    Exchange exchange;
    while (read_request(fd, rest, exchange)) {
        const Reply reply = script_(answered_++);
        const std::string body = stream_of(reply.content, exchange.format);
        const std::string head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n";
        // Before the client can read the answer, since its next request may be very quick.
        exchange.answered = Clock::now();
        if (!write_all(fd, head + body)) return;
        {
            const Lock lock(mutex_);
            exchanges_.push_back(exchange);
            changed_.notify_all();
        }
        if (reply.afterwards) reply.afterwards();
    }
}

/// False: the client has closed the connection, or the server ends.
bool StopwatchServer::read_request(int fd, std::string& rest, Exchange& exchange) {
    exchange = {};
    std::size_t wanted = std::string::npos;
    while (rest.size() < wanted) {
        pollfd ready[] = {{fd, POLLIN, 0}, {quit_.get(), POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0) continue;
        if (ready[1].revents != 0) return false;
        if (exchange.first_byte == Clock::time_point{}) exchange.first_byte = Clock::now();
        const ssize_t n = ::read(fd, buffer_.data(), buffer_.size());
        if (n <= 0) return false;
        rest.append(buffer_.data(), static_cast<std::size_t>(n));
        const auto end = rest.find("\r\n\r\n");
        if (wanted != std::string::npos || end == std::string::npos) continue;
        const std::string_view head = std::string_view(rest).substr(0, end);
        exchange.body_bytes = content_length(head);
        exchange.format = format_of_path(head.substr(0, head.find("\r\n")));
        wanted = end + 4 + exchange.body_bytes;
        rest.reserve(wanted);
    }
    exchange.received = Clock::now();
    {
        const Lock lock(mutex_);
        if (exchanges_.empty()) first_body_ = rest.substr(wanted - exchange.body_bytes);
    }
    rest.erase(0, wanted);
    return true;
}

}  // namespace tenon::bench
