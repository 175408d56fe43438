#include "host/config/locks.h"

#include <functional>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/config/rule_file.h"
#include "host/config/table_views.h"
#include "host/config/trust.h"
#include "tests/config/world.h"

namespace tenon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Texts = std::vector<std::string>;

std::string key_line(const std::string& key, const std::string& value) {
    return key + "=" + value + "\n";
}

void trust_workspace(const World& world) {
    ASSERT_TRUE(record_trust(world.state(), world.dir / "ws",
                             *find_config_file(world.dir / "ws/.tenon"), {}));
}

/// A place that is read after the machine's own file.
struct LaterPlace {
    const char* origin;  ///< how a warning begins, behind the temporary directory
    std::function<void(World&, const std::string& key, const std::string& value)> say;
};

const LaterPlace kLaterPlaces[] = {
    {"etc/conf.d/50-site.properties:1",
     [](World& w, const auto& key, const auto& value) {
         w.dir.write("etc/conf.d/50-site.properties", key_line(key, value));
     }},
    {"tenon/tenon.properties:1",
     [](World& w, const auto& key, const auto& value) { w.user_says(key_line(key, value)); }},
    {"allowed.properties:1",
     [](World& w, const auto& key, const auto& value) {
         w.dir.write(std::string("home/.config/tenon/") + kRuleFile, key_line(key, value));
     }},
    {".tenon/tenon.properties:1",
     [](World& w, const auto& key, const auto& value) {
         w.workspace_says(key_line(key, value));
         trust_workspace(w);
     }},
    {"of-variable.properties:1",
     [](World& w, const auto& key, const auto& value) {
         w.sources.environment["TENON_CONFIG"] =
             w.dir.write("of-variable.properties", key_line(key, value)).string();
     }},
    {"of-option.properties:1",
     [](World& w, const auto& key, const auto& value) {
         w.overrides.config = w.dir.write("of-option.properties", key_line(key, value));
     }},
    {"--option", [](World& w, const auto& key,
                    const auto& value) { w.option_says(key.c_str(), value.c_str(), "--option"); }},
    {"-D",
     [](World& w, const auto& key, const auto& value) { w.define(key.c_str(), value.c_str()); }},
};

/// The values of a key in force, as they were written.
Texts in_force(const Configuration& found, const std::string& key) {
    Texts out;
    for (const Setting& setting : found.table.list(key))
        out.push_back(setting.text);
    return out;
}

