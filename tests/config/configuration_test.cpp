#include "host/config/configuration.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/config/table_views.h"
#include "host/config/trust.h"
#include "tests/config/world.h"

namespace tenon::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Paths = std::vector<std::filesystem::path>;
using Texts = std::vector<std::string>;

std::vector<std::string> texts(const std::vector<RuleText>& rules) {
    std::vector<std::string> out;
    for (const RuleText& rule : rules)
        out.push_back(rule.text);
    return out;
}

void trust(const World& world) {
    ASSERT_TRUE(record_trust(world.state(), world.dir / "ws",
                             *find_config_file(world.dir / "ws/.tenon"), {}));
}

Paths built_in_folders(const World& world) {
    return {"/opt/tenon/lib/tenon/plugins", "/opt/tenon/lib/tenon/plugins.d",
            "/usr/local/lib/tenon/plugins", world.dir / "home/.local/share/tenon/plugins"};
}

/// The built-in folders, then these.
Paths after_built_in(const World& world, const Paths& more) {
    Paths all = built_in_folders(world);
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

TEST(Settings, HaveTheDefaultsOfTheContract) {
    const World world;
    const Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_THAT(examined.warnings, IsEmpty());
    const Settings& s = examined.settings;
    EXPECT_EQ(s.model.provider, "anthropic");
    EXPECT_EQ(s.model.name, "");
    EXPECT_EQ(s.model.base_url, "");
    EXPECT_EQ(s.model.max_tokens, 8192);
    EXPECT_EQ(s.model.api_version, "2023-06-01");
    EXPECT_EQ(s.model.retry_max_attempts, 10);
    EXPECT_EQ(s.model.retry_base_delay, milliseconds(500));
    EXPECT_EQ(s.model.retry_max_elapsed, std::chrono::hours(1));
    EXPECT_EQ(s.model.idle_timeout, std::chrono::seconds(90));
    EXPECT_EQ(s.model.ca_file + s.model.proxy + s.model.https_proxy + s.model.no_proxy, "");
    EXPECT_EQ(s.agent.max_turns, std::nullopt);
    EXPECT_EQ(s.agent.subagent_max_turns, 30);
    EXPECT_EQ(s.agent.token_threshold, std::nullopt);
    EXPECT_EQ(s.agent.keep_recent, 3);
    EXPECT_TRUE(s.agent.wake);
    EXPECT_EQ(s.jobs.max_running, std::max(4U, 2 * std::thread::hardware_concurrency()));
    EXPECT_EQ(s.jobs.max_queued, 10'000);
    EXPECT_EQ(s.jobs.timeout, std::chrono::hours(1));
    EXPECT_EQ(s.jobs.foreground_timeout, std::chrono::minutes(2));
    EXPECT_EQ(s.jobs.max_timeout, std::chrono::hours(24));
    EXPECT_EQ(s.jobs.output_limit, 64ULL << 20U);
    EXPECT_EQ(s.jobs.total_output_limit, 4ULL << 30U);
    EXPECT_EQ(s.jobs.keep_days, 30);
    EXPECT_FALSE(s.jobs.memory_limit || s.jobs.process_limit || s.jobs.cpu_limit);
    EXPECT_FALSE(s.jobs.pid_namespace);
    EXPECT_EQ(s.plugins.path, built_in_folders(world));
    EXPECT_EQ(s.plugins.require, "any");
    EXPECT_EQ(s.plugins.allow_file, world.dir / "etc/plugins.allow");
    EXPECT_EQ(s.permissions.mode, "ask");
    EXPECT_TRUE(s.permissions.read_only_commands);
    EXPECT_EQ(s.log.level + s.log.file + s.log.format, "warningtext");
    EXPECT_EQ(s.workspace, world.dir / "ws");
    EXPECT_EQ(s.state_dir, world.state());
}

TEST(Settings, TakeEveryKeyInBothForms) {
    World world;
    world.system_says(
        "model.provider=replay\nmodel.name=m\nmodel.baseUrl=http://h:1/"
        "x\nmodel.maxTokens=1\nmodel.apiVersion=v\n"
        "model.retry.maxAttempts=2\nmodel.retry.baseDelayMs=3\nmodel.retry.maxElapsed=4s\nmodel."
        "idleTimeout=5ms\n"
        "model.caFile=ca.pem\nmodel.proxy=p:1\nagent.maxTurns=6\nagent.subagent.maxTurns=7\n"
        "agent.compaction.tokenThreshold=8\nagent.compaction.keepRecent=9\nagent.wake=false\njobs."
        "maxRunning=256\n"
        "jobs.maxQueued=11\njobs.timeout=12m\njobs.foregroundTimeout=13\njobs.maxTimeout=3h\njobs."
        "outputLimit=14KiB\n"
        "jobs.totalOutputLimit=15MiB\njobs.keepDays=16\njobs.memoryLimit=2GiB\njobs.processLimit="
        "17\n"
        "jobs.cpuLimit=18m\njobs.pidNamespace=true\nplugins.path.1=/a\nplugins.path.2=b\n"
        "plugins.require=known\nplugins.x.callTimeout=2m\nplugins.x.grants.2=read:/data\n"
        "plugins.x.grants.1=network\n"
        "plugins.bash.enabled=false\nplugins.x.isolated=no\nplugins.x.some.key=${v}\npermissions."
        "mode=plan\n"
        "permissions.allow.1=Read\npermissions.ask.1=Edit\npermissions.deny.1=Bash\nlog.level="
        "debug\n"
        "log.file=~/t.log\nlog.format=json\n");
    const Settings from_properties = world.settings();
    world.dir.write(
        "etc/tenon.xml",
        "<tenon><model><provider>replay</provider><name>m</name><baseUrl>http://h:1/x</baseUrl>"
        "<maxTokens>1</maxTokens><apiVersion>v</apiVersion><retry><maxAttempts>2</maxAttempts>"
        "<baseDelayMs>3</baseDelayMs><maxElapsed>4s</maxElapsed></retry><idleTimeout>5ms</"
        "idleTimeout>"
        "<caFile>ca.pem</caFile><proxy>p:1</proxy></model><agent><maxTurns>6</maxTurns>"
        "<subagent><maxTurns>7</maxTurns></subagent><compaction><tokenThreshold>8</tokenThreshold>"
        "<keepRecent>9</keepRecent></compaction><wake>false</wake></agent><jobs>"
        "<maxRunning>256</maxRunning><maxQueued>11</maxQueued><timeout>12m</timeout>"
        "<foregroundTimeout>13</foregroundTimeout><maxTimeout>3h</maxTimeout><outputLimit>14KiB</"
        "outputLimit>"
        "<totalOutputLimit>15MiB</totalOutputLimit><keepDays>16</keepDays>"
        "<memoryLimit>2GiB</memoryLimit><processLimit>17</processLimit><cpuLimit>18m</cpuLimit>"
        "<pidNamespace>true</pidNamespace></jobs><plugins>"
        "<path>/a</path><path>b</path><require>known</require><bash><enabled>false</enabled></"
        "bash><x><isolated>no</"
        "isolated><callTimeout>2m</callTimeout><grants>network</grants><grants>read:/data</grants>"
        "<some><key>${v}</key></some></x></plugins><permissions><mode>plan</mode><allow>Read</"
        "allow>"
        "<ask>Edit</ask><deny>Bash</deny></permissions><log><level>debug</level><file>~/t.log</"
        "file>"
        "<format>json</format></log></tenon>");
    const Settings from_xml = world.settings();
    for (const Settings* s : {&from_properties, &from_xml}) {
        SCOPED_TRACE(s == &from_xml ? "xml" : "properties");
        EXPECT_EQ(s->model.provider + s->model.name + s->model.base_url, "replaymhttp://h:1/x");
        EXPECT_EQ(s->model.max_tokens, 1);
        EXPECT_EQ(s->model.api_version, "v");
        EXPECT_EQ(s->model.retry_max_attempts, 2);
        EXPECT_EQ(s->model.retry_base_delay, milliseconds(3));
        EXPECT_EQ(s->model.retry_max_elapsed, milliseconds(4000));
        EXPECT_EQ(s->model.idle_timeout, milliseconds(5));
        EXPECT_EQ(s->model.ca_file, (world.dir / "etc/ca.pem").string());
        EXPECT_EQ(s->model.proxy, "p:1");
        EXPECT_EQ(s->agent.max_turns, 6);
        EXPECT_EQ(s->agent.subagent_max_turns, 7);
        EXPECT_EQ(s->agent.token_threshold, 8);
        EXPECT_EQ(s->agent.keep_recent, 9);
        EXPECT_FALSE(s->agent.wake);
        EXPECT_EQ(s->jobs.max_running, 256);
        EXPECT_EQ(s->jobs.max_queued, 11);
        EXPECT_EQ(s->jobs.timeout, std::chrono::minutes(12));
        EXPECT_EQ(s->jobs.foreground_timeout, std::chrono::seconds(13));
        EXPECT_EQ(s->jobs.max_timeout, std::chrono::hours(3));
        EXPECT_EQ(s->jobs.output_limit, 14U * 1024);
        EXPECT_EQ(s->jobs.total_output_limit, 15U << 20U);
        EXPECT_EQ(s->jobs.keep_days, 16);
        EXPECT_EQ(s->jobs.memory_limit, 2ULL << 30U);
        EXPECT_EQ(s->jobs.process_limit, 17U);
        EXPECT_EQ(s->jobs.cpu_limit, std::chrono::minutes(18));
        EXPECT_TRUE(s->jobs.pid_namespace);
        EXPECT_EQ(s->plugins.path, after_built_in(world, {"/a", world.dir / "etc/b"}));
        EXPECT_EQ(s->plugins.require, "known");
        EXPECT_EQ(s->plugins.by_id.at("x").call_timeout, std::chrono::minutes(2));
        EXPECT_EQ(s->plugins.by_id.at("x").grants, (Texts{"network", "read:/data"}));
        EXPECT_FALSE(s->plugins.by_id.at("bash").enabled);
        EXPECT_EQ(s->plugins.by_id.at("bash").isolated, std::nullopt);
        EXPECT_EQ(s->plugins.by_id.at("x").isolated, false);
        EXPECT_EQ(s->plugins.by_id.at("x").own,
                  (std::map<std::string, std::string>{{"some.key", "${v}"}}));
        EXPECT_EQ(s->permissions.mode, "plan");
        EXPECT_THAT(texts(s->permissions.allow), ElementsAre("Read"));
        EXPECT_THAT(texts(s->permissions.ask), ElementsAre("Edit"));
        EXPECT_THAT(texts(s->permissions.deny), ElementsAre("Bash"));
        EXPECT_EQ(s->log.level + s->log.format, "debugjson");
        EXPECT_EQ(s->log.file, (world.dir / "home/t.log").string());
    }
}

TEST(Settings, StrongerLayersWin) {
    World world;
    const auto now = [&] { return world.shown("model.name"); };
    const auto expect = [&](const std::string& value, const std::string& origin) {
        SCOPED_TRACE(value);
        EXPECT_EQ(now().value, value);
        EXPECT_EQ(now().origin, origin);
        EXPECT_EQ(world.settings().model.name, value);
    };
    expect("", "default");
    world.system_says("model.name=system\n");
    expect("system", (world.dir / "etc/tenon.properties").string() + ":1");
    world.user_says("\nmodel.name=user\n");
    expect("user", (world.dir / "home/.config/tenon/tenon.properties").string() + ":2");
    world.workspace_says("model.name=workspace\n");
    expect("workspace", (world.dir / "ws/.tenon/tenon.properties").string() + ":1");
    world.dir.write("ws/by-env.conf", "model.name=by-env\n");
    world.sources.environment["TENON_CONFIG"] = "by-env.conf";
    expect("by-env", (world.dir / "ws/by-env.conf").string() + ":1");
    world.dir.write("ws/named.xml", "<tenon><model><name>named</name></model></tenon>");
    world.overrides.config = "named.xml";
    expect("named", (world.dir / "ws/named.xml").string() + ":1");
    world.sources.environment["MODEL_ID"] = "model-id";
    expect("model-id", "MODEL_ID");
    world.sources.environment["TENON_MODEL"] = "tenon-model";
    expect("tenon-model", "TENON_MODEL");
    world.option_says("model.name", "option", "--model");
    expect("option", "--model");
    world.define("model.name", "first");
    world.define("model.name", "define");
    expect("define", "-D");
    EXPECT_EQ(world.examined().files.size(), 5U);
}

TEST(Settings, RulesOfAllLayersAddUpAndKnowWhereTheyBegin) {
    World world;
    world.system_says("permissions.deny.10=s10\npermissions.deny.9=s9\n");
    world.dir.write("home/.config/tenon/tenon.xml",
                    "<tenon><permissions><deny>u1</deny><deny>u2</deny><allow>ua</allow></"
                    "permissions></tenon>");
    world.workspace_says("permissions.deny=w\npermissions.ask.1=wa\n");
    world.option_says("permissions.deny", "od", "--deny");
    world.option_says("permissions.allow", "oa", "--allow");
    world.define("permissions.deny", "d1");
    world.define("permissions.deny.1", "d2");
    const Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    const auto& p = examined.settings.permissions;
    EXPECT_THAT(texts(p.deny), ElementsAre("s9", "s10", "u1", "u2", "w", "od", "d1", "d2"));
    EXPECT_THAT(texts(p.allow), ElementsAre("ua", "oa"));
    EXPECT_THAT(texts(p.ask), ElementsAre("wa"));
    EXPECT_EQ(p.deny[0].origin,
              (world.dir / "etc/tenon.properties").string() + ": permissions.deny");
    EXPECT_EQ(p.deny[0].base, world.dir / "etc");
    EXPECT_EQ(p.deny[4].base, world.dir / "ws");
    EXPECT_EQ(p.deny[5].origin, "--deny");
    EXPECT_EQ(p.deny[5].base, world.dir / "ws");
    EXPECT_EQ(p.deny[6].origin, "-D permissions.deny");
}

TEST(Settings, PluginFoldersAreTheBuiltInOnesThenThoseOfEveryPlace) {
    World world;
    world.sources.environment["TENON_PLUGIN_PATH"] = "/env/a::rel:/env/a/";
    world.overrides.plugin_dirs = {"opt", "/env/a"};
    const Paths from_outside = {"/env/a", world.dir / "ws/rel", world.dir / "ws/opt"};
    EXPECT_EQ(world.settings().plugins.path, after_built_in(world, from_outside));
    world.system_says("plugins.path.1=/sys\nplugins.path.2=/usr/local/lib/tenon/plugins\n");
    world.user_says("plugins.path.2=/second\nplugins.path.1=~/first\n");
    Paths all = {"/sys", world.dir / "home/first", "/second"};
    all.insert(all.end(), from_outside.begin(), from_outside.end());
    EXPECT_EQ(world.settings().plugins.path, after_built_in(world, all));
}

TEST(Settings, PluginFoldersAreShownAsTheyAreSearched) {
    World world;
    world.define("plugins.path", "given");
    world.sources.environment["TENON_PLUGIN_PATH"] = "/env:/opt";
    world.overrides.plugin_dirs = {"/opt"};
    const Configuration found = world.examined();
    std::vector<std::string> shown;
    for (const ShownSetting& setting : shown_settings(found.table)) {
        if (setting.key == "plugins.path" && setting.origin != "default")
            shown.push_back(setting.origin + " " + setting.value);
    }
    EXPECT_THAT(shown, ElementsAre("-D " + (world.dir / "ws/given").string(),
                                   "TENON_PLUGIN_PATH /env", "TENON_PLUGIN_PATH /opt"));
    EXPECT_EQ(found.settings.plugins.path,
              after_built_in(world, {world.dir / "ws/given", "/env", "/opt"}));
}

TEST(Settings, AMissingPluginFolderIsReportedUnlessItIsBuiltIn) {
    World world;
    std::filesystem::create_directories(world.dir / "there");
    world.dir.write("a-file", "x");
    world.user_says("plugins.path.1=" + (world.dir / "there").string() + "\nplugins.path.2=" +
                    (world.dir / "a-file").string() + "\nplugins.path.3=~/gone\n");
    world.sources.environment["TENON_PLUGIN_PATH"] = "/gone-too";
    world.overrides.plugin_dirs = {"/reported-by-the-run"};
    const std::string file = (world.dir / "home/.config/tenon/tenon.properties").string();
    EXPECT_THAT(world.examined().warnings,
                ElementsAre(file + ":2: plugins.path: " + (world.dir / "a-file").string() +
                                " is no directory",
                            file + ":3: plugins.path: " + (world.dir / "home/gone").string() +
                                " is not there; no plugins are loaded from it",
                            "TENON_PLUGIN_PATH: /gone-too is not there; no plugins are loaded "
                            "from it"));
}

TEST(Settings, GrantsOfAllLayersAreMergedAndShown) {
    World world;
    world.dir.write("etc/tenon.xml",
                    "<tenon><plugins><web><grants>network</grants></web></plugins></tenon>");
    world.user_says("plugins.web.grants.2=write:~/out\nplugins.web.grants.1=network\n");
    world.define("plugins.web.grants", "exec");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_EQ(found.settings.plugins.by_id.at("web").grants,
              (Texts{"network", "write:~/out", "exec"}));
    EXPECT_TRUE(found.settings.plugins.by_id.at("web").own.empty());
    std::vector<std::string> shown;
    for (const ShownSetting& setting : shown_settings(found.table)) {
        if (setting.key == "plugins.web.grants") shown.push_back(setting.value);
    }
    EXPECT_EQ(shown, (Texts{"network", "write:~/out", "exec"}));
}

TEST(Settings, ABadValueOfAHostKeyOfAPluginNamesFileKeyAndWhatIsAllowed) {
    const struct {
        const char *line, *expected;
    } cases[] = {
        {"plugins.web.grants.1=netwrok",
         "plugins.web.grants: \"netwrok\" is not allowed; allowed: network, exec, read:DIR, "
         "write:DIR, unconfined"},
        {"plugins.web.grants=read:relative", "allowed: network, exec, read:DIR"},
        {"plugins.web.grants=", "allowed: network, exec, read:DIR"},
        {"plugins.web.grants=read:", "allowed: network, exec, read:DIR"},
        {"plugins.web.callTimeout=soon",
         "plugins.web.callTimeout: \"soon\" is not allowed; allowed: seconds, or a number with ms"},
        {"plugins.web.callTimeout=0", "from 1ms to ten years"},
        {"plugins.web.enabled=maybe", "allowed: true, false"},
        {"plugins.require=some", "plugins.require: \"some\" is not allowed; allowed: any, known"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.line);
        World world;
        world.user_says(std::string(row.line) + "\n");
        EXPECT_THAT(world.examined().errors,
                    ElementsAre(::testing::AllOf(HasSubstr("tenon.properties:1: "),
                                                 HasSubstr(row.expected))));
    }
}

TEST(Settings, APluginKeepsTheOriginsOfItsKeys) {
    World world;
    world.user_says("# a comment\nplugins.web.depth=3\n");
    const PluginSettings web = world.settings().plugins.by_id.at("web");
    EXPECT_EQ(web.origins.at("depth"),
              (world.dir / "home/.config/tenon/tenon.properties").string() + ":2");
}

TEST(Settings, APluginsOwnListIsNumberedInBothForms) {
    World world;
    world.dir.write("etc/tenon.xml",
                    "<tenon><plugins><x><root>a</root><root>b</root></x></plugins></tenon>");
    EXPECT_EQ(world.settings().plugins.by_id.at("x").own,
              (std::map<std::string, std::string>{{"root.1", "a"}, {"root.2", "b"}}));
}

TEST(Settings, TheEnvironmentSpeaksOfItsProvider) {
    World world;
    world.sources.environment["ANTHROPIC_BASE_URL"] = "http://a";
    world.sources.environment["OPENAI_BASE_URL"] = "http://o";
    world.sources.environment["SSL_CERT_FILE"] = "/ca.pem";
    world.sources.environment["https_proxy"] = "http://u:t0p@lower:1";
    world.sources.environment["NO_PROXY"] = "localhost";
    const Settings s = world.settings();
    EXPECT_EQ(s.model.base_url, "http://a");
    EXPECT_EQ(s.model.ca_file, "/ca.pem");
    EXPECT_EQ(s.model.proxy, "");
    EXPECT_EQ(s.model.https_proxy, "http://u:t0p@lower:1");
    EXPECT_EQ(s.model.no_proxy, "localhost");
    EXPECT_EQ(world.shown("model.proxy").value, "http://[redacted]@lower:1");
    EXPECT_EQ(world.shown("model.proxy").origin, "https_proxy");
    world.sources.environment["HTTPS_PROXY"] = "http://upper:1";
    EXPECT_EQ(world.settings().model.https_proxy, "http://upper:1");
}

TEST(Settings, AProxyOfTheEnvironmentIsNotCheckedAndHoldsWhereNoneIsConfigured) {
    World world;
    world.sources.environment["HTTPS_PROXY"] = "socks5://h:1";
    Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_EQ(found.settings.model.https_proxy, "socks5://h:1");
    EXPECT_EQ(world.shown("model.proxy").value, "socks5://h:1");
    world.user_says("model.proxy=p:1\n");
    found = world.examined();
    EXPECT_EQ(found.settings.model.proxy, "p:1");
    EXPECT_EQ(world.shown("model.proxy").value, "p:1");
    world.user_says("model.proxy=none\n");
    found = world.examined();
    EXPECT_EQ(found.settings.model.proxy + found.settings.model.https_proxy, "");
    EXPECT_EQ(world.shown("model.proxy").value, "none");
}

TEST(Settings, OptionsReachTheirKeys) {
    World world;
    std::filesystem::create_directories(world.dir / "more");
    std::filesystem::create_symlink(world.dir / "more", world.dir / "link");
    world.overrides.workspace = "../link";
    world.overrides.add_dirs = {"../ws"};
    world.option_says("agent.maxTurns", "3", "--max-turns");
    world.option_says("log.level", "info", "--log-level");
    world.option_says("model.provider", "replay", "--replay");
    world.overrides.replay = "run.jsonl";
    world.overrides.yes = true;
    const Settings s = world.settings();
    EXPECT_EQ(s.workspace, world.dir / "more");
    EXPECT_EQ(s.add_dirs, Paths{world.dir / "ws"});
    EXPECT_EQ(s.agent.max_turns, 3);
    EXPECT_EQ(s.log.level, "info");
    EXPECT_EQ(s.model.provider, "replay");
    EXPECT_EQ(s.model.replay_file, world.dir / "ws/run.jsonl");
    EXPECT_TRUE(s.permissions.yes);
    EXPECT_EQ(world.shown("model.provider").origin, "--replay");
}

TEST(Settings, TellAllErrorsWithFileLineKeyAndWhatIsAllowed) {
    World world;
    world.system_says("jobs.tiemout=1h\njobs.timeout=soon\n");
    world.dir.write("home/.config/tenon/tenon.xml",
                    "<tenon><log><level>loud</level></log>\n<agent><wake>true</wake><wake>false</"
                    "wake></agent></tenon>");
    world.sources.environment["ANTHROPIC_BASE_URL"] = "nowhere";
    world.sources.environment["TENON_CONFIG"] = "missing-1.xml";
    world.overrides.config = "missing-2.xml";
    world.overrides.add_dirs = {"missing-3"};
    world.define("plugins.x.enabled", "perhaps");
    world.define("nonsense", "1");
    const auto loaded = load(world.sources, world.overrides);
    ASSERT_FALSE(loaded);
    const std::string etc = (world.dir / "etc/tenon.properties").string();
    const std::string user = (world.dir / "home/.config/tenon/tenon.xml").string();
    for (const std::string& part :
         {etc + ":1: unknown key \"jobs.tiemout\"; did you mean jobs.timeout?\n",
          etc + ":2: jobs.timeout: \"soon\" is not allowed; allowed: seconds",
          user + ":1: log.level: \"loud\" is not allowed; allowed: trace, debug",
          user + ":2: agent.wake is given twice",
          std::string(
              "ANTHROPIC_BASE_URL: model.baseUrl: \"nowhere\" is not allowed; allowed: http://"),
          std::string("TENON_CONFIG: open " + (world.dir / "ws/missing-1.xml").string()),
          std::string("--config: open " + (world.dir / "ws/missing-2.xml").string()),
          std::string("--add-dir missing-3: "),
          std::string("-D: plugins.x.enabled: \"perhaps\" is not allowed; allowed: true, false"),
          std::string("-D: unknown key \"nonsense\"; allowed: keys of model")})
        EXPECT_THAT(loaded.error().message, HasSubstr(part));
}

TEST(Settings, NeedAWorkspaceThatIsAFolder) {
    World world;
    world.dir.write("file", "");
    for (const char* bad : {"missing", "../file"}) {
        SCOPED_TRACE(bad);
        world.overrides.workspace = bad;
        const auto loaded = load(world.sources, world.overrides);
        ASSERT_FALSE(loaded);
        EXPECT_THAT(loaded.error().message, HasSubstr("--workspace "));
    }
}

TEST(Settings, TheXmlHidesThePropertiesBesideItWithAWarning) {
    World world;
    world.system_says("model.name=properties\nnonsense=1\n");
    world.dir.write("etc/tenon.xml", "<tenon><model><name>xml</name></model></tenon>");
    const Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_THAT(examined.warnings, ElementsAre(HasSubstr("tenon.properties")));
    EXPECT_EQ(examined.settings.model.name, "xml");
}

TEST(Settings, AFileThatCannotBeReadIsAnErrorButNotTheWorkspaces) {
    World world;
    std::filesystem::create_directories(world.dir / "etc/tenon.xml");
    EXPECT_THAT(world.examined().errors,
                ElementsAre(HasSubstr((world.dir / "etc/tenon.xml").string())));
    std::filesystem::remove(world.dir / "etc/tenon.xml");
    world.dir.write("ws/.tenon/tenon.xml", "<tenon><model>");
    Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_THAT(examined.warnings, ElementsAre(HasSubstr("not well-formed")));
    std::filesystem::remove(world.dir / "ws/.tenon/tenon.xml");
    std::filesystem::create_directories(world.dir / "ws/.tenon/tenon.xml");
    examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_THAT(examined.warnings, ElementsAre(HasSubstr("it is ignored")));
}

TEST(Settings, AnUnreadableFileIsAnError) {
    if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
    World world;
    world.system_says("model.name=m\n");
    ASSERT_EQ(::chmod((world.dir / "etc/tenon.properties").c_str(), 0), 0);
    EXPECT_THAT(world.examined().errors, ElementsAre(HasSubstr("Permission denied")));
}

/// Its locks would be lost without a word.
TEST(Settings, AMachinesFileThatIsALinkToNothingIsAnError) {
    for (const char* name : {"tenon.xml", "tenon.properties", "conf.d", "conf.d/10-a.xml"}) {
        SCOPED_TRACE(name);
        World world;
        const auto link = world.dir / "etc" / name;
        std::filesystem::create_directories(link.parent_path());
        std::filesystem::create_symlink("/nonexistent/tenon", link);
        EXPECT_THAT(world.examined().errors,
                    ElementsAre(AllOf(HasSubstr(link.string()), HasSubstr("No such file"))));
    }
}

// ---------------------------------------------------------------- trust

TEST(Settings, AStrangersWorkspaceSaysOnlyWhatIsHarmless) {
    World world;
    world.workspace_says(
        "model.name=m\nlog.level=debug\npermissions.deny.1=d\npermissions.ask.1=a\nagent.maxTurns="
        "9\n"
        "agent.subagent.maxTurns=5\njobs.maxRunning=1\njobs.timeout=1m\njobs.foregroundTimeout=5\n"
        "jobs.maxTimeout=2m\njobs.outputLimit=1MiB\n"
        "jobs.memoryLimit=1GiB\njobs.processLimit=50\njobs.cpuLimit=10m\njobs.pidNamespace=true\n"
        "model.baseUrl=http://evil\nmodel.provider=replay\nmodel.proxy=evil:1\nmodel.caFile=evil\n"
        "permissions.allow.1=Bash\npermissions.allow.2=Edit\npermissions.mode=bypassPermissions\n"
        "plugins.path.1=evil\nplugins.x.isolated=false\nplugins.x.own=1\n"
        "plugins.x.grants.1=exec\nplugins.x.grants.2=network\nplugins.x.callTimeout=1h\n"
        "plugins.require=known\nlog.file=/"
        "evil\njobs.maxQueued=1\n");
    const Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    const Settings& s = examined.settings;
    EXPECT_EQ(s.model.name + s.log.level, "mdebug");
    EXPECT_THAT(texts(s.permissions.deny), ElementsAre("d"));
    EXPECT_THAT(texts(s.permissions.ask), ElementsAre("a"));
    EXPECT_EQ(s.agent.max_turns, 9);
    EXPECT_EQ(s.agent.subagent_max_turns, 5);
    EXPECT_EQ(s.jobs.max_running, 1);
    EXPECT_EQ(s.jobs.timeout, std::chrono::minutes(1));
    EXPECT_EQ(s.jobs.foreground_timeout, std::chrono::seconds(5));
    EXPECT_EQ(s.jobs.max_timeout, std::chrono::minutes(2));
    EXPECT_EQ(s.jobs.output_limit, 1U << 20U);
    EXPECT_EQ(s.jobs.memory_limit, 1U << 30U);
    EXPECT_EQ(s.jobs.process_limit, 50U);
    EXPECT_EQ(s.jobs.cpu_limit, std::chrono::minutes(10));
    EXPECT_FALSE(s.jobs.pid_namespace);
    EXPECT_EQ(s.model.base_url + s.model.proxy + s.model.ca_file + s.log.file, "");
    EXPECT_EQ(s.model.provider, "anthropic");
    EXPECT_THAT(s.permissions.allow, IsEmpty());
    EXPECT_EQ(s.permissions.mode, "ask");
    EXPECT_EQ(s.plugins.path, built_in_folders(world));
    EXPECT_TRUE(s.plugins.by_id.empty());
    EXPECT_EQ(s.plugins.require, "any");
    EXPECT_EQ(s.jobs.max_queued, 10'000);
    std::string all;
    for (const std::string& warning : examined.warnings)
        all += warning + "\n";
    for (const char* key :
         {"model.baseUrl", "model.provider", "model.proxy", "model.caFile", "permissions.allow",
          "permissions.mode", "plugins.path", "plugins.x.isolated", "plugins.x.own", "log.file",
          "jobs.maxQueued", "jobs.pidNamespace", "plugins.x.grants", "plugins.x.callTimeout",
          "plugins.require"})
        EXPECT_THAT(all, HasSubstr(std::string(key) + " is ignored: the workspace is not trusted"));
    EXPECT_EQ(examined.warnings.size(), 15U) << all;
}

TEST(Settings, AStrangersWorkspaceTurnsReadOnlyCommandsOffButNotOn) {
    struct Case {
        const char *user, *workspace;
        bool on;
        std::size_t warnings;
    };
    const Case cases[] = {{"", "false", false, 0},
                          {"", "true", true, 0},
                          {"permissions.readOnlyCommands=false", "true", false, 1},
                          {"permissions.readOnlyCommands=false", "false", false, 0},
                          {"", "perhaps", true, 1}};
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.user) + " then " + c.workspace);
        World world;
        world.user_says(c.user);
        world.workspace_says(std::string("permissions.readOnlyCommands=") + c.workspace + "\n");
        const Configuration examined = world.examined();
        EXPECT_THAT(examined.errors, IsEmpty());
        EXPECT_EQ(examined.settings.permissions.read_only_commands, c.on);
        EXPECT_EQ(examined.warnings.size(), c.warnings);
    }
}

