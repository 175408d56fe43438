#include "host/session/instructions.h"

#include <functional>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

TEST(Instructions, ComeFromEachFolderOfTheRepositoryDownToTheWorkspace) {
    const testing::TempDir dir;
    dir.write("AGENTS.md", "outside the repository");
    dir.write("repo/.git/HEAD", "");
    dir.write("repo/AGENTS.md", "root");
    dir.write("repo/CLAUDE.md", "not read beside AGENTS.md");
    dir.write("repo/a/CLAUDE.md", "middle");
    dir.write("repo/a/b/AGENTS.md", "leaf");
    const Instructions found = project_instructions(dir / "repo/a/b");
    const auto block = [&](const char* file, const char* text) {
        return "<instructions file=\"" + (dir / file).string() + "\">\n" + text +
               "\n</instructions>\n";
    };
    EXPECT_EQ(found.text, block("repo/AGENTS.md", "root") + block("repo/a/CLAUDE.md", "middle") +
                              block("repo/a/b/AGENTS.md", "leaf"));
    EXPECT_TRUE(found.warnings.empty());
}

TEST(Instructions, OfAWorkspaceWithoutARepositoryAreItsOwn) {
    const testing::TempDir dir;
    dir.write("AGENTS.md", "above");
    dir.write("w/AGENTS.md", "own");
    const Instructions found = project_instructions(dir / "w");
    EXPECT_EQ(found.text.find("above"), std::string::npos);
    EXPECT_NE(found.text.find("own"), std::string::npos);
}

