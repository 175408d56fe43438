// The headers as strangers compile them: other languages, standards and compilers than ours.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/sdk/compilers.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

using testing::compilers;
using testing::kStrict;

class HeadersTest : public ::testing::Test {
protected:
    void compiles(const std::string& command, const std::filesystem::path& source) {
        const std::string line = command + kStrict + "-fsyntax-only " + source.string();
        EXPECT_EQ(std::system(line.c_str()), 0) << line;
    }
    tenon::testing::TempDir dir_;
};

TEST_F(HeadersTest, PluginHIsC11) {
    const auto source = dir_.write("x.c", "#include <tenon/plugin.h>\nTENON_PLUGIN_NOTE(\"x\");\n");
    for (const std::string& compiler : compilers("c"))
        compiles(compiler + " -std=c11 -pedantic-errors", source);
}

TEST_F(HeadersTest, PluginHIsCxx17AndCxx20) {
    const auto source =
        dir_.write("x.cpp", "#include <tenon/plugin.h>\nTENON_PLUGIN_NOTE(\"x\");\n");
    for (const std::string& compiler : compilers("c++"))
        for (const char* standard : {" -std=c++17", " -std=c++20"})
            compiles(compiler + standard, source);
}

TEST_F(HeadersTest, TheHelloWorldOfPluginHppCompilesWithAndWithoutDebugChecks) {
    const auto source = dir_.write("hello.cpp", R"source(#include <tenon/plugin.hpp>

struct Hello : tenon::Plugin {
    using Plugin::Plugin;
    void setup(tenon::JsonView) override {
        tool("hello", "Greets somebody by name.",
             R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})",
             TENON_READ_ONLY | TENON_CONCURRENT, [](tenon::Call& call) {
                 call.write("Hello, " + call.args().text("name") + "!");
             });
    }
};
TENON_PLUGIN(Hello, "hello", "1.0.0");
)source");
    for (const std::string& compiler : compilers("c++"))
        for (const char* options : {" -std=c++17", " -std=c++17 -O2 -DNDEBUG", " -std=c++20"})
            compiles(compiler + options, source);
}

/// Libraries made with two versions of the layer may meet in one process.
TEST_F(HeadersTest, KeepsItsNamesInAVersionedNamespace) {
    const auto source =
        dir_.write("x.cpp",
                   "#include <tenon/plugin.hpp>\n#include <tenon/plugin.hpp>\n"
                   "static_assert(sizeof(tenon::sdk_1_0::Reply) == sizeof(tenon::Reply));\n");
    for (const std::string& compiler : compilers("c++"))
        compiles(compiler + " -std=c++17", source);
}

}  // namespace
}  // namespace tenon::sdk
