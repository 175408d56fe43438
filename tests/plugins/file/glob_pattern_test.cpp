#include "plugins/file/glob_pattern.h"

#include <gtest/gtest.h>

namespace tenon::file {
namespace {

TEST(MatchesName, FollowsTheShellsRules) {
    struct Case {
        std::string pattern, name;
        bool expected;
    };
    const std::vector<Case> cases = {
        {"a.txt", "a.txt", true},
        {"a.txt", "a.txt2", false},
        {"*", "anything", true},
        {"*", ".hidden", true},
        {"*.txt", "a.txt", true},
        {"*.txt", ".txt", true},
        {"*.txt", "a.txtx", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"?", "x", true},
        {"?", "\xC3\xA4", true},
        {"?", "xy", false},
        {"?", "", false},
        {"", "", true},
        {"**", "x", true},
        {"[abc]", "b", true},
        {"[a-c]x", "bx", true},
        {"[a-c]", "d", false},
        {"[!a-c]", "d", true},
        {"[^a-c]", "a", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[a-]", "-", true},
        {"[[:digit:]]*", "7a", true},
        {"[[:digit:]]", "a", false},
        {"[[:alpha:]_]", "_", true},
        {"[\\]]", "]", true},
        {"[\xC3\xA4-\xC3\xBC]", "\xC3\xB6", true},
        {"[open", "[open", false},
        {"[", "[", false},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"a\\", "a\\", true},
        {"\xFF*",
         "\xFF"
         "a",
         true},
        {"?", "\xFF", true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern + " / " + c.name);
        EXPECT_EQ(matches_name(c.pattern, c.name), c.expected);
    }
}

TEST(MatchesName, TakesNoLongTimeOverAHostilePattern) {
    std::string pattern;
    for (int i = 0; i < 1000; ++i)
        pattern += "*a";
    EXPECT_FALSE(matches_name(pattern + "*b", std::string(255, 'a')));
    EXPECT_FALSE(matches_name(std::string(4000, '['), std::string(255, '[')));
}

TEST(Glob, MatchesWholePaths) {
    struct Case {
        std::string pattern, path;
        bool expected;
    };
    const std::vector<Case> cases = {
        {"*.c", "a.c", true},
        {"*.c", "x/a.c", false},
        {"x/*.c", "x/a.c", true},
        {"x/*", "x/y/a.c", false},
        {"**/*.c", "a.c", true},
        {"**/*.c", "x/y/z/a.c", true},
        {"x/**/a.c", "x/a.c", true},
        {"x/**/a.c", "x/y/z/a.c", true},
        {"x/**/a.c", "y/x/a.c", false},
        {"**", "x/y", true},
        {"x/**", "x/y/z", true},
        {"x/**", "x", false},
        {"**/x/**/*.c", "a/x/b/x/c.c", true},
        {"./x/a.c", "x/a.c", true},
        {"x//a.c", "x/a.c", true},
        {"*.{c,h}", "a.h", true},
        {"*.{c,h}", "a.m", false},
        {"{x,y/z}/a{,b}.c", "y/z/a.c", true},
        {"{x,y/z}/a{,b}.c", "x/ab.c", true},
        {"{a,{b,c}}.d", "c.d", true},
        {"\\{a\\}", "{a}", true},
        {"x/", "x", true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern + " / " + c.path);
        std::string why;
        const auto glob = Glob::parse(c.pattern, why);
        ASSERT_TRUE(glob) << why;
        EXPECT_EQ(glob->matches(c.path), c.expected);
        EXPECT_EQ(glob->wants_folders(), c.pattern.back() == '/');
    }
}

TEST(Glob, KnowsWhichFoldersAreWorthALook) {
    struct Case {
        std::string pattern, folder;
        bool expected;
    };
    const std::vector<Case> cases = {
        {"*.c", "x", false},     {"x/*.c", "x", true},     {"x/*.c", "y", false},
        {"x/*.c", "x/y", false}, {"**/a", "x/y/z", true},  {"x/**/a", "x/y", true},
        {"x/**/a", "y", false},  {"x/y/z/*", "x/y", true}, {"{x,y}/a", "y", true},
        {"x/**", "x", true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.pattern + " / " + c.folder);
        std::string why;
        EXPECT_EQ(Glob::parse(c.pattern, why)->may_match_below(c.folder), c.expected);
    }
}

TEST(Glob, RefusesAPatternThatMakesNoSenseAndSaysWhy) {
    std::string many;
    for (int i = 0; i < 20; ++i)
        many += "{a,b}";
    const std::map<std::string, std::string> cases = {
        {"", "it must name something below the folder, without .."},
        {".", "it must name something below the folder, without .."},
        {"../*", "it must name something below the folder, without .."},
        {"{a,../b}", "it must name something below the folder, without .."},
        {"[ab", "a [ has no ]; write \\[ for the character itself"},
        {"{a,b",
         "a { has no }, or there are more than 256 alternatives; write \\{ for the character "
         "itself"},
        {many,
         "a { has no }, or there are more than 256 alternatives; write \\{ for the character "
         "itself"},
        {std::string(5000, 'x'), "it is longer than 4096 bytes"},
    };
    for (const auto& [pattern, expected] : cases) {
        SCOPED_TRACE(pattern);
        std::string why;
        EXPECT_FALSE(Glob::parse(pattern, why));
        EXPECT_EQ(why, expected);
    }
}

}  // namespace
}  // namespace tenon::file