TEST(Settings, AStrangersNumbersOnlyMakeThingsStricter) {
    struct Case {
        const char *user, *workspace;
        std::int64_t turns;
        std::size_t warnings;
    };
    const Case cases[] = {{"", "agent.maxTurns=9", 9, 0},
                          {"agent.maxTurns=5", "agent.maxTurns=4", 4, 0},
                          {"agent.maxTurns=5", "agent.maxTurns=5", 5, 0},
                          {"agent.maxTurns=5", "agent.maxTurns=6", 5, 1},
                          {"agent.maxTurns=5", "agent.maxTurns=unlimited", 5, 1},
                          {"agent.maxTurns=5", "agent.maxTurns=-1", 5, 1},
                          {"agent.maxTurns=5", "agent.maxTurn=1", 5, 1}};
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.user) + " then " + c.workspace);
        World world;
        world.user_says(c.user);
        world.workspace_says(c.workspace);
        const Configuration examined = world.examined();
        EXPECT_THAT(examined.errors, IsEmpty());
        EXPECT_EQ(examined.settings.agent.max_turns, c.turns);
        EXPECT_EQ(examined.warnings.size(), c.warnings);
    }
}

TEST(Settings, TrustLetsAWorkspaceSpeakUntilItsFileChanges) {
    World world;
    world.workspace_says("permissions.allow.1=Bash\nagent.maxTurns=9\nnonsense=1\n");
    world.user_says("agent.maxTurns=5\n");
    trust(world);
    Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_THAT(examined.warnings, ElementsAre(HasSubstr("unknown key \"nonsense\"")));
    EXPECT_THAT(texts(examined.settings.permissions.allow), ElementsAre("Bash"));
    EXPECT_EQ(examined.settings.agent.max_turns, 9);
    world.workspace_says("permissions.allow.1=Bash(*)\n");
    examined = world.examined();
    EXPECT_THAT(examined.settings.permissions.allow, IsEmpty());
    EXPECT_THAT(examined.warnings, ElementsAre(HasSubstr("changed since it was trusted"),
                                               HasSubstr("permissions.allow is ignored")));
}

