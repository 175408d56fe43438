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

std::string event(const char* name, const Json& data) {
    return std::string("event: ") + name + "\ndata: " + dump_json(data) + "\n\n";
}

/// The start of the block, and the deltas with its content.
std::string events_of(std::size_t index, const Json& block) {
    constexpr std::size_t kPiece = 20;  // characters of a delta, as they come from the endpoint
    const bool is_call = block["type"] == "tool_use";
    Json start = block;
    std::string text = is_call ? dump_json(block["input"]) : block["text"].get<std::string>();
    (is_call ? start["input"] : start["text"]) = is_call ? Json::object() : Json("");
    std::string out =
        event("content_block_start",
              {{"type", "content_block_start"}, {"index", index}, {"content_block", start}});
    for (std::size_t at = 0; at < text.size(); at += kPiece) {
        const std::string piece = text.substr(at, kPiece);
        const Json delta = is_call ? Json{{"type", "input_json_delta"}, {"partial_json", piece}}
                                   : Json{{"type", "text_delta"}, {"text", piece}};
        out += event("content_block_delta",
                     {{"type", "content_block_delta"}, {"index", index}, {"delta", delta}});
    }
    return out + event("content_block_stop", {{"type", "content_block_stop"}, {"index", index}});
}

bool has_call(const Json& content) {
    return std::any_of(content.begin(), content.end(),
                       [](const Json& block) { return block["type"] == "tool_use"; });
}

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

std::string stream_of(const Json& content) {
    const Json usage = {{"input_tokens", 100}, {"output_tokens", 10}};
    std::string out = event("message_start", {{"type", "message_start"},
                                              {"message",
                                               {{"id", "msg_1"},
                                                {"type", "message"},
                                                {"role", "assistant"},
                                                {"model", "bench"},
                                                {"content", Json::array()},
                                                {"stop_reason", nullptr},
                                                {"stop_sequence", nullptr},
                                                {"usage", usage}}}});
    for (std::size_t i = 0; i < content.size(); ++i)
        out += events_of(i, content[i]);
    out += event("message_delta", {{"type", "message_delta"},
                                   {"delta",
                                    {{"stop_reason", has_call(content) ? "tool_use" : "end_turn"},
                                     {"stop_sequence", nullptr}}},
                                   {"usage", {{"output_tokens", 10}}}});
    return out + event("message_stop", {{"type", "message_stop"}});
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
        const std::string body = stream_of(reply.content);
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
        exchange.body_bytes = content_length(std::string_view(rest).substr(0, end));
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
