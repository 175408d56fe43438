#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/base/json.h"
#include "host/base/mutex.h"
#include "host/base/unique_fd.h"
#include "tests/bench/samples.h"

namespace tenon::bench {

/// What is answered to one request.
struct Step {
    Json content;                      ///< array of blocks; with a tool_use the turn goes on
    std::function<void()> afterwards;  ///< called when the answer has gone out; may be empty
};

Step say(const std::string& text);
/// One call of `tool`; `number` makes its id.
Step call(std::size_t number, const std::string& tool, const Json& input);
Step calls(std::size_t first_number, std::size_t count, const std::string& tool, const Json& input);

/// The answer as the endpoint streams it: server-sent events.
std::string stream_of(const Json& content);

/// When what happened to one request, and how large it was.
struct Exchange {
    Clock::time_point first_byte;
    Clock::time_point received;  ///< all of it
    Clock::time_point answered;
    std::size_t body_bytes = 0;
};

/// A Messages endpoint on 127.0.0.1 that answers from a function and notes the time. Connections
/// are served one after the other. It checks nothing and parses nothing, so that its share stays
/// the same however long a conversation grows: what a strict endpoint would say is the business of
/// tests/support/model_server.
class StopwatchServer {
public:
    /// `script` gets the number of the request, from 0, on the server's thread.
    using Script = std::function<Step(std::size_t number)>;
    explicit StopwatchServer(Script script);
    ~StopwatchServer();
    StopwatchServer(const StopwatchServer&) = delete;
    StopwatchServer& operator=(const StopwatchServer&) = delete;

    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::vector<Exchange> exchanges() const;
    /// The first request's body.
    [[nodiscard]] std::string first_body() const;
    /// Waits until so many requests have been answered. Throws after a minute.
    void wait_for(std::size_t count) const;

    /// From each answer's going out to the whole of the next request, or to its first byte: what
    /// the client took, the model's share excluded. Of the requests from `first` on, `count`.
    enum class Until { kFirstByte, kWhole };
    [[nodiscard]] Samples turns(std::size_t first, std::size_t count,
                                Until until = Until::kWhole) const;

private:
    void run();
    void serve(int fd);
    bool read_request(int fd, std::string& rest, Exchange& exchange);

    Script script_;
    UniqueFd listener_;
    UniqueFd quit_;  // eventfd
    std::uint16_t port_ = 0;
    std::vector<char> buffer_ = std::vector<char>(1 << 20);  // the thread's
    std::size_t answered_ = 0;                               // the thread's
    mutable Mutex mutex_;
    mutable Condition changed_;
    std::vector<Exchange> exchanges_ TENON_GUARDED_BY(mutex_);
    std::string first_body_ TENON_GUARDED_BY(mutex_);
    std::thread thread_;  // last: it uses all the others
};

}  // namespace tenon::bench
