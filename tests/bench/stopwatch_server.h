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
#include "tests/bench/streams.h"

namespace tenon::bench {

/// The answer to one request.
struct Reply {
    Json content;                      ///< array of blocks; with a tool_use the turn goes on
    std::function<void()> afterwards;  ///< called when the answer was sent; may be empty
};

Reply say(const std::string& text);
/// One call of `tool`, with an id from `number`.
Reply call(std::size_t number, const std::string& tool, const Json& input);
Reply calls(std::size_t first_number, std::size_t count, const std::string& tool,
            const Json& input);

/// The times of one request and its answer, and its size.
struct Exchange {
    Clock::time_point first_byte;
    Clock::time_point received;  ///< the whole request
    Clock::time_point answered;
    std::size_t body_bytes = 0;
    StreamFormat format = StreamFormat::kMessages;
};

/// An endpoint on 127.0.0.1 that answers from a function, in the wire format that the path of the
/// request stands for, and notes the times. It serves one connection after the other. It checks and
/// parses nothing, so its own time does not grow with the conversation. The strict endpoint is
/// tests/support/model_server.
class StopwatchServer {
public:
    /// `script` gets the number of the request, from 0, on the server's thread.
    using Script = std::function<Reply(std::size_t number)>;
    explicit StopwatchServer(Script script);
    ~StopwatchServer();
    StopwatchServer(const StopwatchServer&) = delete;
    StopwatchServer& operator=(const StopwatchServer&) = delete;

    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::vector<Exchange> exchanges() const;
    /// The first request's body.
    [[nodiscard]] std::string first_body() const;
    /// Waits until this many requests are answered. Throws after a minute.
    void wait_for(std::size_t count) const;

    /// The time from each answer to the whole next request, or to its first byte, which is the time
    /// of the client alone. Of `count` requests from `first` on.
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
