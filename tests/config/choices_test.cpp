// A key whose value is a list of choices.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/config/world.h"

namespace tenon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Choices, ReplaceThoseOfAWeakerLayer) {
    struct Row {
        const char *user, *option;  // null: not given
        bool bell, osc9;
    };
    for (const Row& row : std::vector<Row>{
             {nullptr, nullptr, true, true},
             {"terminal.notify=osc9\n", nullptr, false, true},
             {"terminal.notify=\n", nullptr, false, false},
             {"terminal.notify.1=bell\nterminal.notify.2=osc9\n", nullptr, true, true},
             {"terminal.notify=osc9\n", "bell", true, false},
             {"terminal.notify=bell, osc9\n", "", false, false},
         }) {
        SCOPED_TRACE(row.user == nullptr ? "default" : row.user);
        World world;
        if (row.user != nullptr) world.user_says(row.user);
        if (row.option != nullptr) world.define("terminal.notify", row.option);
        const Settings settings = world.settings();
        EXPECT_EQ(settings.terminal.notify_bell, row.bell);
        EXPECT_EQ(settings.terminal.notify_osc9, row.osc9);
    }
}

TEST(Choices, SayWhatIsAllowed) {
    World world;
    world.define("terminal.notify", "beep");
    EXPECT_THAT(world.examined().errors,
                ElementsAre("-D: terminal.notify: \"beep\" is not allowed; allowed: bell, osc9, or "
                            "nothing"));
}

TEST(Choices, StayWhereTheyAreLocked) {
    World world;
    world.system_says("terminal.notify=bell\nfinal=terminal.notify\n");
    world.define("terminal.notify", "bell");
    EXPECT_THAT(world.examined().warnings, IsEmpty());
    world.define("terminal.notify", "");
    const Configuration found = world.examined();
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("terminal.notify is locked by")));
    EXPECT_TRUE(found.settings.terminal.notify_bell);
    EXPECT_FALSE(found.settings.terminal.notify_osc9);
}

TEST(Choices, AreNotTakenFromAWorkspaceThatIsNotTrusted) {
    World world;
    world.workspace_says("terminal.notify=\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("terminal.notify is ignored")));
    EXPECT_TRUE(found.settings.terminal.notify_bell);
}

}  // namespace
}  // namespace tenon::config
