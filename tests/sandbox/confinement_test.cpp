#include <csignal>
#include <sys/stat.h>

#include "host/base/json.h"
#include "tests/sandbox/confined_run.h"

/// What a command finds in its sandbox, and what it leaves.
namespace tenon::sandbox {
namespace {

using testing::Process;

class Confined : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = missing_here(); !missing.empty()) GTEST_SKIP() << missing;
    }
    /// The names in the workspace.
    [[nodiscard]] std::string workspace() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(run_.workspace()))
            names.insert(entry.path().filename().string());
        std::string text;
        for (const std::string& name : names)
            text += (text.empty() ? "" : " ") + name;
        return text;
    }
    /// Waits for a file that a command makes.
    static bool appears(const fs::path& file) {
        const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
        while (!fs::exists(file)) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }
    static bool goes(const fs::path& file) {
        const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
        while (fs::exists(fs::symlink_status(file))) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }
    /// The supervisor gives it that mode after the command has ended.
    static bool gets_mode(const fs::path& directory, unsigned mode) {
        const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
        struct stat info {};
        while (::stat(directory.c_str(), &info) == 0 && (info.st_mode & 07777U) != mode) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return (info.st_mode & 07777U) == mode;
    }
    ConfinedRun run_;
};

TEST_F(Confined, ATemporaryDirectoryOfItsOwnGoesWithTheCommand) {
    const Ran ran = run_.command(
        "echo $TMPDIR; stat -c %a $TMPDIR; mkdir -p $TMPDIR/a/b; touch $TMPDIR/a/b/x; chmod 0 "
        "$TMPDIR/a/b $TMPDIR/a; mktemp");
    std::istringstream lines(ran.output);
    std::string directory, mode, made;
    lines >> directory >> mode >> made;
    EXPECT_EQ(mode, "700");
    EXPECT_EQ(fs::path(made).parent_path(), directory) << "programs use it by themselves";
    EXPECT_TRUE(goes(directory));
}

TEST_F(Confined, MissingProtectedPathsHavePlaceholdersWhileACommandRuns) {
    const Ran ran = run_.command(
        "ls -A; echo x > .envrc; mkdir .claude; mkdir -p .git/hooks; echo "
        "x > .git/hooks/pre-commit");
    EXPECT_TRUE(ran.says(".claude\n.envrc\n.git\n.tenon\n")) << ran.output;
    for (const char* name : {".claude", ".envrc", ".git", ".tenon"})
        EXPECT_TRUE(goes(run_.workspace() / name)) << name;
}

TEST_F(Confined, InAWorkspaceThatPassesOnItsGroupPlaceholdersAreRemovedToo) {
    ::chmod(run_.workspace().c_str(), 02775);
    EXPECT_EQ(run_.command("stat -c %a .claude").output, "3555\n");
    for (const char* name : {".claude", ".envrc", ".git", ".tenon"})
        EXPECT_TRUE(goes(run_.workspace() / name)) << name;
}

TEST_F(Confined, ARepositoryCanBeMadeAndUsed) {
    const Ran ran = run_.command(
        "git init -q . && git config user.name n && git config user.email e && touch f && git add "
        "f && git commit -qm first && git log --format=%s && git status --short");
    EXPECT_EQ(ran.output, "first\n") << ran.output;
    EXPECT_TRUE(goes(run_.workspace() / ".claude"));
    EXPECT_TRUE(gets_mode(run_.workspace() / ".git", 0755)) << "it is a directory like others";
    const Ran again = run_.command("echo x > .git/hooks/pre-commit; git log --format=%s");
    EXPECT_TRUE(again.says("first\n")) << again.output;
    EXPECT_FALSE(fs::exists(run_.workspace() / ".git/hooks/pre-commit"));
}

TEST_F(Confined, OfTwoCommandsTheLastToEndRemovesThePlaceholders) {
    const Ran first =
        run_.start("touch one; until [ -e stop ]; do sleep 0.02; done", {"--sandbox", "workspace"});
    ASSERT_TRUE(appears(run_.workspace() / "one")) << first.errors;
    const Ran second = run_.command("mkdir .claude/x; echo second");
    EXPECT_TRUE(second.says("second\n"));
    EXPECT_EQ(workspace(), ".claude .envrc .git .tenon one");
    std::ofstream(run_.workspace() / "stop").put('\n');
    EXPECT_EQ(run_.end_of(first).code, 0);
    EXPECT_TRUE(goes(run_.workspace() / ".claude"));
    EXPECT_TRUE(goes(run_.workspace() / ".git"));
}

