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
#include "tests/support/model_server/peer.h"
#include "tests/support/model_server/script.h"
#include "tests/support/model_server/sent_thinking.h"
#include "tests/support/model_server/threads.h"

namespace tenon::testing {

/// A strict endpoint on 127.0.0.1 that answers from a script, in the wire format of each request's
/// path: …/v1/messages (Anthropic Messages), …/v1/chat/completions or …/v1/responses. It refuses
/// what the real endpoints refuse, checks that thinking comes back unchanged, and knows the message
/// threads of the Messages API. GET /v1/models is
/// answered with the names test-model and offered-model, GET /props only with a window. Each
/// connection has a thread; the destructor ends them all. Thread-safe.
class ModelServer {
public:
    struct Options {
        EndpointRules strict;
        std::uint16_t port = 0;                 ///< 0: any
        Poco::Net::Context::Ptr tls = nullptr;  ///< set: https
        std::string log_file;                   ///< each request as a JSON line, when named
        std::set<std::string> sloppy;           ///< defects of every answer (sloppiness.h)
        /// Answers each request that is not refused, instead of the script. The request has the
        /// form of the Messages API. Called by one thread at a time. requests() then has no bodies,
        /// since each would hold a long conversation.
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
    /// All but GET.
    [[nodiscard]] std::vector<Received> requests() const;
    /// The requests with GET.
    [[nodiscard]] std::vector<Received> lookups() const;
    /// How many of requests() were refused by the rules, `expect` and the end of the script
    /// included.
    [[nodiscard]] int refusals() const;
    [[nodiscard]] int connections() const;
    /// Waits until this many requests have come, for at most 30 s. Returns whether they have.
    bool wait_for_requests(std::size_t count) const;

private:
    void accept_loop(const std::stop_token& stop);
    void join_ended();
    void serve(Poco::Net::StreamSocket socket, int number, const std::stop_token& stop);
    bool answer(Peer& peer, Received request, const std::stop_token& stop);
    bool answer_lookup(Peer& peer, Received request);
    /// A request that is answered.
    struct Taken {
        Json sent;
        Step step;
        int number = 0;  ///< of the answer; 0: the response is an error
        [[nodiscard]] std::string id() const { return "msg_" + std::to_string(number); }
    };
    /// Throws RefusedRequest.
    Taken take(const ServerWire& wire, Received& request);
    bool write_answer(Peer& peer, const ServerWire& wire, const Taken& taken,
                      const std::stop_token& stop);
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
    std::vector<Received> lookups_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, SentThinking> thinking_ TENON_GUARDED_BY(mutex_);  // by format and model
    Threads threads_ TENON_GUARDED_BY(mutex_);
    model::JobIdScanner scanner_ TENON_GUARDED_BY(mutex_);
    std::vector<std::string> jobs_ TENON_GUARDED_BY(mutex_);
    std::set<int> open_fds_ TENON_GUARDED_BY(mutex_);
    std::map<int, std::jthread> peers_ TENON_GUARDED_BY(mutex_);  // by connection
    std::vector<int> ended_ TENON_GUARDED_BY(mutex_);             // whose threads are about to end
    std::jthread acceptor_;                                       // last: it uses all the others
};

}  // namespace tenon::testing
