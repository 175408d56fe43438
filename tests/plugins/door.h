#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "host/agent/ports.h"
#include "host/plugins/services.h"

namespace tenon::plugins::testing {

/// Methods that wait until the test lets them go, or their call is cancelled.
struct Door {
    void add_to(Services& services) {
        services.add("started/1", [this](const ServiceRequest&) {
            const std::unique_lock lock(mutex);
            while (waiting == 0)
                std::this_thread::yield();
            return ServiceReply::ok("yes");
        });
        services.add("wait/1", [this](const ServiceRequest& request) {
            ++waiting;
            std::unique_lock lock(inner);
            const bool let_go = changed.wait(lock, request.call->stop(), [this] { return open; });
            return let_go ? ServiceReply::ok("through") : ServiceReply::failed("cancelled");
        });
    }
    void let_go() {
        const std::lock_guard lock(inner);
        open = true;
        changed.notify_all();
    }
    std::mutex mutex, inner;
    std::condition_variable_any changed;
    std::atomic<int> waiting{0};
    bool open = false;
};

}  // namespace tenon::plugins::testing
