#pragma once

#include <tenon/plugin.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "host/agent/ports.h"
#include "host/base/json.h"

/// What plugins may ask of the host: a table of methods. The rooms behind them are added by the
/// application; this room only looks up, parses and guards.
namespace tenon::plugins {

/// One request of a plugin, its parameters parsed. Valid until the handler returns.
struct ServiceRequest {
    std::string_view plugin;  ///< id
    bool first_party = false;
    const Json& params;  ///< an object
    std::string_view body;
    agent::CallContext* call = nullptr;  ///< the invoke under way, or null
};

/// `out` is JSON when rc is TENON_OK, else an explanation in plain words that a model may be shown.
struct ServiceReply {
    tenon_rc rc = TENON_OK;
    std::string out;

    static ServiceReply ok(const Json& answer);
    static ServiceReply failed(std::string why, tenon_rc rc = TENON_FAILED);
};

/// Handlers run on the thread that asks, several at once; they are added before any plugin is loaded.
class Services {
public:
    using Handler = std::function<ServiceReply(const ServiceRequest&)>;

    void add(std::string method, Handler handler);

    /// Never throws: an unknown method answers TENON_UNSUPPORTED, parameters that are no JSON object
    /// TENON_BAD_ARGS, an exception in a handler TENON_FAULT.
    ServiceReply request(std::string_view plugin, bool first_party, std::string_view method,
                         std::string_view params, std::string_view body, agent::CallContext* call) const noexcept;

private:
    std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace tenon::plugins
