#include <sys/stat.h>

#include "host/plugins/agent_plugin.h"
#include "tests/cli/plugin_world.h"
#include "tests/support/pty.h"

namespace tenon::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PluginCommand : public tenon::testing::PluginWorld {
protected:
    /// The entry of a plugin in `list --json`.
    [[nodiscard]] Json listed(const std::string& id, std::vector<std::string> more = {}) const {
        more.insert(more.begin(), "list");
        for (const Json& entry : json(more, 0))
            if (string_or(entry, "id") == id) return entry;
        return {};
    }
    const std::vector<std::string> in_host_ = {"-D", "plugins.good.isolated=false"};
};

TEST_F(PluginCommand, RemovesNothingInTheWorkingDirectory) {
    std::filesystem::create_directories(dir_ / "w/plugins");
    for (const char* name : {"mine.so", "mine.0123456789ab.1.so", ".mine.0123456789ab.1.so.tmp"})
        dir_.write("w/plugins/" + std::string(name), "x");
    load_plugins();
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"list"}, {"info", "bash"}, {"verify", fixture("plain")}})
        EXPECT_EQ(plugin(words).code, 0) << words[0];
    (void)tenon({"config", "check", "--allow", "mine"});
    const std::filesystem::directory_iterator left(dir_ / "w/plugins");
    EXPECT_EQ(std::distance(begin(left), end(left)), 3);
}

TEST_F(PluginCommand, ListsThePluginsOfTheHostWithTheirTools) {
    const Json bash = listed("bash");
    EXPECT_EQ(member(bash, "first_party"), true);
    EXPECT_EQ(member(bash, "isolated"), false);
    EXPECT_EQ(string_or(bash, "status"), "usable");
    EXPECT_THAT(string_or(bash, "file"), HasSubstr("/lib/tenon/plugins/bash.so"));
    EXPECT_THAT(dump_json(member(bash, "tools")),
                HasSubstr(R"({"flags":["concurrent","long-running"],"name":"bash"})"));
    const auto text = plugin({"list"});
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, AllOf(StartsWith("bash "), HasSubstr("in the host, came with Tenon"),
                                HasSubstr("read_file (read-only")));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state/sessions")) << "it opens no session";
}

TEST_F(PluginCommand, SaysWhyAPluginIsNotLoaded) {
    const auto twice = install("plain_again", "z_again");
    install("plain");
    install("wrong_abi");
    const auto open_to_all = install("second");
    ::chmod(open_to_all.c_str(), 0666);
    dir_.write("plugins/text.so", "text");
    const auto text = plugin({"list", "-D", "plugins.plain.enabled=false"});
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(
        text.out,
        AllOf(HasSubstr("plain  isolated\n  " + (dir_ / "plugins/plain.so").string() +
                        "\n  switched off: it is switched off (remove plugins.plain.enabled=false"),
              HasSubstr("wrong_abi.so\n  left out: the plugin misfit is built for plugin ABI 7.3"),
              HasSubstr("second.so\n  left out: the file is writable by everybody"),
              HasSubstr("text.so\n  left out: not a plugin")));
    EXPECT_THAT(plugin({"list"}).out,
                HasSubstr(twice.string() + "\n  left out: a second plugin with the id plain"));
    const Json off = listed("plain", {"-D", "plugins.plain.enabled=false"});
    EXPECT_EQ(member(off, "enabled"), false);
    EXPECT_EQ(string_or(off, "status"), "switched off");
    EXPECT_THAT(string_or(member(off, "problem"), "remedy"), HasSubstr("plugins.plain.enabled"));
}

