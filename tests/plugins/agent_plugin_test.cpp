#include "host/plugins/agent_plugin.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <gtest/gtest.h>

#include "host/base/ids.h"
#include "host/base/json.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr const char* kSchema = "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json";
constexpr const char* kMcpSchema = "https://agent-plugins.org/schemas/1.0.0/mcp.schema.json";

Json manifest() {
    return {{"$schema", kSchema}, {"name", "acme"}};
}

/// One plugins directory with the directory `acme`.
class AgentPluginTest : public ::testing::Test {
protected:
    AgentPluginTest() { write("plugin.json", manifest().dump()); }

    void write(const std::string& name, const std::string& text) const {
        dir_.write("plugins/acme/" + name, text);
    }
    void write_servers(const Json& servers) const {
        write("mcp.json", Json({{"$schema", kMcpSchema}, {"mcpServers", servers}}).dump());
    }
    [[nodiscard]] fs::path root() const { return dir_ / "plugins/acme"; }
    [[nodiscard]] AgentPlugin read() const { return read_agent_plugin(root()); }
    [[nodiscard]] std::vector<std::string> skills() const {
        std::vector<std::string> names;
        for (const AgentSkill& skill : read().skills)
            names.push_back(skill.name);
        return names;
    }

    tenon::testing::TempDir dir_;
};

