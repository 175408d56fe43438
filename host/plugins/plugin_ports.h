#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/base/held_text.h"
#include "host/base/mutex.h"
#include "host/plugin/instance.h"
#include "host/plugins/services.h"

/// The ports through which a plugin uses the host. Requests go to the services; the rest of a call
/// goes to the call's context.
namespace tenon::plugins {

/// Receives what plugins log; `level` is one of TENON_LOG_*. Any thread, several at once.
using LogSink = std::function<void(std::string_view plugin, int level, std::string_view message)>;

/// The host as one plugin uses it. Thread-safe.
class PluginHostPort final : public plugin::HostPort {
public:
    /// `services` and what `log` uses outlive it.
    PluginHostPort(std::string id, bool first_party, const Services& services, LogSink log);

    void log(int level, std::string_view message) noexcept override;
    tenon_rc request(std::string_view method, std::string_view params, std::string_view body,
                     std::string& answer) noexcept override {
        return request_for(nullptr, method, params, body, answer);
    }
    /// `call` is the running call that asks, or null.
    tenon_rc request_for(agent::CallContext* call, std::string_view method, std::string_view params,
                         std::string_view body, std::string& answer) const noexcept;

private:
    std::string id_;
    bool first_party_;
    const Services& services_;
    LogSink log_;
};

/// Of a longer result the beginning and the end are kept, as of the output of a job.
constexpr std::size_t kMaxResultCharacters = 50'000;
/// A first-party tool keeps its output within that itself, and may add lines on how it ended.
constexpr std::size_t kMaxEndingCharacters = 2'000;
/// A plugin that has written more is told to stop. What it writes nevertheless still counts.
constexpr std::size_t kMaxResultBytes = 4U << 20U;

/// One running call and the result that it has written so far. Thread-safe.
class PluginCallPort final : public plugin::CallPort {
public:
    /// `host` and `context` outlive it.
    PluginCallPort(const PluginHostPort& host, agent::CallContext& context,
                   std::size_t max_characters)
        : host_(host), context_(context), text_(max_characters) {}

    [[nodiscard]] const std::stop_token& stop() const override { return context_.stop(); }
    bool write(std::string_view chunk) noexcept override;
    void progress(std::string_view note) noexcept override;
    void fail(std::string_view why) noexcept override;
    void abandon() noexcept override { context_.abandon(); }
    tenon_rc request(std::string_view method, std::string_view params, std::string_view body,
                     std::string& answer) noexcept override;

    /// What was written, once the call has returned.
    [[nodiscard]] HeldText::Text result();
    /// Why the call failed, in the host's words; empty: the host has not said.
    [[nodiscard]] std::string failure();
    /// Whether the host has answered TENON_DENIED to a request of this call.
    [[nodiscard]] bool was_denied();
    /// `text` without the reasons that the host has given for requests of this call that failed.
    [[nodiscard]] std::string own_words(std::string text);

private:
    const PluginHostPort& host_;
    agent::CallContext& context_;
    Mutex mutex_;
    HeldText text_ TENON_GUARDED_BY(mutex_);
    std::uint64_t written_ TENON_GUARDED_BY(mutex_) = 0;  // bytes
    std::string failure_ TENON_GUARDED_BY(mutex_);
    bool denied_ TENON_GUARDED_BY(mutex_) = false;
    std::set<std::string> reasons_ TENON_GUARDED_BY(mutex_);  // of requests that failed
};

}  // namespace tenon::plugins
