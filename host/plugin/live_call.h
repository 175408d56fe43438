#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include <tenon/plugin.h>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/base/unique_fd.h"

namespace tenon::plugin {

/// A result longer than this is cut off: nothing a tool does may fill the host's memory.
constexpr std::size_t kMaxResultBytes = 4U << 20U;

/// One call under way as the plugin sees it (tenon_call) and what it has written so far. The
/// functions of the struct may be called by any thread of the plugin until invoke returns.
class LiveCall final : public tenon_call {
public:
    /// `tool_name` and `context` outlive it. Fails when the process has no descriptor left.
    static Result<std::unique_ptr<LiveCall>> make(const std::string& tool_name,
                                                  std::string args_json,
                                                  agent::CallContext& context);
    LiveCall(const LiveCall&) = delete;
    LiveCall& operator=(const LiveCall&) = delete;

    /// The context of a call that a plugin names in a request; null for null.
    static agent::CallContext* context_of(const tenon_call* call);

    /// What was written, as valid UTF-8; what did not fit is counted in a last line.
    [[nodiscard]] std::string text();
    /// Where in that text the plugin's own words were cut off; npos: they were not.
    [[nodiscard]] std::size_t cut_at();

private:
    LiveCall(const std::string& tool_name, std::string args_json, agent::CallContext& context,
             UniqueFd event);
    tenon_rc append(tenon_str chunk);

    std::string args_json_;
    agent::CallContext& context_;
    UniqueFd event_;
    Mutex mutex_;
    std::string text_ TENON_GUARDED_BY(mutex_);
    std::size_t left_out_ TENON_GUARDED_BY(mutex_) = 0;
    std::stop_callback<std::function<void()>> on_stop_;  // last: it uses event_
};

}  // namespace tenon::plugin
