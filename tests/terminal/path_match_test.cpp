#include "host/terminal/path_match.h"

#include <gtest/gtest.h>

namespace tenon::terminal {
namespace {

using Paths = std::vector<std::string>;

PathList list_of(const Paths& paths) {
    PathList list;
    for (const std::string& path : paths)
        list.add(path);
    return list;
}

TEST(PathMatch, PutsTheBestFirst) {
    const PathList tree =
        list_of({"README.md", "docs/", "docs/screen.txt", "docs/offscreen.txt", "host/terminal/",
                 "host/terminal/screen_terminal.cpp", "host/terminal/screen_terminal.h",
                 "screens/a/b.txt", "screens/", ".github/", ".github/screen.yml", "src/a.c",
                 "src/deep/", "src/deep/a.c", "src/", "ÜBUNG.txt"});
    struct Case {
        std::string typed;
        Paths best;
        std::size_t as_good;
        std::string common;
    };
    const std::vector<Case> cases = {
        {"screen",
         {"screens/", "docs/screen.txt", "host/terminal/screen_terminal.h",
          "host/terminal/screen_terminal.cpp", "docs/offscreen.txt", "screens/a/b.txt"},
         4,
         ""},
        {"SCRTERM",
         {"host/terminal/screen_terminal.h", "host/terminal/screen_terminal.cpp"},
         2,
         "host/terminal/screen_terminal."},
        {"term/scr",
         {"host/terminal/screen_terminal.h", "host/terminal/screen_terminal.cpp"},
         2,
         "host/terminal/screen_terminal."},
        {"hosttermcpp",
         {"host/terminal/screen_terminal.cpp"},
         1,
         "host/terminal/screen_terminal.cpp"},
        {"readme", {"README.md"}, 1, "README.md"},
        {"übung", {"ÜBUNG.txt"}, 1, "ÜBUNG.txt"},
        {"src/", {"src/a.c", "src/deep/", "src/deep/a.c"}, 3, "src/"},
        {".git", {".github/", ".github/screen.yml"}, 1, ".github/"},
        {"nothing like it", {}, 0, ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.typed);
        EXPECT_EQ(matches_in(tree, c.typed), (PathMatches{c.best, 0, c.as_good, c.common}));
    }
    EXPECT_EQ(matches_in(tree, "").best.front(), "src/");
    EXPECT_EQ(matches_in(tree, "").best.size(), 14U);
}

TEST(PathMatch, CountsWhatItDoesNotReturn) {
    PathList list;
    for (int i = 0; i < 1000; ++i)
        list.add("folder/file" + std::to_string(i));
    const PathMatches found = matches_in(list, "file");
    EXPECT_EQ(found.best.size(), kMostMatches);
    EXPECT_EQ(found.others, 1000 - kMostMatches);
    EXPECT_EQ(found.best.front(), "folder/file0");
    EXPECT_EQ(found.common, "folder/file");
}

TEST(PathMatch, TakesTheCommonBeginningInWholeCharacters) {
    EXPECT_EQ(common_beginning("äa", "äb"), "ä");
    EXPECT_EQ(common_beginning("\xc3\xa4", "\xc3\xb6"), "");
    EXPECT_EQ(common_beginning("abc", "abcd"), "abc");
}

}  // namespace
}  // namespace tenon::terminal