TEST_F(PluginCommand, TellsAPluginThatIsUsableFromOneThatWasNeverLoaded) {
    install("good");
    EXPECT_EQ(string_or(listed("good"), "status"), "not loaded yet");
    EXPECT_EQ(member(listed("good"), "tools"), nullptr);
    EXPECT_THAT(plugin({"info", "good"}).out,
                AllOf(HasSubstr("\nState:        not loaded yet\n"),
                      HasSubstr("\nTools: not known; its tools are known after the first")));
    load_plugins();
    const Json loaded = listed("good");
    EXPECT_EQ(string_or(loaded, "status"), "usable");
    EXPECT_EQ(member(loaded, "problem"), nullptr);
    EXPECT_EQ(member(loaded, "tools").size(), 10U);
    EXPECT_THAT(plugin({"list"}).out,
                HasSubstr("good.so\n  usable; tools: greet (read-only, concurrent), fail,"));
    EXPECT_THAT(plugin({"info", "good"}).out, HasSubstr("\nState:        usable\n"));
}

TEST_F(PluginCommand, SaysWhichOfTwoPluginsWithOneNameOfAToolIsUsed) {
    const auto good = install("good");
    const auto late = install("takes_greet");
    load_plugins();
    EXPECT_EQ(string_or(listed("good"), "status"), "usable");
    const Json entry = listed("takes-greet");
    EXPECT_EQ(string_or(entry, "status"), "left out");
    EXPECT_EQ(string_or(member(entry, "problem"), "reason"),
              "its tool greet has the name of a tool of the plugin good (" + good.string() +
                  "), and that one is used");
    EXPECT_THAT(string_or(member(entry, "problem"), "remedy"),
                HasSubstr("plugins.good.enabled=false to use takes-greet"));
    EXPECT_THAT(plugin({"info", "takes-greet"}).out,
                HasSubstr("\nState:        left out: its tool greet has the name of a tool of"));
    EXPECT_EQ(json({"info", late.string()}, 0), json({"info", "takes-greet"}, 0));
    const Json alone = listed("takes-greet", {"-D", "plugins.good.enabled=false"});
    EXPECT_EQ(string_or(alone, "status"), "usable");
}

TEST_F(PluginCommand, SaysThatTheConfigurationIsRefusedAlsoWhenThePluginWasNeverUsable) {
    install("good");
    const std::vector<std::string> wrong = {"-D", "plugins.good.times=often"};
    EXPECT_EQ(string_or(listed("good", wrong), "status"), "not loaded yet");
    load_plugins(wrong);
    const Json entry = listed("good", wrong);
    EXPECT_EQ(string_or(entry, "status"), "left out");
    EXPECT_THAT(string_or(member(entry, "problem"), "reason"),
                StartsWith("its configuration: times must be an integer"));
    EXPECT_THAT(string_or(member(entry, "problem"), "remedy"), HasSubstr("plugins.good.times"));
    EXPECT_THAT(plugin({"info", "good"}).out, HasSubstr("\n  plugins.good.times: integer"))
        << "its schema is known";
    EXPECT_EQ(string_or(listed("good"), "status"), "not loaded yet") << "that may be fine";
    load_plugins();
    EXPECT_EQ(string_or(listed("good", wrong), "status"), "left out");
    EXPECT_EQ(string_or(listed("good"), "status"), "usable");
    EXPECT_THAT(plugin({"list", "-D", "plugins.good.tims=2"}).out,
                HasSubstr("\n  warning: -D: plugins.good.tims has no effect"));
}

TEST_F(PluginCommand, RemembersWhyTheLastLoadLeftAPluginOut) {
    install("create_fails");
    install("create_crash");
    load_plugins();
    const Json entry = listed("misfit");
    EXPECT_EQ(string_or(entry, "status"), "left out");
    EXPECT_EQ(string_or(member(entry, "problem"), "reason"),
              "it does not start: no licence; so it was when it was loaded the last time");
    EXPECT_EQ(string_or(listed("misfit", {"-D", "plugins.misfit.depth=2"}), "status"),
              "not loaded yet")
        << "it may start with another configuration";
    const Json crashed = listed("misbehaving");
    EXPECT_EQ(string_or(crashed, "status"), "left out");
    EXPECT_THAT(string_or(member(crashed, "problem"), "reason"), HasSubstr("it crashed (SIGSEGV)"));
    EXPECT_THAT(string_or(member(crashed, "problem"), "remedy"), HasSubstr("/plugin-cache/"));
    EXPECT_EQ(string_or(listed("misbehaving", {"-D", "plugins.misbehaving.x=1"}), "status"),
              "not loaded yet");
}