TEST(Settings, TrustFollowsTheRealPathOfTheWorkspace) {
    World world;
    world.workspace_says("permissions.allow.1=Bash\n");
    trust(world);
    std::filesystem::create_symlink(world.dir / "ws", world.dir / "alias");
    world.overrides.workspace = world.dir / "alias";
    EXPECT_THAT(texts(world.settings().permissions.allow), ElementsAre("Bash"));
    std::filesystem::copy(world.dir / "ws", world.dir / "copy",
                          std::filesystem::copy_options::recursive);
    world.overrides.workspace = world.dir / "copy";
    EXPECT_THAT(world.settings().permissions.allow, IsEmpty());
}

// ---------------------------------------------------------------- credentials and .env

TEST(Settings, DotEnvFillsOnlyWhatNothingElseSetAndIsAnnounced) {
    World world;
    world.dir.write(
        "ws/.env",
        "ANTHROPIC_API_KEY=key-from-env-file\nMODEL_ID=file-model\nOPENAI_API_KEY=bad key\n");
    world.sources.credentials.openai = "key-of-environment\n";
    Configuration examined = world.examined();
    EXPECT_THAT(examined.errors, IsEmpty());
    EXPECT_EQ(examined.credentials.anthropic, "key-from-env-file");
    EXPECT_EQ(examined.credentials.openai, "key-of-environment");
    EXPECT_EQ(examined.settings.model.name, "file-model");
    const std::string file = (world.dir / "ws/.env").string();
    EXPECT_THAT(examined.notices, ElementsAre("using ANTHROPIC_API_KEY from " + file,
                                              "using MODEL_ID=file-model from " + file));
    EXPECT_EQ(world.shown("model.name").origin, file + ": MODEL_ID");

    world.sources.credentials.anthropic = "key-of-environment";
    world.system_says("model.name=system\n");
    examined = world.examined();
    EXPECT_EQ(examined.credentials.anthropic, "key-of-environment");
    EXPECT_EQ(examined.settings.model.name, "system");
    EXPECT_THAT(examined.notices, IsEmpty());
}

