#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "host/base/mutex.h"
#include "host/plugin/local_instance.h"
#include "host/plugin_host/calls.h"
#include "host/plugin_host/link.h"

namespace tenon::plugin_host {

/// Serves the host's messages for one plugin. Of its threads one reads. A thread that reads an
/// order hands the reading to another one and carries the order out itself, so that a call needs no
/// thread to be woken before it runs. Threads are started as they are needed, and stay.
class Server {
public:
    /// `library` is from open_library.
    Server(Link& link, const tenon_plugin& library, std::size_t max_result_bytes)
        : link_(link), library_(library), max_result_bytes_(max_result_bytes), host_(link) {}

    /// The calling thread becomes the first one that reads. Does not return: the process ends when
    /// the host says so, or is gone.
    [[noreturn]] void serve();

private:
    plugin::Message read_order();
    void hand_over_reading();
    void carry_out(const plugin::Message& order);
    void create(const plugin::Message& order);
    void list_tools();
    void invoke(const plugin::Message& order);
    void run_hook(const plugin::Message& order);
    void reconfigure(const plugin::Message& order);
    [[noreturn]] void destroy();
    void answer(plugin::FrameType type, std::string_view payload);
    void send_listing();
    void refuse(const plugin::Refusal& refusal);

    Link& link_;
    const tenon_plugin& library_;
    const std::size_t max_result_bytes_;
    RemoteHost host_;
    std::unique_ptr<plugin::LocalInstance> instance_;  // changed while nothing else runs

    Mutex mutex_;
    Condition reading_is_free_;
    bool someone_reads_ TENON_GUARDED_BY(mutex_) = false;
    std::size_t idle_ TENON_GUARDED_BY(mutex_) = 0;
    std::map<std::uint32_t, std::shared_ptr<RemoteCall>> calls_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugin_host
