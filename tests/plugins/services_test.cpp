#include "host/plugins/services.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace tenon::plugins {
namespace {

Services with_handlers() {
    Services services;
    services.add("echo/1", [](const ServiceRequest& request) {
        return ServiceReply::ok({{"got", request.params}, {"body", request.body}});
    });
    services.add("throw/1",
                 [](const ServiceRequest&) -> ServiceReply { throw std::runtime_error("oops"); });
    return services;
}

TEST(Services, RepliesWithAnAnswerOrAReason) {
    const Services services = with_handlers();
    const struct {
        const char* method;
        const char* params;
        tenon_rc rc;
        const char* out;
    } cases[] = {
        {"echo/1", R"({"a":1})", TENON_OK, R"({"body":"raw","got":{"a":1}})"},
        {"echo/1", "", TENON_OK, R"({"body":"raw","got":{}})"},
        {"echo/1", "[]", TENON_BAD_ARGS, "the parameters are not a JSON object"},
        {"echo/2", "{}", TENON_UNSUPPORTED, "this host has no method echo/2; it has echo/1"},
        {"none/1", "{}", TENON_UNSUPPORTED, "this host has no method none/1"},
        {"throw/1", "{}", TENON_FAILED, "the host failed inside: oops"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.method);
        const ServiceReply reply =
            services.request("p", false, row.method, row.params, "raw", nullptr);
        EXPECT_EQ(reply.rc, row.rc);
        EXPECT_EQ(reply.out, row.out);
    }
}

TEST(Services, RefusesParametersThatAreNotJson) {
    const Services services = with_handlers();
    for (const std::string& params :
         {std::string("{"), std::string("\xFF"), std::string(100'000, '[')}) {
        const ServiceReply reply = services.request("p", false, "echo/1", params, "", nullptr);
        EXPECT_EQ(reply.rc, TENON_BAD_ARGS);
        EXPECT_NE(reply.out, "");
    }
}

}  // namespace
}  // namespace tenon::plugins
