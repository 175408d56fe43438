#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <Poco/Net/Context.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include "host/base/mutex.h"
#include "host/model/job_ids.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/strictness.h"

namespace tenon::testing {

/// One request, and the status of its response.
struct Received {
    std::string method;
    std::string path;
    std::map<std::string, std::string> fields;  ///< lower-case names
    std::string body;
    int status = 0;  ///< 0: not answered with a status (yet)
    std::string refusal;
    int connection = 0;  ///< counted from 1
    [[nodiscard]] Json json() const { return Json::parse(body); }
};

/// A strict Anthropic Messages endpoint on 127.0.0.1 that answers from a script. It refuses what
/// the real endpoint refuses, and checks that thinking blocks come back unchanged. GET /v1/models
/// is answered with the names test-model and offered-model. Each connection has a thread; the
/// destructor ends them all. Thread-safe.
class ModelServer {
public:
    struct Options {
        EndpointRules strict;
        std::uint16_t port = 0;                 ///< 0: any
        Poco::Net::Context::Ptr tls = nullptr;  ///< set: https
        std::string log_file;                   ///< each request as a JSON line, when named
        /// Answers each request that is not refused, instead of the script. Called by one thread at
        /// a time. requests() then has no bodies, since each would hold a long conversation.
        std::function<Step(const Json& request)> responder;
    };
    explicit ModelServer(std::vector<Step> steps) : ModelServer(std::move(steps), Options{}) {}
    ModelServer(std::vector<Step> steps, Options options);
    /// Throws when the script is malformed.
    explicit ModelServer(const std::string& script) : ModelServer(script, Options{}) {}
    ModelServer(const std::string& script, Options options);
    ~ModelServer();
    ModelServer(const ModelServer&) = delete;
    ModelServer& operator=(const ModelServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::vector<Received> requests() const;
    /// How many requests were refused by the rules, `expect` and the end of the script included.
    [[nodiscard]] int refusals() const;
    [[nodiscard]] int connections() const;
    /// Waits until this many requests have come, for at most 30 s. Returns whether they have.
    bool wait_for_requests(std::size_t count) const;

private:
    class Peer;
    void accept_loop(const std::stop_token& stop);
    void serve(Poco::Net::StreamSocket socket, int number, const std::stop_token& stop);
    bool answer(Peer& peer, Received request, const std::stop_token& stop);
    bool play(Peer& peer, const Step& step, const Received& request, const std::stop_token& stop);
    /// Sets the step of this request, or says why it is refused.
    std::optional<RefusedRequest> next_step(const Json& body, Step& step) TENON_REQUIRES(mutex_);
    std::optional<RefusedRequest> fill_in_job_ids(const Json& body, Step& step)
        TENON_REQUIRES(mutex_);
    void log(const Received& request) const;
    void note(const Received& request);

    Options options_;
    Poco::Net::ServerSocket listener_;
    std::uint16_t port_ = 0;
    mutable Mutex mutex_;
    mutable Condition changed_;
    std::vector<Step> steps_ TENON_GUARDED_BY(mutex_);
    std::size_t next_ TENON_GUARDED_BY(mutex_) = 0;
    int played_ TENON_GUARDED_BY(mutex_) = 0;  // how often the step `next_` was used
    int answers_ TENON_GUARDED_BY(mutex_) = 0;
    int refusals_ TENON_GUARDED_BY(mutex_) = 0;
    int connections_ TENON_GUARDED_BY(mutex_) = 0;
    std::vector<Received> requests_ TENON_GUARDED_BY(mutex_);
    SentThinking thinking_ TENON_GUARDED_BY(mutex_);
    model::JobIdScanner scanner_ TENON_GUARDED_BY(mutex_);
    std::vector<std::string> jobs_ TENON_GUARDED_BY(mutex_);
    std::set<int> open_fds_ TENON_GUARDED_BY(mutex_);
    std::vector<std::jthread> peers_ TENON_GUARDED_BY(mutex_);
    std::jthread acceptor_;  // last: it uses all the others
};

}  // namespace tenon::testing