TEST(Settings, AKeyThatNoHeaderCanHoldIsAnErrorThatDoesNotShowIt) {
    World world;
    world.sources.credentials.anthropic = "t0p\nsecret";
    const auto loaded = load(world.sources, world.overrides);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("ANTHROPIC_API_KEY"));
    EXPECT_EQ(loaded.error().message.find("t0p"), std::string::npos);
}

TEST(Settings, ABadRuleOfAWorkspaceIsAWarningAndTheReadableOnesCount) {
    for (const bool trusted : {false, true}) {
        SCOPED_TRACE(trusted);
        World world;
        world.workspace_says(
            "permissions.deny.1=Read(\npermissions.deny.2=Read(!x)\npermissions.deny.3=Bash(rm *)\n"
            "permissions.ask.1=No Tool\n");
        if (trusted) {
            ASSERT_TRUE(record_trust(world.state(), world.dir / "ws",
                                     *find_config_file(world.dir / "ws/.tenon"), {}));
        }
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, ::testing::IsEmpty());
        ASSERT_EQ(found.settings.permissions.deny.size(), 1U);
        EXPECT_EQ(found.settings.permissions.deny[0].text, "Bash(rm *)");
        EXPECT_THAT(found.settings.permissions.ask, ::testing::IsEmpty());
        for (const char* rule : {"'Read('", "'Read(!x)'", "'No Tool'"})
            EXPECT_THAT(found.warnings, ::testing::Contains(HasSubstr(rule)));
    }
}

