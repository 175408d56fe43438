#include "tests/support/model_server/server.h"

#include <csignal>
#include <fstream>
#include <sys/socket.h>

#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/String.h>

#include "tests/support/model_server/playing.h"
#include "tests/support/model_server/sloppiness.h"
#include "tests/support/sanitizers.h"

namespace tenon::testing {
namespace {

using Ordered = nlohmann::ordered_json;

std::string replace_markers(std::string text, const std::vector<std::string>& jobs) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const std::string marker = "{{job:" + std::to_string(i + 1) + "}}";
        for (auto at = text.find(marker); at != text.npos; at = text.find(marker, at))
            text.replace(at, marker.size(), jobs[i]);
    }
    return text;
}

}  // namespace

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

std::string without_query(const std::string& path) {
    return path.substr(0, path.find('?'));
}

std::string list_of_models(std::int64_t window) {
    Ordered list = Ordered::array();
    for (const char* name : {"test-model", "offered-model"}) {
        Ordered model = {{"id", name}, {"object", "model"}};
        if (window > 0) model["max_model_len"] = window;
        list.push_back(model);
    }
    return Ordered({{"object", "list"}, {"data", list}, {"has_more", false}}).dump();
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
    std::map<int, std::jthread> peers;
    {
        const Lock lock(mutex_);
        peers.swap(peers_);
        for (auto& [number, peer] : peers)
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

std::vector<Received> ModelServer::lookups() const {
    const Lock lock(mutex_);
    return lookups_;
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
        join_ended();
        if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
        try {
            // The thread gets the only reference: the counter inside the socket is atomic in a way
            // that ThreadSanitizer cannot see.
            auto socket = std::make_unique<Poco::Net::StreamSocket>(listener_.acceptConnection());
            socket->setNoDelay(true);
            const Lock lock(mutex_);
            const int number = ++connections_;
            open_fds_.insert(socket->impl()->sockfd());
            peers_[number] = std::jthread(
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
        ended_.push_back(number);
    }
}

/// A thread that is not joined keeps its stack.
void ModelServer::join_ended() {
    std::vector<std::jthread> threads;
    const Lock lock(mutex_);
    for (const int number : std::exchange(ended_, {})) {
        const auto peer = peers_.find(number);
        if (peer == peers_.end()) continue;
        threads.push_back(std::move(peer->second));
        peers_.erase(peer);
    }
}

void ModelServer::note(const Received& request) {
    const Lock lock(mutex_);
    requests_.push_back(request);
    if (options_.responder) {
        requests_.back().body.clear();
        requests_.back().sent.clear();
    }
    if (!request.refusal.empty()) ++refusals_;
    if (!options_.log_file.empty()) log(request);
    changed_.notify_all();
}

void ModelServer::log(const Received& request) const {
    const Json body = Json::parse(request.sent, nullptr, false);
    const Json line = {{"path", request.path},
                       {"headers", request.fields},
                       {"status", request.status},
                       {"refusal", request.refusal},
                       {"connection", request.connection},
                       {"body", body.is_discarded() ? Json(request.sent) : body}};
    std::ofstream(options_.log_file, std::ios::app) << dump_json(line) + "\n";
}

bool ModelServer::answer_lookup(Peer& peer, Received request) {
    const std::string path = without_query(request.path);
    std::optional<RefusedRequest> refusal = check_key(request.fields, options_.strict);
    std::string body;
    if (path.ends_with("/v1/models")) {
        body = list_of_models(options_.strict.list_window);
    } else if (path.ends_with("/health")) {
        body = R"({"status":"ok"})";
    } else if (path == "/props" && options_.strict.props_window > 0) {
        body = Ordered({{"default_generation_settings", {{"n_ctx", options_.strict.props_window}}}})
                   .dump();
    } else if (!refusal) {
        refusal = RefusedRequest{404, "Not found: GET " + request.path};
    }
    request.status = refusal ? refusal->status : 200;
    request.refusal = refusal ? refusal->message : "";
    {
        const Lock lock(mutex_);
        lookups_.push_back(std::move(request));
        changed_.notify_all();
    }
    peer.write(refusal ? response(refusal->status, {}, messages_wire().error_body(*refusal))
                       : response(200, {}, body));
    return true;
}

ModelServer::Taken ModelServer::take(const ServerWire& wire, Received& request) {
    request.format = wire.name();
    wire.check_fields(request.fields, options_.strict);
    Taken taken;
    taken.sent = parse_request(request.sent, options_.strict);
    const bool messages = &wire == &messages_wire();
    const Lock lock(mutex_);
    Json body = messages ? threads_.whole(taken.sent, request.fields) : taken.sent;
    check_request(wire, body, options_.strict);
    if (!messages) {
        request.body = wire.neutral(Ordered::parse(request.sent)).dump();
        body = Json::parse(request.body);
    }
    SentThinking& thinking = thinking_[request.format + ' ' + string_or(body, "model")];
    auto refusal = thinking.check(body);
    Step& step = taken.step;
    if (!refusal) refusal = next_step(body, step);
    if (refusal) throw RefusedRequest(*refusal);
    for (const Defect& defect : all_defects()) {
        if (options_.sloppy.count(defect.name) > 0) step.sloppy.insert(defect.name);
        if (!occurs_in(defect, wire.name())) step.sloppy.erase(defect.name);
    }
    if (step.status != 200) return taken;
    const auto prefix = SentThinking::prefix_of(body);
    thinking.add(prefix, wire.sign(step, prefix, taken.sent, options_.strict));
    taken.number = ++answers_;
    if (messages) threads_.begin(taken.sent, body, taken.id(), step.content);
    return taken;
}

/// False: the connection ends.
bool ModelServer::answer(Peer& peer, Received request, const std::stop_token& stop) {
    if (request.method == "GET") return answer_lookup(peer, std::move(request));
    const ServerWire* wire = wire_of_path(without_query(request.path));
    request.sent = request.body;
    try {
        if (request.method != "POST" || wire == nullptr) {
            wire = &messages_wire();
            throw RefusedRequest{404, "Not found: " + request.method + " " + request.path};
        }
        const Taken taken = take(*wire, request);
        request.status = taken.step.raw || taken.step.reset ? 0 : taken.step.status;
        note(request);
        return write_answer(peer, *wire, taken, stop);
    } catch (const RefusedRequest& refusal) {
        request.status = refusal.status;
        request.refusal = refusal.message;
        note(request);
        peer.write(response(refusal.status, {}, wire->error_body(refusal)));
        return true;
    }
}

bool ModelServer::write_answer(Peer& peer, const ServerWire& wire, const Taken& taken,
                               const std::stop_token& stop) {
    const Step& step = taken.step;
    const auto end = [&](bool complete) {
        const Lock lock(mutex_);
        threads_.end(taken.id(), complete);
    };
    try {
        const bool stays =
            play(peer, wire, {step, taken.number, taken.sent}, options_.strict, stop);
        end(!step.cut_after && !step.error_after && !step.reset && !step.raw);
        return stays;
    } catch (...) {
        end(false);
        throw;
    }
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
            return RefusedRequest{
                404, "step " + std::to_string(next_ + 1) + " expects \"" + wanted +
                         "\" in the last message: " +
                         dump_json(without_marks(body["messages"].back())).substr(0, 2000)};
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

}  // namespace tenon::testing
