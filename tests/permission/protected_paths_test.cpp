#include "host/permission/protected_paths.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(ProtectedPaths, KnowsTheNamesBelowARoot) {
    struct Row {
        const char* path;
        bool is_protected;
    };
    const std::vector<Row> rows = {
        {"/w/.git", true},
        {"/w/.git/hooks/x", true},
        {"/w/a/.git/config", true},
        {"/w/.tenon/x", true},
        {"/w/.envrc", true},
        {"/w/a/b/.envrc", true},
        {"/w/.vscode/x.json", true},
        {"/w/.claude", true},
        {"/w/.bashrc", true},
        {"/w/.profile", true},
        {"/w/.GIT/x", true},
        {"/w/.config/fish/a", true},
        {"/w/etc/profile.d/a", true},
        {"/home/u/.zshrc", true},
        {"/w/.gitignore", false},
        {"/w/.github/x", false},
        {"/w/git/x", false},
        {"/w/profile", false},
        {"/w/a.envrc", false},
        {"/w/.config/x", false},
        {"/w/.claude/in/x", false},
        {"/w", false},
    };
    for (const auto& [path, is_protected] : rows) {
        SCOPED_TRACE(path);
        EXPECT_EQ(protected_name(path, {"/w", "/w/.claude/in"}).has_value(), is_protected);
    }
}

class ProtectedChanges : public ::testing::Test {
protected:
    agent::Gate::Verdict write(const Config& config, const std::string& path) const {
        RuleGate gate(config);
        return gate.judge(own_tool("write_file"),
                          {"id", "write_file", {{"path", path}, {"content", ""}}, {}}, {});
    }
    Config config(PermissionMode mode, const std::vector<std::string>& allow = {}) const {
        Config config = workspace_.config();
        config.mode = mode;
        config.allow = rule_texts(allow);
        return config;
    }
    JudgedWorkspace workspace_;
};

const std::vector<std::string> kChanges = {
    "echo x > .envrc", "echo x >> .git/config", "touch .bashrc",       "cp a.txt .git/hooks/x",
    "rm -rf .git",     "mv a.txt src/.envrc",   "mkdir .claude",       "cd src && touch .profile",
    "tee .envrc",      "ln -s a.txt .envrc",    "rm -rf ./.git/hooks", "dd of=.envrc",
};

TEST_F(ProtectedChanges, AskInEveryModeButBypassPermissions) {
    for (const PermissionMode mode : {PermissionMode::kAsk, PermissionMode::kAcceptEdits,
                                      PermissionMode::kPlan, PermissionMode::kDontAsk}) {
        SCOPED_TRACE(to_string(mode));
        const Config config = this->config(mode, {"Bash", "Edit", "Edit(**)", "Edit(./*)",
                                                  "Edit(.*)", "Edit(src/**)", "write_file"});
        EXPECT_FALSE(write(config, ".envrc").allowed);
        EXPECT_FALSE(write(config, ".git/hooks/pre-commit").allowed);
        EXPECT_FALSE(write(config, "src/.vscode/tasks.json").allowed);
        RuleGate gate(config);
        for (const std::string& command : kChanges) {
            SCOPED_TRACE(command);
            EXPECT_FALSE(judged(gate, command).allowed);
        }
    }
    EXPECT_TRUE(write(config(PermissionMode::kBypassPermissions), ".envrc").allowed);
    RuleGate bypass(config(PermissionMode::kBypassPermissions));
    for (const std::string& command : kChanges)
        EXPECT_TRUE(judged(bypass, command).allowed) << command;
}

TEST_F(ProtectedChanges, AreAllowedByARuleThatNamesThem) {
    EXPECT_TRUE(write(config(PermissionMode::kAsk, {"Edit(.envrc)"}), ".envrc").allowed);
    EXPECT_TRUE(write(config(PermissionMode::kAsk, {"Edit(.envrc)"}), "src/.envrc").allowed);
    EXPECT_TRUE(write(config(PermissionMode::kAsk, {"Edit(.git/**)"}), ".git/config").allowed);
    EXPECT_FALSE(write(config(PermissionMode::kAsk, {"Edit(.git/**)"}), ".envrc").allowed);
    RuleGate gate(config(PermissionMode::kAsk, {"Edit(./.envrc)", "Bash(cp *)"}));
    EXPECT_TRUE(judged(gate, "cp a.txt .envrc").allowed);
    EXPECT_FALSE(judged(gate, "cp a.txt .git/config").allowed);
    Config yes = config(PermissionMode::kAsk);
    yes.yes = true;
    EXPECT_TRUE(write(yes, ".envrc").allowed);
}

TEST_F(ProtectedChanges, NameTheRuleThatAllowsThem) {
    EXPECT_THAT(write(config(PermissionMode::kAsk), ".envrc").reason,
                HasSubstr("--allow 'Edit(./.envrc)'"));
    RuleGate gate(config(PermissionMode::kAsk, {"Bash(cp *)"}));
    EXPECT_THAT(judged(gate, "cp a.txt .git/config").reason,
                HasSubstr("wants to write .git/config. Allow it with --allow 'Edit(.git/config)'"));
}

TEST_F(ProtectedChanges, AreSeenThroughLinks) {
    fs::create_symlink("real", workspace_.path() / ".envrc");
    fs::create_directory_symlink(".git", workspace_.path() / "g");
    const Config config = this->config(PermissionMode::kAcceptEdits);
    EXPECT_FALSE(write(config, ".envrc").allowed) << "by its name";
    EXPECT_FALSE(write(config, "real").allowed) << "what the name leads to";
    EXPECT_FALSE(write(config, "g/config").allowed);
    EXPECT_FALSE(write(config, "src/../g/hooks/x").allowed);
    EXPECT_TRUE(write(config, "src/x").allowed);
    EXPECT_THAT(write(this->config(PermissionMode::kAsk), ".envrc").reason,
                HasSubstr("No rule allows it"));
}

TEST_F(ProtectedChanges, AreSeenInTheDirectoryThatAGitFileNames) {
    fs::rename(workspace_.path() / ".git", workspace_.path() / "store");
    workspace_.dir().write("w/.git", "gitdir: store\n");
    EXPECT_FALSE(write(config(PermissionMode::kAcceptEdits), "store/config").allowed);
}

TEST_F(ProtectedChanges, AreNotWhatTheWorkspaceItselfLiesIn) {
    fs::create_directories(workspace_.path() / ".claude/tree/src");
    Config config = this->config(PermissionMode::kAcceptEdits);
    config.workspace = workspace_.path() / ".claude/tree";
    EXPECT_TRUE(write(config, "src/x").allowed);
    EXPECT_FALSE(write(config, ".claude/x").allowed);
}

}  // namespace
}  // namespace tenon::permission
