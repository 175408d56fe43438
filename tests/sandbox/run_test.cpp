#include "tests/sandbox/confined_run.h"

namespace tenon::sandbox {
namespace {

class SandboxedRun : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = missing_here(); !missing.empty()) GTEST_SKIP() << missing;
    }
    ConfinedRun run_;
};

std::string writes(const fs::path& file) {
    return "echo x > " + file.string();
}

TEST_F(SandboxedRun, AResultSaysWhatWasStopped) {
    const fs::path file = run_.outside() / "x";
    const Ran ran = run_.call("echo before; " + writes(file), {"--sandbox", "workspace"});
    EXPECT_EQ(ran.output, "before\nbash: line 1: " + file.string() +
                              ": Read-only file system\n[exit code: 1]\n[sandbox: writing " +
                              file.string() + " is not allowed; sandbox.write]");
    EXPECT_FALSE(fs::exists(file));
}

TEST_F(SandboxedRun, AResultSaysWhyGitFindsNoEmptyWorkspaceAndCannotRemoveEverything) {
    if (::access("/usr/bin/git", X_OK) != 0) GTEST_SKIP() << "git is not installed";
    const std::string sentence = "[sandbox: the places of protected names (";
    const std::string init = "git init -q \"$TMPDIR/r\" && ";
    const Ran cloned = run_.call(init + "git clone -q \"$TMPDIR/r\" .", {"--sandbox", "workspace"});
    EXPECT_TRUE(cloned.says("is not an empty directory")) << cloned.output;
    EXPECT_TRUE(cloned.says(sentence)) << cloned.output;
    const Ran cleaned = run_.call("git init -q . && git clean -fdx", {"--sandbox", "workspace"});
    EXPECT_TRUE(cleaned.says("failed to remove")) << cleaned.output;
    EXPECT_TRUE(cleaned.says(sentence)) << cleaned.output;
}

TEST_F(SandboxedRun, AResultSaysThatWritingIsNotAllowedAlsoAfterAChangeOfDirectory) {
    const Ran ran = run_.call("cd /; echo a > b", {"--sandbox", "workspace"});
    EXPECT_TRUE(ran.says("[sandbox: writing there is not allowed; sandbox.write]")) << ran.output;
}

TEST_F(SandboxedRun, WithoutASandboxNothingIsStoppedOrReported) {
    const fs::path file = run_.outside() / "x";
    const Ran ran = run_.call(writes(file) + "; cat /nowhere", {});
    EXPECT_FALSE(ran.says("[sandbox")) << ran.output;
    EXPECT_TRUE(fs::exists(file));
}

TEST_F(SandboxedRun, TheWorkspaceAndNamedDirectoriesCanBeWritten) {
    const fs::path more = run_.world.home / "more", write = run_.world.home / "write";
    fs::create_directory(more);
    fs::create_directory(write);
    const Ran ran = run_.command(
        writes("inside") + " && " + writes(more / "x") + " && " + writes(write / "x") +
            " && echo x > \"$TMPDIR/x\" && echo x > /dev/null && echo x > /dev/shm/$$ && rm "
            "/dev/shm/$$ && echo all",
        {"--sandbox", "workspace", "--add-dir", more.string(), "-D",
         "sandbox.write=" + write.string()});
    EXPECT_EQ(ran.output, "all\n");
}

TEST_F(SandboxedRun, InReadOnlyModeOnlyTheTemporaryDirectoryCanBeWritten) {
    const Ran ran = run_.command(
        "echo x > \"$TMPDIR/x\" && cat \"$TMPDIR/x\"; echo x > inside; echo x > /dev/shm/$$; echo "
        "x > /dev/null && echo null",
        {"--sandbox", "read-only"});
    EXPECT_TRUE(ran.says("x\n")) << ran.output;
    EXPECT_TRUE(ran.says("inside: Read-only file system")) << ran.output;
    EXPECT_TRUE(ran.says("null\n")) << ran.output;
    EXPECT_TRUE(fs::is_empty(run_.workspace()));
}

TEST_F(SandboxedRun, InReadOnlyModeFileToolsWriteNothing) {
    const fs::path file = run_.workspace() / "inside";
    const nlohmann::ordered_json input = {{"path", file.string()}, {"content", "x"}};
    const Ran ran = run_.call("write_file", input, {"--sandbox", "read-only"});
    EXPECT_FALSE(fs::exists(file)) << ran.output;
    EXPECT_TRUE(ran.says("sandbox")) << ran.output;
    const Ran allowed = run_.call("write_file", input, {"--sandbox", "workspace"});
    EXPECT_TRUE(fs::exists(file)) << allowed.output;
}