TEST_F(PluginCommand, ShowsAPluginInDetailByIdAndByFile) {
    const auto shown = plugin({"info", "file"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_THAT(shown.out,
                AllOf(StartsWith("file "), HasSubstr("\nABI:          1.1\n"),
                      HasSubstr("  read_file (read-only"), HasSubstr("its calls need no question"),
                      HasSubstr("to allow its calls: permissions.allow.1=Edit(PATH)"),
                      HasSubstr(" bytes in each request")));
    const std::string file = std::string(TENON_PREFIX) + "/lib/tenon/plugins/file.so";
    EXPECT_EQ(plugin({"info", file}).out, shown.out);
    const Json json_of_id = json({"info", "file"}, 0);
    EXPECT_GT(integer_or(json_of_id, "request_bytes", 0), 1000);
    EXPECT_EQ(json_of_id, json({"info", file}, 0));
}

TEST_F(PluginCommand, RunsNoCodeOfThirdPartyPluginsToShowThem) {
    install("plain");
    // One more in a directory of the Agent Plugins form.
    dir_.write(
        "plugins/acme/plugin.json",
        R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"acme"})");
    const auto native = dir_ / "plugins/acme" / plugins::native_library_folder();
    std::filesystem::create_directories(native);
    std::filesystem::copy_file(fixture("second"), native / "second.so");
    environment_["TENON_TEST_CONSTRUCTED"] = (dir_ / "constructed").string();
    const auto list = plugin({"list"});
    EXPECT_EQ(list.code, 0);
    EXPECT_THAT(list.out, HasSubstr((native / "second.so").string()));
    // It is in the cache of known plugins as soon as its code has run.
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state/plugin-cache"));
    const auto shown = plugin({"info", "plain"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_THAT(shown.out, AllOf(HasSubstr("\nNeeds:        none\n"),
                                 HasSubstr("/state/plugin-data/plain\n")));
    EXPECT_EQ(plugin({"info", fixture("plain")}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "constructed"));
}

TEST_F(PluginCommand, ShowsAGrantThatHasNoEffect) {
    install("plain");
    const std::string grant = "plugins.plain.grants.1=exec";
    EXPECT_THAT(plugin({"info", "plain", "-D", grant}).out,
                HasSubstr("\nWarning:      plugins.plain.grants: exec has no effect, since the "
                          "plugin plain does not need it"));
    EXPECT_EQ(json({"info", "plain", "-D", grant}, 0)["warnings"].size(), 1U);
    EXPECT_EQ(json({"info", "plain"}, 0)["warnings"], Json::array());
}

TEST_F(PluginCommand, ListsDirectoriesOfTheAgentPluginsFormThatAreRefused) {
    dir_.write("plugins/broken/plugin.json", "{");
    EXPECT_THAT(plugin({"list"}).out,
                HasSubstr((dir_ / "plugins/broken").string() + "\n  left out: plugin.json: "));
}

TEST_F(PluginCommand, ShowsADirectoryOfTheAgentPluginsFormAndWhatItHas) {
    const auto folder = dir_ / "plugins/acme";
    dir_.write(
        "plugins/acme/plugin.json",
        R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"acme.tools","version":"1.2","description":"Things of Acme."})");
    dir_.write("plugins/acme/skills/one/SKILL.md", "---\nname: one\ndescription: One.\n---\nDo.\n");
    const auto native = folder / plugins::native_library_folder();
    std::filesystem::create_directories(native);
    std::filesystem::copy_file(fixture("good"), native / "good.so");
    const std::string parts = "usable; skills: acme.tools:one; native plugins: good.so\n";
    EXPECT_THAT(plugin({"list"}).out,
                HasSubstr("acme.tools 1.2  a directory in the Agent Plugins form\n  " +
                          folder.string() + "\n  " + parts));
    const auto shown = plugin({"info", "acme.tools"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_EQ(shown.out,
              "acme.tools 1.2\n"
              "Directory:    " +
                  folder.string() +
                  "\n"
                  "Form:         a directory in the Agent Plugins form\n"
                  "State:        usable\n"
                  "Summary:      Things of Acme.\n"
                  "Skills:       acme.tools:one\n"
                  "Libraries:    good.so, each a plugin of its own\n");
    EXPECT_EQ(plugin({"info", "../plugins/acme"}).out, shown.out);
    EXPECT_THAT(plugin({"info", "good"}).out,
                HasSubstr("\nPart of:      " + folder.string() + "\n"));
    const Json json_of_it = json({"info", "acme.tools"}, 0);
    EXPECT_EQ(string_or(json_of_it, "kind"), "directory");
    EXPECT_EQ(member(json_of_it, "libraries"), Json::array({"good.so"}));
    EXPECT_EQ(string_or(listed("good"), "part_of"), folder.string());
    const std::vector<std::string> off = {"-D", "plugins.acme.tools.enabled=false"};
    EXPECT_EQ(string_or(listed("acme.tools", off), "status"), "switched off");
    EXPECT_EQ(listed("good", off), Json());
    load_plugins();
    EXPECT_THAT(plugin({"info", "good"}).out, HasSubstr("  greet (read-only, concurrent)\n"));
}

TEST_F(PluginCommand, RefusesWhatIsNoPlugin) {
    const struct {
        std::vector<std::string> words;
        int code;
        std::string error;
    } rows[] = {
        {{}, 2, "usage: tenon plugin list, info, verify, call or new"},
        {{"lst"}, 2, "did you mean list?"},
        {{"list", "x"}, 2, "unexpected argument \"x\""},
        {{"info"}, 2, "usage: tenon plugin info ID|FILE|DIR"},
        {{"info", "bas"},
         1,
         "no plugin with the id bas is in a plugins directory; did you mean bash?"},
        {{"info", "zzzzzz"}, 1, "; there are bash, file"},
        {{"info", "Not-An-Id"}, 2, "is neither a plugin id"},
        {{"info", "./none.so"}, 1, "there is no file "},
        {{"info", "../w/"}, 1, "is a directory"},
        {{"call"}, 2, "usage: tenon plugin call FILE TOOL [JSON]"},
        {{"call", "a.so"}, 2, "usage: tenon plugin call FILE TOOL [JSON]"},
        {{"call", "a.so", "t", "{}", "x"}, 2, "unexpected argument \"x\""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.error);
        const auto ran = plugin(row.words);
        EXPECT_EQ(ran.code, row.code);
        EXPECT_THAT(ran.err, HasSubstr(row.error));
        EXPECT_EQ(ran.out, "");
    }
    install("wrong_abi");
    EXPECT_THAT(
        plugin({"info", "wrong_abi"}).err,
        HasSubstr("wrong_abi.so is left out: the plugin misfit is built for plugin ABI 7.3"));
    const auto text = plugin({"info", dir_.write("text.so", "text")});
    EXPECT_EQ(text.code, 1);
    EXPECT_THAT(text.out, HasSubstr("State:        left out: not a plugin"));
    EXPECT_THAT(plugin({"--help"}).out, StartsWith("Usage: tenon plugin list [--json]\n"));
}

TEST_F(PluginCommand, CallsAToolOfAFileThatIsInNoPluginsDirectory) {
    const std::vector<std::string> call = {
        "call", fixture("good"), "greet", R"({"name":"Ada"})", "-D", "plugins.good.isolated=false"};
    const auto refused = plugin(call);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("greet")) << "the flags of a third party spare no question";
    auto allowed = call;
    allowed.insert(allowed.end(), {"--allow", "greet"});
    const auto ran = plugin(allowed);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, "Hello, Ada!\n");
    allowed[3] = "-";
    EXPECT_EQ(plugin(allowed, R"({"name":"Eve"})").out, "Hello, Eve!\n");
    allowed.insert(allowed.end(), {"-D", "plugins.good.greeting=Good day"});
    allowed[3] = R"({"name":"Bob"})";
    EXPECT_EQ(plugin(allowed).out, "Good day, Bob!\n");
}

TEST_F(PluginCommand, TakesTheFileInsteadOfTheInstalledPlugin) {
    const auto installed = install("plain");
    const auto other = install("plain_again");
    const auto ran = plugin({"call", fixture("plain_again"), "again", R"({"a":1})", "--yes", "-D",
                             "plugins.plain.isolated=false"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, "{\"a\":1}\n");
    EXPECT_EQ(ran.err, "tenon: the plugin plain is used from " + fixture("plain_again") +
                           ", not from " + installed.string() + "\n" +
                           "tenon: the plugin plain is used from " + fixture("plain_again") +
                           ", not from " + other.string() + "\n");
}

TEST_F(PluginCommand, NamesThePluginThatHasAMissingToolAndWhyItIsMissing) {
    const auto good = install("good");
    install("takes_greet");
    install("second");
    load_plugins();
    const auto call = [&](const std::string& tool, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words = {"tool", tool, "{}"};
        words.insert(words.end(), more.begin(), more.end());
        const auto ran = tenon(words);
        EXPECT_EQ(ran.code, 2);
        return ran.err;
    };
    const std::string has = "the plugin good (" + good.string() + ") has this tool, but it is ";
    EXPECT_THAT(call("count", {"-D", "plugins.good.enabled=false"}),
                HasSubstr("tenon: no tool \"count\": " + has +
                          "switched off: plugins.good.enabled=false\n"));
    EXPECT_THAT(call("count", {"-D", "plugins.good.times=often"}),
                HasSubstr(has + "left out: its configuration: times must be an integer"));
    // Nothing is known of its tools, but most plugins have one with their own name.
    const auto broken = install("wrong_abi", "broken_one");
    EXPECT_THAT(call("broken_one"), HasSubstr("the plugin " + broken.string() +
                                              " may have this tool, but it is left out: "));
    EXPECT_THAT(call("plain", {"-D", "plugins.plain.enabled=false"}),
                HasSubstr("unknown tool \"plain\""))
        << "no plugin plain is installed";
    EXPECT_THAT(call("bash", {"-D", "plugins.bash.enabled=false"}),
                HasSubstr("bash.so) may have this tool, but it is switched off"));
}

TEST_F(PluginCommand, WarnsOfRulesOfOptionsThatNameNoTool) {
    install("good");
    user_says("permissions.deny.1=other_tool\n");
    const auto call = [&](const std::vector<std::string>& options) {
        std::vector<std::string> words = {"tool", "greet", R"({"name":"Bo"})"};
        words.insert(words.end(), options.begin(), options.end());
        return tenon(words);
    };
    const auto as_plugin = call({"--allow", "good"});
    EXPECT_EQ(as_plugin.code, 1);
    EXPECT_THAT(as_plugin.err,
                AllOf(StartsWith("tenon: --allow: rule 'good' has no effect: there is no tool "
                                 "'good'; it is the name of a plugin, and rules name its tools: "
                                 "greet, fail,"),
                      HasSubstr("Allow it with --allow 'greet'")));
    const auto misspelt = call({"--yes", "--deny", "greett", "--deny", "compact"});
    EXPECT_EQ(misspelt.code, 0);
    EXPECT_EQ(misspelt.err,
              "tenon: --deny: rule 'greett' has no effect: there is no tool "
              "'greett'; did you mean greet?\n");
    const auto denied = call({"--yes", "--deny", "greet"});
    EXPECT_EQ(denied.code, 1);
    EXPECT_EQ(denied.err,
              "tenon: Permission denied: greet wants to be used, which is denied by "
              "the rule greet (--deny).\n");
    EXPECT_THAT(call({"--deny", "greet(Bo)"}).err, HasSubstr("; write greet\n"));
}

TEST_F(PluginCommand, DoesNotCallARuleUselessWhoseToolAnUnusedPluginHas) {
    const std::string unused = "has no effect: there is no tool";
    const auto call = [&](const std::string& tool, std::vector<std::string> more) {
        std::vector<std::string> words = {"tool", tool, "{}", "--allow", tool};
        words.insert(words.end(), more.begin(), more.end());
        const auto ran = tenon(words);
        EXPECT_EQ(ran.code, 2);
        return ran.err;
    };
    install("good");
    // Its tools are not known yet, and none of them is named like it.
    EXPECT_THAT(call("count", {"-D", "plugins.good.enabled=false"}), Not(HasSubstr(unused)));
    load_plugins();
    EXPECT_THAT(call("count", {"-D", "plugins.good.enabled=false"}),
                AllOf(HasSubstr("switched off"), Not(HasSubstr(unused))));
    EXPECT_THAT(call("count", {"-D", "plugins.good.times=often"}),
                AllOf(HasSubstr("is left out"), Not(HasSubstr(unused))));
    EXPECT_THAT(call("no_such_tool", {"-D", "plugins.good.enabled=false"}), HasSubstr(unused))
        << "all tools are known";
}

TEST_F(PluginCommand, ShowsTheProgressOfACallOnStandardErrorOnly) {
    const std::vector<std::string> call = {"call", fixture("good"), "deaf",
                                           "{}",   "--allow",       "deaf"};
    const auto ran = plugin(call);
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, "done all the same\n");
    EXPECT_EQ(ran.err, "tenon: deaf: working\n");
    environment_["TERM"] = "xterm";
    std::vector<std::string> words = call;
    words.insert(words.begin(), {TENON_PROGRAM, "plugin"});
    tenon::testing::Pty terminal(words, environment_, dir_ / "w");
    EXPECT_EQ(terminal.wait().code, 0);
    EXPECT_EQ(terminal.screen(), "done all the same\n") << "the line is removed";
}

TEST_F(PluginCommand, SaysWhyAToolOfAFileCannotBeCalled) {
    const struct {
        std::vector<std::string> words;
        const char* error;
    } rows[] = {
        {{"call", fixture("good"), "gret"}, "unknown tool \"gret\"; did you mean greet?"},
        {{"call", fixture("good"), "bash"}, "unknown tool \"bash\""},
        {{"call", fixture("good"), "greet"}, "invalid arguments for greet: "},
        {{"call", fixture("good"), "greet", "[]"}, "not a JSON object"},
        {{"call", fixture("wrong_abi"), "misfit"}, "the plugin misfit is built for plugin ABI 7.3"},
        {{"call", dir_ / "none.so", "t"}, "none.so can be called: the plugin is left out"},
        {{"call", fixture("good"), "greet", "-D", "plugins.good.enabled=false"}, "switched off"},
    };
    for (auto row : rows) {
        SCOPED_TRACE(row.error);
        row.words.insert(row.words.end(), in_host_.begin(), in_host_.end());
        const auto ran = plugin(row.words);
        EXPECT_EQ(ran.code, 2);
        EXPECT_THAT(ran.err, HasSubstr(row.error));
        EXPECT_EQ(ran.out, "");
    }
}

}  // namespace
}  // namespace tenon::cli
