#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <iostream>
#include <pty.h>
#include <sstream>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/base/unique_fd.h"
#include "host/cli/commands.h"
#include "host/config/rule_file.h"
#include "host/config/trust.h"
#include "tests/config/world.h"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Whether a person has said yes to the workspace's configuration file as it is now.
bool is_trusted(const config::World& world) {
    const auto trust = config::trust_in(world.state(), world.dir / "ws",
                                        *config::find_config_file(world.dir / "ws/.tenon"));
    return trust && *trust == config::Trust::kTrusted;
}

struct ConfigRun {
    int code = -1;
    std::string out, err;
};

/// Runs `tenon config WORDS…` with no terminal.
ConfigRun run(const config::World& world, std::vector<std::string> words, Options options = {}) {
    options.command = "config";
    options.rest = std::move(words);
    std::ostringstream out, err;
    const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int code = run_config(options, world.sources, {out, err, nothing.get()});
    return {code, out.str(), err.str()};
}

TEST(ConfigCommand, ShowsEachValueAndWhereItCameFrom) {
    config::World world;
    world.user_says(
        "model.name=m\nplugins.web.token=t0p-secret\nmodel.proxy=http://u:t0p-secret@h:1\n");
    world.sources.credentials.anthropic = "t0p-secret-key";
    Options options;
    options.defines = {{"jobs.timeout", "5 m"}};
    const ConfigRun ran = run(world, {"show"}, options);
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.err, "");
    const std::string user = (world.dir / "home/.config/tenon/tenon.properties").string();
    EXPECT_THAT(ran.out, ::testing::ContainsRegex("model\\.name +m +" + user + ":1\n"));
    EXPECT_THAT(ran.out, ::testing::ContainsRegex("jobs\\.timeout +5 m +-D\n"));
    EXPECT_THAT(ran.out, ::testing::ContainsRegex("log\\.file +\\(stderr\\) +default\n"));
    EXPECT_THAT(ran.out, ::testing::ContainsRegex("plugins\\.web\\.token +\\[redacted\\] +"));
    EXPECT_THAT(ran.out, Not(HasSubstr("t0p-secret")));
}

TEST(ConfigCommand, ShowsTheSameAsJson) {
    config::World world;
    world.user_says("model.name=m\npermissions.deny.1=a\npermissions.deny.2=b\n");
    const ConfigRun ran = run(world, {"--json", "show"});
    EXPECT_EQ(ran.code, 0);
    const auto json = parse_json(ran.out);
    ASSERT_TRUE(json) << json.error().message;
    const std::string user = (world.dir / "home/.config/tenon/tenon.properties").string();
    EXPECT_THAT(*json, ::testing::Contains(
                           Json{{"key", "model.name"}, {"value", "m"}, {"origin", user + ":1"}}));
    EXPECT_THAT(*json, ::testing::Contains(Json{
                           {"key", "permissions.deny"}, {"value", "b"}, {"origin", user + ":3"}}));
    EXPECT_THAT(*json, ::testing::Contains(Json{
                           {"key", "model.baseUrl"}, {"value", nullptr}, {"origin", "default"}}));
}

TEST(ConfigCommand, NamesTheLockOfAKeyAndItsFile) {
    config::World world;
    world.dir.write("etc/conf.d/a.properties",
                    "jobs.timeout=5m\nfinal.1=jobs.timeout\nfinal.2=log\n");
    const std::string lock = (world.dir / "etc/conf.d/a.properties").string();
    const ConfigRun text = run(world, {"show"});
    EXPECT_THAT(text.out, HasSubstr(lock + ":1, locked by " + lock + ":2\n"));
    EXPECT_THAT(text.out, ::testing::ContainsRegex("log\\.file +\\(stderr\\) +default, locked by " +
                                                   lock + ":3\n"));
    const auto shown = parse_json(run(world, {"show", "--json"}).out);
    ASSERT_TRUE(shown && shown->is_array());
    int locked = 0;
    for (const Json& setting : *shown) {
        const std::string key = string_or(setting, "key");
        SCOPED_TRACE(key);
        const bool is_locked = key == "jobs.timeout" || key.starts_with("log.");
        EXPECT_EQ(setting.contains("locked"), is_locked);
        if (is_locked) ++locked;
        if (key == "jobs.timeout") EXPECT_EQ(string_or(setting, "locked"), lock + ":2");
    }
    EXPECT_EQ(locked, 4);
    EXPECT_THAT(run(world, {"check"}).out, HasSubstr("read " + lock + "\n"));
    world.dir.write("etc/conf.d/b.xml", "<tenon>");
    EXPECT_EQ(run(world, {"check"}).code, 2);
}

