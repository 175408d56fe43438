#include "host/permission/mode.h"

#include <vector>

#include <gtest/gtest.h>

namespace tenon::permission {
namespace {

using Mode = PermissionMode;

/// The words for the stances that follow one another, up to the first.
std::vector<std::string> round_of(const StanceLimits& limits) {
    std::vector<std::string> words;
    Stance now = limits.start;
    for (int i = 0; i < 6; ++i) {
        now = next_stance(now, limits).stance;
        words.push_back(in_words(now));
        if (now == limits.start) break;
    }
    return words;
}

TEST(PermissionMode, HasANameForEachAndNoOther) {
    for (const char* name : {"ask", "acceptEdits", "plan", "dontAsk", "bypassPermissions"})
        EXPECT_EQ(to_string(*mode_from(name)), name);
    EXPECT_FALSE(mode_from("default"));
    EXPECT_FALSE(mode_from(""));
}

TEST(Stance, GoesRoundAndComesBackToTheStart) {
    using Words = std::vector<std::string>;
    struct Row {
        Stance start;
        Words round;
    };
    for (const Row& row :
         {Row{{Mode::kAsk}, {"acceptEdits", "plan", "ask"}},
          Row{{Mode::kAcceptEdits}, {"plan", "ask", "acceptEdits"}},
          Row{{Mode::kPlan}, {"ask", "acceptEdits", "plan"}},
          Row{{Mode::kPlan, true}, {"ask", "acceptEdits", "plan"}},
          Row{{Mode::kAsk, true}, {"ask", "acceptEdits", "plan", "no questions"}},
          Row{{Mode::kAcceptEdits, true}, {"ask", "acceptEdits", "plan", "no questions"}},
          Row{{Mode::kBypassPermissions}, {"ask", "acceptEdits", "plan", "no questions"}},
          Row{{Mode::kDontAsk}, {"plan", "dontAsk"}}}) {
        SCOPED_TRACE(in_words(row.start));
        EXPECT_EQ(round_of({row.start}), row.round);
    }
}

TEST(Stance, NeverGetsLooserThanALock) {
    using Words = std::vector<std::string>;
    struct Row {
        Mode start, loosest;
        Words round;
    };
    for (const Row& row :
         {Row{Mode::kPlan, Mode::kPlan, {"plan"}}, Row{Mode::kAsk, Mode::kAsk, {"plan", "ask"}},
          Row{Mode::kPlan, Mode::kAsk, {"ask", "plan"}},
          Row{Mode::kDontAsk, Mode::kDontAsk, {"plan", "dontAsk"}},
          Row{Mode::kAsk, Mode::kAcceptEdits, {"acceptEdits", "plan", "ask"}}}) {
        SCOPED_TRACE(to_string(row.loosest));
        EXPECT_EQ(round_of({{row.start}, row.loosest, "/etc/tenon/tenon.xml:1"}), row.round);
    }
}

TEST(Stance, SaysWhyAStepWasLeftOut) {
    const StanceLimits locked{{Mode::kAsk}, Mode::kAsk, "/etc/tenon/tenon.xml:1"};
    EXPECT_EQ(
        next_stance({Mode::kAsk}, locked).remark,
        "left out: acceptEdits: permissions.mode is locked by /etc/tenon/tenon.xml:1 to 'ask' "
        "or a stricter mode");
    EXPECT_EQ(next_stance({Mode::kPlan}, locked).remark, "");
    EXPECT_EQ(next_stance({Mode::kDontAsk}, {{Mode::kDontAsk}}).remark,
              "left out: ask, acceptEdits: the session began with dontAsk; another mode is for the "
              "start: -D permissions.mode=MODE");
}

TEST(Stance, IsFoundByTheNameOfItsMode) {
    const StanceLimits from_ask{{Mode::kAsk}};
    for (const char* name : {"ask", "default", "ASK"})
        EXPECT_EQ(*stance_named(name, from_ask), Stance{Mode::kAsk});
    EXPECT_EQ(*stance_named("acceptedits", from_ask), Stance{Mode::kAcceptEdits});
    for (const char* name : {"bypassPermissions", "no questions"})
        EXPECT_EQ(*stance_named(name, {{Mode::kAsk, true}}), (Stance{Mode::kAsk, true}));

    struct Row {
        const char* name;
        StanceLimits limits;
        const char* error;
    };
    for (const Row& row :
         {Row{"bypassPermissions", from_ask,
              "only the start of a session can do without questions: --yes"},
          Row{"yolo", from_ask,
              "there is no mode 'yolo'; the modes are ask, acceptEdits, plan, dontAsk, "
              "bypassPermissions"},
          Row{"acceptEdits",
              {{Mode::kPlan}, Mode::kAsk, "FILE:1"},
              "permissions.mode is locked by FILE:1 to 'ask' or a stricter mode"}}) {
        SCOPED_TRACE(row.name);
        const auto stance = stance_named(row.name, row.limits);
        ASSERT_FALSE(stance);
        EXPECT_EQ(stance.error().message, row.error);
    }
}

}  // namespace
}  // namespace tenon::permission
