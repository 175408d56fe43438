#include "host/config/agent_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/config/trust.h"
#include "tests/support/temp_dir.h"

namespace tenon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

/// A workspace, a home and a state folder.
struct Place {
    Place() { fs::create_directories(workspace()); }
    [[nodiscard]] fs::path workspace() const { return dir / "ws"; }
    [[nodiscard]] AgentFolders folders() const {
        return agent_folders(workspace(), dir / "home", dir / "home/.config/tenon");
    }
    [[nodiscard]] UsableAgentFiles usable() const {
        return usable_agent_files(folders(), dir / "state");
    }
    void trust() const {
        ASSERT_TRUE(record_trust(dir / "state", workspace(), std::nullopt,
                                 read_agent_files(folders().of_workspace).files));
    }
    /// The files' names and contents.
    [[nodiscard]] std::vector<std::string> texts(const AgentFiles& found) const {
        std::vector<std::string> out;
        for (const AgentFile& file : found.files)
            out.push_back(file.path.lexically_relative(dir.path()).string() + " " + file.bytes);
        return out;
    }

    testing::TempDir dir;
};

TEST(AgentFiles, AreFoundInOrderOfFoldersAndNames) {
    const Place place;
    place.dir.write("home/.claude/agents/d.md", "d");
    place.dir.write("home/.config/tenon/agents/z.md", "z");
    place.dir.write("home/.config/tenon/agents/a.md", "a");
    place.dir.write("home/.config/tenon/agents/README.txt", "no");
    place.dir.write("home/.config/tenon/agents/sub/x.md", "no");
    const auto usable = place.usable();
    EXPECT_THAT(place.texts(usable.of_user),
                ElementsAre("home/.config/tenon/agents/a.md a", "home/.config/tenon/agents/z.md z",
                            "home/.claude/agents/d.md d"));
    EXPECT_THAT(usable.of_user.problems, IsEmpty());
    EXPECT_THAT(usable.of_workspace.files, IsEmpty());
    EXPECT_THAT(usable.untrusted, IsEmpty());
}

TEST(AgentFiles, OfAWorkspaceCountOnceTheyAreTrusted) {
    const Place place;
    place.dir.write("ws/.claude/agents/b.md", "b");
    place.dir.write("ws/.tenon/agents/a.md", "a");
    const fs::path a = place.workspace() / ".tenon/agents/a.md";
    const fs::path b = place.workspace() / ".claude/agents/b.md";
    EXPECT_THAT(place.usable().of_workspace.files, IsEmpty());
    EXPECT_THAT(place.usable().untrusted, ElementsAre(a, b));
    place.trust();
    EXPECT_THAT(place.texts(place.usable().of_workspace),
                ElementsAre("ws/.tenon/agents/a.md a", "ws/.claude/agents/b.md b"));
    EXPECT_THAT(place.usable().untrusted, IsEmpty());
}

TEST(AgentFiles, ThatChangedOrCameLaterAreUntrustedAndNoOthers) {
    const Place place;
    for (const char* name : {"changed", "kept", "removed"})
        place.dir.write("ws/.tenon/agents/" + std::string(name) + ".md", name);
    place.trust();
    const fs::path folder = place.workspace() / ".tenon/agents";
    place.dir.write("ws/.tenon/agents/changed.md", "changed!");
    place.dir.write("ws/.tenon/agents/added.md", "kept");
    fs::remove(folder / "removed.md");
    const auto usable = place.usable();
    EXPECT_THAT(place.texts(usable.of_workspace), ElementsAre("ws/.tenon/agents/kept.md kept"));
    EXPECT_THAT(usable.untrusted, ElementsAre(folder / "added.md", folder / "changed.md"));
}

TEST(AgentFiles, ThatCannotBeReadAreToldAndLeftOut) {
    const Place place;
    place.dir.write("home/.claude/agents/bytes.md", "\xFF");
    place.dir.write("home/.claude/agents/good.md", "good");
    place.dir.write("home/.claude/agents/large.md", std::string(kMaxAgentFileBytes + 1, 'x'));
    fs::create_directories(place.dir / "home/.claude/agents/folder.md");
    ASSERT_EQ(::mkfifo((place.dir / "home/.claude/agents/pipe.md").c_str(), 0600), 0);
    const auto found = place.usable().of_user;
    EXPECT_THAT(place.texts(found), ElementsAre("home/.claude/agents/good.md good"));
    EXPECT_THAT(
        found.problems,
        ElementsAre(HasSubstr("bytes.md is not UTF-8"), HasSubstr("folder.md"),
                    HasSubstr("large.md: larger than"), HasSubstr("pipe.md: not a regular file")));
}

TEST(AgentFiles, AreReadUpToAFoldersLimit) {
    const Place place;
    for (std::size_t i = 0; i <= kMaxAgentFiles; ++i)
        place.dir.write("home/.claude/agents/" + std::to_string(i) + ".md", "x");
    const auto found = place.usable().of_user;
    EXPECT_EQ(found.files.size(), kMaxAgentFiles);
    EXPECT_THAT(found.problems, ElementsAre(HasSubstr("only the first 256")));
}

TEST(AgentFiles, OfAHomeThatIsTheWorkspaceAreTheUsers) {
    const Place place;
    place.dir.write("home/.claude/agents/a.md", "a");
    place.dir.write("home/.tenon/agents/b.md", "b");
    const auto folders =
        agent_folders(place.dir / "home", place.dir / "home", place.dir / "home/.config/tenon");
    const auto usable = usable_agent_files(folders, place.dir / "state");
    EXPECT_THAT(place.texts(usable.of_user), ElementsAre("home/.claude/agents/a.md a"));
    EXPECT_THAT(usable.untrusted, ElementsAre(place.dir / "home/.tenon/agents/b.md"));
}

TEST(AgentFiles, NeedNoHome) {
    const Place place;
    const auto folders = agent_folders(place.workspace(), {}, {});
    EXPECT_EQ(folders.of_workspace.size(), 2U);
    EXPECT_THAT(folders.of_user, IsEmpty());
}

TEST(AgentFiles, ARecordThatCannotBeReadMeansNoTrust) {
    const Place place;
    place.dir.write("ws/.tenon/agents/a.md", "a");
    place.trust();
    for (const auto& entry : fs::directory_iterator(place.dir / "state/trust"))
        std::ofstream(entry.path()) << "[]";
    const auto usable = place.usable();
    EXPECT_THAT(usable.of_workspace.files, IsEmpty());
    EXPECT_EQ(usable.untrusted.size(), 1U);
    EXPECT_THAT(usable.of_workspace.problems, ElementsAre(HasSubstr("not a trust record")));
}

}  // namespace
}  // namespace tenon::config