TEST_F(SandboxedRun, WorksInAPidNamespaceToo) {
    run_.world.home.write(".ssh/id", "key\n");
    const Ran ran = run_.command(
        "echo $BASHPID; echo x > ~/outside/x; cat ~/.ssh/id; echo x > inside; ls /proc/1/root; " +
            std::string(TENON_ESCAPE) + " talk-file own.sock; mkdir .claude/x",
        {"--sandbox", "workspace", "-D", "jobs.pidNamespace=true"});
    EXPECT_TRUE(ran.output.starts_with("2\n")) << ran.output;
    EXPECT_TRUE(ran.says("fine\n")) << ran.output;
    EXPECT_FALSE(ran.says("key\n")) << ran.output;
    EXPECT_TRUE(fs::exists(run_.workspace() / "inside"));
    EXPECT_TRUE(fs::is_empty(run_.outside()));
}

TEST_F(SandboxedRun, PlanModeUsesReadOnlyForEveryCommand) {
    for (const char* mode : {"off", "workspace"}) {
        SCOPED_TRACE(mode);
        const Ran ran = run_.command(writes("inside"), {"-D", "permissions.mode=plan", "-D",
                                                        std::string("sandbox.mode=") + mode});
        EXPECT_TRUE(ran.says("Read-only file system")) << ran.output;
    }
}

TEST_F(SandboxedRun, AnUntrustedWorkspaceMakesTheModeOnlyStricter) {
    struct Row {
        const char* users;
        const char* workspaces;
        bool writes;
    };
    for (const auto& [users, workspaces, expected] :
         {Row{"off", "workspace", false}, Row{"workspace", "off", false},
          Row{"off", "read-only", false}, Row{"read-only", "workspace", false},
          Row{"off", "off", true}}) {
        SCOPED_TRACE(std::string(users) + ", " + workspaces);
        run_.world.home.write("w/.tenon/tenon.properties",
                              std::string("sandbox.mode=") + workspaces + "\n");
        run_.world.home.write(".config/tenon/tenon.properties",
                              std::string("sandbox.mode=") + users + "\n");
        const Ran ran = run_.command(writes(run_.outside() / "x"), {});
        EXPECT_EQ(fs::exists(run_.outside() / "x"), expected) << ran.output << ran.errors;
    }
}

TEST_F(SandboxedRun, AWorkspaceDecidesNothingElseAboutTheSandbox) {
    run_.world.home.write("w/.tenon/tenon.properties",
                          "sandbox.write.1=" + run_.outside().string() +
                              "\nsandbox.denyRead.1=/nowhere\nsandbox.network=full\n");
    const Ran ran = run_.command(writes(run_.outside() / "x"));
    EXPECT_FALSE(fs::exists(run_.outside() / "x"));
    for (const char* key : {"sandbox.write", "sandbox.denyRead", "sandbox.network"})
        EXPECT_TRUE(ran.complains(std::string(key) + " is ignored")) << ran.errors;
}

TEST_F(SandboxedRun, ABadDirectoryIsNamed) {
    const fs::path file = run_.world.home.write("file", "");
    for (const char* bad : {"/", "/proc", "/dev", "/../", "/proc/sys", "/sys/kernel"}) {
        SCOPED_TRACE(bad);
        const Ran ran = run_.start("true", {"-D", std::string("sandbox.write=") + bad});
        EXPECT_EQ(ran.code, 2);
        EXPECT_TRUE(ran.complains("would let commands write everything")) << ran.errors;
    }
    const Ran no_directory = run_.start("true", {"-D", "sandbox.write=" + file.string()});
    EXPECT_EQ(no_directory.code, 2);
    EXPECT_TRUE(no_directory.complains(file.string() + " is no directory")) << no_directory.errors;

    const Ran missing = run_.command(
        "echo fine", {"--sandbox", "workspace", "-D", "sandbox.write=/nowhere/at-all"});
    EXPECT_EQ(missing.output, "fine\n");
    EXPECT_TRUE(missing.complains("sandbox.write: /nowhere/at-all is not there")) << missing.errors;
}

TEST_F(SandboxedRun, WhatEveryCommandNeedsCannotBeDenied) {
    for (const char* bad : {"/", "/proc", "/usr", "/bin", "/lib"}) {
        SCOPED_TRACE(bad);
        const Ran ran = run_.start("true", {"-D", std::string("sandbox.denyRead=") + bad});
        EXPECT_EQ(ran.code, 2);
        EXPECT_TRUE(ran.complains("sandbox.denyRead: " + std::string(bad) +
                                  " leaves nothing that a command could run"))
            << ran.errors;
    }
}

TEST_F(SandboxedRun, ACommandMayTraceItsOwnProcesses) {
    for (const char* mode : {"workspace", "read-only"}) {
        SCOPED_TRACE(mode);
        const std::string command = std::string(TENON_ESCAPE) + " trace-child";
        EXPECT_EQ(run_.command(command, {"--sandbox", mode}).output, "fine\n");
    }
}

