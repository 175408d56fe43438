// A third-party author's way, as the documents tell it: the SDK is installed, a project is made or
// an example is copied, built with the documented commands and called by the real program. Nothing
// here uses the source tree but the installation itself.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#ifdef TENON_SQLITE
#include <sqlite3.h>
#endif

namespace tenon::sdk {
namespace {

namespace fs = std::filesystem;
using tenon::testing::Process;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Whether this build has tenon-plugin-host. Each tool is then called isolated, too. (g++ 12 makes
/// an empty vector of a conditional expression with two lists.)
#ifdef TENON_PLUGIN_HOST
constexpr bool kIsolates = true;
const std::vector<bool> kIsolatedOrNot = {true, false};
#else
constexpr bool kIsolates = false;
const std::vector<bool> kIsolatedOrNot = {false};
#endif

struct ShellRun {
    int code = -1;
    std::string out, err;
};

/// The indented blocks of a document, each as shell text.
std::vector<std::string> shell_blocks_of(const std::string& markdown) {
    std::vector<std::string> blocks;
    bool inside = false;
    std::istringstream lines(markdown);
    for (std::string line; std::getline(lines, line);) {
        const bool is_code = line.compare(0, 4, "    ") == 0;
        if (is_code && !inside) blocks.emplace_back();
        if (is_code) blocks.back() += line.substr(4) + "\n";
        inside = is_code;
    }
    return blocks;
}

std::string from_environment(const char* name, const std::string& otherwise) {
    const char* const value = std::getenv(name);
    return value != nullptr && value[0] != '\0' ? value : otherwise;
}

class InstalledSdk : public ::testing::Test {
protected:
    InstalledSdk() {
        for (const char* folder : {"home", "work"})
            fs::create_directory(dir_ / folder);
        const std::string home = from_environment("HOME", "/root");
        environment_ = {
            {"PATH", fs::path(TENON_PROGRAM).parent_path().string() + ":" +
                         from_environment("PATH", "/usr/bin:/bin")},
            {"HOME", dir_ / "home"},
            {"LANG", "C.UTF-8"},
            {"TENON_STATE_DIR", dir_ / "state"},
            {"CMAKE_PREFIX_PATH", prefix()},
            {"CMAKE_GENERATOR", "Ninja"},
            {"PKG_CONFIG_PATH", prefix() + "/share/pkgconfig"},
            {"CARGO_HOME", dir_ / "cargo"},
            {"CARGO_NET_OFFLINE", "true"},
            {"RUSTUP_HOME", from_environment("RUSTUP_HOME", home + "/.rustup")},
        };
    }

    [[nodiscard]] std::string prefix() const { return dir_ / "prefix"; }
    [[nodiscard]] fs::path plugins() const { return dir_ / "home/.local/share/tenon/plugins"; }

    /// Runs shell text with -e in a directory.
    [[nodiscard]] ShellRun run(const std::string& text, const fs::path& cwd) const {
        Process shell({"/bin/sh", "-e", "-c", text}, environment_, cwd);
        const int code = shell.wait(std::chrono::seconds(300)).code;
        return {code, shell.output, shell.errors};
    }
    /// The same, for text that must succeed. Returns its output.
    std::string runs(const std::string& text, const fs::path& cwd) const {
        const ShellRun done = run(text, cwd);
        EXPECT_EQ(done.code, 0) << text << done.out << done.err;
        return done.out;
    }
    /// Installs the SDK as a project of its own.
    void install_sdk_alone() const {
        runs(
            "cmake -S " TENON_SDK " -B sdk-build && cmake --install sdk-build --prefix " + prefix(),
            dir_ / "work");
    }
    /// Installs the part `sdk` of Tenon's own build.
    void install_sdk_of_tenon() const {
        runs("cmake --install " TENON_BUILD "/sdk --component sdk --prefix " + prefix(),
             dir_ / "work");
    }
    void may_run_in_the_host(const std::string& id, bool isolated) const {
        dir_.write("home/.config/tenon/tenon.properties",
                   isolated ? std::string() : "plugins." + id + ".isolated=false\n");
    }
    /// What a tool says, with permission.
    [[nodiscard]] ShellRun tool(const std::string& name, const std::string& arguments) const {
        return run("tenon tool " + name + " '" + arguments + "' --allow " + name, dir_ / "work");
    }

    /// `tenon plugin verify` says nothing but `ok` of a file.
    void expect_nothing_to_remark(const fs::path& file) const {
        std::istringstream verdicts(runs("tenon plugin verify " + file.string(), dir_ / "work"));
        int count = 0;
        for (std::string line; std::getline(verdicts, line); ++count)
            EXPECT_THAT(line, StartsWith("ok "));
        EXPECT_GT(count, 15);
    }

    /// Makes a project with `tenon plugin new` and follows its README: builds, tests, installs and
    /// verifies and calls it.
    void follow_readme_of_a_new(const std::string& name, const std::string& language) const {
        runs("tenon plugin new " + name + " --lang " + language, dir_ / "work");
        const fs::path project = dir_ / "work" / name;
        const auto blocks = shell_blocks_of(dir_.read("work/" + name + "/README.md"));
        ASSERT_GE(blocks.size(), 2U);
        for (std::size_t i = 0; i + 1 < blocks.size(); ++i)
            runs(blocks[i], project);
        for (const bool isolated : kIsolatedOrNot) {
            SCOPED_TRACE(isolated ? "isolated" : "in the host");
            may_run_in_the_host(name, isolated);
            EXPECT_THAT(runs(blocks.back(), project), EndsWith("ha ha ha\n"));
        }
        if (kIsolates) expect_nothing_to_remark(plugins() / (name + ".so"));
    }

    tenon::testing::TempDir dir_;
    tenon::testing::Environment environment_;
};

TEST_F(InstalledSdk, ANewPluginInCWorksByItsReadme) {
    install_sdk_alone();
    follow_readme_of_a_new("my-first", "c");
}

TEST_F(InstalledSdk, ANewPluginInCxxWorksByItsReadme) {
    install_sdk_alone();
    follow_readme_of_a_new("my-second", "cpp");
}

TEST_F(InstalledSdk, ANewPluginInRustWorksByItsReadme) {
#ifndef TENON_CARGO
    GTEST_SKIP() << "no cargo on this machine";
#endif
    follow_readme_of_a_new("my-third", "rust");
}

/// Names that CMake, make, C++, Rust or cargo keep for themselves.
TEST_F(InstalledSdk, ANewPluginMayHaveAnyId) {
    install_sdk_alone();
    const std::string longest(32, 'x');
    for (const std::string& name : {std::string("test"), std::string("all"), std::string("int"),
                                    std::string("a-my_plugin"), longest}) {
        SCOPED_TRACE(name);
        runs("tenon plugin new " + name + " --lang c && cd " + name +
                 " && cmake -B build && cmake --build build --target plugin",
             dir_ / "work");
        EXPECT_TRUE(fs::exists(dir_ / "work" / name / "build" / (name + ".so")));
    }
#ifdef TENON_CARGO
    for (const std::string& name : {std::string("std"), std::string("type")}) {
        SCOPED_TRACE(name);
        runs("tenon plugin new " + name + " --lang rust --dir .. && cd ../" + name +
                 " && cargo build --release",
             dir_ / "work");
    }
#endif
}

TEST_F(InstalledSdk, ATestFailsWhenThePluginIsBroken) {
    install_sdk_alone();
    runs(
        "tenon plugin new broken --lang c && cd broken && sed -i 's/times = 2/times = 3/' plugin.c",
        dir_ / "work");
    const ShellRun tested =
        run("cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure",
            dir_ / "work/broken");
    EXPECT_NE(tested.code, 0);
    EXPECT_THAT(tested.out, HasSubstr("found    ha ha ha"));
    EXPECT_THAT(tested.out, HasSubstr("expected ha ha"));
}

TEST_F(InstalledSdk, StripsAndOptimisesWithoutLosingTheNote) {
    install_sdk_alone();
    runs("tenon plugin new small --lang c", dir_ / "work");
    runs(
        "cc -std=c11 -Os -flto -s -Wl,--gc-sections plugin.c -o "
        "small.so "
        "$(pkg-config --cflags --libs tenon) && mkdir -p ~/.local/share/tenon/plugins && cp "
        "small.so "
        "~/.local/share/tenon/plugins/",
        dir_ / "work/small");
    may_run_in_the_host("small", false);
    EXPECT_EQ(tool("small", R"({"text":"x"})").out, "x x\n");
}

/// Both ways to install have the same files, at places that do not depend on the build.
TEST_F(InstalledSdk, IsTheSameWithAndWithoutTenon) {
    install_sdk_alone();
    const auto files = [](const fs::path& folder) {
        std::set<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (!entry.is_directory()) found.insert(entry.path().lexically_relative(folder));
        return found;
    };
    const std::set<std::string> alone = files(prefix());
    fs::remove_all(prefix());
    runs("cmake --install " TENON_BUILD "/sdk --prefix " + prefix(), dir_ / "work");
    EXPECT_EQ(files(prefix()), alone);
    for (const char* file : {"include/tenon/plugin.h", "include/tenon/plugin.hpp",
                             "include/tenon/testing.h", "include/tenon/testing/host.h",
                             "lib/cmake/tenon/tenon-config.cmake", "share/pkgconfig/tenon.pc",
                             "share/tenon/rust/tenon.rs", "share/tenon/template/rust/src/tenon.rs"})
        EXPECT_EQ(alone.count(file), 1U) << file;
    // The files of a package are wherever the package is put.
    fs::rename(prefix(), dir_ / "elsewhere");
    const std::string flags =
        runs("PKG_CONFIG_PATH=" + (dir_ / "elsewhere/share/pkgconfig").string() +
                 " pkg-config --cflags tenon",
             dir_ / "work");
    EXPECT_THAT(flags, HasSubstr((dir_ / "elsewhere").string()));
}

/// See frozen/README.md; the tests of frozen_test.cpp call more of it, in one process.
TEST_F(InstalledSdk, TheFrozenPluginWorks) {
#ifndef __x86_64__
    GTEST_SKIP() << "there is a frozen plugin for x86_64 only";
#endif
    fs::create_directories(plugins());
    fs::copy_file(TENON_FROZEN "/frozen-x86_64.so", plugins() / "frozen.so");
    fs::permissions(plugins() / "frozen.so", fs::perms(0644));
    for (const bool isolated : kIsolatedOrNot) {
        SCOPED_TRACE(isolated ? "isolated" : "in the host");
        may_run_in_the_host("frozen", isolated);
        EXPECT_EQ(tool("frozen_echo", R"({"text":"x"})").out, "hello {\"text\":\"x\"}\n");
        EXPECT_EQ(tool("frozen_places", "{}").out,
                  "abi 1.1 " + (dir_ / "work").string() +
                      " version plugin_dir state_dir none deadline\n");
        EXPECT_EQ(tool("frozen_request", "{}").out, "{\"value\":\"kept\"} unsupported\n");
        EXPECT_EQ(tool("frozen_fail", R"({"rc":1})").code, 1);
    }
}

class Examples : public InstalledSdk {
protected:
    void SetUp() override {
        install_sdk_of_tenon();
        fs::copy(TENON_EXAMPLES, dir_ / "work/examples", fs::copy_options::recursive);
        fs::create_directories(plugins());
    }
    /// Builds all examples but the one in Rust, runs their tests, and installs those that are
    /// named.
    void build() const {
        runs(
            "cmake -S examples -B build && cmake --build build && ctest --test-dir build "
            "--output-on-failure && "
            "cp build/*/*.so " +
                plugins().string(),
            dir_ / "work");
    }
    void says(const std::string& id, const std::string& tool_name, const std::string& arguments,
              const std::string& expected) const {
        for (const bool isolated : kIsolatedOrNot) {
            SCOPED_TRACE(tool_name + (isolated ? " isolated" : " in the host"));
            may_run_in_the_host(id, isolated);
            const ShellRun said = tool(tool_name, arguments);
            EXPECT_EQ(said.code, 0) << said.err;
            EXPECT_EQ(said.out, expected);
        }
    }
};

TEST_F(Examples, BuildOutOfTreeAndWork) {
#ifdef TENON_SQLITE
    sqlite3* shop = nullptr;
    ASSERT_EQ(::sqlite3_open((dir_ / "work/shop.db").c_str(), &shop), SQLITE_OK);
    ASSERT_EQ(
        ::sqlite3_exec(
            shop, "CREATE TABLE item(name TEXT, price REAL); INSERT INTO item VALUES('tea',2.5)",
            nullptr, nullptr, nullptr),
        SQLITE_OK);
    ::sqlite3_close(shop);
#endif
    build();
    says("hello-c", "hello_c", R"({"name":"Ada \"A\" \u00fc"})", "Hello, Ada \"A\" ü!\n");
    says("hello-cpp", "hello_cpp", R"({"name":"Ada"})", "Hello, Ada!\n");
    says("countdown", "countdown", R"({"from":2,"step_ms":1})", "Counted down from 2.\n");
#ifdef TENON_SQLITE
    says("sqlite", "sqlite_query", R"({"file":"shop.db","sql":"SELECT * FROM item"})",
         "name\tprice\ntea\t2.5\n(1 row)\n");
    for (const bool isolated : kIsolatedOrNot) {
        SCOPED_TRACE(isolated);
        may_run_in_the_host("sqlite", isolated);
        const ShellRun refused =
            tool("sqlite_query", R"({"file":"shop.db","sql":"DELETE FROM item"})");
        EXPECT_EQ(refused.code, 1);
        EXPECT_THAT(refused.out + refused.err, HasSubstr("only reading is possible"));
        const ShellRun outside = tool("sqlite_query", R"({"file":"/etc/passwd","sql":"SELECT 1"})");
        EXPECT_EQ(outside.code, 1);
        EXPECT_THAT(outside.out + outside.err, HasSubstr("passwd"));
    }
#else
    GTEST_SKIP() << "no libsqlite3-dev on this machine: the example sqlite was left out";
#endif
}

TEST_F(Examples, CountdownStopsAtCtrlC) {
    runs(
        "cmake -S examples/countdown -B build && cmake --build build --target countdown && cp "
        "build/countdown.so " +
            plugins().string(),
        dir_ / "work");
    for (const bool isolated : kIsolatedOrNot) {
        SCOPED_TRACE(isolated);
        may_run_in_the_host("countdown", isolated);
        Process running({TENON_PROGRAM, "tool", "countdown", R"({"from":3600})", "--allow",
                         "countdown", "--log-level", "info"},
                        environment_, dir_ / "work");
        ASSERT_TRUE(running.wait_for_errors("counting down from 3600")) << running.errors;
        running.send_signal(SIGINT);
        EXPECT_EQ(running.wait().code, 130);
        EXPECT_THAT(running.output + running.errors, HasSubstr("stopped at 3600"));
    }
}

TEST_F(Examples, TheOneInRustWorks) {
#ifndef TENON_CARGO
    GTEST_SKIP() << "no cargo on this machine";
#endif
    runs("cp " + prefix() +
             "/share/tenon/rust/tenon.rs src/ && cargo build --release && cp "
             "target/release/libtenon_hello_rust.so " +
             plugins().string() + "/hello-rust.so",
         dir_ / "work/examples/hello-rust");
    says("hello-rust", "hello_rust", R"({"name":"Ada \"A\" \u00fc"})", "Hello, Ada \"A\" ü!\n");
}

}  // namespace
}  // namespace tenon::sdk
