#include "host/plugins/services.h"

#include <algorithm>

namespace tenon::plugins {
namespace {

/// "job.read" of "job.read/1".
std::string_view name_of(std::string_view method) {
    return method.substr(0, method.rfind('/'));
}

const char* name_of(Parameter::Type type) {
    switch (type) {
        case Parameter::Type::kText:
            return "a string";
        case Parameter::Type::kTextOrNull:
            return "a string or null";
        case Parameter::Type::kNumber:
            return "a number";
        case Parameter::Type::kBoolean:
            return "true or false";
        case Parameter::Type::kTexts:
            break;
    }
    return "an array of strings";
}

bool has_type(const Json& value, Parameter::Type type) {
    switch (type) {
        case Parameter::Type::kText:
            return value.is_string();
        case Parameter::Type::kTextOrNull:
            return value.is_string() || value.is_null();
        case Parameter::Type::kNumber:
            return value.is_number();
        case Parameter::Type::kBoolean:
            return value.is_boolean();
        case Parameter::Type::kTexts:
            break;
    }
    return value.is_array() && strings_in(value).size() == value.size();
}

std::string list_of(const std::vector<Parameter>& parameters) {
    if (parameters.empty()) return "it has none";
    std::string names = "it has ";
    for (const Parameter& parameter : parameters)
        names += (&parameter == parameters.data() ? "" : ", ") + std::string(parameter.name);
    return names;
}

/// What is wrong with the parameters; empty: nothing.
std::string error_in(const std::vector<Parameter>& parameters, const Json& params) {
    for (const auto& [name, ignored] : params.items()) {
        const bool known = std::any_of(parameters.begin(), parameters.end(),
                                       [&](const Parameter& one) { return name == one.name; });
        if (!known) return "unknown parameter " + name + "; " + list_of(parameters);
    }
    for (const Parameter& parameter : parameters) {
        const Json& value = member(params, parameter.name);
        if (value.is_null() && !parameter.required) continue;
        if (!params.contains(parameter.name) || !has_type(value, parameter.type))
            return std::string(parameter.name) + " must be " + name_of(parameter.type);
    }
    return {};
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

ServiceReply ServiceReply::ok(const Json& answer, UniqueFd fd) {
    return {TENON_OK, dump_json(answer), std::move(fd)};
}

ServiceReply ServiceReply::failed(std::string why, tenon_rc rc) {
    return {rc, std::move(why), {}};
}

std::string with_descriptor(const std::string& out, int fd) {
    return R"({"fd":)" + std::to_string(fd) + (out == "{}" ? "" : ",") + out.substr(1);
}

void Services::add(std::string method, std::vector<Parameter> parameters, Handler handler) {
    auto checked = [method, parameters = std::move(parameters),
                    handler = std::move(handler)](const ServiceRequest& request) {
        if (std::string wrong = error_in(parameters, request.params); !wrong.empty())
            return ServiceReply::failed(method + ": " + wrong, TENON_BAD_ARGS);
        // An optional parameter that is null is as good as missing.
        Json given = request.params;
        for (const Parameter& one : parameters) {
            if (!one.required && one.type != Parameter::Type::kTextOrNull &&
                member(given, one.name).is_null())
                given.erase(one.name);
        }
        return handler({request.plugin, request.first_party, given, request.body, request.call});
    };
    add(std::move(method), std::move(checked));
}

void Services::add(std::string method, Handler handler) {
    handlers_[std::move(method)] = std::move(handler);
}

std::vector<std::string> Services::methods() const {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : handlers_)
        names.push_back(name);
    return names;
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