TEST(Locks, NoLaterLayerLoosensAValueAndEveryOneMayMakeItStricter) {
    struct Row {
        const char *key, *locked, *looser, *stricter;
    };
    const Row rows[] = {
        {"model.baseUrl", "http://a", "http://b", "http://a"},
        {"model.maxTokens", "1000", "1001", "999"},
        {"model.retry.baseDelayMs", "500", "499", "501"},
        {"agent.maxTurns", "10", "unlimited", "5"},
        {"jobs.timeout", "1h", "61m", "60m"},
        {"jobs.memoryLimit", "1GiB", "none", "512MiB"},
        {"jobs.keepDays", "30", "29", "30"},
        {"jobs.pidNamespace", "true", "false", "yes"},
        {"permissions.readOnlyCommands", "false", "true", "no"},
        {"permissions.mode", "acceptEdits", "bypassPermissions", "ask"},
        {"permissions.mode", "ask", "acceptEdits", "dontAsk"},
        {"permissions.mode", "dontAsk", "ask", "plan"},
        {"permissions.mode", "plan", "dontAsk", "plan"},
        {"sandbox.mode", "workspace", "off", "read-only"},
        {"sandbox.network", "loopback", "full", "none"},
        {"sandbox.require", "true", "false", "true"},
        {"plugins.require", "known", "any", "known"},
        {"plugins.x.enabled", "false", "true", "false"},
        {"plugins.x.isolated", "true", "false", "true"},
        {"plugins.x.callTimeout", "60s", "61s", "1m"},
        {"plugins.x.endpoint", "a", "b", "a"},
    };
    for (const Row& row : rows) {
        for (const LaterPlace& place : kLaterPlaces) {
            SCOPED_TRACE(std::string(row.key) + "=" + row.locked + ", then " + place.origin);
            World world;
            world.system_says(key_line(row.key, row.locked) + key_line("final", row.key));
            place.say(world, row.key, row.looser);
            Configuration found = world.examined();
            EXPECT_THAT(found.errors, IsEmpty());
            EXPECT_THAT(in_force(found, row.key), ElementsAre(row.locked));
            EXPECT_THAT(
                found.warnings,
                ElementsAre(HasSubstr(std::string(place.origin) + ": " + row.key + ": \"" +
                                      row.looser + "\" is left out: " + row.key + " is locked by " +
                                      (world.dir / "etc/tenon.properties").string() + ":2; \"" +
                                      row.locked + "\" stays in force")));

            place.say(world, row.key, row.stricter);
            if (!world.overrides.options.empty())
                world.overrides.options.erase(world.overrides.options.begin());
            if (!world.overrides.defines.empty())
                world.overrides.defines.erase(world.overrides.defines.begin());
            found = world.examined();
            EXPECT_THAT(found.errors, IsEmpty());
            EXPECT_THAT(found.warnings, IsEmpty());
            EXPECT_THAT(in_force(found, row.key), ElementsAre(row.stricter));
        }
    }
}

TEST(Locks, AListTakesOnlyWhatMakesItStricter) {
    struct Row {
        const char *key, *locked, *more;
        bool counts;
    };
    const Row rows[] = {
        {"permissions.allow", "Bash(make)", "Bash(make *)", false},
        {"permissions.ask", "Bash(make)", "Bash(rm *)", true},
        {"permissions.deny", "Bash(make)", "Bash(rm *)", true},
        {"sandbox.write", "/usr/share", "/usr/lib", false},
        {"sandbox.denyRead", "/var/log", "/var/lib", true},
        {"plugins.path", "/usr/share", "/usr/lib", false},
        {"plugins.x.grants", "network", "exec", false},
    };
    for (const Row& row : rows) {
        for (const LaterPlace& place : kLaterPlaces) {
            SCOPED_TRACE(std::string(row.key) + ", then " + place.origin);
            World world;
            world.system_says(key_line(std::string(row.key) + ".1", row.locked) +
                              key_line("final.1", row.key));
            const Texts before = in_force(world.examined(), row.key);
            // A place that sets it to what it is has changed nothing.
            place.say(world, row.key, row.locked);
            EXPECT_THAT(world.examined().warnings, IsEmpty());
            world.overrides = {};
            place.say(world, row.key, row.more);
            const Configuration found = world.examined();
            EXPECT_THAT(found.errors, IsEmpty());
            Texts after = before;
            if (row.counts) after.emplace_back(row.more);
            EXPECT_EQ(in_force(found, row.key), after);
            if (row.counts) {
                EXPECT_THAT(found.warnings, IsEmpty());
            } else {
                EXPECT_THAT(found.warnings,
                            ElementsAre(HasSubstr(std::string(place.origin) + ": " + row.key +
                                                  ": \"" + row.more + "\" is left out: " + row.key +
                                                  " is locked by " +
                                                  (world.dir / "etc/tenon.properties").string() +
                                                  ":2; the list stays as it is")));
            }
        }
    }
}

