#include "host/sandbox/plugin_confinement.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/sandbox/landlock.h"
#include "host/sandbox/plugin_filter.h"
#include "tests/sandbox/plugin_world.h"

namespace tenon::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class PluginConfinement : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "a sanitizer's own thread would be confined apart from the others";
#endif
        if (const auto able = check_plugin_confinement(); !able)
            GTEST_SKIP() << able.error().message;
    }
    [[nodiscard]] Json place_of_work() const {
        return {{"own", world_.own()}, {"workspace", world_.at("w")}};
    }
    PluginWorld world_;
};

TEST_F(PluginConfinement, LetsPluginsWorkOnEveryKernel) {
    for (int abi = 1; abi <= landlock_abi(); ++abi) {
        SCOPED_TRACE(abi);
        const std::vector<std::string> kernel{"abi=" + std::to_string(abi)};
        // Before ABI 2 nothing can be moved to another directory.
        const std::string expected =
            abi == 1 ? "rename into another directory: Invalid cross-device link" : "all works";
        EXPECT_EQ(world_.call_one("work", place_of_work(), kernel), expected);
        std::filesystem::remove_all(world_.own());  // what the first try has left
        std::filesystem::create_directory(world_.own());
    }
}

TEST_F(PluginConfinement, LetsPluginsOfOtherUsersWork) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can try as another user";
    PluginWorld world(nobody_of_this_system());
    EXPECT_EQ(world.call_one("work", {{"own", world.own()}, {"workspace", world.at("w")}}),
              "all works");
}

TEST_F(PluginConfinement, LetsRootReadAWorkspaceOfSomebodyElse) {
    if (::geteuid() != 0) GTEST_SKIP() << "is about root";
    ASSERT_EQ(::lchown(world_.at("w/readable").c_str(), nobody_of_this_system(), 0), 0);
    ASSERT_EQ(::chmod(world_.at("w/readable").c_str(), 0600), 0);
    EXPECT_EQ(world_.read(world_.at("w/readable")), "readable ");
}

TEST_F(PluginConfinement, KeepsTheWorkspaceFromReadingWhereRulesDecide) {
    EXPECT_EQ(world_.read(world_.at("w/readable")), "readable ");
    world_.workspace_is_readable = false;
    EXPECT_EQ(world_.read(world_.at("w/readable")), "read: Permission denied");
    // Permission to write there does not include reading.
    const std::vector<std::string> granted{"write=" + world_.at("w/private")};
    EXPECT_EQ(world_.write(world_.at("w/private/new"), granted), "written");
    EXPECT_EQ(world_.read(world_.at("w/private/key"), granted), "read: Permission denied");
}

TEST_F(PluginConfinement, HidesPathsInsideOfWhatIsReadable) {
    const std::vector<std::string> hidden{"hidden=" + world_.at("w/private")};
    EXPECT_EQ(world_.read(world_.at("w/private/key"), hidden), "read: Permission denied");
    EXPECT_EQ(world_.read(world_.at("w/readable"), hidden), "readable ");
    // A path that is granted as such counts.
    const std::vector<std::string> granted{"hidden=" + world_.at("w/private"),
                                           "read=" + world_.at("w/private/key")};
    EXPECT_EQ(world_.read(world_.at("w/private/key"), granted), "key of the workspace ");
}

TEST_F(PluginConfinement, HidesPathsInsideOfThePluginsOwnFolder) {
    const std::vector<std::string> at_home{"plugin_dir=" + world_.at("home"),
                                           "hidden=" + world_.at("home/.ssh")};
    EXPECT_EQ(world_.read(world_.at("home/.ssh/id"), at_home), "read: Permission denied");
    // Its folder may be inside of what is hidden.
    const std::vector<std::string> inside{"plugin_dir=" + world_.at("w/private"),
                                          "hidden=" + world_.at("w")};
    EXPECT_EQ(world_.read(world_.at("w/private/key"), inside), "key of the workspace ");
}

TEST_F(PluginConfinement, AllowsWhatIsGrantedAndNoMore) {
    const std::string file = world_.at("granted/file");
    const std::vector<std::string> reading{"read=" + world_.at("granted")};
    const std::vector<std::string> writing{"read=" + world_.at("granted"),
                                           "write=" + world_.at("granted")};
    EXPECT_EQ(world_.read(file), "read: Permission denied");
    EXPECT_EQ(world_.read(file, reading), "granted ");
    EXPECT_EQ(world_.read(file, {writing[1]}), "read: Permission denied");
    EXPECT_EQ(world_.write(file, reading), "write: Permission denied");
    EXPECT_EQ(world_.write(file, writing), "written");
    EXPECT_THAT(world_.read(file, writing), StartsWith("escaped"));
    EXPECT_EQ(world_.write(world_.at("granted/new"), writing), "written");
    EXPECT_EQ(world_.write(world_.at("outside/new"), writing), "write: Permission denied");
}

TEST_F(PluginConfinement, FollowsNoLinkThatHasReplacedWhatIsGranted) {
    const std::string link = world_.at("granted/link");
    std::filesystem::create_directory_symlink(world_.at("w/private"), link);
    const std::vector<std::string> granted{"hidden=" + world_.at("w/private"), "read=" + link,
                                           "write=" + link};
    EXPECT_EQ(world_.read(world_.at("w/private/key"), granted), "read: Permission denied");
    EXPECT_EQ(world_.write(world_.at("w/private/new"), granted), "write: Permission denied");
}

