#include "tests/support/model_server/server.h"

#include <csignal>
#include <fstream>
#include <sys/socket.h>

#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/String.h>

#include "tests/support/sanitizers.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr std::size_t kMaxHead = std::size_t{64} << 10U;
constexpr std::size_t kMaxRead = std::size_t{64} << 20U;

/// Thrown when the client has closed the connection.
struct ConnectionClosed {};

std::string hex(std::uint64_t value) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

void wait(milliseconds duration, const std::stop_token& stop) {
    if (duration.count() == 0) return;
    Mutex mutex;
    Condition wake;
    const std::stop_callback on_stop(stop, [&] {
        const Lock lock(mutex);
        wake.notify_all();
    });
    const auto until = std::chrono::steady_clock::now() + duration;
    Lock lock(mutex);
    while (!stop.stop_requested() && wake.wait_until(lock, until)) {
    }
}

std::string replace_markers(std::string text, const std::vector<std::string>& jobs) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const std::string marker = "{{job:" + std::to_string(i + 1) + "}}";
        for (auto at = text.find(marker); at != text.npos; at = text.find(marker, at))
            text.replace(at, marker.size(), jobs[i]);
    }
    return text;
}

}  // namespace

/// One connection: reads requests and writes responses.
class ModelServer::Peer {
public:
    explicit Peer(Poco::Net::StreamSocket socket) : socket_(std::move(socket)) {}

    /// Nothing: the client has closed the connection.
    std::optional<Received> read_request() {
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

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const int n = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
            if (n <= 0) throw ConnectionClosed{};
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    void write_slowly(std::string_view bytes) {
        for (const char c : bytes)
            write({&c, 1});
    }

    /// Closing the connection will send RST.
    void reset() { socket_.setLinger(true, 0); }

private:
    bool read_more() {
        char piece[16384];
        const int n = socket_.receiveBytes(piece, sizeof piece);
        if (n <= 0) return false;
        buffer_.append(piece, static_cast<std::size_t>(n));
        return true;
    }

    Received parse_head() {
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

    Poco::Net::StreamSocket socket_;
    std::string buffer_;
};

namespace {

std::vector<Step> read_or_throw(const std::string& script) {
    auto steps = read_script(script);
    if (!steps) throw std::invalid_argument("script: " + steps.error().message);
    return std::move(*steps);
}

Poco::Net::ServerSocket listen(const ModelServer::Options& options) {
    const Poco::Net::SocketAddress address("127.0.0.1", options.port);
    if (options.tls) return Poco::Net::SecureServerSocket(address, 64, options.tls);
    return Poco::Net::ServerSocket(address, 64);
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

/// Gives each thinking block without one a signature that depends on the request. Returns the
/// blocks that must come back: all except those at the end of the answer, where the endpoint
/// refuses them.
std::vector<Json> sign_thinking(Ordered& content, std::uint64_t prefix) {
    std::vector<Json> thinking;
    std::size_t to_come_back = 0;
    for (Ordered& block : content) {
        const std::string type = block.value("type", "");
        if (type == "thinking" && !block.contains("signature")) {
            block["signature"] = "sig_" + hex(prefix) + "_" + std::to_string(thinking.size());
        }
        if (type == "thinking" || type == "redacted_thinking") {
            thinking.push_back(Json::parse(block.dump()));
        } else if (type != "text" ||
                   block.value("text", "").find_first_not_of(" \t\r\n") != std::string::npos) {
            to_come_back = thinking.size();
        }
    }
    thinking.resize(to_come_back);
    return thinking;
}

}  // namespace

ModelServer::ModelServer(const std::string& script, Options options)
    : ModelServer(read_or_throw(script), std::move(options)) {}

ModelServer::ModelServer(std::vector<Step> steps, Options options)
    : options_(std::move(options)), listener_(listen(options_)), steps_(std::move(steps)) {
    port_ = listener_.address().port();
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_loop(stop); });
}

ModelServer::~ModelServer() {
    acceptor_.request_stop();
    acceptor_.join();
    std::vector<std::jthread> peers;
    {
        const Lock lock(mutex_);
        peers.swap(peers_);
        for (auto& peer : peers)
            peer.request_stop();
        for (const int fd : open_fds_)
            ::shutdown(fd, SHUT_RDWR);
    }
}

std::string ModelServer::url() const {
    return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

std::vector<Received> ModelServer::requests() const {
    const Lock lock(mutex_);
    return requests_;
}

int ModelServer::refusals() const {
    const Lock lock(mutex_);
    return refusals_;
}

int ModelServer::connections() const {
    const Lock lock(mutex_);
    return connections_;
}

bool ModelServer::wait_for_requests(std::size_t count) const {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    Lock lock(mutex_);
    while (requests_.size() < count) {
        if (!changed_.wait_until(lock, until)) return requests_.size() >= count;
    }
    return true;
}

void ModelServer::accept_loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
        try {
            // The thread gets the only reference: the counter inside the socket is atomic in a way
            // that ThreadSanitizer cannot see.
            auto socket = std::make_unique<Poco::Net::StreamSocket>(listener_.acceptConnection());
            socket->setNoDelay(true);
            const Lock lock(mutex_);
            const int number = ++connections_;
            open_fds_.insert(socket->impl()->sockfd());
            peers_.emplace_back(
                [this, number, own = std::move(socket)](const std::stop_token& peer_stop) mutable {
                    serve(std::move(*own), number, peer_stop);
                });
        } catch (const Poco::Exception&) {
            continue;  // the client closed the connection before it was accepted
        }
    }
}

