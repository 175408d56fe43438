#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/sandbox/plugin_confinement.h"
#include "tests/sandbox/confined_run.h"

/// Plugins of others in the real program: each call starts a host and a process for the plugin.
namespace tenon::sandbox {
namespace {

using ::testing::HasSubstr;

class IsolatedPlugin : public ::testing::Test {
protected:
    void SetUp() override {
        const fs::path program =
            fs::path(TENON_PROGRAM).parent_path().parent_path() / "libexec/tenon/tenon-plugin-host";
        if (!fs::exists(program)) GTEST_SKIP() << program << " is not part of this build";
        if (const auto able = check_plugin_confinement(); !able)
            GTEST_SKIP() << able.error().message;
        fs::create_directory(folder());
        run_.world.home.write(".ssh/id", "secret\n");
        run_.world.home.write("w/readable", "readable\n");
        run_.world.home.write("w/removable", "removable\n");
        run_.world.home.write("w/private/key", "key\n");
        run_.world.home.write("state/sessions/s.jsonl", "{\"v\":1}\n");
        for (const char* name : {"state", "state/sessions"})
            ::chmod((run_.world.home / name).c_str(), 0700);
        testing::Process({TENON_ESCAPE, "prepare", run_.outside().string()}, {}, "/").wait();
    }
    [[nodiscard]] fs::path folder() const { return run_.world.home / "plugins"; }
    void put(const std::string& fixture) const {
        fs::copy_file(fs::path(TENON_FIXTURES) / (fixture + ".so"), folder() / (fixture + ".so"));
    }
    [[nodiscard]] Ran tool(const std::string& name, const Json& arguments,
                           std::vector<std::string> options = {}) const {
        options.insert(options.begin(), {"tool", name, dump_json(arguments), "--yes",
                                         "--plugin-dir", folder().string()});
        return run_.tenon(options);
    }
    [[nodiscard]] Ran read(const fs::path& path, std::vector<std::string> options = {}) const {
        return tool("read", {{"path", path.string()}}, std::move(options));
    }
    [[nodiscard]] Json targets(const std::string& way) const {
        const auto at = [&](const char* name) { return (run_.world.home / name).string(); };
        return {{"way", way},
                {"outside", run_.outside().string()},
                {"workspace", at("w")},
                {"own", at("state/plugin-data/hostile")},
                {"secret", at(".ssh/id")},
                {"state", at("state")},
                {"config", at(".config/tenon")},
                {"abstract", "tenon-isolated-plugin"}};
    }
    ConfinedRun run_;
};

TEST_F(IsolatedPlugin, IsStoppedAndItsResultSaysSo) {
    put("hostile");
    for (const char* way : {"secret-read",
                            "create",
                            "workspace-new",
                            "workspace-chmod",
                            "read-state",
                            "read-other-plugin",
                            "read-shadow",
                            "tcp",
                            "tcp-listen",
                            "udp",
                            "unix-socket",
                            "bind-abstract-name",
                            "fork",
                            "posix-spawn",
                            "execve",
                            "ptrace-attach",
                            "read-memory",
                            "open-memory",
                            "read-environment",
                            "read-command-line",
                            "kill",
                            "sigqueue",
                            "tgkill",
                            "signal-by-descriptor",
                            "take-descriptor",
                            "io-uring",
                            "add-key",
                            "keyring",
                            "bpf",
                            "new-user-namespace",
                            "new-mount-namespace",
                            "bind-mount",
                            "chroot",
                            "shared-memory",
                            "message-queue",
                            "limit-outsider",
                            "priority-of-outsider",
                            "affinity-of-outsider",
                            "file-handle",
                            "watch-secret",
                            "outlive-host",
                            "own-oom-score",
                            "personality"}) {
        SCOPED_TRACE(way);
        const Ran ran = tool("attempt", targets(way));
        EXPECT_EQ(ran.code, 1);
        EXPECT_TRUE(ran.says("stopped: ")) << ran.output << ran.errors;
        EXPECT_FALSE(ran.says("ESCAPED"));
    }
    EXPECT_EQ(run_.world.home.read("w/readable"), "readable\n");
}

TEST_F(IsolatedPlugin, WorksWithWhatEveryPluginMayUse) {
    put("hostile");
    const Ran ran = tool("work", {{"own", (run_.world.home / "state/plugin-data/hostile").string()},
                                  {"workspace", run_.workspace().string()}});
    EXPECT_TRUE(ran.says("all works")) << ran.output << ran.errors;
}

TEST_F(IsolatedPlugin, ReadsTheWorkspaceOnlyWhereNoRuleForbidsReading) {
    put("hostile");
    EXPECT_TRUE(read(run_.workspace() / "readable").says("readable"));
    const Ran ran = read(run_.workspace() / "readable", {"--deny", "Read(private/**)"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(ran.says("Permission denied")) << ran.output << ran.errors;
    EXPECT_TRUE(ran.says("while deny rules Read(…) are in force")) << ran.output;
    // Its current directory is not the workspace then.
    const Ran relative = read("readable", {"--deny", "Read(private/**)"});
    EXPECT_TRUE(relative.says("reads the workspace only through path.open/1")) << relative.output;
}

TEST_F(IsolatedPlugin, DoesNotReadSecretsInsideOfTheWorkspace) {
    put("hostile");
    const std::vector<std::string> home{"--workspace", run_.world.home.path().string()};
    EXPECT_TRUE(read(run_.world.home / "w/readable", home).says("readable"));
    EXPECT_TRUE(read(run_.world.home / ".ssh/id", home).says("Permission denied"));
    EXPECT_TRUE(read(run_.world.home / "state/sessions/s.jsonl", home).says("Permission denied"));
}

TEST_F(IsolatedPlugin, IsRefusedUntilItsNeedsAreGranted) {
    put("needs");
    const Ran refused = tool("needs", Json::object());
    EXPECT_NE(refused.code, 0);
    EXPECT_THAT(refused.errors, HasSubstr("needs network and read:/data, which is not granted"));
    EXPECT_THAT(refused.errors, HasSubstr("plugins.needs.grants.1=network"));
    const std::vector<std::string> lines{"-D", "plugins.needs.grants.1=network", "-D",
                                         "plugins.needs.grants.2=read:/data"};
    const Ran granted = tool("needs", Json::object(), lines);
    EXPECT_EQ(granted.code, 0) << granted.errors;
    run_.world.home.write(".config/tenon/tenon.xml",
                          "<tenon><plugins><needs><grants>network</grants><grants>read:/data"
                          "</grants></needs></plugins></tenon>");
    EXPECT_EQ(tool("needs", Json::object()).code, 0);
}

TEST_F(IsolatedPlugin, CannotBeGrantedAnythingByAWorkspaceThatIsNotTrusted) {
    put("needs");
    run_.world.home.write("w/.tenon/tenon.properties",
                          "plugins.needs.grants.1=network\nplugins.needs.grants.2=read:/data\n");
    const Ran ran = tool("needs", Json::object());
    EXPECT_NE(ran.code, 0);
    EXPECT_THAT(ran.errors, HasSubstr("the workspace is not trusted"));
}

TEST_F(IsolatedPlugin, IsRefusedOnAKernelThatCannotConfine) {
    put("hostile");
    run_.wrapper = {TENON_ESCAPE, "without", "landlock"};
    const Ran refused = tool("work", Json::object());
    EXPECT_NE(refused.code, 0);
    EXPECT_THAT(refused.errors + refused.output, HasSubstr("Landlock"));
    EXPECT_THAT(refused.errors + refused.output, HasSubstr("unconfined"));
    const Ran ran = tool("read", {{"path", (run_.world.home / ".ssh/id").string()}},
                         {"-D", "plugins.hostile.grants.1=unconfined"});
    EXPECT_TRUE(ran.says("secret")) << ran.output << ran.errors;
    run_.wrapper.clear();
    const Ran confined = tool("read", {{"path", (run_.world.home / ".ssh/id").string()}},
                              {"-D", "plugins.hostile.grants.1=unconfined"});
    EXPECT_TRUE(confined.says("Permission denied")) << confined.output << confined.errors;
}

}  // namespace
}  // namespace tenon::sandbox
