#include "host/plugins/services.h"

namespace tenon::plugins {
namespace {

/// "job.read" of "job.read/1".
std::string_view name_of(std::string_view method) {
    return method.substr(0, method.rfind('/'));
}

ServiceReply call_handler(const Services::Handler& handler, ServiceRequest request,
                          std::string_view params) {
    const auto parsed = parse_json(params.empty() ? "{}" : params);
    if (!parsed)
        return ServiceReply::failed("the parameters are not JSON: " + parsed.error().message,
                                    TENON_BAD_ARGS);
    if (!parsed->is_object())
        return ServiceReply::failed("the parameters are not a JSON object", TENON_BAD_ARGS);
    return handler({request.plugin, request.first_party, *parsed, request.body, request.call});
}

}  // namespace

ServiceReply ServiceReply::ok(const Json& answer) {
    return {TENON_OK, dump_json(answer)};
}

ServiceReply ServiceReply::failed(std::string why, tenon_rc rc) {
    return {rc, std::move(why)};
}

void Services::add(std::string method, Handler handler) {
    handlers_[std::move(method)] = std::move(handler);
}

ServiceReply Services::request(std::string_view plugin, bool first_party, std::string_view method,
                               std::string_view params, std::string_view body,
                               agent::CallContext* call) const noexcept {
    try {
        if (const auto found = handlers_.find(method); found != handlers_.end()) {
            static const Json nothing = Json::object();
            return call_handler(found->second, {plugin, first_party, nothing, body, call}, params);
        }
        std::string why = "this host has no method " + std::string(method);
        for (const auto& [known, ignored] : handlers_)
            if (name_of(known) == name_of(method)) why += "; it has " + known;
        return ServiceReply::failed(std::move(why), TENON_UNSUPPORTED);
    } catch (const std::exception& e) {
        return ServiceReply::failed("the host failed inside: " + std::string(e.what()));
    } catch (...) {
        return ServiceReply::failed("the host failed inside");
    }
}

}  // namespace tenon::plugins
