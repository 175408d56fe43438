#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/instance.h"

namespace tenon::plugin {

/// The tenon_call that a plugin in this process gets: its functions use a CallPort. Any thread of
/// the plugin may use it until invoke returns.
class LocalCall final : public tenon_call {
public:
    /// All arguments outlive the result. Fails when the process has no descriptor left.
    static Result<std::unique_ptr<LocalCall>> make(const std::string& tool_name,
                                                   const std::string& arguments, CallPort& port);
    LocalCall(const LocalCall&) = delete;
    LocalCall& operator=(const LocalCall&) = delete;

    /// The port of a call that a plugin names in a request; null for null.
    static CallPort* port_of(const tenon_call* call);

private:
    LocalCall(const std::string& tool_name, const std::string& arguments, CallPort& port,
              UniqueFd event);

    CallPort& port_;
    UniqueFd event_;
    std::stop_callback<std::function<void()>> on_stop_;  // last: it uses event_
};

}  // namespace tenon::plugin