TEST(Locks, TheEnvironmentLoosensNothing) {
    struct Row {
        const char *variable, *value, *key, *locked;
    };
    const Row rows[] = {
        {"ANTHROPIC_BASE_URL", "http://b", "model.baseUrl", "http://a"},
        {"TENON_MODEL", "b", "model.name", "a"},
        {"MODEL_ID", "b", "model.name", "a"},
        {"SSL_CERT_FILE", "/b.pem", "model.caFile", "/a.pem"},
        {"TENON_PLUGIN_PATH", "/usr/lib", "plugins.path", ""},
        // These are weaker than every file, and are no default that could be locked.
        {"HTTPS_PROXY", "http://b:1", "model.proxy", ""},
        {"https_proxy", "http://b:1", "model.proxy", ""},
        {"ANTHROPIC_BASE_URL", "http://b", "model.baseUrl", ""},
        {"TENON_MODEL", "b", "model.name", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.variable) + ", " + row.key + "=" + row.locked);
        World world;
        const bool is_set = row.locked[0] != '\0';
        world.system_says((is_set ? key_line(row.key, row.locked) : "\n") +
                          key_line("final", row.key));
        const Texts before = in_force(world.examined(), row.key);
        world.sources.environment[row.variable] = row.value;
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(in_force(found, row.key), before);
        EXPECT_THAT(found.settings.model.https_proxy, IsEmpty());
        EXPECT_THAT(found.warnings,
                    ElementsAre(HasSubstr(std::string(row.variable) + ": " + row.key + ": \"" +
                                          row.value + "\" is left out: ")));
    }
}

TEST(Locks, TheModelOfAWorkspacesDotEnvIsNoDefaultThatCouldBeLocked) {
    const World world;
    world.system_says("final=model.name\n");
    world.dir.write("ws/.env", "MODEL_ID=theirs\nANTHROPIC_API_KEY=a-key-of-the-workspace\n");
    const Configuration found = world.examined();
    EXPECT_EQ(found.settings.model.name, "");
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("model.name: \"theirs\" is left out")));
    EXPECT_EQ(found.credentials.anthropic, "a-key-of-the-workspace") << "a key is no setting";
}

TEST(Locks, TheDirectoriesOfOptionsAndOfTheEnvironmentAreLeftOutToo) {
    World world;
    world.overrides.plugin_dirs = {world.dir / "ws"};
    EXPECT_THAT(world.settings().plugins.path, ::testing::Contains(world.dir / "ws"));
    world.system_says("final=plugins.path\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.settings.plugins.path, Not(::testing::Contains(world.dir / "ws")));
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("--plugin-dir: plugins.path: ")));
}

TEST(Locks, TheUsersOwnDirectoryOfPluginsIsLeftOutToo) {
    for (const char* lock : {"plugins", "plugins.path"}) {
        SCOPED_TRACE(lock);
        World world;
        world.sources.environment["XDG_DATA_HOME"] = (world.dir / "data").string();
        const auto own = world.dir / "data/tenon/plugins";
        const auto usual = world.settings().plugins.path;
        EXPECT_THAT(usual, ::testing::Contains(own));
        world.system_says(key_line("final", lock));
        EXPECT_THAT(world.examined().warnings, IsEmpty()) << "nothing is in it";
        world.dir.write("data/tenon/plugins/x.so", "");
        const Configuration found = world.examined();
        EXPECT_THAT(found.settings.plugins.path, Not(::testing::Contains(own)));
        EXPECT_EQ(found.settings.plugins.path.size(), usual.size() - 1) << "the others stay";
        const std::string why = std::string(lock) + " is locked by " +
                                (world.dir / "etc/tenon.properties").string() + ":1";
        EXPECT_EQ(found.settings.plugins.path_lock, why);
        EXPECT_THAT(found.warnings, ElementsAre(own.string() + " is left out: " + why +
                                                "; no plugins are loaded from it"));
    }
}