void ModelServer::serve(Poco::Net::StreamSocket socket, int number, const std::stop_token& stop) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const int fd = socket.impl()->sockfd();
    {
        Peer peer(std::move(socket));
        try {
            while (!stop.stop_requested()) {
                auto request = peer.read_request();
                if (!request) break;
                request->connection = number;
                if (!answer(peer, std::move(*request), stop)) break;
            }
        } catch (const ConnectionClosed&) {
        } catch (const std::exception&) {  // the client closed the connection, or sent no HTTP
        }
        const Lock lock(mutex_);  // before the descriptor's number can belong to another
        open_fds_.erase(fd);
    }
}

void ModelServer::note(const Received& request) {
    const Lock lock(mutex_);
    requests_.push_back(request);
    if (options_.responder) requests_.back().body.clear();
    if (!request.refusal.empty()) ++refusals_;
    if (!options_.log_file.empty()) log(request);
    changed_.notify_all();
}

void ModelServer::log(const Received& request) const {
    const Json body = Json::parse(request.body, nullptr, false);
    const Json line = {{"path", request.path},
                       {"headers", request.fields},
                       {"status", request.status},
                       {"refusal", request.refusal},
                       {"connection", request.connection},
                       {"body", body.is_discarded() ? Json(request.body) : body}};
    std::ofstream(options_.log_file, std::ios::app) << dump_json(line) + "\n";
}

/// False: the connection ends.
bool ModelServer::answer(Peer& peer, Received request, const std::stop_token& stop) {
    std::optional<RefusedRequest> refusal;
    Step step;
    const bool lists_models = request.method == "GET" && request.path.ends_with("/v1/models");
    if (lists_models) {
        refusal = check_key(request.fields, options_.strict);
        if (!refusal && request.body.empty()) {
            request.status = 200;
            note(request);
            peer.write(response(
                200, {},
                R"({"data":[{"id":"test-model"},{"id":"offered-model"}],"has_more":false})"));
            return true;
        }
    } else if (request.method != "POST" || !request.path.ends_with("/v1/messages")) {
        refusal = RefusedRequest{404, "Not found: " + request.method + " " + request.path};
    }
    if (!refusal) refusal = check_headers(request.fields, options_.strict);
    if (!refusal) refusal = check_body(request.body, options_.strict);
    if (!refusal) {
        const Json body = request.json();
        const Lock lock(mutex_);
        refusal = thinking_.check(body);
        if (!refusal) refusal = next_step(body, step);
        if (!refusal && step.status == 200) {
            const auto prefix = SentThinking::prefix_of(body);
            thinking_.add(prefix, sign_thinking(step.content, prefix));
        }
    }
    if (refusal) {
        request.status = refusal->status;
        request.refusal = refusal->message;
        note(request);
        peer.write(response(refusal->status, {}, error_body(refusal->status, refusal->message)));
        return true;
    }
    request.status = step.raw || step.reset ? 0 : step.status;
    note(request);
    return play(peer, step, request, stop);
}