TEST(Settings, ABadRuleOfOnesOwnIsAnError) {
    World world;
    world.user_says("permissions.allow.1=Read(\n");
    world.option_says("permissions.deny", "Bash(x", "--deny");
    world.define("permissions.ask", "(y)");
    EXPECT_THAT(
        world.examined().errors,
        ::testing::ElementsAre(HasSubstr("'Read('"), HasSubstr("'Bash(x'"), HasSubstr("'(y)'")));
}

TEST(Settings, ADefineIsStrongerThanTheOptionOfTheSameKey) {
    World world;
    world.option_says("model.name", "by-option", "--model");
    world.option_says("model.provider", "anthropic", "--provider");
    world.option_says("agent.maxTurns", "3", "--max-turns");
    world.option_says("log.level", "info", "--log-level");
    world.define("model.name", "by-define");
    world.define("model.provider", "replay");
    world.define("agent.maxTurns", "5");
    world.define("log.level", "debug");
    const Settings settings = world.settings();
    EXPECT_EQ(settings.model.name, "by-define");
    EXPECT_EQ(settings.model.provider, "replay");
    EXPECT_EQ(settings.agent.max_turns, 5);
    EXPECT_EQ(settings.log.level, "debug");
}

TEST(Settings, ATildeIsTheHomeDirectoryWhereverAPathIsGiven) {
    World world;
    for (const char* name : {"home/w", "home/more", "home/plugins"})
        std::filesystem::create_directories(world.dir / name);
    std::filesystem::create_directories(world.dir / "ws/~");
    world.dir.write("home/c.properties", "log.level=info\n");
    world.overrides.workspace = "~/w";
    world.overrides.add_dirs = {"~", "~/more", "./~"};
    world.overrides.plugin_dirs = {"~/plugins"};
    world.overrides.config = "~/c.properties";
    world.overrides.replay = "~/r.jsonl";
    world.overrides.record = "./~/x";
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, ::testing::IsEmpty());
    const Settings& settings = found.settings;
    EXPECT_EQ(settings.workspace, world.dir / "home/w");
    EXPECT_THAT(
        settings.add_dirs,
        ::testing::ElementsAre(world.dir / "home", world.dir / "home/more", world.dir / "ws/~"));
    EXPECT_EQ(settings.plugins.path.back(), world.dir / "home/plugins");
    EXPECT_EQ(settings.log.level, "info");
    EXPECT_EQ(settings.model.replay_file, world.dir / "home/r.jsonl");
    EXPECT_EQ(settings.model.record_file, world.dir / "ws/~/x");
}