TEST(Locks, TheUsersOwnDirectoryOfPluginsStaysWhereTheMachinesFileNamesIt) {
    World world;
    const auto own = world.dir / "home/.local/share/tenon/plugins";
    std::filesystem::create_directories(own);
    world.system_says("plugins.path=~/.local/share/tenon/plugins\nfinal=plugins.path\n");
    EXPECT_THAT(world.settings().plugins.path, ::testing::Contains(own));
    world.system_says("final=plugins.path\n");
    world.dir.write("etc/conf.d/a.properties", "plugins.path=~/.local/share/tenon/plugins\n");
    EXPECT_THAT(world.settings().plugins.path, Not(::testing::Contains(own))) << "behind the lock";
}

TEST(Locks, NoVariableTakesADirectoryOfPluginsAway) {
    World world;
    world.sources.environment["XDG_DATA_HOME"] = "/usr/local/lib";
    world.system_says("final=plugins\n");
    EXPECT_THAT(world.settings().plugins.path, ::testing::Contains("/usr/local/lib/tenon/plugins"));
}

TEST(Locks, YesIsLeftOutWhereTheModeIsLocked) {
    World world;
    world.overrides.yes = true;
    EXPECT_TRUE(world.settings().permissions.yes);
    world.system_says("final=permissions.mode\n");
    const Configuration found = world.examined();
    EXPECT_FALSE(found.settings.permissions.yes);
    EXPECT_THAT(found.warnings, ElementsAre("--yes is left out: permissions.mode is locked by " +
                                            (world.dir / "etc/tenon.properties").string() +
                                            ":1; \"ask\" stays in force"));
}

TEST(Locks, YesIsLeftOutWhereTheAskRulesAreLocked) {
    World world;
    world.overrides.yes = true;
    world.system_says("permissions.ask=Bash(git push *)\nfinal=permissions.ask\n");
    const Configuration found = world.examined();
    EXPECT_FALSE(found.settings.permissions.yes);
    EXPECT_THAT(found.warnings, ElementsAre("--yes is left out: permissions.ask is locked by " +
                                            (world.dir / "etc/tenon.properties").string() +
                                            ":2; its rules stay in force"));
}

TEST(Locks, PlanAsksNothingWhereTheModeIsLockedAtDontAsk) {
    struct Row {
        const char *locked, *mode;
        bool may_ask;
    };
    for (const Row& row : {Row{"dontAsk", "plan", false}, Row{"ask", "plan", true},
                           Row{"plan", "plan", true}, Row{"ask", "dontAsk", true}}) {
        SCOPED_TRACE(std::string(row.locked) + ", then " + row.mode);
        World world;
        world.system_says(key_line("permissions.mode", row.locked) + "final=permissions.mode\n");
        world.define("permissions.mode", row.mode);
        const Settings found = world.settings();
        EXPECT_EQ(found.permissions.mode, row.mode);
        EXPECT_EQ(found.permissions.may_ask, row.may_ask);
    }
    EXPECT_TRUE(World().settings().permissions.may_ask);
}

TEST(Locks, NoHostIsReachedWithoutALockedProxy) {
    for (const char* name : {"NO_PROXY", "no_proxy"}) {
        SCOPED_TRACE(name);
        World world;
        world.sources.environment[name] = "*";
        world.system_says("model.proxy=proxy.example:3128\n");
        EXPECT_EQ(world.settings().model.no_proxy, "*");
        world.system_says("model.proxy=proxy.example:3128\nfinal=model.proxy\n");
        const Configuration found = world.examined();
        EXPECT_EQ(found.settings.model.no_proxy, "");
        EXPECT_THAT(found.warnings,
                    ElementsAre(std::string(name) + " is left out: model.proxy is locked by " +
                                (world.dir / "etc/tenon.properties").string() +
                                ":2; every host is reached through the proxy"));
    }
    World none;
    none.sources.environment["NO_PROXY"] = "*";
    none.system_says("model.proxy=none\nfinal=model.proxy\n");
    EXPECT_THAT(none.examined().warnings, IsEmpty()) << "it has no effect";
}

