// Plugins of other minor versions of the ABI, and the one that was built when it was frozen: what
// people have must work in every later host.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <map>
#include <sys/utsname.h>

#include <gtest/gtest.h>

#include <tenon/testing.hpp>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "host/plugins/state_service.h"
#include "tests/support/checked_call.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A plugins directory and what was loaded from it into this process.
class LoadedPlugin {
public:
    LoadedPlugin(const fs::path& file, const std::string& id) {
        fs::create_directory(dir_ / "plugins");
        fs::copy_file(file, dir_ / "plugins/it.so");
        fs::permissions(dir_ / "plugins/it.so", fs::perms(0644));
        state_.add_to(services_);
        plugins::LoaderOptions options;
        options.folders = {dir_ / "plugins"};
        options.state_dir = dir_ / "state";
        options.workspace = "/the/workspace";
        options.by_id[id].isolated = false;
        options.log = [this](std::string_view, int level, std::string_view message) {
            log_ += std::to_string(level) + " " + std::string(message) + "\n";
        };
        plugins::Loaded loaded = plugins::load(options, services_);
        for (const auto& problem : loaded.problems)
            ADD_FAILURE() << problem.reason << "; " << problem.remedy;
        if (loaded.plugins.empty()) return;
        plugin_ = loaded.plugins[0].get();
        EXPECT_TRUE(registry_.add(std::move(loaded.plugins[0])));
    }

    agent::ToolResult call(const std::string& tool, const Json& input = Json::object(),
                           std::stop_token stop = {}) {
        agent::CallContext context({"s", ""}, "t", std::move(stop),
                                   [this](const std::string& note) { progress_ += note + "\n"; });
        agent::Tool* const found = registry_.find(tool);
        if (found == nullptr) return {"no such tool", true, {}};
        return tenon::testing::checked_call(*found, {"t", tool, input, ""}, context);
    }
    [[nodiscard]] std::vector<std::string> tools() const {
        std::vector<std::string> names;
        for (const auto* spec : registry_.specs())
            names.push_back(spec->name);
        return names;
    }
    [[nodiscard]] plugins::Plugin* operator->() const { return plugin_; }
    [[nodiscard]] bool loaded() const { return plugin_ != nullptr; }
    [[nodiscard]] const std::string& log() const { return log_; }
    [[nodiscard]] const std::string& progress() const { return progress_; }

private:
    tenon::testing::TempDir dir_;
    plugins::StateService state_{dir_ / "plugin-state", dir_ / "sessions/s/plugin-state"};
    plugins::Services services_;
    std::string log_, progress_;
    plugins::Registry registry_;
    plugins::Plugin* plugin_ = nullptr;
};

TEST(OtherMinorVersions, AFutureOneIsLoadedAndItsAdditionsAreIgnored) {
    LoadedPlugin plugin(std::string(TENON_FIXTURES) + "/future.so", "future");
    ASSERT_TRUE(plugin.loaded());
    EXPECT_THAT(plugin.tools(), ElementsAre("future_tool"));
    EXPECT_EQ(plugin.call("future_tool").text, "a host of 1.1 or later");
    plugin->begin_session("s", "new");
    EXPECT_EQ(plugin->text_of(plugin::Hook::kRemind), "from the future");
}

TEST(OtherMinorVersions, TheShortestStructsAreLoadedAndNothingBehindTheirEndIsRead) {
    LoadedPlugin plugin(std::string(TENON_FIXTURES) + "/shortest.so", "shortest");
    ASSERT_TRUE(plugin.loaded());
    EXPECT_EQ(plugin.call("shortest_tool").text, "a host of 1.1 or later");
    plugin->begin_session("s", "new");
    EXPECT_EQ(plugin->text_of(plugin::Hook::kRemind), "");
    EXPECT_EQ(plugin->tasks(), "");
}

/// The frozen plugin of this machine; elsewhere one that is built now.
fs::path frozen_plugin(const tenon::testing::TempDir& dir) {
    utsname machine{};
    ::uname(&machine);
    const fs::path kept = std::string(TENON_FROZEN) + "/frozen-" + machine.machine + ".so";
    if (fs::exists(kept)) return kept;
    const fs::path built = dir / "frozen.so";
    const std::string command = "cc -std=c11 -fPIC -fvisibility=hidden -shared -I" TENON_SDK
                                "/include " TENON_FROZEN "/frozen.c -o " +
                                built.string();
    std::fprintf(stderr, "there is no frozen plugin for %s; it is built from its source\n",
                 machine.machine);
    return std::system(command.c_str()) == 0 ? built : fs::path();
}

