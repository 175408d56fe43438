#include "host/app/instructions.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::app {
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

}  // namespace
}  // namespace tenon::app
