// The example in the comment of plugin.hpp, built with the line in that comment against the
// installed SDK, loaded and called.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "tests/support/checked_call.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

/// A block of code in the comment at the top of plugin.hpp: the lines after the one that ends with
/// `before`, without the comment signs.
std::string block_after(const std::string& before) {
    std::ifstream in(TENON_SDK "/include/tenon/plugin.hpp");
    std::string line;
    std::string block;
    const std::string indent = "//     ";
    while (std::getline(in, line) && !line.ends_with(before)) {
    }
    while (std::getline(in, line) && (line == "//" || line.starts_with(indent)))
        block += (line == "//" ? "" : line.substr(indent.size())) + "\n";
    return block;
}

TEST(ExampleOfPluginHpp, IsBuiltByTheLineInItsComment) {
    const tenon::testing::TempDir dir;
    const std::string prefix = (dir / "prefix").string();
    const std::string install = TENON_CMAKE " --install " TENON_BUILD
                                            "/sdk --component sdk --prefix " +
                                prefix + " >/dev/null";
    ASSERT_EQ(std::system(install.c_str()), 0) << install;
    dir.write("hello.cpp", block_after("hello.cpp:"));
    std::string line = block_after("By hand:");
    line.erase(0, line.find_first_not_of('\n'));
    ASSERT_TRUE(line.starts_with("c++ ")) << line;
    const std::string build = "cd " + dir.path().string() + " && export PKG_CONFIG_PATH=" + prefix +
                              "/share/pkgconfig && " + line;
    ASSERT_EQ(std::system(build.c_str()), 0) << build;

    // Only the symbol of the ABI is exported.
    const std::string symbols =
        "cd " + dir.path().string() + " && nm -D --defined-only hello.so | cut -d' ' -f3 >symbols";
    ASSERT_EQ(std::system(symbols.c_str()), 0);
    EXPECT_EQ(dir.read("symbols"), "tenon_plugin_v1\n");

    std::filesystem::create_directory(dir / "plugins");
    std::filesystem::rename(dir / "hello.so", dir / "plugins/hello.so");
    plugins::LoaderOptions options;
    options.folders = {dir / "plugins"};
    options.state_dir = dir / "state";
    options.by_id["hello"].isolated = false;
    const plugins::Services services;
    plugins::Loaded loaded = plugins::load(options, services);
    ASSERT_TRUE(loaded.problems.empty()) << loaded.problems[0].reason;
    plugins::Registry registry;
    ASSERT_TRUE(registry.add(std::move(loaded.plugins.at(0))));
    agent::CallContext context({"s", ""}, "t", {}, nullptr);
    EXPECT_EQ(tenon::testing::checked_call(*registry.find("hello"),
                                           {"t", "hello", {{"name", "Bo"}}, ""}, context)
                  .text,
              "Hello, Bo!");
}

}  // namespace
}  // namespace tenon::sdk
