#include "host/permission/path_pattern.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

struct PathMatch {
    std::string pattern, path;
    bool matches;
};

TEST(PathPattern, MatchesAsGitignoreDoes) {
    const std::vector<PathMatch> cases = {
        {"a.c", "/w/a.c", true},
        {"a.c", "/w/x/y/a.c", true},
        {"a.c", "/a.c", false},
        {"a.c", "/w/a.c/below", true},
        {"./a.c", "/w/a.c", true},
        {"./a.c", "/w/x/a.c", false},
        {"x/a.c", "/w/x/a.c", true},
        {"x/a.c", "/w/y/x/a.c", false},
        {"*.c", "/w/x/a.c", true},
        {"*.c", "/w/x/a.h", false},
        {"*", "/w/.hidden/x", true},
        {"*", "/v/x", false},
        {"x/*", "/w/x/a/b", true},
        {"x/*.c", "/w/x/a/b.c", false},
        {"x/**", "/w/x/a/b", true},
        {"x/**", "/w/x", false},
        {"**", "/w/x/y", true},
        {"**/b", "/w/x/y/b", true},
        {"**/b", "/w/b", true},
        {"a/**/b", "/w/a/b", true},
        {"a/**/b", "/w/a/x/y/b", true},
        {"a/**/b", "/w/x/a/b", false},
        {"a?c", "/w/abc", true},
        {"a[0-9]", "/w/a7", true},
        {"a[!0-9]", "/w/a7", false},
        {"a\\*", "/w/a*", true},
        {"a\\*", "/w/ab", false},
        {"secret/", "/w/x/secret/key", true},
        {"secret/", "/w/secret", false},
        {"//etc/passwd", "/etc/passwd", true},
        {"//etc", "/etc/ssl/x", true},
        {"//etc/**", "/etc/ssl/x", true},
        {"//**", "/anything/at/all", true},
        {"//etc", "/w/etc", false},
        {"~/x", "/home/u/x", true},
        {"~/.ssh/**", "/home/u/.ssh/id", true},
        {"~", "/home/u/any", true},
        {"~/x", "/w/~/x", false},
        {"/x", "/base/x", true},
        {"/x", "/base/y/x", false},
        {"/x", "/w/x", false},
        {"/*.c", "/base/a.c", true},
        {"/*.c", "/base/d/a.c", false},
        {"../v/x", "/v/x", true},
        {".", "/w/any/file", true},
        {"/", "/base/any/file", true},
    };
    for (const auto& [text, path, matches] : cases) {
        SCOPED_TRACE(text + " / " + path);
        const auto pattern = PathPattern::parse(text, "/base", {"/w", "/home/u"});
        ASSERT_TRUE(pattern.ok());
        EXPECT_EQ(pattern->matches(path), matches);
        EXPECT_EQ(pattern->matches_strictly(path), matches);
    }
}

TEST(PathPattern, StartsAtTheWorkspaceWhenTheRuleHasNoFolderOfItsOwn) {
    EXPECT_TRUE(PathPattern::parse("/x", "", {"/w", ""})->matches("/w/x"));
    EXPECT_FALSE(PathPattern::parse("~/x", "", {"/w", ""}).ok());
}

TEST(PathPattern, EndingInASlashMatchesAFolderItself) {
    const testing::TempDir dir;
    fs::create_directory(dir / "d");
    dir.write("f", "");
    const auto pattern = [&](const char* text) {
        return *PathPattern::parse(text, "", {dir.path(), ""});
    };
    EXPECT_TRUE(pattern("d/").matches(dir / "d"));
    EXPECT_FALSE(pattern("f/").matches(dir / "f"));
}

TEST(PathPattern, SeesThroughSymlinksInItsOwnBeginningOnlyWhenStrict) {
    const testing::TempDir dir;
    fs::create_directories(dir / "real/d");
    fs::create_directory_symlink(dir / "real", dir / "link");
    const auto pattern = *PathPattern::parse("link/d/*", "", {dir.path(), ""});
    EXPECT_TRUE(pattern.matches(dir / "link/d/f"));
    EXPECT_FALSE(pattern.matches(dir / "real/d/f"));
    EXPECT_TRUE(pattern.matches_strictly(dir / "real/d/f"));
}

TEST(Paths, AreNormalisedByTheirLetters) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a", "/w/a"},     {"./a//b/.", "/w/a/b"}, {"../a", "/a"}, {"../../../a", "/a"},
        {"/x/../y", "/y"}, {"//x", "/x"},          {"", "/w"},     {".", "/w"},
        {"/", "/"},        {"a/", "/w/a"},
    };
    for (const auto& [path, expected] : cases) {
        SCOPED_TRACE(path);
        EXPECT_EQ(normalised(path, "/w").string(), expected);
    }
}

TEST(Paths, AreResolvedAsFarAsTheyExist) {
    const testing::TempDir dir;
    fs::create_directories(dir / "a/b");
    fs::create_directory_symlink("a/b", dir / "relative");
    fs::create_directory_symlink(dir / "a", dir / "absolute");
    fs::create_symlink("/nowhere/at/all", dir / "dangling");
    fs::create_symlink("loop", dir / "loop");
    EXPECT_EQ(resolved(dir / "relative/new/file"), dir / "a/b/new/file");
    EXPECT_EQ(resolved(dir / "absolute/b/../x"), dir / "a/x");
    EXPECT_EQ(resolved(dir / "relative/../x"), dir / "a/x")
        << "the .. is that of the folder behind the link";
    EXPECT_EQ(resolved(dir / "dangling"), "/nowhere/at/all");
    EXPECT_EQ(resolved(dir / "dangling/x"), "/nowhere/at/all/x");
    EXPECT_EQ(resolved(dir / "missing/x"), dir / "missing/x");
    EXPECT_NE(resolved(dir / "loop/x"), "") << "ends";
}

}  // namespace
}  // namespace tenon::permission