TEST(Locks, VariablesOfOpenSslDoNotReplaceTheSystemsAuthorities) {
    World world;
    world.sources.environment["SSL_CERT_DIR"] = "/mine";
    EXPECT_TRUE(world.settings().model.ca_variables);
    world.system_says("model.caFile=system\n");
    EXPECT_FALSE(world.settings().model.ca_variables);
    world.system_says("final=model.caFile\n");
    const Configuration found = world.examined();
    EXPECT_FALSE(found.settings.model.ca_variables);
    EXPECT_THAT(found.warnings, ElementsAre("SSL_CERT_DIR is left out: model.caFile is locked by " +
                                            (world.dir / "etc/tenon.properties").string() +
                                            ":1; the default stays in force"));
}

TEST(Locks, AnotherServerDoesNotTakeThePlaceOfALockedOne) {
    for (const bool is_plain : {false, true}) {
        SCOPED_TRACE(is_plain ? "http" : "https");
        World world;
        const std::string url = is_plain ? "http://ours" : "https://ours";
        world.system_says("model.baseUrl=" + url + "\nfinal=model.baseUrl\n");
        world.sources.environment["HTTPS_PROXY"] = "http://company:1";
        world.sources.environment["SSL_CERT_FILE"] = "/mine.pem";
        world.define("model.caFile", "/mine.pem");
        world.define("model.proxy", "http://mine:1");
        Configuration found = world.examined();
        const std::string lock =
            "is locked by " + (world.dir / "etc/tenon.properties").string() + ":2";
        EXPECT_EQ(found.settings.model.ca_file, "");
        EXPECT_FALSE(found.settings.model.ca_variables);
        EXPECT_EQ(found.settings.model.proxy, is_plain ? "" : "http://mine:1");
        EXPECT_EQ(found.warnings.size(), is_plain ? 3U : 2U);
        EXPECT_THAT(found.warnings, ::testing::Each(HasSubstr(lock)));
        // Any file of the machine may say how the server is reached.
        world.dir.write("etc/conf.d/20-network.properties",
                        "model.caFile=/company.pem\nmodel.proxy=http://company:1\n");
        found = world.examined();
        EXPECT_EQ(found.settings.model.ca_file, "/company.pem");
        EXPECT_EQ(found.settings.model.proxy, is_plain ? "http://company:1" : "http://mine:1");
    }
}

TEST(Locks, AddDirDoesNotLetCommandsWriteMore) {
    struct Row {
        const char *locks, *mode;
        bool counts;
    };
    const Row rows[] = {
        {"sandbox.mode=workspace\nfinal=sandbox\n", "ask", false},
        {"sandbox.mode=workspace\nfinal=sandbox.write\n", "acceptEdits", false},
        {"sandbox.mode=workspace\nfinal=sandbox\n", "plan", true},
        {"sandbox.mode=read-only\nfinal=sandbox\n", "ask", true},
        {"sandbox.mode=off\nfinal=sandbox\n", "ask", true},
        {"sandbox.mode=workspace\nfinal=sandbox.mode\n", "ask", true},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.locks) + row.mode);
        World world;
        world.system_says(row.locks);
        world.define("permissions.mode", row.mode);
        world.overrides.add_dirs = {world.dir / "home"};
        const Configuration found = world.examined();
        EXPECT_THAT(found.errors, IsEmpty());
        EXPECT_EQ(found.settings.add_dirs.size(), row.counts ? 1U : 0U);
        if (row.counts) {
            EXPECT_THAT(found.warnings, IsEmpty());
        } else {
            EXPECT_THAT(found.warnings,
                        ElementsAre(HasSubstr("--add-dir " + (world.dir / "home").string() +
                                              " is left out: sandbox")));
        }
    }
}

TEST(Locks, AStricterValueOfALaterLayerIsNoLockItself) {
    World world;
    world.system_says("agent.maxTurns=10\nfinal=agent.maxTurns\n");
    world.user_says("agent.maxTurns=5\n");
    world.define("agent.maxTurns", "8");
    const Configuration found = world.examined();
    EXPECT_EQ(found.settings.agent.max_turns, 8);
    EXPECT_THAT(found.warnings, IsEmpty());
}

