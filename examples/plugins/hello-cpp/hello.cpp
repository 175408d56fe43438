// The smallest plugin in C++: one tool, which greets somebody.
#include <tenon/plugin.hpp>

struct Hello : tenon::Plugin {
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        tool(
            "hello_cpp", "Greets somebody by name.",
            R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false})",
            TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT,
            [](tenon::Call& call) { call.write("Hello, " + call.args().text("name") + "!"); })
            .subject("{name:first}");
    }
};

TENON_PLUGIN(Hello, "hello-cpp", "1.0.0");
