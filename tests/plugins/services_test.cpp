#include "host/plugins/services.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "host/plugins/image_service.h"

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

TEST(ImageService, AddsTheImageInTheBodyToTheResult) {
    Services services;
    add_image_service(services);
    agent::CallContext context({"s", ""}, "t", {}, nullptr);
    const auto ask = [&](std::string_view body, agent::CallContext* call) {
        return services.request("p", false, "result.image/1", "{}", body, call);
    };
    EXPECT_EQ(ask("GIF89a", &context).out, R"({"media_type":"image/gif"})");
    EXPECT_EQ(ask("text", &context).rc, TENON_BAD_ARGS);
    EXPECT_EQ(ask("GIF89a", nullptr).rc, TENON_UNSUPPORTED);
    EXPECT_EQ(context.take_images(), (std::vector<agent::Image>{{"image/gif", "R0lGODlh"}}));
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(ask("GIF89a", &context).rc, TENON_OK);
    EXPECT_EQ(ask("GIF89a", &context).rc, TENON_FAILED);
}

TEST(Services, RefusesParametersThatAMethodDoesNotHave) {
    using Type = Parameter::Type;
    Services services;
    const auto echo = [](const ServiceRequest& request) {
        return ServiceReply::ok(request.params);
    };
    services.add("none/1", {}, echo);
    services.add("some/1",
                 {{"text", Type::kText, true},
                  {"null", Type::kTextOrNull},
                  {"n", Type::kNumber},
                  {"yes", Type::kBoolean},
                  {"list", Type::kTexts}},
                 echo);
    const struct {
        const char* method;
        const char* params;
        const char* out;  // the parameters again: they are accepted
    } cases[] = {
        {"none/1", "{}", "{}"},
        {"none/1", R"({"a":1})", "none/1: unknown parameter a; it has none"},
        {"some/1", R"({"text":"x"})", R"({"text":"x"})"},
        {"some/1", R"({"list":["a"],"n":1.5,"null":null,"text":"","yes":false})",
         R"({"list":["a"],"n":1.5,"null":null,"text":"","yes":false})"},
        {"some/1", R"({"n":null,"text":"x"})", R"({"text":"x"})"},  // as good as missing
        {"some/1", "{}", "some/1: text must be a string"},
        {"some/1", R"({"text":null})", "some/1: text must be a string"},
        {"some/1", R"({"text":"x","Text":"x"})",
         "some/1: unknown parameter Text; it has text, null, n, yes, list"},
        {"some/1", R"({"text":"x","null":1})", "some/1: null must be a string or null"},
        {"some/1", R"({"text":"x","n":"1"})", "some/1: n must be a number"},
        {"some/1", R"({"text":"x","yes":1})", "some/1: yes must be true or false"},
        {"some/1", R"({"text":"x","list":["a",1]})", "some/1: list must be an array of strings"},
        {"some/1", R"({"text":"x","list":"a"})", "some/1: list must be an array of strings"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.params);
        const ServiceReply reply =
            services.request("p", false, row.method, row.params, "", nullptr);
        EXPECT_EQ(reply.out, row.out);
        EXPECT_EQ(reply.rc, reply.out[0] == '{' ? TENON_OK : TENON_BAD_ARGS);
    }
    EXPECT_EQ(services.methods(), (std::vector<std::string>{"none/1", "some/1"}));
}

TEST(Services, PutsADescriptorIntoAnAnswer) {
    EXPECT_EQ(with_descriptor("{}", 7), R"({"fd":7})");
    EXPECT_EQ(with_descriptor(R"({"path":"x"})", 7), R"({"fd":7,"path":"x"})");
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