TEST(Locks, ALaterFileOfTheMachineMayLockAtAStricterValue) {
    World world;
    world.system_says("agent.maxTurns=10\nfinal=agent.maxTurns\n");
    world.dir.write("etc/conf.d/a.properties", "agent.maxTurns=5\nfinal=agent.maxTurns\n");
    world.define("agent.maxTurns", "8");
    const Configuration found = world.examined();
    EXPECT_EQ(found.settings.agent.max_turns, 5);
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("-D: agent.maxTurns: \"8\" is left out")));
}

TEST(Locks, AnEmptyElementLocksTheDefault) {
    World world;
    world.dir.write("etc/tenon.xml",
                    "<tenon>\n<sandbox><network final=\"true\"/></sandbox>\n"
                    "<jobs final=\"true\"/>\n<plugins><x><grants final=\"true\"/></x></plugins>\n"
                    "</tenon>\n");
    for (const auto& [key, value] : {std::pair{"sandbox.network", "full"},
                                     {"jobs.timeout", "2h"},
                                     {"jobs.maxRunning", "100000"},
                                     {"jobs.cpuLimit", "1m"},
                                     {"plugins.x.grants", "exec"},
                                     {"plugins.x.enabled", "true"}})
        world.define(key, value);
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_EQ(found.settings.sandbox.network, "none");
    EXPECT_EQ(found.settings.jobs.timeout, std::chrono::hours(1));
    EXPECT_EQ(found.settings.jobs.cpu_limit, std::chrono::minutes(1)) << "stricter than none";
    EXPECT_THAT(found.settings.plugins.by_id.at("x").grants, IsEmpty());
    const std::string etc = (world.dir / "etc/tenon.xml").string();
    EXPECT_EQ(found.settings.plugins.grants_locks.at("x"), etc + ":4");
    EXPECT_EQ(found.warnings.size(), 4U);
    EXPECT_EQ(world.shown("sandbox.network").lock, etc + ":2");
    EXPECT_EQ(world.shown("jobs.timeout").lock, etc + ":3");
    EXPECT_EQ(world.shown("sandbox.mode").lock, "");
    EXPECT_EQ(world.shown("plugins.x.grants").lock, etc + ":4") << "it has no value";
}

TEST(Locks, TheWordForALockedDefaultIsNotLeftOut) {
    World world;
    world.system_says("final.1=model.caFile\nfinal.2=log.file\n");
    world.user_says("model.caFile=system\nlog.file=stderr\n");
    EXPECT_THAT(world.examined().warnings, IsEmpty());
    world.user_says("model.caFile=/own.pem\nlog.file=/own.log\n");
    EXPECT_EQ(world.examined().warnings.size(), 2U);
    EXPECT_EQ(world.settings().model.ca_file, "");
}

TEST(Locks, NothingOfAPluginCanBeChangedBelowALockedSection) {
    struct Row {
        const char *key, *value;
        bool counts;
    };
    const Row rows[] = {
        {"plugins.old.endpoint", "b", false},      {"plugins.old.more", "b", false},
        {"plugins.old.hosts", "b", false},         {"plugins.old.hosts.1", "b", false},
        {"plugins.old.hosts.2", "b", false},       {"plugins.new.endpoint", "b", false},
        {"plugins.new.grants", "exec", false},     {"plugins.new.isolated", "false", false},
        {"plugins.require", "known", true},        {"plugins.new.isolated", "true", true},
        {"plugins.new.enabled", "false", true},    {"plugins.new.callTimeout", "1s", true},
        {"plugins.new.callTimeout", "11m", false},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.key) + "=" + row.value);
        World world;
        world.dir.write("etc/tenon.xml",
                        "<tenon><plugins final=\"true\"><old><endpoint>a</endpoint>"
                        "<hosts>c</hosts><hosts>d</hosts></old></plugins></tenon>");
        const Texts before = in_force(world.examined(), row.key);
        world.define(row.key, row.value);
        const Configuration found = world.examined();
        EXPECT_EQ(found.warnings.size(), row.counts ? 0U : 1U);
        EXPECT_EQ(in_force(found, row.key), row.counts ? Texts{row.value} : before);
        EXPECT_THAT(in_force(found, "plugins.old.hosts.1"), ElementsAre("c"));
    }
}