TEST_F(Confined, WhatAKilledSupervisorLeftIsRemovedByTheNext) {
    const Ran started = run_.start("echo $PPID $TMPDIR > shim.tmp; mv shim.tmp shim; sleep 1000",
                                   {"--sandbox", "workspace"});
    ASSERT_TRUE(appears(run_.workspace() / "shim"));
    pid_t shim = 0;
    std::string temporary;
    std::ifstream(run_.workspace() / "shim") >> shim >> temporary;
    ASSERT_GT(shim, 1);
    ::kill(shim, SIGKILL);
    std::ignore = run_.end_of(started);
    EXPECT_TRUE(fs::exists(run_.workspace() / ".claude"));
    EXPECT_EQ(run_.command("echo next").output, "next\n");
    EXPECT_TRUE(goes(run_.workspace() / ".claude"));
    fs::remove_all(temporary);  // that stays, as the manual says
}

TEST_F(Confined, WhatAPersonMakesInAPlaceholderMeanwhileStays) {
    const Ran started = run_.start("touch here; until [ -e stop ]; do sleep 0.02; done",
                                   {"--sandbox", "workspace"});
    ASSERT_TRUE(appears(run_.workspace() / "here"));
    fs::permissions(run_.workspace() / ".claude", fs::perms::owner_all, fs::perm_options::add);
    std::ofstream(run_.workspace() / ".claude/settings.json") << "{}";
    std::ofstream(run_.workspace() / "stop").put('\n');
    std::ignore = run_.end_of(started);
    EXPECT_TRUE(goes(run_.workspace() / ".tenon"));
    EXPECT_TRUE(fs::exists(run_.workspace() / ".claude/settings.json"));
}

TEST_F(Confined, AProtectedLinkCanBeNeitherReplacedNorWrittenThrough) {
    run_.world.home.write("w/shared/settings.json", "{}");
    fs::create_directory_symlink("shared", run_.workspace() / ".claude");
    const Ran ran = run_.command(
        "cat .claude/settings.json; rm .claude; mv .claude x; echo y > .claude/y; echo y > "
        "shared/y; mv shared other; ls");
    EXPECT_TRUE(ran.says("{}")) << ran.output;
    EXPECT_TRUE(goes(run_.workspace() / ".envrc") && goes(run_.workspace() / ".git") &&
                goes(run_.workspace() / ".tenon"));
    EXPECT_EQ(workspace(), ".claude shared");
    EXPECT_TRUE(fs::is_symlink(run_.workspace() / ".claude"));
    EXPECT_FALSE(fs::exists(run_.workspace() / "shared/y"));
}

TEST_F(Confined, AProtectedLinkWithoutATargetGetsNoHooks) {
    fs::create_symlink("nowhere", run_.workspace() / ".git");
    fs::create_symlink("../w/./far/../away", run_.workspace() / ".claude");
    const Ran ran = run_.command(
        "mkdir -p nowhere/hooks away; echo x > nowhere/hooks/pre-commit; echo x > "
        "away/settings.json; mv nowhere n; mv away a; echo fine");
    EXPECT_TRUE(ran.says("fine\n")) << ran.output;
    for (const char* name : {"nowhere", "away", ".tenon"})
        EXPECT_TRUE(goes(run_.workspace() / name)) << name;
    EXPECT_EQ(workspace(), ".claude .git");
}

TEST_F(Confined, TheHooksOfALinkedWorktreeAreProtectedToo) {
    const fs::path main = run_.world.home / "main";
    run_.world.home.write("main/.git/worktrees/w/commondir", "../..\n");
    run_.world.home.write("main/.git/hooks/pre-commit", "hook\n");
    run_.world.home.write("w/.git", "gitdir: " + (main / ".git/worktrees/w").string() + "\n");
    const Ran ran = run_.command(
        "echo x > ../main/.git/hooks/pre-commit; echo x > ../main/.git/hooks/new; echo x > "
        "../main/file; echo x > .git",
        {"--sandbox", "workspace", "--add-dir", main.string()});
    EXPECT_EQ(run_.world.home.read("main/.git/hooks/pre-commit"), "hook\n");
    EXPECT_FALSE(fs::exists(main / ".git/hooks/new"));
    EXPECT_TRUE(fs::exists(main / "file")) << ran.output;
    EXPECT_TRUE(run_.world.home.read("w/.git").starts_with("gitdir: "));
}

TEST_F(Confined, TenonsOwnFilesAreNotWrittenAlthoughTheyAreInsideTheWorkspace) {
    run_.world.home.write(".config/tenon/tenon.properties", "log.level=warning\n");
    const Ran ran = run_.command(
        "echo x > ~/.config/tenon/tenon.properties; echo x > ~/state/x; mv ~/.config ~/c; mv "
        "~/state ~/s; rm -rf ~/state ~/.config; mkdir ~/fine",
        {"--sandbox", "workspace", "--workspace", run_.world.home.path().string()});
    EXPECT_EQ(run_.world.home.read(".config/tenon/tenon.properties"), "log.level=warning\n");
    EXPECT_FALSE(fs::exists(run_.world.state() / "x"));
    EXPECT_TRUE(fs::exists(run_.world.state() / "jobs"));
    EXPECT_TRUE(fs::exists(run_.world.home / "fine")) << ran.output;
}