TEST_F(SandboxedRun, ABadModeIsAUsageError) {
    const Ran ran = run_.start("true", {"--sandbox", "strict"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(ran.complains("off, workspace, read-only")) << ran.errors;
}

TEST_F(SandboxedRun, ConfiguredDirectoriesReplaceThoseThatAreNotReadByDefault) {
    run_.world.home.write(".ssh/id", "key\n");
    run_.world.home.write("vault/x", "vault\n");
    const std::string both = "cat ~/.ssh/id ~/vault/x";
    EXPECT_EQ(run_.command(both + " 2>/dev/null").output, "vault\n");
    EXPECT_EQ(run_.command(both + " 2>/dev/null",
                           {"--sandbox", "workspace", "-D", "sandbox.denyRead=~/vault"})
                  .output,
              "key\n");
}

TEST_F(SandboxedRun, TheWorkspaceCanBeUsedInsideADeniedDirectory) {
    run_.world.home.write("w/x", "x\n");
    run_.world.home.write("other", "other\n");
    const Ran ran = run_.command(
        "cat x; echo y > y; cat y; cat ../other",
        {"--sandbox", "workspace", "-D", "sandbox.denyRead=" + run_.world.home.path().string()});
    EXPECT_TRUE(ran.says("x\ny\n")) << ran.output;
    EXPECT_TRUE(ran.says("Permission denied")) << ran.output;
}

TEST_F(SandboxedRun, WhatIsDeniedInsideTheWorkspaceCannotBeRead) {
    run_.world.home.write("w/private/x", "classified\n");
    const Ran ran = run_.command("cat private/x; echo new > new; cat new",
                                 {"--sandbox", "workspace", "-D",
                                  "sandbox.denyRead=" + (run_.workspace() / "private").string()});
    EXPECT_FALSE(ran.says("classified")) << ran.output;
    EXPECT_TRUE(ran.says("new\n")) << ran.output;
}

// ---------------------------------------------------------------- what a system may lack

struct Lack {
    const char* what;
    const char* name;
};
constexpr Lack kLacks[] = {
    {"landlock", "Landlock"}, {"seccomp", "seccomp"}, {"namespaces", "mount namespaces"}};

TEST_F(SandboxedRun, WhatTheSystemCannotEnforceIsReportedOnceByName) {
    for (const auto& [what, name] : kLacks) {
        SCOPED_TRACE(what);
        run_.wrapper = {TENON_ESCAPE, "without", what};
        const Ran ran = run_.call("echo ran; echo x > " + (run_.outside() / "x").string(),
                                  {"--sandbox", "workspace"});
        EXPECT_TRUE(ran.says("ran\n")) << ran.output;
        EXPECT_TRUE(ran.says("[sandbox: writing")) << ran.output;
        EXPECT_FALSE(fs::exists(run_.outside() / "x")) << "what remains still stands";
        const std::string notice = std::string("sandbox: this system cannot enforce: ") + name;
        const auto first = ran.errors.find(notice);
        ASSERT_NE(first, std::string::npos) << ran.errors;
        EXPECT_EQ(ran.errors.find(notice, first + 1), std::string::npos) << ran.errors;
    }
}

TEST_F(SandboxedRun, WhereItIsRequiredNoCommandRunsWithoutTheWholeSandbox) {
    for (const auto& [what, name] : kLacks) {
        SCOPED_TRACE(what);
        run_.wrapper = {TENON_ESCAPE, "without", what};
        const Ran ran =
            run_.call(writes("inside"), {"--sandbox", "workspace", "-D", "sandbox.require=true"});
        EXPECT_TRUE(ran.says("the command was not started")) << ran.output;
        EXPECT_TRUE(ran.says(name)) << ran.output;
        EXPECT_FALSE(fs::exists(run_.workspace() / "inside"));
    }
}

TEST_F(SandboxedRun, WithoutLandlockDeniedFilesAreHiddenAllTheSame) {
    run_.world.home.write(".ssh/id", "key\n");
    run_.wrapper = {TENON_ESCAPE, "without", "landlock"};
    EXPECT_FALSE(run_.command("cat ~/.ssh/id").says("key"));
}

TEST_F(SandboxedRun, WithoutNamespacesLandlockProtectsDeniedFilesAndFilesOutside) {
    run_.world.home.write(".ssh/id", "key\n");
    run_.world.home.write("w/private/x", "classified\n");
    run_.wrapper = {TENON_ESCAPE, "without", "namespaces"};
    const Ran ran = run_.command("cat ~/.ssh/id private/x; echo x > ~/outside/x; echo in > in;",
                                 {"--sandbox", "workspace", "-D", "sandbox.denyRead.1=~/.ssh", "-D",
                                  "sandbox.denyRead.2=" + (run_.workspace() / "private").string()});
    EXPECT_FALSE(ran.says("key")) << ran.output;
    EXPECT_FALSE(ran.says("classified")) << ran.output;
    EXPECT_FALSE(fs::exists(run_.outside() / "x"));
    EXPECT_TRUE(fs::exists(run_.workspace() / "in"));
}

}  // namespace
}  // namespace tenon::sandbox