TEST(Settings, AWorkspaceThatNoSandboxProtectsCanBeReadButNothingRunsInIt) {
    World world;
    world.sources.cwd = "/";
    world.define("sandbox.mode", "workspace");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, ::testing::IsEmpty());
    EXPECT_EQ(found.unsafe_workspace,
              "sandbox.mode=workspace: the workspace / would let commands write everything");
    EXPECT_TRUE(load_to_read(world.sources, world.overrides));
    const auto loaded = load(world.sources, world.overrides);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message,
              found.unsafe_workspace + "; go into a project's directory, or use --workspace DIR");

    world.overrides.workspace = world.dir / "ws";
    EXPECT_EQ(world.examined().unsafe_workspace, "");
    EXPECT_TRUE(load(world.sources, world.overrides));
}

TEST(Settings, WithoutACurrentDirectoryOnlyRelativePathsAreErrors) {
    World world;
    world.sources.cwd.clear();
    world.sources.cwd_problem = "the current directory is gone";
    EXPECT_THAT(world.examined().errors, ::testing::IsEmpty());
    EXPECT_EQ(world.examined().no_workspace, "the current directory is gone");
    const auto loaded = load(world.sources, world.overrides);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message, "the current directory is gone");

    world.overrides.workspace = world.dir / "ws";
    EXPECT_TRUE(load(world.sources, world.overrides));
    world.overrides.add_dirs = {"x"};
    world.overrides.plugin_dirs = {"x"};
    world.overrides.config = "x";
    world.overrides.replay = "x";
    world.sources.environment["TENON_STATE_DIR"] = "x";
    const auto errors = world.examined().errors;
    for (const char* name :
         {"--add-dir", "--plugin-dir", "--config", "--replay", "TENON_STATE_DIR"}) {
        EXPECT_THAT(errors, ::testing::Contains(::testing::AllOf(
                                HasSubstr(name), HasSubstr("x is a relative path"))));
    }
}

TEST(Settings, AWorkspacesFileIsNotReadThroughALinkThatLeadsOutOfTheProject) {
    World world;
    world.dir.write("home/private.properties", "permissions.deny.1=Bash(t0p-secret)\n");
    std::filesystem::create_directories(world.dir / "ws/.tenon");
    std::filesystem::create_symlink("../../home/private.properties",
                                    world.dir / "ws/.tenon/tenon.properties");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, ::testing::IsEmpty());
    EXPECT_THAT(found.settings.permissions.deny, ::testing::IsEmpty());
    EXPECT_THAT(found.warnings, ::testing::Contains(HasSubstr("outside")));
}

}  // namespace
}  // namespace tenon::config