TEST_F(Confined, InAWorkspaceWithDeniedPlacesNewFilesCanBeRead) {
    run_.world.home.write(".ssh/id", "key\n");
    const Ran ran = run_.command(
        "cd; echo new > new; cat new; cat .ssh/id; mkdir .aws; mkdir .kube/x; mkdir -p d/e; echo "
        "deep > d/e/f; "
        "cat d/e/f",
        {"--sandbox", "workspace", "--workspace", run_.world.home.path().string()});
    EXPECT_TRUE(ran.says("new\n")) << ran.output;
    EXPECT_TRUE(ran.says("deep\n")) << ran.output;
    EXPECT_FALSE(ran.says("key\n")) << ran.output;
    for (const char* name : {".aws", ".kube", ".netrc"})
        EXPECT_TRUE(goes(run_.world.home / name)) << name;
}

TEST_F(Confined, ADeniedPathCannotBeRenamedSoThatTheNextCommandReadsIt) {
    run_.world.home.write("w/a/b/key", "classified\n");
    const std::vector<std::string> options = {
        "--sandbox", "workspace", "-D",
        "sandbox.denyRead=" + (run_.workspace() / "a/b/key").string()};
    std::ignore = run_.command("mv a z; mv a/b y; mv a/b/key x; echo new > a/b/new", options);
    const Ran next = run_.command("cat z/b/key y/key x a/b/key; cat a/b/new", options);
    EXPECT_FALSE(next.says("classified")) << next.output;
    EXPECT_TRUE(next.says("new\n")) << next.output;
}

TEST_F(Confined, WhatIsMadeLaterInADeniedPlaceCannotBeReadEither) {
    const Ran started = run_.start(
        "touch here; until [ -e go ]; do sleep 0.02; done; cat ~/.aws/credentials; ls ~/.aws",
        {"--sandbox", "workspace"});
    ASSERT_TRUE(appears(run_.workspace() / "here"));
    run_.world.home.write(".aws/credentials", "late secret\n");
    std::ofstream(run_.workspace() / "go").put('\n');
    const Ran ended = run_.end_of(started);
    EXPECT_FALSE(ended.says("late secret")) << ended.output;
}

TEST_F(Confined, ProcessesThatAreLeftBehindStayInTheSandbox) {
    const Ran ran = run_.command(
        "setsid bash -c 'sleep 0.05; echo x > ~/outside/x; echo tried' & "
        "wait; echo y > ~/outside/y");
    EXPECT_TRUE(ran.says("tried")) << ran.output;
    EXPECT_TRUE(fs::is_empty(run_.outside()));
}

TEST_F(Confined, AJobsRecordContainsItsPolicy) {
    const Ran started = run_.start("true", {"--sandbox", "read-only"});
    const auto record =
        parse_json(run_.world.home.read("state/jobs/" + started.output + "/job.json"));
    ASSERT_TRUE(record);
    const auto policy = decode(member(*record, "containment"));
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(policy->mode, Mode::kReadOnly);
    EXPECT_EQ(policy->workspace, run_.workspace().string());
    std::ignore = run_.end_of(started);
}

/// A record as `tenon jobs run` would write it, except for one member.
std::string record_with(const Json& containment, const fs::path& workspace) {
    return dump_json({{"v", 1},
                      {"session", ""},
                      {"workspace", workspace.string()},
                      {"command", "echo x > ran"},
                      {"cwd", workspace.string()},
                      {"name", ""},
                      {"tool_use_id", ""},
                      {"kind", "background"},
                      {"lifetime", "persistent"},
                      {"priority", 0},
                      {"after", Json::array()},
                      {"timeout_ms", nullptr},
                      {"output_limit", 65536},
                      {"submitted_ms", 1},
                      {"submitted_ns", 1},
                      {"containment", containment}});
}

TEST_F(Confined, ASupervisorRunsNothingUnderAPolicyThatItDoesNotUnderstand) {
    Policy plain;
    plain.mode = Mode::kWorkspace;
    plain.workspace = run_.workspace().string();
    const Json policy = encode(plain);
    for (const auto& [key, value] : {std::pair<const char*, Json>{"mode", "strict"}, {"v", 99}}) {
        SCOPED_TRACE(key);
        Json changed = policy;
        changed[key] = value;
        const std::string id = "0000000" + std::string(key == std::string("v") ? "1" : "2");
        run_.world.home.write("state/jobs/" + id + "/job.json",
                              record_with(changed, run_.workspace()));
        run_.world.home.write("state/jobs/" + id + "/lock", "");
        Process shim({TENON_SHIM, (run_.world.state() / "jobs" / id).string(), "65536", "0"},
                     run_.world.environment(), "/");
        shim.wait();
        const auto end = parse_json(run_.world.home.read("state/jobs/" + id + "/status.json"));
        ASSERT_TRUE(end);
        EXPECT_EQ(string_or(*end, "status"), "error");
        EXPECT_NE(string_or(*end, "reason").find("containment"), std::string::npos);
        EXPECT_FALSE(fs::exists(run_.workspace() / "ran"));
    }
}

}  // namespace
}  // namespace tenon::sandbox