TEST(ConfigCommand, ShowsThatALockLeavesTheProxyOfTheEnvironmentOut) {
    config::World world;
    const char* environments = "model\\.proxy +\\(the environment's\\) ";
    EXPECT_THAT(run(world, {"show"}).out, ::testing::ContainsRegex(environments));
    world.sources.environment["HTTPS_PROXY"] = "http://proxy.example:3128";
    world.system_says("final=model\n");
    EXPECT_THAT(run(world, {"show"}).out,
                ::testing::ContainsRegex("model\\.proxy +\\(none\\) +default, locked by "));
}

TEST(ConfigCommand, NamesTheRulesOfTheAnswerP) {
    config::World world;
    world.user_says("permissions.allow.1=Bash(make)\n");
    const auto folder = world.dir / "home/.config/tenon";
    const std::vector<std::string> rules = {"Bash(grep 'a\\|b' <<E\nx\nE)"};
    ASSERT_TRUE(config::add_rule_lines(folder, rules, *config::rule_lines(folder, rules)));
    const std::string file = (folder / "allowed.properties").string();
    const ConfigRun ran = run(world, {"--json", "show"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.err, "");
    const auto json = parse_json(ran.out);
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_THAT(*json,
                ::testing::Contains(Json{
                    {"key", "permissions.allow"}, {"value", rules[0]}, {"origin", file + ":2"}}));
    EXPECT_THAT(ran.out, HasSubstr("Bash(make)"));
    EXPECT_THAT(run(world, {"check"}).out, HasSubstr("read " + file + "\nok\n"));
    world.dir.write("home/.config/tenon/allowed.properties", "nonsense=1\n");
    const ConfigRun wrong = run(world, {"check"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("error: " + file + ":1: "));
}

TEST(ConfigCommand, ChecksAllFilesAndExitsTwoWhenOneIsWrong) {
    config::World world;
    world.user_says("model.name=m\n");
    world.workspace_says("nonsense=1\n");
    ConfigRun ran = run(world, {"check"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(
        ran.err,
        HasSubstr("warning: " + (world.dir / "ws/.tenon/tenon.properties").string() + ":1: "));
    EXPECT_THAT(ran.out, HasSubstr("ok\n"));
    world.system_says("log.level=loud\njobs.timeout=0\n");
    ran = run(world, {"check"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("etc/tenon.properties:1: log.level"));
    EXPECT_THAT(ran.err, HasSubstr("etc/tenon.properties:2: jobs.timeout"));
    EXPECT_THAT(ran.out, Not(HasSubstr("ok")));
    EXPECT_EQ(run(world, {"show"}).code, 2);
}

TEST(ConfigCommand, RefusesUnknownVerbsAndOptions) {
    const config::World world;
    for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                   {"list"},
                                                                   {"show", "check"},
                                                                   {"show", "--jsn"},
                                                                   {"check", "--json"},
                                                                   {"show", "-p", "x"}}) {
        SCOPED_TRACE(::testing::PrintToString(words));
        const ConfigRun ran = run(world, words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_EQ(ran.out, "");
        EXPECT_TRUE(ran.err.starts_with("tenon: ")) << ran.err;
        EXPECT_EQ(ran.err.find("error: "), std::string::npos) << "as of every command: " << ran.err;
    }
    const ConfigRun help = run(world, {"--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Usage: tenon config show [--json]"));
}

TEST(ConfigCommand, NamesTheWordItDoesNotKnow) {
    const config::World world;
    const ConfigRun ran = run(world, {"frobnicate"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(ran.err.starts_with("tenon: ")) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("frobnicate"));
    const ConfigRun more = run(world, {"show", "surplus"});
    EXPECT_EQ(more.code, 2);
    EXPECT_TRUE(more.err.starts_with("tenon: ")) << more.err;
    EXPECT_THAT(more.err, HasSubstr("surplus"));
}

TEST(ConfigCommand, TrustNeedsATerminalOrYes) {
    config::World world;
    world.workspace_says("permissions.allow.1=Bash(make)\nlog.file=\x1b[2Jx");
    ConfigRun ran = run(world, {"trust"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("--yes"));
    EXPECT_FALSE(std::filesystem::exists(world.state()));
    EXPECT_FALSE(is_trusted(world));

    ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("permissions.allow.1=Bash(make)\n"));
    EXPECT_THAT(ran.out, HasSubstr("  permissions.allow.1 = Bash(make)\n"));
    EXPECT_THAT(ran.out, HasSubstr("log.file=\\x1b[2Jx\n"));
    EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
    EXPECT_TRUE(is_trusted(world));
    EXPECT_THAT(run(world, {"trust"}).out, HasSubstr("trusted already"));

    world.workspace_says("permissions.allow.1=Bash\n");
    EXPECT_FALSE(is_trusted(world));
    EXPECT_EQ(run(world, {"trust"}).code, 2);
}

TEST(ConfigCommand, TrustsNoFileThatCannotBeUnderstood) {
    config::World world;
    world.dir.write("ws/.tenon/tenon.xml", "<tenon><model>");
    const ConfigRun ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("not well-formed"));
    EXPECT_FALSE(is_trusted(world));
}

TEST(ConfigCommand, TrustsAWorkspaceWithoutAFile) {
    const config::World world;
    const ConfigRun ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("until it has one"));
    EXPECT_TRUE(is_trusted(world));
}

TEST(ConfigCommand, TrustShowsAndCoversAgentDefinitions) {
    config::World world;
    world.workspace_says("permissions.allow.1=Bash(make)\n");
    ASSERT_EQ(run(world, {"trust", "--yes"}).code, 0);
    world.dir.write("ws/.tenon/agents/a.md", "Definition A.\x1b[2J");
    world.dir.write("ws/.claude/agents/b.md", "Definition B.\n");
    world.dir.write("ws/.claude/agents/not.txt", "Something else.\n");
    world.dir.write("home/.claude/agents/own.md", "My own.\n");
    const config::AgentFile a{world.dir / "ws/.tenon/agents/a.md", "Definition A.\x1b[2J"};
    const config::AgentFile b{world.dir / "ws/.claude/agents/b.md", "Definition B.\n"};
    const auto covers = [&](const config::AgentFile& file) {
        return config::trusted_agents(world.state(), world.dir / "ws")->covers(file);
    };
    ConfigRun ran = run(world, {"trust"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_FALSE(covers(a));

    ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("permissions.allow.1=Bash(make)\n"));
    EXPECT_THAT(ran.out, HasSubstr(a.path.string() + ":\n\nDefinition A.\\x1b[2J\n"));
    EXPECT_THAT(ran.out, HasSubstr(b.path.string() + ":\n\nDefinition B.\n"));
    EXPECT_THAT(ran.out, Not(HasSubstr("Something else.")));
    EXPECT_THAT(ran.out, Not(HasSubstr("My own.")));
    EXPECT_TRUE(covers(a));
    EXPECT_TRUE(covers(b));
    EXPECT_THAT(run(world, {"trust"}).out, HasSubstr("trusted already"));

    world.dir.write("ws/.claude/agents/b.md", "Definition B, changed.\n");
    EXPECT_EQ(run(world, {"trust"}).code, 2);
    EXPECT_TRUE(is_trusted(world));
    world.dir.write("ws/.claude/agents/b.md", "Definition B.\n");
    EXPECT_EQ(run(world, {"trust"}).code, 0);
    world.dir.write("ws/.claude/agents/c.md", "Definition C.\n");
    EXPECT_EQ(run(world, {"trust"}).code, 2);
}

TEST(ConfigCommand, TrustShowsAndCoversDirectoriesOfPlugins) {
    config::World world;
    const std::string acme = "ws/.tenon/plugins/acme/";
    world.dir.write(acme + "plugin.json", "{\"name\": \"\x1b[2J\"}");
    world.dir.write(acme + "skills/one/SKILL.md", "Do it.\n");
    world.dir.write(acme + "dev.tenon/x.so", "library");
    const auto is_covered = [&] {
        return config::trusted_plugins(world.state(), world.dir / "ws")
            ->covers(config::read_plugin_tree(world.dir / "ws/.tenon/plugins/acme"));
    };
    EXPECT_EQ(run(world, {"trust"}).code, 2);
    EXPECT_FALSE(is_covered());
    ConfigRun ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("{\"name\": \"\\x1b[2J\"}"));
    EXPECT_THAT(ran.out, HasSubstr("skills/one/SKILL.md:\n\nDo it.\n"));
    EXPECT_THAT(ran.out, HasSubstr(config::sha256_hex("library") + "  dev.tenon/x.so\n"));
    EXPECT_TRUE(is_covered());
    EXPECT_THAT(run(world, {"trust"}).out, HasSubstr("trusted already"));

    world.dir.write(acme + "skills/one/SKILL.md", "Do something else.\n");
    EXPECT_FALSE(is_covered());
    EXPECT_EQ(run(world, {"trust"}).code, 2);
}

TEST(ConfigCommand, TrustSaysWhichDirectoryOfPluginsCannotBeTrusted) {
    config::World world;
    std::filesystem::create_directories(world.dir / "ws/.tenon/plugins");
    std::filesystem::create_directory_symlink("/usr", world.dir / "ws/.tenon/plugins/link");
    const ConfigRun ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("plugins/link/ cannot be trusted: it is a symbolic link"));
}

TEST(ConfigCommand, CheckWarnsOfMisspeltKeysOfPluginsAndUnknownIds) {
    config::World world;
    world.user_says("plugins.web.isolate=false\nplugins.web.depth=3\n");
    const ConfigRun ran = run(world, {"check"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.err, HasSubstr("tenon.properties:2: plugins.web.depth has no effect: no plugin "
                                   "with the id web was found"));
    EXPECT_THAT(ran.err, HasSubstr("tenon.properties:1: plugins.web.isolate is no key of Tenon; "
                                   "unless the plugin has this key, did you mean "
                                   "plugins.web.isolated?"));
}

TEST(ConfigCommand, TrustLeavesOutADefinitionThatCannotBeShown) {
    const config::World world;
    world.dir.write("ws/.claude/agents/bad.md", "\xFF");
    world.dir.write("ws/.claude/agents/good.md", "Good.\n");
    const ConfigRun ran = run(world, {"trust", "--yes"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.err, HasSubstr("bad.md is not UTF-8"));
    EXPECT_FALSE(config::trusted_agents(world.state(), world.dir / "ws")
                     ->knows(world.dir / "ws/.claude/agents/bad.md"));
}

/// Runs `tenon config trust` on a terminal, answers its question, and returns what it printed.
ConfigRun answer_on_terminal(const config::World& world, const std::string& answer) {
    int master = -1;
    const pid_t pid = ::forkpty(&master, nullptr, nullptr, nullptr);
    if (pid == 0) {
        Options options;
        options.rest = {"trust"};
        const int code = run_config(options, world.sources, {std::cout, std::cerr, 0});
        std::cout.flush();
        ::_exit(code);
    }
    const UniqueFd terminal(master);
    ConfigRun ran;
    bool answered = false;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(master, buffer, sizeof buffer)) > 0;) {
        ran.out.append(buffer, static_cast<std::size_t>(n));
        if (answered || ran.out.find("[y/n] ") == std::string::npos) continue;
        answered = true;
        EXPECT_EQ(::write(master, answer.data(), answer.size()),
                  static_cast<ssize_t>(answer.size()));
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

TEST(ConfigCommand, AsksOnATerminal) {
    config::World world;
    world.workspace_says("permissions.allow.1=Bash\n");
    for (const char* no : {"n\n", "\n", "yep\n", "\x04"}) {
        SCOPED_TRACE(no);
        const ConfigRun ran = answer_on_terminal(world, no);
        EXPECT_EQ(ran.code, 1) << ran.out;
        EXPECT_FALSE(is_trusted(world));
    }
    const ConfigRun ran = answer_on_terminal(world, "y\n");
    EXPECT_EQ(ran.code, 0) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("permissions.allow.1=Bash"));
    EXPECT_TRUE(is_trusted(world));
}

}  // namespace
}  // namespace tenon::cli