TEST(Instructions, CutTheDeepestFirst) {
    const testing::TempDir dir;
    dir.write("repo/.git/HEAD", "");
    dir.write("repo/AGENTS.md", std::string(30'000, 'r'));
    dir.write("repo/a/AGENTS.md", std::string(30'000, 'd'));
    const Instructions found = project_instructions(dir / "repo/a");
    EXPECT_EQ(std::count(found.text.begin() + 60, found.text.end(), 'r') >= 30'000, true);
    EXPECT_NE(found.text.find(std::string(2'768, 'd')), std::string::npos);
    EXPECT_EQ(found.text.find(std::string(2'769, 'd')), std::string::npos);
    EXPECT_EQ(found.warnings.size(), 1U);
}

TEST(Instructions, ReportWhatCannotBeRead) {
    const testing::TempDir dir;
    std::filesystem::create_directories(dir / "w/AGENTS.md");
    dir.write("w/CLAUDE.md", "instead");
    const Instructions found = project_instructions(dir / "w");
    EXPECT_NE(found.text.find("instead"), std::string::npos);
    EXPECT_EQ(found.warnings.size(), 1U);
}

TEST(Instructions, AreNotReadThroughALinkThatLeadsOutOfTheRepository) {
    const testing::TempDir dir;
    const auto secret = dir.write("home/.netrc", "password t0p-secret");
    dir.write("home/inner/x", "");
    const std::string targets[] = {secret.string(), "../home/.netrc", "/proc/self/environ",
                                   "/proc/self/cmdline", "/dev/null"};
    for (const std::string& target : targets) {
        for (const bool repository : {true, false}) {
            SCOPED_TRACE(target);
            const testing::TempDir project(dir.path());
            if (repository) project.write(".git/HEAD", "");
            std::filesystem::create_symlink(target, project / "AGENTS.md");
            const Instructions found = project_instructions(project.path());
            EXPECT_EQ(found.text, "");
            ASSERT_EQ(found.warnings.size(), 1U);
            EXPECT_NE(found.warnings[0].find("AGENTS.md"), std::string::npos);
            EXPECT_EQ(found.warnings[0].find("t0p-secret"), std::string::npos);
        }
    }
    // Nor through a directory on the way.
    dir.write("repo/.git/HEAD", "");
    dir.write("home/AGENTS.md", "t0p-secret");
    std::filesystem::create_directory_symlink(dir / "home", dir / "repo/a");
    EXPECT_EQ(project_instructions(dir / "repo/a").text.find("t0p-secret"), std::string::npos);
}

TEST(Instructions, MayBeLinksInsideTheRepository) {
    const testing::TempDir dir;
    dir.write("repo/.git/HEAD", "");
    dir.write("repo/docs/agents.md", "from the docs");
    std::filesystem::create_directories(dir / "repo/a");
    std::filesystem::create_symlink("docs/agents.md", dir / "repo/AGENTS.md");
    std::filesystem::create_symlink(dir / "repo/docs/agents.md", dir / "repo/a/CLAUDE.md");
    const Instructions found = project_instructions(dir / "repo/a");
    EXPECT_NE(found.text.find("repo/AGENTS.md\">\nfrom the docs"), std::string::npos);
    EXPECT_NE(found.text.find("repo/a/CLAUDE.md\">\nfrom the docs"), std::string::npos);
    EXPECT_TRUE(found.warnings.empty());
}

TEST(Instructions, ThatAreNoRegularFilesAreLeftOut) {
    const testing::TempDir dir;
    ASSERT_EQ(::mkfifo((dir / "AGENTS.md").c_str(), 0600), 0);
    dir.write("CLAUDE.md", "instead");
    const Instructions found = project_instructions(dir.path());
    EXPECT_NE(found.text.find("instead"), std::string::npos);
    ASSERT_EQ(found.warnings.size(), 1U);
    EXPECT_NE(found.warnings[0].find("FIFO"), std::string::npos);
}

TEST(Instructions, OfAnotherUserAreLeftOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
    const testing::TempDir dir;
    const auto file = dir.write("AGENTS.md", "theirs");
    ASSERT_EQ(::chown(file.c_str(), 54321, 54321), 0);
    std::filesystem::create_hard_link(file, dir / "CLAUDE.md");
    const Instructions found = project_instructions(dir.path());
    EXPECT_EQ(found.text, "");
    ASSERT_EQ(found.warnings.size(), 2U);
    EXPECT_NE(found.warnings[0].find("belongs to user number 54321"), std::string::npos);
}

TEST(Instructions, ThatAreNotUtf8TextAreRefusedWithAWarning) {
    const std::pair<std::string, const char*> cases[] = {
        {std::string("\xFF\xFE") + std::string("h\0i\0", 4), "UTF-16"},
        {std::string("\xFE\xFF") + std::string("\0h\0i", 4), "UTF-16"},
        {std::string("h\0i\0", 4), "NUL"},
    };
    for (const auto& [bytes, reason] : cases) {
        SCOPED_TRACE(reason);
        const testing::TempDir dir;
        dir.write("AGENTS.md", bytes);
        dir.write("CLAUDE.md", "instead");
        const Instructions found = project_instructions(dir.path());
        EXPECT_NE(found.text.find("instead"), std::string::npos);
        EXPECT_EQ(found.text.find("AGENTS.md"), std::string::npos);
        ASSERT_EQ(found.warnings.size(), 1U);
        EXPECT_NE(found.warnings[0].find(reason), std::string::npos);
    }
}

TEST(Instructions, ThatAreBlankDoNotHideTheOtherFile) {
    for (const char* blank : {"", " \n\t\r\n", "\xEF\xBB\xBF"}) {
        const testing::TempDir dir;
        dir.write("AGENTS.md", blank);
        dir.write("CLAUDE.md", "instead");
        const Instructions found = project_instructions(dir.path());
        EXPECT_NE(found.text.find("instead"), std::string::npos);
        EXPECT_EQ(found.text.find("AGENTS.md"), std::string::npos);
        EXPECT_TRUE(found.warnings.empty());
    }
}

TEST(Instructions, OfAHugeFileAreItsBeginning) {
    const testing::TempDir dir;
    dir.write("AGENTS.md", "begin" + std::string(8U << 20U, 'x'));
    const Instructions found = project_instructions(dir.path());
    EXPECT_NE(found.text.find("begin"), std::string::npos);
    EXPECT_LT(found.text.size(), 34'000U);
    EXPECT_EQ(found.warnings.size(), 1U);
}

TEST(Instructions, TakeARepositorysRootOnlyFromAGitOfItsOwn) {
    struct Case {
        const char* about;
        std::function<void(const testing::TempDir&)> make;
        bool is_root;
    };
    const Case cases[] = {
        {"a directory", [](const auto& dir) { dir.write("repo/.git/HEAD", ""); }, true},
        {"the file of a worktree",
         [](const auto& dir) { dir.write("repo/.git", "gitdir: ../x\n"); }, true},
        {"a link inside",
         [](const auto& dir) {
             dir.write("repo/.real/HEAD", "");
             std::filesystem::create_directory_symlink(".real", dir / "repo/.git");
         },
         true},
        {"a link that leads out",
         [](const auto& dir) {
             dir.write("other/HEAD", "");
             std::filesystem::create_directory_symlink("../other", dir / "repo/.git");
         },
         false},
        {"a link that leads nowhere",
         [](const auto& dir) { std::filesystem::create_symlink("gone", dir / "repo/.git"); },
         false},
        {"a FIFO",
         [](const auto& dir) { ASSERT_EQ(::mkfifo((dir / "repo/.git").c_str(), 0600), 0); }, false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.about);
        const testing::TempDir dir;
        dir.write("repo/AGENTS.md", "of the root");
        dir.write("repo/a/AGENTS.md", "own");
        c.make(dir);
        const Instructions found = project_instructions(dir / "repo/a");
        EXPECT_NE(found.text.find("own"), std::string::npos);
        EXPECT_EQ(found.text.find("of the root") != std::string::npos, c.is_root);
        EXPECT_EQ(found.warnings.empty(), c.is_root);
    }
}

TEST(Instructions, TakeNoRootFromAnotherUsersGit) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to another user";
    const testing::TempDir dir;
    dir.write("AGENTS.md", "planted");
    std::filesystem::create_directories(dir / ".git");
    ASSERT_EQ(::chown((dir / ".git").c_str(), 54321, 54321), 0);
    dir.write("a/AGENTS.md", "own");
    const Instructions found = project_instructions(dir / "a");
    EXPECT_EQ(found.text.find("planted"), std::string::npos);
    EXPECT_NE(found.text.find("own"), std::string::npos);
    EXPECT_EQ(found.warnings.size(), 1U);
}

}  // namespace
}  // namespace tenon::session
