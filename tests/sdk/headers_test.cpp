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

TEST_F(HeadersTest, TheHeadersForCAreC11) {
    for (const char* header : {"plugin.h", "json.h"}) {
        const auto source =
            dir_.write("x.c", "#include <tenon/" + std::string(header) +
                                  ">\nTENON_PLUGIN_NOTE(\"x\");\n"
                                  "TENON_PLUGIN_NEEDS(\"{\\\"needs\\\":[\\\"network\\\"]}\");\n");
        for (const std::string& compiler : compilers("c"))
            compiles(compiler + " -std=c11 -pedantic-errors -Wconversion", source);
    }
}

TEST_F(HeadersTest, EachHeaderIsCompleteInCxx17AndCxx20) {
    for (const char* header : {"plugin.h", "json.h", "json.hpp", "plugin.hpp", "paths.hpp",
                               "jobs.hpp", "gitignore.hpp"}) {
        const auto source = dir_.write(
            "x.cpp",
            "#include <tenon/" + std::string(header) + ">\n#include <tenon/" + header + ">\n" +
                (std::string(header) == "json.hpp" || std::string(header) == "gitignore.hpp"
                     ? ""
                     : "TENON_PLUGIN_NOTE(\"x\");\n"
                       "TENON_PLUGIN_NEEDS(\"{\\\"needs\\\":[]}\");\n"));
        for (const std::string& compiler : compilers("c++"))
            for (const char* standard : {" -std=c++17", " -std=c++20"})
                compiles(compiler + standard, source);
    }
}

/// The hooks of a class are known when it is compiled, whether they are public or not.
TEST_F(HeadersTest, AClassHasTheHooksThatItOverrides) {
    const auto source = dir_.write("hooks.cpp", R"source(#include <tenon/plugin.hpp>

struct Bare : tenon::Plugin {
    using Plugin::Plugin;
    void setup(tenon::JsonView) override {}
};
struct Reminds : Bare {
    using Bare::Bare;
    void reconfigure(tenon::JsonView) override {}
private:
    std::string reminder() override { return "x"; }
};
struct Derived final : Reminds {
    using Reminds::Reminds;
};
template <class Class>
constexpr bool kHooks = tenon::Glue<Class>::extension_or_null() != nullptr;
template <class Class>
constexpr bool kReconfigures = tenon::Glue<Class>::reconfigure_or_null() != nullptr;
static_assert(!kHooks<Bare> && !kReconfigures<Bare>);
static_assert(kHooks<Reminds> && kReconfigures<Reminds>);
static_assert(kHooks<Derived> && kReconfigures<Derived>);
static_assert(tenon::detail::overrides_reminder<Derived>::value);
static_assert(!tenon::detail::overrides_tasks<Derived>::value);
)source");
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

TEST_F(HeadersTest, TheSchemaOfTheConfigurationIsALiteralOrAConstant) {
    for (const char* keys : {"", "constexpr const char* kKeys = ", "constexpr char kKeys[] = ",
                             "constexpr std::string_view kKeys = "}) {
        const std::string schema = R"source(R"({"type":"object","properties":{"a":{}}})")source";
        const bool is_literal = std::string(keys).empty();
        const auto source = dir_.write("keys.cpp",
                                       "#include <tenon/plugin.hpp>\n"
                                       "struct Keyed : tenon::Plugin {\n"
                                       "    using Plugin::Plugin;\n"
                                       "    void setup(tenon::JsonView) override {}\n"
                                       "};\n" +
                                           (is_literal ? "" : keys + schema + ";\n") +
                                           "TENON_PLUGIN_CONFIGURED(Keyed, \"keyed\", \"1.0.0\", " +
                                           (is_literal ? schema : "kKeys") + ");\n");
        for (const std::string& compiler : compilers("c++"))
            compiles(compiler + " -std=c++17", source);
    }
}

/// Libraries made with two versions of the layer may meet in one process.
TEST_F(HeadersTest, KeepsItsNamesInAVersionedNamespace) {
    const auto source =
        dir_.write("x.cpp",
                   "#include <tenon/plugin.hpp>\n#include <tenon/plugin.hpp>\n"
                   "static_assert(sizeof(tenon::sdk_1_1::Reply) == sizeof(tenon::Reply));\n");
    for (const std::string& compiler : compilers("c++"))
        compiles(compiler + " -std=c++17", source);
}

}  // namespace
}  // namespace tenon::sdk
