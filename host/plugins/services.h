#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.h>

#include "host/agent/ports.h"
#include "host/base/json.h"
#include "host/base/unique_fd.h"

/// What plugins may request from the host: a table of methods. The handlers come from other rooms;
/// here a method is looked up, its parameters are parsed and checked, and exceptions are caught.
namespace tenon::plugins {

/// One request of a plugin with parsed parameters. Valid until the handler returns.
struct ServiceRequest {
    std::string_view plugin;  ///< id
    bool first_party = false;
    const Json& params;  ///< an object
    std::string_view body;
    agent::CallContext* call = nullptr;  ///< the running call that asks, or null
};

/// `out` is JSON if rc is TENON_OK, else an explanation that a model may be shown. A descriptor in
/// `fd` belongs to the reply until the reply is delivered: see `with_descriptor`.
struct ServiceReply {
    tenon_rc rc = TENON_OK;
    std::string out = {};
    UniqueFd fd = {};

    static ServiceReply ok(const Json& answer, UniqueFd fd = {});
    static ServiceReply failed(std::string why, tenon_rc rc = TENON_FAILED);
};

/// The answer `out` of a reply, an object, with the member `fd`. Only this member of an answer is a
/// descriptor: of the process that gets the answer, which owns it.
std::string with_descriptor(const std::string& out, int fd);

/// One parameter of a method.
struct Parameter {
    enum class Type { kText, kTextOrNull, kNumber, kBoolean, kTexts };
    const char* name;
    Type type = Type::kText;
    bool required = false;
};

/// The methods of one session. All handlers are added before a plugin is loaded. They run on the
/// threads that send the requests, several at once.
class Services {
public:
    using Handler = std::function<ServiceReply(const ServiceRequest&)>;

    /// The handler gets parameters of the stated types, and no others. An optional one that is null
    /// is missing, unless null is one of its values.
    void add(std::string method, std::vector<Parameter> parameters, Handler handler);
    /// The same without a check: the handler takes any parameters.
    void add(std::string method, Handler handler);

    /// The reply is TENON_UNSUPPORTED for an unknown method, TENON_BAD_ARGS for parameters that are
    /// not a JSON object or that the method does not have, and TENON_FAILED when the handler
    /// throws: TENON_FAULT would count as a defect of a plugin that returns the code.
    ServiceReply request(std::string_view plugin, bool first_party, std::string_view method,
                         std::string_view params, std::string_view body,
                         agent::CallContext* call) const noexcept;

    /// The names of all methods.
    [[nodiscard]] std::vector<std::string> methods() const;

private:
    std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace tenon::plugins
