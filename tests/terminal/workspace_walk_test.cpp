#include "host/terminal/workspace_walk.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::terminal {
namespace {

using testing::TempDir;
using PathSet = std::set<std::string>;

PathSet paths_below(const std::filesystem::path& workspace, bool with_hidden = false) {
    PathSet paths;
    walk_workspace(workspace, with_hidden, [&](std::string_view path) {
        paths.emplace(path);
        return true;
    });
    return paths;
}

TEST(WorkspaceWalk, LeavesOutWhatGitignoreFilesName) {
    const TempDir dir;
    for (const char* name :
         {"a.c", "a.o", "keep.o", "build/x", "sub/b.o", "sub/own.txt", "sub/deep/own.txt",
          "sub/deep/wanted.md", "excluded.txt", "my file.txt", "odd\nname", "odd\"name",
          "odd\\name", ".hidden", ".git/config"})
        dir.write(name, "");
    dir.write(".gitignore", "*.o\n!keep.o\nbuild/\n");
    dir.write("sub/.gitignore", "own.txt\n!b.o\n*.md\n");
    dir.write("sub/deep/.gitignore", "!wanted.md\n");
    dir.write(".git/info/exclude", "excluded.txt\n");
    const PathSet expected = {
        "a.c", "keep.o", "sub/", "sub/b.o", "sub/deep/", "sub/deep/wanted.md", "my file.txt"};
    EXPECT_EQ(paths_below(dir.path()), expected);
    PathSet hidden = expected;
    hidden.insert({".hidden", ".gitignore", "sub/.gitignore", "sub/deep/.gitignore"});
    EXPECT_EQ(paths_below(dir.path(), true), hidden);
    EXPECT_EQ(paths_below(dir / "sub"), (PathSet{"b.o", "deep/", "deep/wanted.md"}));
    EXPECT_EQ(paths_below(dir / "build"), PathSet{"x"});
}

TEST(WorkspaceWalk, TakesRulesFromGitignoreFilesOutsideARepositoryToo) {
    const TempDir dir;
    dir.write("a.log", "");
    dir.write("a.txt", "");
    dir.write(".gitignore", "*.log\n");
    EXPECT_EQ(paths_below(dir.path()), PathSet{"a.txt"});
}

TEST(WorkspaceWalk, DoesNotApplyTheRulesOfARepositoryInAnotherOneBelow) {
    const TempDir dir;
    dir.write(".git/HEAD", "");
    dir.write(".gitignore", "*.log\n");
    dir.write("other/.git/HEAD", "");
    dir.write("other/a.log", "");
    EXPECT_EQ(paths_below(dir.path()), (PathSet{"other/", "other/a.log"}));
}

TEST(WorkspaceWalk, EndsInSpiteOfLinksAndDepth) {
    const TempDir dir;
    std::filesystem::create_directory_symlink(".", dir / "loop");
    std::string deep;
    for (std::size_t i = 0; i < kDeepest + 20; ++i)
        deep += "d/";
    std::filesystem::create_directories(dir / deep);
    EXPECT_EQ(paths_below(dir.path()).size(), kDeepest + 2);  // the folders, and the link
    EXPECT_EQ(paths_below(dir / "missing"), PathSet());
    std::size_t seen = 0;
    walk_workspace(dir.path(), false, [&](std::string_view) { return ++seen < 5; });
    EXPECT_EQ(seen, 5U);
}

}  // namespace
}  // namespace tenon::terminal
