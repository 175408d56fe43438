#include <cstdlib>
#include <gmock/gmock.h>
#include <map>

#include <gtest/gtest.h>

#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// The workspace with more traps for acceptEdits.
class AcceptEdits : public ::testing::Test {
protected:
    void SetUp() override {
        const testing::TempDir& dir = workspace_.dir();
        dir.write("w/nested/deep/.envrc", "");
        dir.write("w/hidden", "");
        fs::create_directory_symlink(".git", workspace_.path() / "to_git");
        fs::create_symlink(".envrc", workspace_.path() / "to_envrc");
        fs::create_symlink("hidden_target", workspace_.path() / ".zshenv");
    }
    Config config(PermissionMode mode = PermissionMode::kAcceptEdits) const {
        Config config = workspace_.config();
        config.mode = mode;
        config.deny = rule_texts({"Edit(denied/**)"});
        return config;
    }
    JudgedWorkspace workspace_;
};

TEST_F(AcceptEdits, LetsFileCommandsThroughBeneathTheRoots) {
    RuleGate gate(config());
    for (const std::string& command : corpus("accept_edits_runs.txt")) {
        SCOPED_TRACE(command);
        const auto verdict = judged(gate, command);
        EXPECT_TRUE(verdict.allowed) << verdict.reason;
    }
}

TEST_F(AcceptEdits, AsksForWhatLeavesTheRootsOrIsProtected) {
    RuleGate gate(config());
    for (const std::string& command : corpus("accept_edits_asks.txt")) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
}

/// Names, kinds and contents of everything outside the workspace.
std::map<std::string, std::string> outside_of(const testing::TempDir& dir) {
    std::map<std::string, std::string> out;
    for (auto entry = fs::recursive_directory_iterator(dir.path());
         entry != fs::recursive_directory_iterator(); ++entry) {
        if (entry->path() == dir / "w") {
            entry.disable_recursion_pending();
        } else if (entry->is_regular_file()) {
            out[entry->path()] = dir.read(fs::relative(entry->path(), dir.path()));
        } else {
            out[entry->path()] = "";
        }
    }
    return out;
}

TEST_F(AcceptEdits, LetsNothingThroughThatChangesAFileOutside) {
    // Both corpora; each command starts from what the commands before it have left.
    for (const char* name : {"accept_edits_runs.txt", "accept_edits_asks.txt"}) {
        for (const std::string& command : corpus(name)) {
            SCOPED_TRACE(command);
            RuleGate gate(config());
            if (!judged(gate, command).allowed) continue;
            const auto before = outside_of(workspace_.dir());
            ::setenv("COMMAND", command.c_str(), 1);
            const std::string start = "cd '" + workspace_.path().string() + "' && HOME='" +
                                      (workspace_.dir() / "home").string() +
                                      "' bash -c \"$COMMAND\" </dev/null >/dev/null 2>&1";
            (void)std::system(start.c_str());  // NOLINT(cert-env33-c)
            EXPECT_EQ(outside_of(workspace_.dir()), before);
        }
    }
    ::unsetenv("COMMAND");
}

TEST_F(AcceptEdits, AsksForACopyThatWouldWriteThroughALinkItHasMade) {
    for (const char* name :
         {"p/x", "q/x", "t/x", "cfg/fish/conf.d", "etc2/profile.d", "r/.config/fish"})
        fs::create_directories(workspace_.path() / name);
    fs::create_symlink("../../../outside/secret", workspace_.path() / "p/x/l");
    workspace_.dir().write("w/q/x/l", "evil");
    Config config = this->config();
    config.allow = {{"Bash(echo *)", "--allow", {}}};
    RuleGate gate(config);
    for (const char* command :
         {"cp -r p/x q/x t", "cp -rd p/x q/x t", "cp -rt t p/x q/x", "cp -r [pq]/x t",
          "cp -P p/x/l q/x/l t", "while cp -vr p/x t > t/x/l; do echo a; done"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
    EXPECT_TRUE(judged(gate, "cp -r p/x t").allowed);
}

TEST_F(AcceptEdits, AsksForATreeThatIsAStartFileInItsNewPlaceAlone) {
    for (const char* name : {"cfg/fish/conf.d", "etc2/profile.d", "r/.config/fish", "plain/a"})
        fs::create_directories(workspace_.path() / name);
    RuleGate gate(config());
    for (const char* command :
         {"mv cfg .config", "cp -r cfg .config", "mv cfg/ .config/", "cp -a cfg/. .config",
          "mv etc2 etc", "mv r other", "cp -r r other", "mv -T cfg .config"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
    EXPECT_TRUE(judged(gate, "mv plain .config").allowed);
}

TEST_F(AcceptEdits, AsksWhenThereIsTooMuchToLookAt) {
    RuleGate gate(config());
    fs::create_directories(workspace_.path() / "many");
    for (int i = 0; i < 4'200; ++i)
        std::ofstream(workspace_.path() / "many" / ("f" + std::to_string(i)));
    EXPECT_FALSE(judged(gate, "rm many/*").allowed);
    EXPECT_TRUE(judged(gate, "rm many/f1*").allowed);
    EXPECT_TRUE(judged(gate, "rm -rf many").allowed);
}

TEST_F(AcceptEdits, KeepsTheDirectoriesOfAddDir) {
    Config config = this->config();
    config.add_dirs = {workspace_.path() / "src", workspace_.dir() / "outside"};
    RuleGate gate(config);
    EXPECT_TRUE(judged(gate, "touch ../outside/x out/y").allowed);
    EXPECT_TRUE(judged(gate, "rm src/main.c").allowed);
    for (const char* command :
         {"rm -rf src", "mv src x", "rm -rf ../outside", "rmdir src", "rm -rf out/"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
}

TEST_F(AcceptEdits, DoesNotTrustAStrangersFileCommands) {
    RuleGate gate(config());
    EXPECT_FALSE(gate.judge_command("lint", "touch x", "", {}).allowed);
}

TEST_F(AcceptEdits, FollowsNoRelativeCdWhereTheEnvironmentHasASearchPath) {
    ::setenv("CDPATH", "/", 1);
    RuleGate gate(config());
    ::unsetenv("CDPATH");
    EXPECT_FALSE(judged(gate, "cd src && touch x").allowed);
    EXPECT_TRUE(judged(gate, "cd ./src && touch x").allowed);
}

TEST_F(AcceptEdits, ExpandsNoPatternWhereTheEnvironmentChangesPatterns) {
    ::setenv("GLOBIGNORE", "x", 1);
    RuleGate gate(config());
    ::unsetenv("GLOBIGNORE");
    EXPECT_FALSE(judged(gate, "rm src/*.c").allowed);
    EXPECT_TRUE(judged(gate, "rm src/main.c").allowed);
}

}  // namespace
}  // namespace tenon::permission