TEST_F(PluginConfinement, AllowsConnectionsOnlyWithNetwork) {
    const Json port = {{"port", world_.tcp()}};
    EXPECT_EQ(world_.call_one("connect", port), "connect: Permission denied");
    EXPECT_EQ(world_.call_one("connect", port, {"network=yes"}), "connected");
    EXPECT_EQ(world_.call_one("connect", port, {"network=yes", "abi=1"}), "connected");
    EXPECT_EQ(world_.call_one("connect", port, {"exec=yes"}), "connect: Permission denied");
}

TEST_F(PluginConfinement, AllowsProgramsOnlyWithExecAndConfinesThemToo) {
    const auto run = [&](const std::string& command, std::vector<std::string> options) {
        return world_.call_one("run", {{"command", command}}, options);
    };
    EXPECT_THAT(run("echo hello", {}), StartsWith("popen: "));
    for (const char* abi : {"abi=1", "abi=5", "abi=6"}) {
        SCOPED_TRACE(abi);
        const std::vector<std::string> exec{"exec=yes", abi};
        EXPECT_EQ(run("echo hello", exec), "hello ");
        EXPECT_EQ(run("cat " + world_.at("w/readable") + " | tr a-z A-Z", exec), "READABLE ");
        EXPECT_EQ(run("echo text > " + world_.own() + "/new && cat " + world_.own() + "/new", exec),
                  "text ");
        const std::string refused[] = {
            "cat " + world_.at("home/.ssh/id"),
            "echo > " + world_.at("outside/new"),
            "kill -WINCH " + std::to_string(world_.outsider()),
            "chmod 600 " + world_.at("w/readable"),
            "touch " + world_.at("w/readable"),
            "bash -c 'echo > /dev/tcp/127.0.0.1/" + std::to_string(world_.tcp()) + "'",
            "unshare --user true",
            "cat /proc/" + std::to_string(world_.outsider()) + "/cmdline"};
        for (const std::string& command : refused)
            EXPECT_THAT(run("(" + command + ") 2>&1", exec), HasSubstr("[status: ")) << command;
    }
}

TEST_F(PluginConfinement, LetsProgramsSignalEachOtherWhereTheKernelCanScopeSignals) {
    if (landlock_abi() < 6) GTEST_SKIP() << "Landlock has no scope of signals here";
    EXPECT_EQ(world_.call_one("run", {{"command", "sleep 100 & kill $! && wait $!; echo $?"}},
                              {"exec=yes"}),
              "143 ");
}

TEST_F(PluginConfinement, RefusesAPluginWhereTheKernelCannotConfine) {
    const struct {
        std::vector<std::string> kernel;
        const char* missing;
    } cases[] = {
        {{"abi=0"}, "lacks Landlock (Linux 5.13 and later)"},
        {{"seccomp=no"}, "lacks seccomp filters"},
        {{"abi=0", "seccomp=no"}, "lacks Landlock (Linux 5.13 and later) and seccomp filters"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.missing);
        EXPECT_EQ(world_.read(world_.at("w/readable"), row.kernel),
                  std::string("this kernel ") + row.missing);
        auto unconfined = row.kernel;
        unconfined.emplace_back("unconfined=yes");
        EXPECT_EQ(world_.call_one("work", place_of_work(), unconfined), "all works");
    }
    // Elsewhere it has no effect.
    EXPECT_EQ(world_.read(world_.at("home/.ssh/id"), {"unconfined=yes"}),
              "read: Permission denied");
    EXPECT_EQ(world_.read(world_.at("home/.ssh/id"), {"unconfined=yes", "abi=0"}), "secret ");
}

TEST_F(PluginConfinement, FindsOutWhatTheKernelLacks) {
    world_.wrapper = {world_.at("escape"), "without", "landlock"};
    EXPECT_THAT(world_.read(world_.at("w/readable")), HasSubstr("lacks Landlock"));
    world_.wrapper = {world_.at("escape"), "without", "landlock,seccomp"};
    EXPECT_THAT(world_.read(world_.at("w/readable")),
                HasSubstr("lacks Landlock (Linux 5.13 and later) and seccomp filters"));
}

TEST_F(PluginConfinement, WorksWhereTheWorkspaceIsTheWholeFileSystem) {
    world_.workspace_is_readable = false;
    const std::vector<std::string> all{"workspace=/", "hidden=" + world_.at("home/.ssh")};
    EXPECT_EQ(world_.read(world_.at("granted/file"), all), "granted ");
    EXPECT_EQ(world_.read(world_.at("home/.ssh/id"), all), "read: Permission denied");
    EXPECT_EQ(world_.read("/proc/" + std::to_string(world_.outsider()) + "/cmdline", all),
              "read: Permission denied");
    EXPECT_THAT(world_.read("/proc/self/status", all), HasSubstr("plugin_process"));
}

TEST(PluginFilter, FitsIntoTheKernel) {
    for (const bool network : {false, true})
        for (const bool exec : {false, true})
            for (const int abi : {0, 1, 3, 6}) {
                const auto program = plugin_filter({network, exec, abi, 1});
                EXPECT_GT(program.size(), 100U);
                EXPECT_LT(program.size(), 2000U);
            }
}

}  // namespace
}  // namespace tenon::sandbox
