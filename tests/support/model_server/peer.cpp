#include "tests/support/model_server/peer.h"

#include <Poco/String.h>

namespace tenon::testing {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} << 10U;
constexpr std::size_t kMaxRead = std::size_t{256} << 20U;

}  // namespace

std::optional<Received> Peer::read_request() {
    while (buffer_.find("\r\n\r\n") == buffer_.npos) {
        if (buffer_.size() > kMaxHead || !read_more()) return std::nullopt;
    }
    Received request = parse_head();
    const auto length = request.fields.find("content-length");
    const std::size_t bytes = length == request.fields.end() ? 0 : std::stoul(length->second);
    while (buffer_.size() < bytes) {
        if (bytes > kMaxRead || !read_more()) return std::nullopt;
    }
    request.body = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return request;
}

void Peer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const int n = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (n <= 0) throw ConnectionClosed{};
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void Peer::write_slowly(std::string_view bytes) {
    for (const char c : bytes)
        write({&c, 1});
}

bool Peer::read_more() {
    char piece[16384];
    const int n = socket_.receiveBytes(piece, sizeof piece);
    if (n <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(n));
    return true;
}

Received Peer::parse_head() {
    const auto end = buffer_.find("\r\n\r\n");
    const std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    Received request;
    const auto line_end = head.find("\r\n");
    const auto blank = head.find(' ');
    request.method = head.substr(0, blank);
    request.path = head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1);
    for (auto at = line_end + 2; at < head.size();) {
        const auto stop = head.find("\r\n", at);
        const auto colon = head.find(':', at);
        if (colon < stop) {
            request.fields[Poco::toLower(head.substr(at, colon - at))] =
                Poco::trim(head.substr(colon + 1, stop - colon - 1));
        }
        at = stop + 2;
    }
    return request;
}

std::string response(int status, const std::vector<std::pair<std::string, std::string>>& fields,
                     const std::string& body) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
    bool typed = false;
    for (const auto& [name, value] : fields) {
        out += name + ": " + value + "\r\n";
        typed = typed || Poco::icompare(name, std::string("content-type")) == 0;
    }
    if (!typed) out += "content-type: application/json\r\n";
    return out + "request-id: req_test\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + std::string(bytes) + "\r\n";
}

}  // namespace tenon::testing
