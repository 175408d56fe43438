#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "host/base/mutex.h"
#include "host/base/unique_fd.h"
#include "host/plugin/frame.h"
#include "host/plugin/wire.h"

namespace tenon::plugin_host {

/// The connection to the host. All functions but `receive` may be used by any thread. When the
/// connection ends, or the host breaks the rules of frames, the process ends: without a host there
/// is nothing left to do.
class Link {
public:
    explicit Link(UniqueFd socket) : socket_(std::move(socket)), writer_(socket_.get()) {}

    /// Sends one or more whole messages. Blocks while the host does not read.
    void send(std::string messages);
    void send(plugin::FrameType type, std::uint32_t id, std::string_view payload);

    /// The next message; blocks until it has come. One thread at a time.
    plugin::Message receive();

    /// Sends a request of the plugin and blocks until the host has answered it. `call` is the call
    /// that asks, 0 for none.
    tenon_rc request(std::uint32_t call, std::string_view method, std::string_view params,
                     std::string_view body, std::string& answer);
    /// Gives the thread that waits in `request` its answer. Called by the thread that receives.
    void answer(const plugin::Message& reply);

private:
    struct Waiting {
        Condition changed;
        bool answered = false;
        plugin::ServiceAnswer answer;
    };
    void read_more();
    UniqueFd next_descriptor();

    const UniqueFd socket_;
    plugin::FrameWriter writer_;
    plugin::FrameReader reader_{plugin::FrameSender::kHost};  // of the thread that receives
    std::deque<UniqueFd> descriptors_;                        // likewise; in the order of messages

    Mutex mutex_;
    std::uint32_t last_request_ TENON_GUARDED_BY(mutex_) = 0;
    std::map<std::uint32_t, Waiting*> waiting_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugin_host
