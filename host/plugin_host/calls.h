#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "host/base/mutex.h"
#include "host/plugin/instance.h"
#include "host/plugin_host/link.h"

namespace tenon::plugin_host {

/// The host as the plugin sees it outside a call: every request goes to the host. Thread-safe.
class RemoteHost final : public plugin::HostPort {
public:
    /// `link` outlives it.
    explicit RemoteHost(Link& link) : link_(link) {}

    void log(int level, std::string_view message) noexcept override;
    tenon_rc request(std::string_view method, std::string_view params, std::string_view body,
                     std::string& answer) noexcept override {
        return link_.request(0, method, params, body, answer);
    }

private:
    Link& link_;
};

/// One running call. What it writes is collected and sent in larger pieces, at the latest with the
/// end of the call, so that a short call is one message. Thread-safe.
class RemoteCall final : public plugin::CallPort {
public:
    RemoteCall(Link& link, std::uint32_t id, std::uint64_t deadline_ns, std::size_t max_bytes)
        : link_(link), id_(id), deadline_ns_(deadline_ns), max_bytes_(max_bytes) {}

    [[nodiscard]] const std::stop_token& stop() const override { return token_; }
    [[nodiscard]] std::uint64_t deadline_ns() const override { return deadline_ns_; }
    bool write(std::string_view chunk) noexcept override;
    void progress(std::string_view note) noexcept override;
    tenon_rc request(std::string_view method, std::string_view params, std::string_view body,
                     std::string& answer) noexcept override {
        return link_.request(id_, method, params, body, answer);
    }

    void cancel() { source_.request_stop(); }
    /// Sends the rest of the result and its code.
    void finish(tenon_rc rc);

private:
    void send_written(std::string more = {}) TENON_REQUIRES(mutex_);

    Link& link_;
    const std::uint32_t id_;
    const std::uint64_t deadline_ns_;
    const std::size_t max_bytes_;
    std::stop_source source_;
    const std::stop_token token_ = source_.get_token();
    Mutex mutex_;
    std::string written_ TENON_GUARDED_BY(mutex_);  // and not sent yet
    std::size_t total_ TENON_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenon::plugin_host
