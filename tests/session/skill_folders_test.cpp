#include "host/session/skill_folders.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

using ::testing::ElementsAre;
namespace fs = std::filesystem;

TEST(SkillFolders, AreSearchedFromTheWorkspaceToTheInstallation) {
    const auto folders = skill_folders("/ws", "/home/u", "/home/u/.config/tenon", "/opt/tenon");
    EXPECT_THAT(
        folders.search,
        ElementsAre("/ws/skills", "/ws/.agents/skills", "/ws/.tenon/skills", "/ws/.claude/skills",
                    "/home/u/.agents/skills", "/home/u/.claude/skills",
                    "/home/u/.config/tenon/skills", "/opt/tenon/share/tenon/skills"));
    EXPECT_THAT(folders.readable,
                ElementsAre("/home/u/.agents/skills", "/home/u/.claude/skills",
                            "/home/u/.config/tenon/skills", "/opt/tenon/share/tenon/skills"));
}

TEST(SkillFolders, NeedNoHome) {
    const auto folders = skill_folders("/ws", "", "", "/opt/tenon");
    EXPECT_EQ(folders.search.size(), 5U);
    EXPECT_THAT(folders.readable, ElementsAre("/opt/tenon/share/tenon/skills"));
}

TEST(SkillFolders, MakeLinksOfTheUserReadableAndNotThoseOfAWorkspace) {
    const testing::TempDir dir;
    for (const char* folder :
         {"dotfiles/a", "dotfiles/b", "home/.agents/skills/plain", "ws/skills"})
        fs::create_directories(dir / folder);
    dir.write("dotfiles/file", "x");
    fs::create_symlink(dir / "dotfiles/b", dir / "home/.agents/skills/b");
    fs::create_symlink("../../../dotfiles/a", dir / "home/.agents/skills/a");
    fs::create_symlink(dir / "dotfiles/file", dir / "home/.agents/skills/file");
    fs::create_symlink(dir / "nowhere", dir / "home/.agents/skills/broken");
    fs::create_symlink("/", dir / "ws/skills/all");
    const auto folders = skill_folders(dir / "ws", dir / "home", "", "/opt/tenon");
    EXPECT_THAT(
        folders.readable,
        ElementsAre(dir / "home/.agents/skills", dir / "home/.claude/skills",
                    "/opt/tenon/share/tenon/skills", dir / "dotfiles/a", dir / "dotfiles/b"));
}

TEST(SkillFolders, MakeReadableTheSkillsBehindTheUsersLinksAndNothingElse) {
    const testing::TempDir dir;
    for (const char* folder :
         {"home/.agents/skills/a", "home/.claude/skills/group/b", "home/.agents/skills/key",
          "home/.agents/skills/fifo", "ws/skills/c", "home/.agents/skills/plain", "dotfiles/d"})
        fs::create_directories(dir / folder);
    const std::string skill = "---\nname: x\ndescription: d\n---\n";
    dir.write("dotfiles/a.md", skill);
    dir.write("dotfiles/b", "\xEF\xBB\xBF" + skill);
    dir.write("dotfiles/c.md", skill);
    dir.write("dotfiles/key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    dir.write("home/.agents/skills/plain/SKILL.md", skill);
    fs::create_symlink(dir / "dotfiles/d", dir / "home/.agents/skills/d");
    fs::create_symlink("../../../../dotfiles/a.md", dir / "home/.agents/skills/a/SKILL.md");
    fs::create_symlink(dir / "dotfiles/b", dir / "home/.claude/skills/group/b/SKILL.md");
    fs::create_symlink(dir / "dotfiles/key", dir / "home/.agents/skills/key/SKILL.md");
    ASSERT_EQ(::mkfifo((dir / "dotfiles/fifo").c_str(), 0600), 0);
    fs::create_symlink(dir / "dotfiles/fifo", dir / "home/.agents/skills/fifo/SKILL.md");
    fs::create_symlink(dir / "dotfiles/c.md", dir / "ws/skills/c/SKILL.md");
    const auto folders = skill_folders(dir / "ws", dir / "home", "", "/opt/tenon");
    EXPECT_THAT(folders.readable,
                ElementsAre(dir / "home/.agents/skills", dir / "home/.claude/skills",
                            "/opt/tenon/share/tenon/skills", dir / "dotfiles/d",
                            dir / "dotfiles/a.md", dir / "dotfiles/b"));
}

TEST(SkillFolders, LookForSkillsNoDeeperThanTwoLevelsBehindALinkToADirectory) {
    const testing::TempDir dir;
    const std::string skill = "---\nname: x\ndescription: d\n---\n";
    for (const std::string below : {"", "/1", "/1/2", "/1/2/3"}) {
        const std::string name = "src" + std::to_string(below.size() / 2);
        dir.write("files/" + name + ".md", skill);
        fs::create_directories(dir / (name + below));
        fs::create_symlink(dir / ("files/" + name + ".md"), dir / (name + below) / "SKILL.md");
        dir.write("home/.claude/skills/1/2/3/plain", "");
        fs::create_symlink(dir / name, dir / ("home/.claude/skills/" + name));
    }
    dir.write("files/own.md", skill);
    fs::create_symlink(dir / "files/own.md", dir / "home/.claude/skills/1/2/3/SKILL.md");
    const auto folders = skill_folders(dir / "ws", dir / "home", "", "/opt/tenon");
    EXPECT_THAT(folders.readable,
                ElementsAre(dir / "home/.agents/skills", dir / "home/.claude/skills",
                            "/opt/tenon/share/tenon/skills", dir / "src0", dir / "src1",
                            dir / "src2", dir / "src3", dir / "files/own.md", dir / "files/src0.md",
                            dir / "files/src1.md", dir / "files/src2.md"));
}

}  // namespace
}  // namespace tenon::session