class FrozenPlugin : public ::testing::Test {
protected:
    tenon::testing::TempDir dir_;
    LoadedPlugin plugin_{frozen_plugin(dir_), "frozen"};
    void SetUp() override { ASSERT_TRUE(plugin_.loaded()); }
};

TEST_F(FrozenPlugin, HasItsToolsWithFlagsAndFacts) {
    EXPECT_THAT(plugin_.tools(), ElementsAre("frozen_echo", "frozen_places", "frozen_request",
                                             "frozen_fail", "frozen_cancelled", "frozen_add_tool"));
    const auto& tools = plugin_->tools();
    EXPECT_TRUE(tools[0]->spec().concurrent);
    EXPECT_FALSE(tools[1]->spec().concurrent);
    EXPECT_EQ(plugin_->version(), "1.1");
    EXPECT_THAT(plugin_.log(), HasSubstr("1 frozen is created\n"));
}

TEST_F(FrozenPlugin, IsCalled) {
    EXPECT_EQ(plugin_.call("frozen_echo", {{"text", "x"}}).text, R"(hello {"text":"x"})");
    EXPECT_EQ(plugin_.progress(), "half\n");
    EXPECT_TRUE(plugin_.call("frozen_echo", {{"test", "x"}}).is_error) << "the schema holds";
    EXPECT_EQ(plugin_.call("frozen_places").text,
              "abi 1.1 /the/workspace version plugin_dir state_dir none deadline");
}

TEST_F(FrozenPlugin, ReturnsEveryCode) {
    EXPECT_FALSE(plugin_.call("frozen_fail", {{"rc", 0}}).is_error);
    for (int rc = 1; rc <= 6; ++rc) {
        SCOPED_TRACE(rc);
        const agent::ToolResult failed = plugin_.call("frozen_fail", {{"rc", rc}});
        EXPECT_TRUE(failed.is_error);
        EXPECT_THAT(failed.text, HasSubstr("as asked"));
        EXPECT_FALSE(plugin_->disabled());
    }
    for (const int fault : {7, 8, 9})
        EXPECT_TRUE(plugin_.call("frozen_fail", {{"rc", fault}}).is_error);
    EXPECT_TRUE(plugin_->disabled()) << "TENON_FAULT and unknown codes are defects";
}

TEST_F(FrozenPlugin, AsksTheHost) {
    EXPECT_EQ(plugin_.call("frozen_request").text, R"({"value":"kept"} unsupported)");
}

TEST_F(FrozenPlugin, LearnsThatItsCallIsCancelled) {
    EXPECT_EQ(plugin_.call("frozen_cancelled").text, "goes on");
    std::stop_source stop;
    stop.request_stop();
    const agent::ToolResult cancelled =
        plugin_.call("frozen_cancelled", Json::object(), stop.get_token());
    EXPECT_TRUE(cancelled.is_error);
    EXPECT_THAT(cancelled.text, HasSubstr("cancelled"));
}

TEST_F(FrozenPlugin, HasItsHooks) {
    plugin_->begin_session("the session", "new");
    EXPECT_EQ(plugin_->text_of(plugin::Hook::kSystemPrompt), "prompt of frozen");
    EXPECT_THAT(plugin_->text_of(plugin::Hook::kRemind), HasSubstr("the session"));
    EXPECT_EQ(plugin_->text_of(plugin::Hook::kCarry), "");
    EXPECT_EQ(plugin_->tasks(), R"({"tasks":[],"unusable":[]})");
}

/// What the loader does not do yet, or only in a session: the SDK's own host does it.
TEST_F(FrozenPlugin, IsReconfiguredAndChangesItsTools) {
    TestHost host;
    host.open(frozen_plugin(dir_));
    EXPECT_EQ(host.reconfigure(R"({"greeting":"welcome"})"), TENON_OK);
    EXPECT_EQ(host.call("frozen_echo", "{}").text, "welcome {}");
    EXPECT_EQ(host.reconfigure("{}"), TENON_FAILED);
    EXPECT_EQ(host.tool("frozen_more"), nullptr);
    EXPECT_TRUE(host.call("frozen_add_tool").ok());
    EXPECT_EQ(host.call("frozen_more").text, "was added");
}

}  // namespace
}  // namespace tenon::sdk
