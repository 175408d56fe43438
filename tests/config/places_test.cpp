#include "host/config/places.h"

#include <gtest/gtest.h>

namespace tenon::config {
namespace {

TEST(Places, FollowTheEnvironment) {
    struct Case {
        const char* what;
        Environment environment;
        const char *config, *data, *state;
    };
    const Case cases[] = {
        {"only a home",
         {{"HOME", "/h"}},
         "/h/.config/tenon",
         "/h/.local/share/tenon",
         "/h/.local/state/tenon"},
        {"XDG",
         {{"HOME", "/h"},
          {"XDG_CONFIG_HOME", "/c/"},
          {"XDG_DATA_HOME", "/d"},
          {"XDG_STATE_HOME", "/s/../t"}},
         "/c/tenon",
         "/d/tenon",
         "/t/tenon"},
        {"relative XDG paths count as unset",
         {{"HOME", "/h"}, {"XDG_CONFIG_HOME", "c"}, {"XDG_STATE_HOME", ""}},
         "/h/.config/tenon",
         "/h/.local/share/tenon",
         "/h/.local/state/tenon"},
        {"a state folder of one's own",
         {{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}, {"TENON_STATE_DIR", "/mine/"}},
         "/h/.config/tenon",
         "/h/.local/share/tenon",
         "/mine"},
        {"relative to where one is",
         {{"HOME", "/h"}, {"TENON_STATE_DIR", "../mine"}},
         "/h/.config/tenon",
         "/h/.local/share/tenon",
         "/mine"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const Places places = places_of(c.environment, {}, "/cwd");
        EXPECT_EQ(places.config, c.config);
        EXPECT_EQ(places.data, c.data);
        EXPECT_EQ(places.state, c.state);
    }
}

TEST(Places, FindAHomeWithoutTheVariable) {
    EXPECT_EQ(places_of({}, "/home/u", "/cwd").home, "/home/u");
    EXPECT_EQ(places_of({{"HOME", "relative"}}, "/home/u", "/cwd").home, "/home/u");
    EXPECT_TRUE(places_of({}, home_of_account(), "/cwd").home.is_absolute());
}

TEST(Places, KnowTheHomeOfTheAccountWhateverTheVariableSays) {
    EXPECT_EQ(places_of({{"HOME", "/h"}}, "/home/u", "/cwd").account_home, "/home/u");
    EXPECT_EQ(places_of({{"HOME", "/h"}}, {}, "/cwd").account_home, "/h");
}

TEST(Places, ExpandATildeOnlyWhereItStandsAloneInFront) {
    const std::pair<const char*, const char*> rows[] = {
        {"~", "/h"},    {"~/", "/h"},   {"~/x/y", "/h/x/y"},    {"~//x", "/h/x"},
        {"./~", "./~"}, {"a/~", "a/~"}, {"~user/x", "~user/x"}, {"~x", "~x"},
        {"/~", "/~"},   {"", ""},
    };
    for (const auto& [path, meant] : rows) {
        SCOPED_TRACE(path);
        EXPECT_EQ(expanded(path, "/h"), meant);
        EXPECT_EQ(expanded(path, ""), path);
    }
}

}  // namespace
}  // namespace tenon::config