TEST(Locks, APartOfAPluginsKeyIsNotReplacedWithTheWhole) {
    World world;
    world.system_says("plugins.x.hosts.1=a\nfinal=plugins.x.hosts.1\n");
    world.define("plugins.x.hosts", "b");
    const Configuration found = world.examined();
    EXPECT_THAT(in_force(found, "plugins.x.hosts.1"), ElementsAre("a"));
    EXPECT_THAT(in_force(found, "plugins.x.hosts"), IsEmpty());
    EXPECT_EQ(found.warnings.size(), 1U);
}

TEST(Locks, TheWarningOfAPartOfAPluginsKeySaysWhatTheWholeIs) {
    World world;
    world.system_says("plugins.web.url=https://ours\nfinal=plugins\n");
    world.define("plugins.web.url.1", "https://mine");
    EXPECT_THAT(
        world.examined().warnings,
        ElementsAre(::testing::EndsWith("; \"https://ours\", the whole of it, stays in force")));
}

TEST(Locks, WhatIsNotReadByDefaultStaysUnreadWhereTheListIsLocked) {
    World world;
    world.user_says("sandbox.denyRead=~/private\nsandbox.mode=workspace\n");
    const auto ssh = world.dir / "home/.ssh";
    EXPECT_THAT(world.settings().sandbox.deny_read, Not(::testing::Contains(ssh)));
    world.system_says("final=sandbox\n");
    EXPECT_THAT(world.settings().sandbox.deny_read,
                ::testing::IsSupersetOf({ssh, world.dir / "home/private"}));
    Texts shown;
    for (const ShownSetting& setting : shown_settings(world.examined().table))
        if (setting.key == "sandbox.denyRead") shown.push_back(setting.value + setting.otherwise);
    EXPECT_THAT(shown, ElementsAre("~/private", ::testing::StartsWith("~/.ssh ~/.aws")));
}

TEST(Locks, WhatIsNotReadByDefaultStaysUnreadAlsoWhereALaterFileLocksTheListAgain) {
    World world;
    world.system_says("sandbox.mode=workspace\nfinal=sandbox\n");
    world.dir.write("etc/conf.d/a.properties", "sandbox.denyRead.1=/var/log\nfinal=sandbox\n");
    const auto unread = world.settings().sandbox.deny_read;
    EXPECT_THAT(unread, ::testing::Contains(world.dir / "home/.ssh"));
    EXPECT_THAT(unread, ::testing::Contains("/var/log"));
}

TEST(Locks, AreOnlyForTheFilesOfTheMachine) {
    const char* says = ": only the files of /etc/tenon can lock settings";
    for (const LaterPlace& place : kLaterPlaces) {
        if (std::string(place.origin).starts_with("etc/")) continue;
        SCOPED_TRACE(place.origin);
        World world;
        place.say(world, "final.1", "model.name");
        const Configuration found = world.examined();
        const bool is_workspace = std::string(place.origin).starts_with(".tenon/");
        const Texts& at = is_workspace ? found.warnings : found.errors;
        EXPECT_THAT(at, ElementsAre(HasSubstr(std::string(place.origin) +
                                              ": final: \"model.name\"" + says)));
        EXPECT_EQ(world.shown("model.name").lock, "");
    }
    const World stranger;
    stranger.dir.write("ws/.tenon/tenon.xml",
                       "<tenon><log><level final=\"true\">debug</level></log></tenon>");
    const Configuration found = stranger.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr(std::string("\"log.level\"") + says)));
    EXPECT_EQ(found.settings.log.level, "debug");
}

