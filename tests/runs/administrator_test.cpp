#include <filesystem>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/plugins/agent_plugin.h"
#include "tests/runs/answers.h"
#include "tests/runs/machine_etc.h"
#include "tests/runs/run_folders.h"

/// Runs of the real program on a machine whose administrator has written /etc/tenon.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

class Administrator : public ::testing::Test {
protected:
    void SetUp() override {
        if (!etc_.works()) GTEST_SKIP() << "this system permits no bind mount on /etc";
    }
    CommandResult run(const std::vector<std::string>& arguments,
                      const ModelServer* server = nullptr) const {
        std::vector<std::string> words = {TENON_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        Process tenon(etc_.command(words), folders_.environment(server), folders_.workspace());
        const auto exit = tenon.wait();
        return {exit.code, tenon.output, tenon.errors};
    }

    MachineEtc etc_;
    RunFolders folders_;
};

TEST_F(Administrator, ALockHoldsAgainstFilesVariablesAndOptions) {
    etc_.write("tenon.xml",
               "<tenon>\n<permissions final=\"true\"><deny>Bash(curl *)</deny></permissions>\n"
               "</tenon>\n");
    etc_.write("conf.d/10-model.properties", "model.name=ours\nfinal=model.name\n");
    etc_.write("conf.d/20-broken.xml.dpkg-new", "<");
    folders_.home.write(".config/tenon/tenon.properties", "permissions.allow.1=Bash\n");
    const ordered_json steps = {{{"content", {command_use("a", "touch made")}}},
                                {{"content", "Done."}}};
    const ModelServer server(steps.dump());
    const auto ran = run({"-p", "go", "--yes", "--allow", "Bash(touch *)", "--model", "mine", "-D",
                          "permissions.mode=bypassPermissions"},
                         &server);
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_FALSE(fs::exists(folders_.workspace() / "made"));
    const std::string lock = " is left out: permissions is locked by /etc/tenon/tenon.xml:2; ";
    EXPECT_THAT(ran.errors, HasSubstr("tenon.properties:1: permissions.allow: \"Bash\"" + lock +
                                      "the list stays as it is"));
    EXPECT_THAT(ran.errors, HasSubstr("--allow: permissions.allow: \"Bash(touch *)\"" + lock));
    EXPECT_THAT(ran.errors, HasSubstr("-D: permissions.mode: \"bypassPermissions\"" + lock +
                                      "\"ask\" stays in force"));
    EXPECT_THAT(ran.errors, HasSubstr("--yes is left out: permissions.mode is locked by "
                                      "/etc/tenon/tenon.xml:2"));
    const std::string model_lock =
        " is left out: model.name is locked by /etc/tenon/conf.d/10-model.properties:2";
    EXPECT_THAT(ran.errors, HasSubstr("TENON_MODEL: model.name: \"test-model\"" + model_lock));
    EXPECT_THAT(ran.errors, HasSubstr("--model: model.name: \"mine\"" + model_lock));
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(server.requests()[0].json()["model"], "ours");
    EXPECT_THAT(server.requests()[1].body,
                HasSubstr("No rule can be added, since permissions.allow is locked by "
                          "/etc/tenon/tenon.xml:2; ask the administrator."));
    const auto shown = run({"config", "show"});
    EXPECT_THAT(
        shown.output,
        ::testing::ContainsRegex("model\\.name +ours +/etc/tenon/conf\\.d/10-model\\.properties:1, "
                                 "locked by /etc/tenon/conf\\.d/10-model\\.properties:2"));
}

TEST_F(Administrator, ASessionOfAnotherModelGoesOnWithTheLockedOne) {
    const ordered_json steps = {{{"content", "One."}}, {{"content", "Two."}}};
    const ModelServer server(steps.dump());
    EXPECT_EQ(run({"-p", "go", "--session", "s"}, &server).code, 0);
    etc_.write("tenon.properties", "model.name=ours\nfinal=model.name\n");
    EXPECT_EQ(run({"-p", "on", "--session", "s"}, &server).code, 0);
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(server.requests()[0].json()["model"], "test-model");
    EXPECT_EQ(server.requests()[1].json()["model"], "ours");
}

TEST_F(Administrator, ASubagentUsesTheLockedModel) {
    etc_.write("tenon.properties", "model.name=ours\nfinal=model.name\n");
    const ordered_json steps = {
        {{"content",
          {tool_use("a", "agent",
                    {{"description", "look"}, {"prompt", "Look."}, {"model", "dear"}})}}},
        {{"content", "Looked."}},
        {{"content", "Done."}}};
    const ModelServer server(steps.dump());
    const auto ran = run({"-p", "go"}, &server);
    EXPECT_EQ(ran.code, 0) << ran.errors;
    EXPECT_THAT(ran.errors, HasSubstr("the subagent uses ours, not dear: model.name is locked by "
                                      "/etc/tenon/tenon.properties:2"));
    ASSERT_EQ(server.requests().size(), 3U);
    for (const auto& request : server.requests())
        EXPECT_EQ(request.json()["model"], "ours");
}

TEST_F(Administrator, OnlyKnownPluginFilesAreLoadedWhereverTheyAre) {
    struct Row {
        const char* place;  ///< below the home directory
        std::vector<std::string> arguments;
    };
    const fs::path library = fs::path(plugins::native_library_folder()) / "plain.so";
    const std::string mine = (folders_.workspace() / "mine").string();
    const Row rows[] = {
        {".local/share/tenon/plugins/plain.so", {"tool", "plain"}},
        {"w/mine/plain.so", {"tool", "plain", "--plugin-dir", mine}},
        {"w/mine/plain.so", {"tool", "plain", "-D", "plugins.path=" + mine}},
        {"w/mine/plain.so", {"plugin", "call", mine + "/plain.so", "plain"}},
        {"acme", {"tool", "plain"}},
        {"w/.tenon/plugins/acme", {"tool", "plain"}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.place) + ", " + row.arguments[0]);
        for (const char* old : {".local", "w/mine", "w/.tenon"})
            fs::remove_all(folders_.home / old);
        etc_.write("tenon.properties", "plugins.require=known\nfinal=plugins.require\n");
        etc_.write("plugins.allow", "# none yet\n");
        fs::path file = folders_.home / row.place;
        if (file.filename() == "acme") {
            if (file.parent_path() == folders_.home.path())
                file = folders_.home / ".local/share/tenon/plugins/acme";
            folders_.home.write(
                (file / "plugin.json").lexically_relative(folders_.home.path()),
                R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"acme"})");
            file /= library;
        }
        fs::create_directories(file.parent_path());
        fs::copy_file(fs::path(TENON_FIXTURES) / "plain.so", file);
        ASSERT_EQ(run({"config", "trust", "--yes"}).code, 0);
        std::vector<std::string> call = row.arguments;
        for (const char* word : {"--yes", "-D", "plugins.plain.isolated=false", "-D",
                                 "plugins.require=any", "-D", "plugins.plain.grants=unconfined"})
            call.emplace_back(word);
        const auto refused = run(call);
        EXPECT_EQ(refused.code, 2);
        EXPECT_THAT(refused.errors,
                    HasSubstr("-D: plugins.require: \"any\" is left out: plugins.require is locked "
                              "by /etc/tenon/tenon.properties:2"));
        const std::string before = "/etc/tenon/plugins.allow does not list its SHA-256 ";
        const auto at = refused.errors.find(before);
        ASSERT_NE(at, std::string::npos) << refused.errors;
        etc_.write("plugins.allow", refused.errors.substr(at + before.size(), 64) + "  plain.so\n");
        const auto ran = run(call);
        EXPECT_EQ(ran.code, 0) << ran.errors;
    }
}

