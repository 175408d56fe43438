#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/config/configuration.h"
#include "host/config/sandbox_settings.h"
#include "tests/config/world.h"

namespace tenon::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Otherwise a file that a model was talked into writing could let a plugin out.
TEST(Settings, AStrangersWorkspaceGrantsNothingToPlugins) {
    for (const bool xml : {false, true}) {
        SCOPED_TRACE(xml ? "xml" : "properties");
        World world;
        if (xml) {
            world.dir.write("ws/.tenon/tenon.xml",
                            "<tenon><plugins><x><grants>network</grants><grants>exec</grants></x>"
                            "</plugins></tenon>");
        } else {
            world.workspace_says("plugins.x.grants.1=network\nplugins.x.grants.2=exec\n");
        }
        const Configuration examined = world.examined();
        EXPECT_THAT(examined.errors, IsEmpty());
        EXPECT_THAT(examined.settings.plugins.by_id, IsEmpty());
        EXPECT_THAT(examined.warnings, Contains(AllOf(HasSubstr("plugins.x.grants"),
                                                      HasSubstr("the workspace is not trusted"))));
    }
}

TEST(Settings, AKeyOfAPluginReplacesTheListOrObjectOfWeakerLayers) {
    World world;
    world.user_says(
        "plugins.x.names.1=a\nplugins.x.names.2=b\nplugins.x.limits.seconds=3\n"
        "plugins.x.namesake=kept\nplugins.y.names.1=kept\n");
    world.define("plugins.x.names", "q");
    world.define("plugins.x.limits", "0");
    const auto plugins = world.settings().plugins.by_id;
    EXPECT_EQ(plugins.at("x").own, (std::map<std::string, std::string>{
                                       {"names", "q"}, {"limits", "0"}, {"namesake", "kept"}}));
    EXPECT_EQ(plugins.at("y").own, (std::map<std::string, std::string>{{"names.1", "kept"}}));
    EXPECT_EQ(world.shown("plugins.x.names.1").key, "") << "what does not count is not shown";
}

TEST(Settings, KeepsBothFormsOfAKeyOfAPluginThatOneLayerGives) {
    for (const char* text :
         {"plugins.x.names.1=a\nplugins.x.names=z\n", "plugins.x.names=z\nplugins.x.names.1=a\n"}) {
        SCOPED_TRACE(text);
        World world;
        world.user_says(text);
        EXPECT_EQ(world.settings().plugins.by_id.at("x").own,
                  (std::map<std::string, std::string>{{"names", "z"}, {"names.1", "a"}}))
            << "the schema of the plugin says which has an effect";
    }
}

TEST(Settings, KeepSecretsFromPluginsWhateverTheSandboxModeIs) {
    World world;
    const auto hidden = [&] { return hidden_from_plugins(world.settings()); };
    const auto home = world.dir / "home";
    EXPECT_THAT(hidden(), ::testing::IsSupersetOf(
                              {home / ".ssh", home / ".aws", home / ".gnupg", world.state()}));
    world.user_says("sandbox.denyRead.1=~/private\n");
    EXPECT_THAT(hidden(), ::testing::IsSupersetOf({home / "private", world.state()}));
    EXPECT_THAT(hidden(), ::testing::Not(Contains(home / ".ssh")));
}

}  // namespace
}  // namespace tenon::config
