#include "host/plugins/redact_service.h"

namespace tenon::plugins {

void add_redact_service(Services& services, const Secrets& secrets) {
    using Type = Parameter::Type;
    const std::vector<Parameter> parameters = {
        {"text", Type::kText, true}, {"cut_begin", Type::kBoolean}, {"cut_end", Type::kBoolean}};
    services.add("text.redact/1", parameters, [&secrets](const ServiceRequest& request) {
        if (!request.first_party)
            return ServiceReply::failed("only Tenon's own plugins may use this method",
                                        TENON_DENIED);
        const Secrets::Cut cut{bool_or(request.params, "cut_begin", false),
                               bool_or(request.params, "cut_end", false)};
        return ServiceReply::ok(
            {{"text", secrets.redact_part(string_or(request.params, "text"), cut)}});
    });
}

}  // namespace tenon::plugins