std::optional<RefusedRequest> ModelServer::next_step(const Json& body, Step& step) {
    if (options_.responder) {
        step = options_.responder(body);
        return std::nullopt;
    }
    if (next_ == steps_.size()) return RefusedRequest{404, "the script is over"};
    step = steps_[next_];
    if (auto refusal = fill_in_job_ids(body, step)) return refusal;
    const Json choice = body.value("tool_choice", Json());
    if (string_or(choice, "type") == "none" && step.stop_reason == "tool_use")
        return RefusedRequest{404, "the script calls a tool though the request allows none"};
    const std::string last = dump_json(body["messages"].back());
    for (const std::string& wanted : step.expect) {
        if (last.find(wanted) == last.npos) {
            return RefusedRequest{404, "step " + std::to_string(next_ + 1) + " expects \"" +
                                           wanted +
                                           "\" in the last message: " + last.substr(0, 2000)};
        }
    }
    if (++played_ == step.repeat) {
        ++next_;
        played_ = 0;
    }
    return std::nullopt;
}

std::optional<RefusedRequest> ModelServer::fill_in_job_ids(const Json& body, Step& step) {
    std::vector<agent::Message> messages;
    for (const Json& message : body["messages"]) {
        agent::Message one;
        one.role = message["role"] == "user" ? agent::Role::kUser : agent::Role::kAssistant;
        one.wire = dump_json(message);
        messages.push_back(std::move(one));
    }
    for (auto& id : scanner_.scan(messages))
        jobs_.push_back(std::move(id));
    const std::string filled = replace_markers(step.content.dump(), jobs_);
    if (filled.find("{{job:") != filled.npos) {
        return RefusedRequest{404, "the script names a job that has not been seen: " + filled};
    }
    step.content = Ordered::parse(filled);
    for (std::string& wanted : step.expect)
        wanted = replace_markers(std::move(wanted), jobs_);
    return std::nullopt;
}

bool ModelServer::play(Peer& peer, const Step& step, const Received& request,
                       const std::stop_token& stop) {
    wait(step.delay, stop);
    const auto write = [&](const std::string& bytes) {
        step.drip ? peer.write_slowly(bytes) : peer.write(bytes);
    };
    if (step.reset) peer.reset();
    if (step.reset && !step.cut_after) return false;
    if (step.raw) {
        write(*step.raw);
        return false;
    }
    if (step.status != 200 || step.body) {
        write(response(step.status, step.headers,
                       step.body.value_or(error_body(step.status, "scripted failure"))));
        return !step.close;
    }
    int number = 0;
    {
        const Lock lock(mutex_);
        number = ++answers_;
    }
    auto events = events_of(step, step.content, "msg_" + std::to_string(number),
                            string_or(request.json(), "model"));
    if (step.error_after) {
        events.resize(std::min(*step.error_after, events.size()));
        events.emplace_back("error", step.error_data);
    }
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        "request-id: req_test\r\ntransfer-encoding: chunked\r\n";
    for (const auto& [name, value] : step.headers)
        head += name + ": " + value + "\r\n";
    write(head + "\r\n");
    std::size_t left = step.cut_after.value_or(std::string::npos);
    for (const auto& [name, data] : events) {
        wait(step.gap, stop);
        const std::string event = "event: " + name + "\ndata: " + data + "\n\n";
        if (event.size() > left || stop.stop_requested()) {
            if (left > 0 && !stop.stop_requested()) write(chunk(event.substr(0, left)));
            return false;
        }
        left -= step.cut_after ? event.size() : 0;
        write(chunk(event));
    }
    if (step.cut_after) return false;
    write("0\r\n\r\n");
    return !step.close;
}

}  // namespace tenon::testing
