// The examples in the SDK's README, compiled and run as they stand there.
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/plugins/agent_plugin.h"
#include "tests/sdk/compilers.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The block of the README after the line that ends with `before`.
std::string readme_block(const std::string& before) {
    std::ifstream in(TENON_SDK "/README.md");
    const std::string indent = "    ";
    std::string line, block;
    while (std::getline(in, line) && !line.ends_with(before)) {
    }
    while (std::getline(in, line) && (line.empty() || line.starts_with(indent)))
        block += (line.empty() ? "" : line.substr(indent.size())) + "\n";
    EXPECT_GT(block.size(), 2U) << "the README has no block after: " << before;
    return block;
}

class ReadmeOfTheSdk : public ::testing::Test {
protected:
    void runs(const std::string& command) const {
        const std::string line = "cd " + dir_.path().string() + " && " + command;
        EXPECT_EQ(std::system(line.c_str()), 0) << line;
    }
    const tenon::testing::TempDir dir_;
};

TEST_F(ReadmeOfTheSdk, ShowsHowAPluginInCHasKeys) {
    dir_.write("keys.c", R"source(#include <tenon/testing.h>
#define STR(literal) { literal, sizeof(literal) - 1 }
)source" + readme_block("`create` reads the keys:") +
                             R"source(
static const tenon_tool greet = {sizeof greet, 0, STR("greeter"), STR("Greets."), STR("{}"), {NULL, 0}};
static const tenon_tool *const all_tools[] = {&greet};
static tenon_rc tools(void *self, const tenon_tool *const **list, uint32_t *count) {
    (void)self;
    *list = all_tools;
    *count = 1;
    return TENON_OK;
}
static tenon_rc invoke(void *self, const tenon_call *call) {
    return call->write(call, tenon_text(((struct greeter *)self)->greeting));
}
static const tenon_plugin plugin = {
    sizeof plugin, TENON_ABI_MAJOR, TENON_ABI_MINOR, STR("greeter"), STR("0.1.0"), STR(KEYS),
    create, destroy, tools, invoke, NULL, NULL};
int main(void) {
    tenon_test *test = tenon_test_new();
    tenon_test_use(test, &plugin, "{}");
    TENON_EXPECT_TEXT(test, tenon_test_call(test, "greeter", "{}").text, "Hello");
    tenon_test_use(test, &plugin, "{\"greeting\":\"Welcome\"}");
    TENON_EXPECT_TEXT(test, tenon_test_call(test, "greeter", "{}").text, "Welcome");
    return tenon_test_end(test);
}
)source");
    for (const std::string& compiler : testing::compilers("c"))
        runs(compiler + " -std=c11" + testing::kStrict + "keys.c -o keys -pthread -ldl && ./keys");
}

TEST_F(ReadmeOfTheSdk, ShowsHowAPluginInCxxHasKeys) {
    dir_.write("keys.cpp", "#include <tenon/testing.hpp>\n" +
                               readme_block("and `setup` reads the keys:") + R"source(
int main() {
    tenon::TestHost host;
    host.use(tenon_plugin_v1());
    TENON_EXPECT_TEXT(host, host.call("greeter").text, "Hello, you!");
    host.use(tenon_plugin_v1(), R"({"greeting":"Welcome"})");
    TENON_EXPECT_TEXT(host, host.call("greeter", R"({"name":"Ada"})").text, "Welcome, Ada!");
    return host.end();
}
)source");
    for (const std::string& compiler : testing::compilers("c++"))
        runs(compiler + " -std=c++17" + testing::kStrict +
             "keys.cpp -o keys -pthread -ldl && ./keys");
}

TEST_F(ReadmeOfTheSdk, ShowsHowAPluginInRustHasKeys) {
#ifdef TENON_RUSTC
    const std::string modules =
        "#[macro_use]\n#[path = \"" TENON_SDK "/rust/tenon.rs\"]\nmod tenon;\n#[path = \"" TENON_SDK
        "/rust/tenon_testing.rs\"]\nmod tenon_testing;\n";
    dir_.write("keys.rs",
               modules + readme_block("of the trait, and `create` reads the keys:") + R"source(
#[test]
fn greets() {
    let says = |config| {
        let host = tenon_testing::TestHost::new(crate::tenon_plugin_v1(), config).unwrap();
        host.call("greeter", r#"{"name":"Ada"}"#).text
    };
    assert_eq!(says("{}"), "Hello, Ada!");
    assert_eq!(says(r#"{"greeting":"Welcome"}"#), "Welcome, Ada!");
}
)source");
    runs(TENON_RUSTC " --edition 2021 --test -D warnings keys.rs -o keys && ./keys -q");
    dir_.write("files.rs", modules + "pub fn test(host: &tenon_testing::TestHost) {\n" +
                               readme_block("The same in Rust:") + "}\n");
    runs(TENON_RUSTC " --edition 2021 --crate-type lib --cap-lints allow --emit metadata files.rs");
#else
    GTEST_SKIP() << "no rustc on this machine";
#endif
}

TEST_F(ReadmeOfTheSdk, ShowsHowATestServesFiles) {
    dir_.write("files.c",
               "#include <tenon/testing.h>\nvoid test_files(tenon_test *test);\n"
               "void test_files(tenon_test *test) {\n" +
                   readme_block("With a tool that appends, in C:") + "}\n");
    for (const std::string& compiler : testing::compilers("c"))
        runs(compiler + " -std=c11" + testing::kStrict + "-fsyntax-only files.c");
    dir_.write("files.cpp",
               "#include <tenon/testing.hpp>\nvoid test_files(tenon::TestHost& host) {\n" +
                   readme_block("The same in C++:") + "}\n");
    for (const std::string& compiler : testing::compilers("c++"))
        runs(compiler + " -std=c++17" + testing::kStrict + "-fsyntax-only files.cpp");
}

TEST_F(ReadmeOfTheSdk, ShowsADirectoryInTheAgentPluginsForm) {
    dir_.write("plugins/greeter-kit/plugin.json",
               readme_block("a name of letters, digits, `-` and `.`:"));
    dir_.write("plugins/greeter-kit/skills/polite/SKILL.md",
               readme_block("which tells the model when to load it:"));
    dir_.write("plugins/greeter-kit/" + plugins::native_library_folder() + "/greeter.so", "x");
    const auto folder = dir_ / "plugins/greeter-kit";
    const plugins::AgentPlugin read = plugins::read_agent_plugin(folder);
    EXPECT_EQ(read.refusal, "");
    EXPECT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(read.name, "greeter-kit");
    ASSERT_EQ(read.skills.size(), 1U);
    EXPECT_EQ(read.skills[0].name, "polite");
    EXPECT_THAT(read.libraries,
                ElementsAre(folder / plugins::native_library_folder() / "greeter.so"));
}

}  // namespace
}  // namespace tenon::sdk
