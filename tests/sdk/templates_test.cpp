// The templates as `tenon plugin new` hands them out: built, loaded, called.
#include <cstdlib>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "tests/sdk/compilers.h"
#include "tests/support/checked_call.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

using testing::compilers;
using testing::kStrict;

class TemplatesTest : public ::testing::Test {
protected:
    TemplatesTest() {
        std::filesystem::create_directory(dir_ / "plugins");
        options_.folders = {dir_ / "plugins"};
        options_.state_dir = dir_ / "state";
        options_.by_id["my-plugin"].isolated = false;
    }

    void run(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }
    [[nodiscard]] std::string library() const { return (dir_ / "plugins/my-plugin.so").string(); }

    /// What `tool` of the library built last answers.
    std::string call(const std::string& tool, const Json& input) {
        plugins::Loaded loaded = plugins::load(options_, services_);
        if (!loaded.problems.empty()) return loaded.problems[0].reason;
        plugins::Registry registry;
        for (auto& plugin : loaded.plugins)
            EXPECT_TRUE(registry.add(std::move(plugin)));
        agent::CallContext context({"s", ""}, "t", {}, nullptr);
        return tenon::testing::checked_call(*registry.find(tool), {"t", tool, input, ""}, context)
            .text;
    }

    tenon::testing::TempDir dir_;
    plugins::LoaderOptions options_;
    plugins::Services services_;
};

TEST_F(TemplatesTest, TheOneInCWorksWithEveryCompiler) {
    for (const std::string& compiler : compilers("c")) {
        SCOPED_TRACE(compiler);
        run(compiler + " -std=c11 -fPIC -fvisibility=hidden -shared" + kStrict +
            TENON_SDK "/template/plugin.c -o " + library());
        EXPECT_EQ(call("count_bytes", {{"text", "x"}}), "12 bytes");
    }
}

TEST_F(TemplatesTest, TheOneInCxxWorksWithEveryCompiler) {
    for (const std::string& compiler : compilers("c++")) {
        SCOPED_TRACE(compiler);
        run(compiler + " -std=c++17 -fPIC -fvisibility=hidden -shared" + kStrict +
            TENON_SDK "/template/plugin.cpp -o " + library());
        EXPECT_EQ(call("count_words", {{"text", " two  words "}}), "2 words");
        EXPECT_EQ(call("count_words", {{"text", " "}}),
                  "The text has no words; pass one that has.");
    }
}

TEST_F(TemplatesTest, TheOneInRustWorks) {
#ifdef TENON_RUSTC
    run(TENON_RUSTC " --edition 2021 --crate-type cdylib -C panic=abort -O " TENON_SDK
                    "/template/plugin.rs -o " +
        library());
    EXPECT_EQ(call("count_bytes", {{"text", "x"}}), "12 bytes");
#else
    GTEST_SKIP() << "no rustc on this machine";
#endif
}

TEST_F(TemplatesTest, SurviveBeingStripped) {
    for (const std::string& compiler : compilers("c")) {
        SCOPED_TRACE(compiler);
        run(compiler + " -std=c11 -fPIC -fvisibility=hidden -shared -s -flto -Wl,--gc-sections" +
            kStrict + TENON_SDK "/template/plugin.c -o " + library());
        EXPECT_EQ(call("count_bytes", {{"text", "x"}}), "12 bytes");
        break;  // the others have no plug-in for link-time optimisation here
    }
}

/// A project of a stranger against an installed SDK: find_package(tenon), tenon_add_plugin().
TEST_F(TemplatesTest, BuildWithTheInstalledPackage) {
    const std::string prefix = (dir_ / "prefix").string();
    run(TENON_CMAKE " --install " TENON_BUILD "/sdk --component sdk --prefix " + prefix +
        " >/dev/null");
    dir_.write("project/CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.25)\nproject(my_plugin CXX)\nfind_package(tenon "
               "0.1 REQUIRED)\n"
               "tenon_add_plugin(my-plugin SOURCES plugin.cpp)\n");
    std::filesystem::copy_file(TENON_SDK "/template/plugin.cpp", dir_ / "project/plugin.cpp");
    const std::string build = (dir_ / "build").string();
    run(TENON_CMAKE " -G Ninja -S " + (dir_ / "project").string() + " -B " + build +
        " -DCMAKE_PREFIX_PATH=" + prefix + " >/dev/null");
    run(TENON_CMAKE " --build " + build + " >/dev/null");
    std::filesystem::copy_file(build + "/my-plugin.so", library());
    EXPECT_EQ(call("count_words", {{"text", "three small words"}}), "3 words");
    EXPECT_TRUE(std::filesystem::exists(prefix + "/share/pkgconfig/tenon.pc"));
}

}  // namespace
}  // namespace tenon::sdk
