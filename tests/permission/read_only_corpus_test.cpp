#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

class ReadOnlyCorpus : public ::testing::Test {
protected:
    Config config() const {
        Config config = workspace_.config();
        config.deny = rule_texts({"Read(denied/**)"});
        return config;
    }
    JudgedWorkspace workspace_;
};

/// Everything in the tree except times and the index, which git may update.
std::map<std::string, std::string> contents_of(const fs::path& root) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        std::string text = std::to_string(static_cast<int>(entry.symlink_status().type()));
        if (entry.is_symlink()) {
            text += fs::read_symlink(entry).string();
        } else if (entry.is_regular_file() && entry.path().filename() != "index") {
            std::ostringstream bytes;
            bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
            text += bytes.str();
        }
        out[entry.path().string()] = text;
    }
    return out;
}

TEST_F(ReadOnlyCorpus, AsksForEveryCommandThatDoesMoreThanReadTheWorkspace) {
    workspace_.add_hostile_repositories();
    const auto commands = corpus("read_only_asks.txt");
    EXPECT_GE(commands.size(), 300U);
    for (const PermissionMode mode :
         {PermissionMode::kAsk, PermissionMode::kDontAsk, PermissionMode::kPlan}) {
        Config config = this->config();
        config.mode = mode;
        RuleGate gate(config);
        for (const std::string& command : commands) {
            SCOPED_TRACE(command + " / " + std::string(to_string(mode)));
            EXPECT_FALSE(judged(gate, command).allowed);
        }
    }
}

TEST_F(ReadOnlyCorpus, AsksNothingForCommandsOfTheListAndTheyChangeNothing) {
    const auto commands = corpus("read_only_runs.txt");
    EXPECT_GE(commands.size(), 100U);
    const auto before = contents_of(workspace_.dir().path());
    for (const PermissionMode mode : {PermissionMode::kAsk, PermissionMode::kDontAsk,
                                      PermissionMode::kPlan, PermissionMode::kAcceptEdits}) {
        Config config = workspace_.config();
        config.mode = mode;
        RuleGate gate(config);
        for (const std::string& command : commands) {
            SCOPED_TRACE(command + " / " + std::string(to_string(mode)));
            const auto verdict = judged(gate, command);
            EXPECT_TRUE(verdict.allowed) << verdict.reason;
        }
    }
    const std::string start = "cd '" + workspace_.path().string() + "' && HOME='" +
                              (workspace_.dir() / "home").string() +
                              "' PAGER=cat GIT_PAGER=cat bash -c \"$COMMAND\" "
                              "</dev/null >/dev/null 2>&1";
    for (const std::string& command : commands) {
        ::setenv("COMMAND", command.c_str(), 1);
        (void)std::system(start.c_str());  // NOLINT(cert-env33-c)
    }
    ::unsetenv("COMMAND");
    EXPECT_EQ(contents_of(workspace_.dir().path()), before);
}

TEST_F(ReadOnlyCorpus, AsksForAllOfThemWhenTheListIsTurnedOff) {
    Config config = workspace_.config();
    config.read_only_commands = false;
    RuleGate gate(config);
    for (const std::string& command : corpus("read_only_runs.txt")) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
}

TEST_F(ReadOnlyCorpus, AsksForAStrangersCommandAlthoughItOnlyReads) {
    RuleGate gate(config());
    EXPECT_FALSE(gate.judge_command("lint", "cat a.txt", "", {}).allowed);
    EXPECT_FALSE(gate.judge_command("lint", "cat < a.txt", "", {}).allowed);
}

TEST_F(ReadOnlyCorpus, AsksWhereTheProgramIsAFileOfTheWorkspace) {
    const std::string path = ::getenv("PATH");
    const fs::path bin = workspace_.path() / "bin";
    workspace_.dir().write("w/bin/wc", "#!/bin/sh\n");
    fs::permissions(bin / "wc", fs::perms::owner_all);
    const auto allowed = [&](const std::string& value, const char* command) {
        ::setenv("PATH", value.c_str(), 1);
        RuleGate gate(config());
        ::setenv("PATH", path.c_str(), 1);
        return judged(gate, command).allowed;
    };
    EXPECT_TRUE(allowed(path, "wc a.txt"));
    EXPECT_FALSE(allowed(bin.string() + ":" + path, "wc a.txt"));
    EXPECT_TRUE(allowed(bin.string() + ":" + path, "cat a.txt"));
    EXPECT_FALSE(allowed(".:" + path, "cat a.txt"));
    EXPECT_FALSE(allowed(":" + path, "cat a.txt"));
    EXPECT_TRUE(allowed(".:" + path, "echo a.txt")) << "bash runs its own";
}

TEST_F(ReadOnlyCorpus, JudgesWhereTheCommandStarts) {
    RuleGate gate(config());
    EXPECT_TRUE(judged(gate, "cat main.c", "src").allowed);
    EXPECT_TRUE(judged(gate, "cat ../a.txt", "src").allowed);
    EXPECT_FALSE(judged(gate, "cat ../../outside/secret", "src").allowed);
    EXPECT_FALSE(judged(gate, "ls", "..").allowed);
    EXPECT_FALSE(judged(gate, "ls", "/").allowed);
    EXPECT_FALSE(judged(gate, "cat secret", "out").allowed);
}

TEST_F(ReadOnlyCorpus, LooksAtWhatIsDeniedBeneathADirectory) {
    RuleGate gate(config());
    for (const char* command : {"ls -R", "grep -r x .", "grep -r x", "find .", "rg x",
                                "diff -r . src", "git diff", "git show", "git log -p"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judged(gate, command).allowed);
    }
    for (const char* command :
         {"ls", "ls -R src", "grep -r x src", "find docs", "git log --oneline", "git status"}) {
        SCOPED_TRACE(command);
        EXPECT_TRUE(judged(gate, command).allowed) << judged(gate, command).reason;
    }
}

TEST_F(ReadOnlyCorpus, TakesAnAskRuleOnReadingAsSeriouslyAsADenyRule) {
    Config config = workspace_.config();
    config.ask = rule_texts({"Read(b.txt)"});
    RuleGate gate(config);
    EXPECT_FALSE(judged(gate, "cat b.txt").allowed);
    EXPECT_TRUE(judged(gate, "cat a.txt").allowed);
}

}  // namespace
}  // namespace tenon::permission
