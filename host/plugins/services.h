#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <tenon/plugin.h>

#include "host/agent/ports.h"
#include "host/base/json.h"

/// What plugins may request from the host: a table of methods. The handlers come from other rooms;
/// here a method is looked up, its parameters are parsed, and exceptions are caught.
namespace tenon::plugins {

/// One request of a plugin with parsed parameters. Valid until the handler returns.
struct ServiceRequest {
    std::string_view plugin;  ///< id
    bool first_party = false;
    const Json& params;  ///< an object
    std::string_view body;
    agent::CallContext* call = nullptr;  ///< the running call that asks, or null
};

/// `out` is JSON if rc is TENON_OK, else an explanation that a model may be shown.
struct ServiceReply {
    tenon_rc rc = TENON_OK;
    std::string out;

    static ServiceReply ok(const Json& answer);
    static ServiceReply failed(std::string why, tenon_rc rc = TENON_FAILED);
};

/// The methods of one session. All handlers are added before a plugin is loaded. They run on the
/// threads that send the requests, several at once.
class Services {
public:
    using Handler = std::function<ServiceReply(const ServiceRequest&)>;

    void add(std::string method, Handler handler);

    /// The reply is TENON_UNSUPPORTED for an unknown method, TENON_BAD_ARGS for parameters that are
    /// not a JSON object, and TENON_FAILED when the handler throws: TENON_FAULT would count as a
    /// defect of a plugin that returns the code.
    ServiceReply request(std::string_view plugin, bool first_party, std::string_view method,
                         std::string_view params, std::string_view body,
                         agent::CallContext* call) const noexcept;

private:
    std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace tenon::plugins
