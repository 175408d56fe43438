#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/plugins/agent_plugin.h"
#include "tests/runs/answers.h"
#include "tests/runs/run_folders.h"

/// Runs of the real program with plugins as files and directories.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

class PluginFiles : public ::testing::Test {
protected:
    /// Runs the program until it ends.
    CommandResult run(const std::vector<std::string>& arguments,
                      const ModelServer* server = nullptr) const {
        std::vector<std::string> command = {TENON_PROGRAM};
        command.insert(command.end(), arguments.begin(), arguments.end());
        Process tenon(command, folders_.environment(server), folders_.workspace());
        const auto exit = tenon.wait();
        return {exit.code, tenon.output, tenon.errors};
    }
    void put_fixture(const std::string& fixture, const fs::path& place) const {
        fs::create_directories(place.parent_path());
        fs::copy_file(fs::path(TENON_FIXTURES) / (fixture + ".so"), place,
                      fs::copy_options::overwrite_existing);
    }
    /// A directory in the Agent Plugins form with a skill, a native library and a server.
    void put_acme(const fs::path& place) const {
        const fs::path below = place.lexically_relative(folders_.home.path());
        folders_.home.write(
            below / "plugin.json",
            R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"acme"})");
        folders_.home.write(below / "skills/deploy/SKILL.md",
                            "---\nname: deploy\ndescription: How to deploy.\n---\nSee steps.md.\n");
        folders_.home.write(below / "skills/deploy/steps.md", "Step one.\n");
        folders_.home.write(below / "mcp.json",
                            R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/mcp.schema.json",
                "mcpServers":{"good":{"type":"stdio","command":"node"},"bad":{"type":"stdio"}}})");
        put_fixture("plain", place / plugins::native_library_folder() / "plain.so");
    }
    [[nodiscard]] fs::path user_plugins() const {
        return folders_.home / ".local/share/tenon/plugins";
    }

    RunFolders folders_;
};

TEST_F(PluginFiles, AHeadlessRunReportsAFileThatAppears) {
    const fs::path gate = folders_.workspace() / "gate";
    ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
    const ordered_json steps = {{{"content", {command_use("a", "cat gate")}}},
                                {{"content", "Done."}}};
    const ModelServer server(steps.dump());
    Process tenon({TENON_PROGRAM, "-p", "go", "--yes"}, folders_.environment(&server),
                  folders_.workspace());
    UniqueFd end(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));  // waits for the command
    put_fixture("plain", user_plugins() / "plain.so");
    EXPECT_TRUE(
        tenon.wait_for_errors("plain.so has appeared; /reload or the next session loads it"))
        << tenon.errors;
    end.reset();
    EXPECT_EQ(tenon.wait().code, 0) << tenon.errors;
}

TEST_F(PluginFiles, ADirectoryOffersItsSkillsAndItsNativeTools) {
    put_acme(user_plugins() / "acme");
    const ordered_json steps = {
        {{"content",
          {tool_use("a", "load_skill", {{"name", "acme:deploy"}}),
           tool_use("b", "read_file",
                    {{"path", (user_plugins() / "acme/skills/deploy/steps.md").string()}}),
           tool_use("c", "plain", ordered_json::object())}}},
        {{"content", "Done."}}};
    const ModelServer server(steps.dump());
    const auto ran = run({"-p", "go", "--yes", "-D", "plugins.plain.isolated=false"}, &server);
    EXPECT_EQ(ran.code, 0) << ran.errors;
    ASSERT_EQ(server.requests().size(), 2U);
    const std::string first = server.requests()[0].body;
    EXPECT_THAT(first, HasSubstr("acme:deploy"));
    EXPECT_THAT(first, HasSubstr("How to deploy."));
    const std::string second = server.requests()[1].body;
    EXPECT_THAT(second, HasSubstr("See steps.md."));
    EXPECT_THAT(second, HasSubstr("Step one."));
    EXPECT_THAT(second, Not(HasSubstr("\"is_error\":true")));
    EXPECT_THAT(
        ran.errors,
        HasSubstr("plugin acme: MCP servers are not supported yet and are not started: good"));
    EXPECT_THAT(ran.errors, HasSubstr("plugin acme: mcp.json: the server \"bad\" is left out: "));
    EXPECT_EQ(server.refusals(), 0);
}