TEST(Locks, AMistakeNamesItsPlaceAndWhatIsAllowed) {
    struct Row {
        const char *file, *text, *says;
    };
    const Row rows[] = {
        {"tenon.properties", "final=model.nmae\n",
         "tenon.properties:1: \"model.nmae\" cannot be final; did you mean model.name?"},
        {"tenon.properties", "final=model, jobs\n", "several are written as final.1, final.2, …"},
        {"tenon.properties", "final=\n", "allowed: a key, or a section such as permissions"},
        {"tenon.properties", "final.2=permissions.allow.1\n",
         "cannot be final; allowed: the whole of permissions.allow"},
        {"tenon.xml", "<tenon>\n<model><nmae final=\"true\"/></model></tenon>",
         "tenon.xml:2: \"model.nmae\" cannot be final; did you mean model.name?"},
        {"tenon.xml", "<tenon><model final=\"true\"><nmae>x</nmae></model></tenon>",
         "unknown key \"model.nmae\"; did you mean model.name?"},
        {"tenon.xml", "<tenon><model><nmae final=\"true\">x</nmae></model></tenon>",
         "unknown key \"model.nmae\"; did you mean model.name?"},
        {"tenon.xml", "<tenon><model final=\"yes\"><name>x</name></model></tenon>",
         "final=\"yes\" of model is not allowed; allowed: true, false"},
        {"tenon.xml", "<tenon final=\"true\"><model><name>x</name></model></tenon>",
         "attribute \"final\" of <tenon>; allowed there: no attributes"},
        {"tenon.xml", "<tenon><model final=\"true\"><name final=\"false\">x</name></model></tenon>",
         "final=\"false\" of model.name has no effect"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const World world;
        world.dir.write(std::string("etc/") + row.file, row.text);
        EXPECT_THAT(world.examined().errors, ElementsAre(HasSubstr(row.says)));
    }
}

TEST(Locks, AMisspeltKeyOfAPluginIsAWarning) {
    const World world;
    world.system_says("final=plugins.bash.grnats\n");
    EXPECT_THAT(world.examined().warnings,
                ElementsAre(HasSubstr("did you mean plugins.bash.grants?")));
}

TEST(Locks, FalseIsTheSameAsNoAttribute) {
    World world;
    world.dir.write("etc/tenon.xml",
                    "<tenon><model><name final=\"false\">a</name></model></tenon>");
    world.define("model.name", "b");
    const Configuration found = world.examined();
    EXPECT_EQ(found.settings.model.name, "b");
    EXPECT_THAT(found.warnings, IsEmpty());
}

TEST(Locks, TheBaseUrlOfTheEnvironmentIsThatOfTheLockedProvider) {
    World world;
    world.system_says("final=model.provider\n");
    world.sources.environment["ANTHROPIC_BASE_URL"] = "http://a";
    world.sources.environment["OPENAI_BASE_URL"] = "http://o";
    world.user_says("model.provider=replay\n");
    const Configuration found = world.examined();
    EXPECT_EQ(found.settings.model.provider, "anthropic");
    EXPECT_EQ(found.settings.model.base_url, "http://a");
}

TEST(Locks, AValueThatIsLeftOutIsShownWithoutItsPassword) {
    World world;
    world.system_says("model.proxy=http://a:1\nfinal=model.proxy\n");
    world.define("model.proxy", "http://u:t0p@b:1");
    EXPECT_THAT(world.examined().warnings,
                ElementsAre(::testing::AllOf(HasSubstr("[redacted]@b:1"), Not(HasSubstr("t0p")))));
}

}  // namespace
}  // namespace tenon::config