TEST_F(AgentPluginTest, IsReadWithSkillsLibrariesAndServers) {
    Json whole = manifest();
    whole.update({{"version", "not semver"},
                  {"description", "Does things."},
                  {"author", {{"name", "A"}, {"email", "not one"}, {"url", "nor this"}}},
                  {"homepage", "x"},
                  {"repository", "x"},
                  {"license", "unknown"},
                  {"keywords", {"a", "b"}},
                  {"extensions", {{"com.example.client", {{"x", 1}}}, {"com.other", 7}}}});
    write("plugin.json", whole.dump());
    write("skills/two/SKILL.md", "x");
    write("skills/one/SKILL.md", "x");
    write("skills/one/deeper/SKILL.md", "no skill of its own");
    write("skills/none/README.md", "x");
    write("skills/notes.txt", "x");
    write(native_library_folder() + "/x.so", "x");
    write(native_library_folder() + "/notes.txt", "x");
    write("dev.tenon/pdp11-linux/y.so", "x");
    write_servers({{"local", {{"type", "stdio"}, {"command", "node"}}}});
    const AgentPlugin plugin = read();
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_THAT(plugin.problems, IsEmpty());
    EXPECT_EQ(plugin.name + plugin.version + plugin.description, "acmenot semverDoes things.");
    EXPECT_EQ(skills(), (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(plugin.skills[0].folder, root() / "skills/one");
    EXPECT_THAT(plugin.libraries, ElementsAre(root() / native_library_folder() / "x.so"));
    ASSERT_EQ(plugin.servers.size(), 1U);
    EXPECT_EQ(plugin.servers[0].name + plugin.servers[0].type + plugin.servers[0].problem,
              "localstdio");
}

TEST_F(AgentPluginTest, HasItsLibrariesByTheMachinesName) {
    utsname system{};
    ::uname(&system);
    EXPECT_EQ(native_library_folder(), std::string("dev.tenon/") + system.machine + "-linux");
}

TEST_F(AgentPluginTest, NamesTheFolderOfThisMachineWhereLibrariesAreForOthersOnly) {
    write("dev.tenon/notes.txt", "x");
    EXPECT_THAT(read().problems, IsEmpty());
    write("dev.tenon/pdp10-linux/x.so", "x");
    write("dev.tenon/pdp11-linux/x.so", "x");
    EXPECT_THAT(
        read().problems,
        ElementsAre("dev.tenon: no library is used: those for this machine would be in " +
                    native_library_folder() + ", and there is only pdp10-linux, pdp11-linux"));
    write(native_library_folder() + "/x.so", "x");
    EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(AgentPluginTest, IsRefusedForAManifestThatViolatesTheFormat) {
    const auto with = [](const char* key, const Json& value) {
        Json out = manifest();
        out[key] = value;
        return out.dump();
    };
    Json no_schema = manifest();
    no_schema.erase("$schema");
    Json no_name = manifest();
    no_name.erase("name");
    Json misspelt_name = no_name;
    misspelt_name["Name"] = "acme";
    const struct {
        std::string text;
        const char* reason;
    } cases[] = {
        {"", "plugin.json: "},
        {"{", "plugin.json: "},
        {"[]", "plugin.json: it must be a JSON object"},
        {no_schema.dump(), "its $schema must be https://agent-plugins.org/schemas/1.0.0/"},
        {with("$schema", "https://agent-plugins.org/schemas/2.0.0/plugin.schema.json"),
         "not \"https://agent-plugins.org/schemas/2.0.0/plugin.schema.json\""},
        {with("$schema", 1), "its $schema must be"},
        {no_name.dump(), "it has no member name"},
        {misspelt_name.dump(), "it has no member name; is \"Name\" meant?"},
        {with("name", 7), "its name must be a text"},
        {with("name", ""), "its name \"\" must be 1 to 64"},
        {with("name", "My-Plugin"), "its name \"My-Plugin\" must be"},
        {with("name", "a--b"), "its name \"a--b\" must be"},
        {with("name", std::string(65, 'a')), "must be 1 to 64"},
        {with("version", 1), "its version must be a text"},
        {with("description", nullptr), "its description must be a text"},
        {with("homepage", Json::array()), "its homepage must be a text"},
        {with("repository", true), "its repository must be a text"},
        {with("license", 1), "its license must be a text"},
        {with("keywords", "a"), "its keywords must be a list of texts"},
        {with("keywords", {"a", 1}), "its keywords must be a list of texts"},
        {with("author", "A"), "its author must be an object"},
        {with("author", {{"name", 1}}), "its author's name must be a text"},
        {with("author", {{"phone", "1"}}), "its author has the unknown member \"phone\""},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.text);
        write("plugin.json", row.text);
        write("skills/one/SKILL.md", "x");
        const AgentPlugin plugin = read();
        EXPECT_THAT(plugin.refusal, HasSubstr(row.reason));
        EXPECT_THAT(plugin.refusal, HasSubstr("plugin.json: "));
        EXPECT_THAT(plugin.skills, IsEmpty());
        EXPECT_FALSE(plugin.is_used());
    }
}

TEST_F(AgentPluginTest, ReportsAndIgnoresWhatTheFormatSays) {
    Json odd = manifest();
    odd["skills"] = "./other";
    odd["extensions"] = "none";
    write("plugin.json", odd.dump());
    const AgentPlugin plugin = read();
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_THAT(plugin.problems,
                ElementsAre("plugin.json: the unknown member \"skills\" is ignored",
                            "plugin.json: extensions is ignored, since it is no object"));
}

TEST_F(AgentPluginTest, NamesFollowTheRules) {
    for (const char* good : {"a", "0", "my-plugin", "acme.tools", "lint3r", "a.b-c.d"})
        EXPECT_TRUE(is_agent_plugin_name(good)) << good;
    for (const char* bad :
         {"", "-a", "a-", ".a", "a.", "a--b", "a..b", "A", "a_b", "a/b", "a b", "ä"})
        EXPECT_FALSE(is_agent_plugin_name(bad)) << bad;
}

TEST_F(AgentPluginTest, LinksThatStayInsideAreFine) {
    write("shared/SKILL.md", "x");
    write("shared/real.json", manifest().dump());
    fs::remove(root() / "plugin.json");
    fs::create_symlink("shared/real.json", root() / "plugin.json");
    fs::create_directories(root() / "skills/linked-file");
    fs::create_symlink("../../shared/SKILL.md", root() / "skills/linked-file/SKILL.md");
    fs::create_directory_symlink("../shared", root() / "skills/linked-folder");
    fs::create_symlink(root() / "shared", root() / "skills/absolute");
    const AgentPlugin plugin = read();
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_THAT(plugin.problems, IsEmpty());
    EXPECT_EQ(skills(), (std::vector<std::string>{"absolute", "linked-file", "linked-folder"}));
    EXPECT_EQ(plugin.skills[2].folder, root() / "skills/linked-folder");
}

TEST_F(AgentPluginTest, MayItselfBeReachedThroughALink) {
    fs::create_directory_symlink(root(), dir_ / "link");
    const AgentPlugin plugin = read_agent_plugin(dir_ / "link");
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_EQ(plugin.root, root());
    EXPECT_EQ(plugin.folder, dir_ / "link");
}

TEST_F(AgentPluginTest, WhoCouldHaveMadeTheLinkIsCheckedToo) {
    const auto open_to_all = dir_ / "open";
    fs::create_directory(open_to_all);
    fs::create_directory_symlink(root(), open_to_all / "acme");
    ::chmod(open_to_all.c_str(), 0777);
    EXPECT_THAT(read_agent_plugin(open_to_all / "acme").refusal,
                HasSubstr("is writable by everybody"));
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a link of another user";
    ::chmod(open_to_all.c_str(), 0755);
    ASSERT_EQ(::lchown((open_to_all / "acme").c_str(), 65534, 65534), 0);
    EXPECT_THAT(read_agent_plugin(open_to_all / "acme").refusal,
                HasSubstr("symbolic link of another user"));
}

TEST_F(AgentPluginTest, IsRefusedWhenItsManifestIsOutside) {
    dir_.write("outside.json", manifest().dump());
    fs::remove(root() / "plugin.json");
    fs::create_symlink("../../outside.json", root() / "plugin.json");
    EXPECT_THAT(read().refusal, HasSubstr("plugin.json: "));
    fs::remove(root() / "plugin.json");
    fs::create_directory(root() / "plugin.json");
    EXPECT_THAT(read().refusal, HasSubstr("plugin.json: it is not a regular file"));
}

TEST_F(AgentPluginTest, AFailingPartLeavesTheOthersAlone) {
    dir_.write("outside/SKILL.md", "x");
    dir_.write("outside/x.so", "x");
    write("skills/good/SKILL.md", "x");
    fs::create_directories(root() / "skills/file-outside");
    fs::create_symlink("../../../../outside/SKILL.md", root() / "skills/file-outside/SKILL.md");
    fs::create_directory_symlink(dir_ / "outside", root() / "skills/folder-outside");
    fs::create_directories(root() / "skills/is-a-folder/SKILL.md");
    write(native_library_folder() + "/good.so", "x");
    fs::create_symlink(dir_ / "outside/x.so", root() / native_library_folder() / "outside.so");
    write("mcp.json", "{");
    const AgentPlugin plugin = read();
    EXPECT_EQ(plugin.refusal, "");
    EXPECT_THAT(skills(), ElementsAre("good"));
    EXPECT_THAT(plugin.libraries, ElementsAre(root() / native_library_folder() / "good.so"));
    EXPECT_THAT(plugin.servers, IsEmpty());
    EXPECT_THAT(plugin.problems,
                ElementsAre(HasSubstr("skills/file-outside is left out: "),
                            HasSubstr("skills/folder-outside is left out: "),
                            "skills/is-a-folder is left out: its SKILL.md is not a regular file",
                            HasSubstr("/outside.so is left out: "),
                            HasSubstr("mcp.json: no server is used: ")));
}

TEST_F(AgentPluginTest, SkillsOfTheWrongKindAreNone) {
    write("skills", "a file");
    EXPECT_THAT(read().problems, ElementsAre("skills: none is used, since it is no directory"));
    fs::remove(root() / "skills");
    dir_.write("outside/one/SKILL.md", "x");
    fs::create_directory_symlink(dir_ / "outside", root() / "skills");
    EXPECT_THAT(read().problems, ElementsAre(HasSubstr("skills: none is used: ")));
    EXPECT_THAT(read().skills, IsEmpty());
    fs::remove(root() / "skills");
    EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(AgentPluginTest, MayNotBeWritableByOthers) {
    ::chmod(root().c_str(), 0777);
    EXPECT_THAT(read().refusal, HasSubstr("is writable by everybody"));
    EXPECT_THAT(read().refusal, HasSubstr("chmod go-w"));
}

TEST_F(AgentPluginTest, IsRefusedWhenOthersMayWriteItsManifest) {
    const fs::path file = root() / "plugin.json";
    ::chmod(file.c_str(), 0666);
    EXPECT_THAT(read().refusal, HasSubstr("plugin.json: the file is writable by everybody"));
    EXPECT_THAT(read().refusal, HasSubstr("chmod go-w " + file.string()));
    EXPECT_EQ(read().name, "");
    ::chmod(file.c_str(), 0644);
    EXPECT_EQ(read().refusal, "");
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    EXPECT_THAT(read().refusal, HasSubstr("plugin.json: the file belongs to user number 65534"));
}

TEST_F(AgentPluginTest, LeavesOutTheSkillsThatOthersMayWrite) {
    const struct {
        const char* path;
        mode_t mode;
        const char* problem;
        std::vector<std::string> skills;
    } cases[] = {
        {"skills/one/SKILL.md", 0646, "skills/one is left out: the file is writable", {"two"}},
        {"skills/one", 0757, "skills/one is left out: the directory", {"two"}},
        {"shared/two", 0777, "skills/two is left out: the directory", {"one"}},
        {"shared", 0777, "skills/two is left out: the directory", {"one"}},
        {"skills", 0777, "skills: none is used: the directory", {}},
    };
    write("skills/one/SKILL.md", "x");
    write("shared/two/SKILL.md", "x");
    fs::create_directory_symlink("../shared/two", root() / "skills/two");
    ASSERT_THAT(skills(), ElementsAre("one", "two"));
    for (const auto& row : cases) {
        SCOPED_TRACE(row.path);
        const fs::path path = root() / row.path;
        const mode_t before = tenon::testing::mode_of(path);
        ASSERT_EQ(::chmod(path.c_str(), row.mode), 0);
        EXPECT_EQ(skills(), row.skills);
        EXPECT_EQ(read().refusal, "");
        EXPECT_THAT(read().problems, ElementsAre(AllOf(HasSubstr(row.problem),
                                                       HasSubstr("chmod go-w " + path.string()))));
        ASSERT_EQ(::chmod(path.c_str(), before), 0);
    }
}

TEST_F(AgentPluginTest, LeavesOutTheSkillsOfOtherUsers) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
    write("skills/linked/x", "x");
    write("skills/owned/SKILL.md", "x");
    write("shared.md", "x");
    fs::create_symlink("../../shared.md", root() / "skills/linked/SKILL.md");
    ASSERT_EQ(::chown((root() / "skills/owned/SKILL.md").c_str(), 65534, 65534), 0);
    ASSERT_EQ(::lchown((root() / "skills/linked/SKILL.md").c_str(), 65534, 65534), 0);
    EXPECT_THAT(skills(), IsEmpty());
    EXPECT_THAT(
        read().problems,
        ElementsAre(HasSubstr("skills/linked is left out: it is a symbolic link of another user"),
                    HasSubstr("skills/owned is left out: the file belongs to user number 65534")));
}

TEST_F(AgentPluginTest, McpIsOffWhenOthersMayWriteTheFile) {
    write_servers({{"local", {{"type", "stdio"}, {"command", "node"}}}});
    ASSERT_EQ(read().servers.size(), 1U);
    const fs::path file = root() / "mcp.json";
    ::chmod(file.c_str(), 0666);
    EXPECT_TRUE(read().is_used());
    EXPECT_THAT(read().servers, IsEmpty());
    EXPECT_THAT(read().problems,
                ElementsAre(AllOf(HasSubstr("mcp.json: no server is used: the file is writable"),
                                  HasSubstr("chmod go-w " + file.string()))));
}

TEST_F(AgentPluginTest, McpIsOffWhenTheFileIsInvalid) {
    const struct {
        Json file;
        const char* reason;
    } cases[] = {
        {Json::array(), "it must be a JSON object"},
        {{{"mcpServers", Json::object()}}, "its $schema must be"},
        {{{"$schema", "https://agent-plugins.org/schemas/1.1.0/mcp.schema.json"},
          {"mcpServers", Json::object()}},
         "not \"https://agent-plugins.org/schemas/1.1.0/mcp.schema.json\""},
        {{{"$schema", kMcpSchema}}, "its mcpServers must be an object"},
        {{{"$schema", kMcpSchema}, {"mcpServers", Json::array()}},
         "its mcpServers must be an object"},
        {{{"$schema", kMcpSchema},
          {"mcpServers", {{"x", {{"type", "stdio"}, {"command", "a"}}}}},
          {"more", 1}},
         "it has the unknown member \"more\""},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.reason);
        write("mcp.json", row.file.dump());
        const AgentPlugin plugin = read();
        EXPECT_TRUE(plugin.is_used());
        EXPECT_THAT(plugin.servers, IsEmpty());
        EXPECT_THAT(plugin.problems, ElementsAre(HasSubstr(row.reason)));
    }
    write_servers(Json::object());
    EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(AgentPluginTest, EachServerIsJudgedByItself) {
    dir_.write("outside/tool", "x");
    fs::create_directories(root() / "bin");
    fs::create_symlink(dir_ / "outside/tool", root() / "bin/outside");
    fs::create_symlink(dir_ / "outside/later", root() / "bin/dangling");
    write("bin/server", "x");
    const auto stdio = [](const Json& more) {
        Json out = {{"type", "stdio"}, {"command", "node"}};
        out.update(more);
        return out;
    };
    const auto http = [](const std::string& url) {
        return Json({{"type", "streamable-http"}, {"url", url}});
    };
    const struct {
        Json server;
        const char* problem;  // empty: it is valid
    } cases[] = {
        {stdio(Json::object()), ""},
        {stdio({{"command", "./bin/server"}}), ""},
        {stdio({{"command", "./bin/../bin/server"}}), ""},
        {stdio({{"command", "./not/there/yet"}}), ""},
        {stdio({{"args", {"${PLUGIN_ROOT}", "../x"}}, {"env", {{"A", "${HOME}"}}}}), ""},
        {stdio({{"cwd", "./bin"}}), ""},
        {stdio({{"cwd", "${PLUGIN_ROOT}"}}), ""},
        {stdio({{"cwd", "${PLUGIN_ROOT}/bin"}}), ""},
        {stdio({{"cwd", "${PLUGIN_DATA}"}}), ""},
        {stdio({{"cwd", "${PLUGIN_DATA}/a/../b"}}), ""},
        {stdio({{"command", "../bin/server"}}), "must be a bare name or begin with ./"},
        {stdio({{"command", "/bin/sh"}}), "must be a bare name or begin with ./"},
        {stdio({{"command", "${PLUGIN_ROOT}/bin/server"}}), "must be a bare name or begin with ./"},
        {stdio({{"command", "./../x"}}), "leads out of the plugin's directory"},
        {stdio({{"command", "./bin/outside"}}), "leads out of the plugin's directory"},
        {stdio({{"command", "./bin/dangling"}}), "leads out of the plugin's directory"},
        {stdio({{"command", "node server.js"}}), "must be one name"},
        {stdio({{"command", ""}}), "command must be a text that is not empty"},
        {stdio({{"command", 1}}), "command must be a text that is not empty"},
        {{{"type", "stdio"}}, "command must be a text that is not empty"},
        {stdio({{"args", "x"}}), "args must be a list of texts"},
        {stdio({{"args", {1}}}), "args must be a list of texts"},
        {stdio({{"env", {{"A", 1}}}}), "env must be an object of texts"},
        {stdio({{"env", {{"PLUGIN_ROOT", "x"}}}}), "env must not set PLUGIN_ROOT"},
        {stdio({{"env", {{"PLUGIN_DATA", "x"}}}}), "env must not set PLUGIN_DATA"},
        {stdio({{"cwd", "data"}}), "must begin with ./, ${PLUGIN_ROOT} or ${PLUGIN_DATA}"},
        {stdio({{"cwd", "/tmp"}}), "must begin with ./, ${PLUGIN_ROOT} or ${PLUGIN_DATA}"},
        {stdio({{"cwd", "${PLUGIN_ROOTS}/x"}}), "must begin with ./"},
        {stdio({{"cwd", "./.."}}), "leads out of the plugin's directory"},
        {stdio({{"cwd", "${PLUGIN_ROOT}/.."}}), "leads out of the plugin's directory"},
        {stdio({{"cwd", "${PLUGIN_DATA}/../x"}}), "leads out of PLUGIN_DATA"},
        {stdio({{"cwd", "${PLUGIN_DATA}/a/../../x"}}), "leads out of PLUGIN_DATA"},
        {stdio({{"cwd", 1}}), "cwd must be a text"},
        {stdio({{"url", "https://x"}}), "a server of type stdio has no member \"url\""},
        {http("https://example.com/mcp"), ""},
        {http("https://example.com:8443/mcp?x=1"), ""},
        {http("http://localhost:8080/mcp"), ""},
        {http("http://127.0.0.1/mcp"), ""},
        {http("http://127.8.9.1:1"), ""},
        {http("http://[::1]:80/"), ""},
        {http("HTTPS://example.com"), ""},
        {http("http://example.com/mcp"), "must be https, since it is not on this machine"},
        {http("http://localhost.example.com"), "must be https"},
        {http("http://127.0.0.1.example.com"), "must be https"},
        {http("http://127.0.0"), "must be https"},
        {http("https://user:t0p@example.com"), "url must not name a user"},
        {http("https://example.com/#x"), "must not have a fragment"},
        {http("ftp://example.com"), "must begin with https://"},
        {http("/mcp"), "must begin with https://"},
        {http("https://"), "has no host"},
        {http("https://example.com:x"), "has a port that is no number"},
        {http("https://exa mple.com"), "has a character that no URL has"},
        {http(""), "url must be a text that is not empty"},
        {{{"type", "sse"}, {"url", "https://example.com"}, {"headers", {{"X-A", "b"}}}}, ""},
        {{{"type", "sse"}, {"url", "https://example.com"}, {"headers", {{"X A", "b"}}}},
         "headers: \"X A\" is no header's name"},
        {{{"type", "sse"},
          {"url", "https://example.com"},
          {"headers", {{"X-A", "b"}, {"x-a", "c"}}}},
         "is given twice"},
        {{{"type", "sse"}, {"url", "https://example.com"}, {"headers", {{"X-A", "b\r\nC: d"}}}},
         "the value of \"X-A\" has a control character"},
        {{{"type", "sse"}, {"url", "https://example.com"}, {"headers", {"x"}}},
         "headers must be an object of texts"},
        {{{"type", "streamable-http"}, {"url", "https://x.y"}, {"command", "a"}},
         "a server of type streamable-http has no member \"command\""},
        {{{"type", "websocket"}}, "not \"websocket\""},
        {{{"command", "node"}}, "it has no type"},
        {"node", "it must be an object"},
    };
    Json servers = Json::object();
    std::size_t n = 0;
    for (const auto& row : cases)
        servers[std::to_string(100 + n++)] = row.server;
    write_servers(servers);
    const AgentPlugin plugin = read();
    ASSERT_EQ(plugin.servers.size(), std::size(cases));
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        SCOPED_TRACE(cases[i].server.dump());
        const std::string& problem = plugin.servers[i].problem;
        if (*cases[i].problem == '\0') {
            EXPECT_EQ(problem, "");
        } else {
            EXPECT_THAT(problem, HasSubstr(cases[i].problem));
        }
        EXPECT_EQ(problem.find("t0p"), std::string::npos);
    }
}

// ---------------------------------------------------------------- several directories

class AgentPluginsTest : public ::testing::Test {
protected:
    void write(const std::string& folder, const std::string& name) const {
        dir_.write(folder + "/plugin.json", Json({{"$schema", kSchema}, {"name", name}}).dump());
    }
    /// "folder name refusal", one for each.
    [[nodiscard]] std::vector<std::string> found(const AgentPluginOptions& options) const {
        std::vector<std::string> out;
        for (const AgentPlugin& plugin : find_agent_plugins(options))
            out.push_back(plugin.folder.lexically_relative(dir_.path()).string() + " " +
                          plugin.name + (plugin.enabled ? "" : " off") + " " + plugin.refusal);
        return out;
    }
    tenon::testing::TempDir dir_;
};

TEST_F(AgentPluginsTest, AreThoseWithAManifestInTheOrderOfSearch) {
    write("b/two", "two");
    write("a/zulu", "zulu");
    write("a/alpha", "alpha");
    write("a/.hidden", "hidden");
    dir_.write("a/no-manifest/skills/x/SKILL.md", "x");
    dir_.write("a/file", "x");
    EXPECT_THAT(found({{dir_ / "b", dir_ / "missing", dir_ / "a"}, {}, {}}),
                ElementsAre("b/two two ", "a/alpha alpha ", "a/zulu zulu "));
}

TEST_F(AgentPluginsTest, OfTwoWithOneNameTheFirstIsUsed) {
    write("a/one", "same");
    write("b/other", "same");
    fs::create_directory_symlink(dir_ / "a/one", dir_ / "b/link");
    EXPECT_THAT(found({{dir_ / "a", dir_ / "b"}, {}, {}}),
                ElementsAre("a/one same ",
                            "b/other same a second plugin with the name same; the "
                            "first is " +
                                (dir_ / "a/one").string()));
}

TEST_F(AgentPluginsTest, CanBeSwitchedOffAndNeedTrust) {
    write("a/one", "off");
    write("a/two", "two");
    write("b/three", "off");
    const AgentPluginOptions options{
        {dir_ / "a", dir_ / "b"},
        [](const std::string& name) { return name == "off"; },
        [&](const fs::path& folder) { return folder == dir_ / "a/two" ? "not trusted" : ""; }};
    EXPECT_THAT(found(options),
                ElementsAre("a/one off off ", "a/two two not trusted", "b/three off off "));
}

}  // namespace
}  // namespace tenon::plugins