TEST_F(PluginFiles, ADirectoryCanBeSwitchedOff) {
    put_acme(user_plugins() / "acme");
    const auto ran = run({"tool", "plain", "-D", "plugins.acme.enabled=false"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.errors, Not(HasSubstr("acme")));
}

TEST_F(PluginFiles, ADirectoryOfTheWorkspaceCountsOnlyAsItWasTrusted) {
    const fs::path acme = folders_.workspace() / ".tenon/plugins/acme";
    put_acme(acme);
    const std::vector<std::string> call = {"tool", "plain", "--yes", "-D",
                                           "plugins.plain.isolated=false"};
    auto ran = run(call);
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.errors,
                HasSubstr("plugins/acme is left out: the workspace is not trusted for it (see "
                          "'tenon config trust')"));
    ASSERT_EQ(run({"config", "trust", "--yes"}).code, 0);
    ran = run(call);
    EXPECT_EQ(ran.code, 0) << ran.errors;
    std::ofstream(acme / "skills/deploy/SKILL.md", std::ios::app) << "Do something else.\n";
    ran = run(call);
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.errors, HasSubstr("plugins/acme is left out: it changed since it was trusted"));
}

TEST_F(PluginFiles, AKeyOfAnUnknownPluginIsReportedWithItsPlace) {
    folders_.home.write(".config/tenon/tenon.properties",
                        "plugins.bsh.enabled=false\nplugins.file.isolate=true\n");
    const auto ran = run({"tool", "glob", R"({"pattern":"*"})"});
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_THAT(ran.errors,
                HasSubstr("tenon.properties:1: plugins.bsh.enabled has no effect: no plugin with "
                          "the id bsh was found; did you mean plugins.bash?"));
    EXPECT_THAT(ran.errors, HasSubstr("tenon.properties:2: plugins.file.isolate "));
    EXPECT_THAT(ran.errors, HasSubstr("did you mean plugins.file.isolated?"));
}

TEST_F(PluginFiles, ADirectoryOfThePathThatIsMissingIsNamedAndTheOthersAreSearched) {
    put_fixture("plain", folders_.workspace() / "mine/plain.so");
    const auto ran = run({"tool", "plain", "--yes", "-D", "plugins.plain.isolated=false", "-D",
                          "plugins.path.1=mine", "-D", "plugins.path.2=gone"});
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_THAT(ran.errors, HasSubstr("w/gone is not there; no plugins are loaded from it"));
}

TEST_F(PluginFiles, OnlyKnownFilesAreLoadedWhereThatIsRequired) {
    put_fixture("plain", user_plugins() / "plain.so");
    const auto ran = run({"tool", "plain", "--yes", "-D", "plugins.plain.isolated=false", "-D",
                          "plugins.require=known"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.errors, HasSubstr("plugins.require is known, and /etc/tenon/plugins.allow"));
    const auto own = run({"tool", "glob", R"({"pattern":"*"})", "-D", "plugins.require=known"});
    EXPECT_EQ(own.code, 0) << "Tenon's own need not be listed: " << own.errors;
}

TEST_F(PluginFiles, AnInstallationWithoutPluginsOfItsOwnSaysSo) {
    const fs::path program = folders_.home / "prefix/bin/tenon";
    fs::create_directories(program.parent_path());
    fs::copy_file(TENON_PROGRAM, program);
    Process tenon({program.string(), "tool", "glob", "{}"}, folders_.environment(),
                  folders_.workspace());
    EXPECT_EQ(tenon.wait().code, 2);
    EXPECT_THAT(tenon.errors, HasSubstr("this installation has no plugins of its own: "));
    EXPECT_THAT(tenon.errors, HasSubstr("prefix/lib/tenon/plugins/manifest.json"));
}

}  // namespace
}  // namespace tenon::testing