TEST_F(Administrator, ARuleForTheHomeDirectoryHoldsWhateverTheVariableSays) {
    const fs::path account = folders_.home / "account";
    folders_.home.write("account/.ssh/id", "secret\n");
    etc_.set_account_home(account);
    const std::vector<std::string> read = {"tool", "read_file", R"({"path":".ssh/id"})",
                                           "--workspace", account.string()};
    EXPECT_EQ(run(read).code, 0);
    etc_.write("tenon.properties", "permissions.deny=Read(~/.ssh/**)\nfinal=permissions\n");
    const auto refused = run(read);
    EXPECT_NE(refused.code, 0);
    EXPECT_THAT(refused.output + refused.errors, HasSubstr("denied by the rule Read(~/.ssh/**)"));
    EXPECT_THAT(refused.output, Not(HasSubstr("secret")));
}

TEST_F(Administrator, NoDirectoryOfPluginsIsAddedWhereTheyAreLocked) {
    const fs::path own = folders_.home / ".local/share/tenon/plugins";
    const fs::path acme = folders_.workspace() / ".tenon/plugins/acme";
    const auto install = [](const fs::path& folder) {
        fs::create_directories(folder);
        fs::copy_file(fs::path(TENON_FIXTURES) / "plain.so", folder / "plain.so");
    };
    const std::vector<std::string> use = {"tool", "plain", "--yes", "-D",
                                          "plugins.plain.isolated=false"};
    for (const bool of_workspace : {false, true}) {
        SCOPED_TRACE(of_workspace ? "the workspace's" : "the user's");
        fs::remove_all(own);
        etc_.write("tenon.properties", "\n");
        if (of_workspace) {
            folders_.home.write(
                "w/.tenon/plugins/acme/plugin.json",
                R"({"$schema":"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json","name":"acme"})");
            install(acme / plugins::native_library_folder());
            ASSERT_EQ(run({"config", "trust", "--yes"}).code, 0);
        } else {
            install(own);
        }
        EXPECT_EQ(run(use).code, 0) << "without a lock";
        etc_.write("tenon.properties", "final=plugins.path\n");
        const auto refused = run(use);
        EXPECT_NE(refused.code, 0);
        const std::string lock = "plugins.path is locked by /etc/tenon/tenon.properties:1";
        const auto listed = run({"plugin", "list"});
        EXPECT_EQ(listed.code, 0);
        if (of_workspace) {
            EXPECT_THAT(listed.output, HasSubstr("left out: " + lock));
        } else {
            EXPECT_THAT(listed.errors, HasSubstr(own.string() + " is left out: " + lock));
            EXPECT_THAT(listed.output, Not(HasSubstr("plain.so")));
        }
    }
    const auto called =
        run({"plugin", "call", std::string(TENON_FIXTURES) + "/plain.so", "plain", "--yes"});
    EXPECT_EQ(called.code, 2) << called.output;
    EXPECT_THAT(called.errors,
                HasSubstr("plain.so is in no directory of plugins.path: plugins.path is locked by "
                          "/etc/tenon/tenon.properties:1"));
}

TEST_F(Administrator, ALockedTimeLimitBoundsAPersonsOwnJobs) {
    etc_.write("tenon.properties", "jobs.maxTimeout=20s\nfinal=jobs.maxTimeout\n");
    const auto refused = run({"jobs", "run", "--timeout", "1m", "--", "true"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.errors, HasSubstr("longer than jobs.maxTimeout, 20 s, which is locked by "
                                          "/etc/tenon/tenon.properties:2"));
    for (const char* asked : {"", "20s", "5s"}) {
        SCOPED_TRACE(asked);
        std::vector<std::string> words = {"jobs", "run"};
        if (*asked != '\0') words.insert(words.end(), {"--timeout", asked});
        words.insert(words.end(), {"--", "true"});
        const auto started = run(words);
        ASSERT_EQ(started.code, 0) << started.errors;
        const std::string id = started.output.substr(0, 8);
        EXPECT_EQ(run({"jobs", "wait", id}).code, 0);
        EXPECT_THAT(
            run({"jobs", "show", id}).output,
            HasSubstr(std::string(" ") + (std::string(asked) == "5s" ? "5.0s" : "20.0s") + "\n"));
    }
}

TEST_F(Administrator, VerifyRunsNoCodeOfAFileThatIsNotKnown) {
    etc_.write("tenon.properties", "plugins.require=known\nfinal=plugins.require\n");
    const std::string file = std::string(TENON_FIXTURES) + "/plain.so";
    const auto ran = run({"plugin", "verify", file});
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.output, HasSubstr("FAILED  allowed: plugins.require is known"));
    EXPECT_THAT(ran.output, Not(HasSubstr("ok      load")));
}

}  // namespace
}  // namespace tenon::testing
