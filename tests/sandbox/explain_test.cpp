#include "host/sandbox/explain.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::sandbox {
namespace {

using testing::TempDir;

/// A workspace, and a denied directory that exists.
struct Fixture {
    TempDir root;
    Policy policy;

    Fixture() {
        root.write("home/.ssh/id", "secret");
        policy.mode = Mode::kWorkspace;
        policy.workspace = (root / "w").string();
        policy.writable = {policy.workspace, "/var/cache/build"};
        policy.denied_reads = {(root / "home/.ssh").string(), (root / "home/.aws").string()};
        policy.protected_paths = {policy.workspace + "/.git/hooks", policy.workspace + "/.envrc",
                                  policy.workspace + "/.claude"};
    }
    /// {home} and {w} stand for the directories.
    [[nodiscard]] std::string filled(std::string text) const {
        for (const auto& [mark, path] :
             {std::pair{"{home}", (root / "home").string()}, std::pair{"{w}", policy.workspace}}) {
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
                text.replace(at, std::string(mark).size(), path);
        }
        return text;
    }
    [[nodiscard]] std::string said(const std::string& output, bool failed = true) const {
        std::string out;
        for (const std::string& one : explain(policy, {filled(output), policy.workspace, failed}))
            out += (out.empty() ? "" : " | ") + one;
        return out;
    }
};

TEST(Explain, FindsWhatWasStoppedInTheMessagesOfManyPrograms) {
    const Fixture f;
    const std::pair<const char*, const char*> rows[] = {
        {"bash: line 1: /etc/x: Read-only file system",
         "writing /etc/x is not allowed; sandbox.write"},
        {"touch: cannot touch '/etc/x': Read-only file system",
         "writing /etc/x is not allowed; sandbox.write"},
        {"touch: cannot touch \u2018/etc/x\u2019: Read-only file system",
         "writing /etc/x is not allowed; sandbox.write"},
        {"mv: cannot move 'a' to '/opt/a': Read-only file system",
         "writing /opt/a is not allowed; sandbox.write"},
        {"mkdir: cannot create directory '../other': Read-only file system",
         "writing {root}/other is not allowed; sandbox.write"},
        {"OSError: [Errno 30] Read-only file system: '/etc/x'",
         "writing /etc/x is not allowed; sandbox.write"},
        {"Error: EROFS: read-only file system, open '/etc/x'",
         "writing /etc/x is not allowed; sandbox.write"},
        {"open /etc/x: read-only file system", "writing /etc/x is not allowed; sandbox.write"},
        {"error: could not write to `/usr/lib/x'\n  Read-only file system (os error 30): "
         "/usr/lib/x",
         "writing /usr/lib/x is not allowed; sandbox.write"},
        {"cat: {home}/.ssh/id: No such file or directory",
         "reading {home}/.ssh/id is not allowed; sandbox.denyRead"},
        {"cat: {home}/.ssh/id: Permission denied",
         "reading {home}/.ssh/id is not allowed; sandbox.denyRead"},
        {"ls: cannot open directory '{home}/.ssh': Permission denied",
         "reading {home}/.ssh is not allowed; sandbox.denyRead"},
        {"bash: line 1: .envrc: Is a directory",
         "writing {w}/.envrc is never allowed; sandbox.mode"},
        {"mv: cannot move '.claude' to 'x': Device or resource busy",
         "writing {w}/.claude is never allowed; sandbox.mode"},
        {"bash: line 3: .git/hooks/pre-commit: Read-only file system",
         "writing {w}/.git/hooks/pre-commit is never allowed; sandbox.mode"},
        {"curl: (6) Could not resolve host: example.org",
         "the network is not allowed; sandbox.network"},
        {"ping: socket: Permission denied", "the network is not allowed; sandbox.network"},
        {"bash: line 1: kill: (77) - Operation not permitted",
         "signals to processes outside are not allowed; sandbox.mode"},
        {"unshare: unshare failed: Operation not permitted",
         "making namespaces is not allowed; sandbox.mode"},
        {"strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted",
         "tracing processes is not allowed; sandbox.mode"},
    };
    for (const auto& [output, expected] : rows) {
        SCOPED_TRACE(output);
        std::string wanted = f.filled(expected);
        if (const auto at = wanted.find("{root}"); at != std::string::npos)
            wanted.replace(at, 6, f.root.path().string());
        EXPECT_EQ(f.said(output), wanted);
    }
}

TEST(Explain, SaysNothingAboutWhatThePolicyAllowsOrTheMachineRefuses) {
    const Fixture f;
    for (const char* output : {
             "cat: /etc/shadow: Permission denied",
             "cat: /nowhere: No such file or directory",
             "cat: {home}/.aws/credentials: No such file or directory",  // there is none
             "bash: line 1: {w}/x: Permission denied",
             "touch: cannot touch '{w}/sub/x': Read-only file system",
             "touch: cannot touch '/var/cache/build/x': Read-only file system",
             "bash: line 1: src: Is a directory",
             "make: *** [Makefile:3: all] Error 1",
             "",
         }) {
        SCOPED_TRACE(output);
        EXPECT_EQ(f.said(output), "");
    }
}

TEST(Explain, DoesNotTakeTheNameOfAFileForARefusedOperation) {
    const Fixture f;
    for (const char* name : {"mount.sh", "unshare.c", "ptrace test", "mount", "chroot"})
        f.root.write(std::string("w/") + name, "x");
    for (const char* output : {
             "bash: line 1: ./mount.sh: Permission denied",
             "cat: unshare.c: Permission denied",
             "cat: 'ptrace test': Permission denied",
             "cat: mount: Permission denied",
             "cat: {w}/chroot: Permission denied",
             "chmod: changing permissions of '/opt/mount': Operation not permitted",
             "cp: cannot open 'ptrace test' for reading: Permission denied",
         }) {
        SCOPED_TRACE(output);
        EXPECT_EQ(f.said(output), "");
    }
}

TEST(Explain, KnowsTheRefusalsThatAreNotAboutPaths) {
    const Fixture f;
    f.root.write("w/point/x", "x");
    const std::pair<const char*, const char*> rows[] = {
        {"mount: /mnt: permission denied.", "mounting is not allowed; sandbox.mode"},
        {"mount: {w}/point: permission denied.", "mounting is not allowed; sandbox.mode"},
        {"ptrace: Operation not permitted.", "tracing processes is not allowed; sandbox.mode"},
        {"warning: ptrace: Operation not permitted",
         "tracing processes is not allowed; sandbox.mode"},
        {"chroot: cannot change root directory to '/': Operation not permitted",
         "changing the root is not allowed; sandbox.mode"},
        {"sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.",
         "getting the rights of another user is not allowed; sandbox.mode"},
    };
    for (const auto& [output, expected] : rows) {
        SCOPED_TRACE(output);
        EXPECT_EQ(f.said(output), expected);
    }
}

TEST(Explain, UsesOnlyMessagesOfBashIfTheCommandSucceeded) {
    const Fixture f;
    EXPECT_EQ(f.said("touch: cannot touch '/etc/x': Read-only file system", false), "");
    EXPECT_EQ(f.said("bash: line 1: /etc/x: Read-only file system", false),
              "writing /etc/x is not allowed; sandbox.write");
}

TEST(Explain, SaysNothingWithoutASandbox) {
    Fixture f;
    f.policy.mode = Mode::kOff;
    EXPECT_EQ(f.said("bash: line 1: /etc/x: Read-only file system"), "");
}

TEST(Explain, SaysNothingAboutTheNetworkWhereItIsAllowed) {
    Fixture f;
    f.policy.network = Network::kFull;
    EXPECT_EQ(f.said("curl: (6) Could not resolve host: example.org"), "");
}

TEST(Explain, SaysNothingAboutTheNetworkWhereThisMachineItselfRefused) {
    Fixture f;
    const char* here[] = {
        "curl: (7) Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
        "curl: (7) Failed to connect to localhost port 1 after 0 ms: Couldn't connect to server",
        "curl: (7) Failed to connect to ::1 port 1 after 0 ms: Couldn't connect to server",
        "wget: http://[::1]:1/: Couldn't connect to server",
        "HTTPConnectionPool(host='localhost', port=1): Failed to establish a new connection",
    };
    const char* elsewhere[] = {
        "curl: (7) Failed to connect to 10.127.0.1 port 1 after 0 ms: Couldn't connect to server",
        "curl: (7) Failed to connect to fd00::1 port 1 after 0 ms: Couldn't connect to server",
        "curl: (6) Could not resolve host: localhost.example.org",
    };
    const std::string sentence = "the network is not allowed; sandbox.network";
    for (const char* output : here) {
        SCOPED_TRACE(output);
        f.policy.network = Network::kLoopback;
        EXPECT_EQ(f.said(output), "");
        f.policy.network = Network::kNone;
        EXPECT_EQ(f.said(output), sentence);
    }
    for (const char* output : elsewhere) {
        SCOPED_TRACE(output);
        f.policy.network = Network::kLoopback;
        EXPECT_EQ(f.said(output), sentence);
    }
    EXPECT_EQ(f.said("Failed to establish a new connection: [Errno 111] Connection refused"), "");
}

TEST(Explain, NamesThePlaceholdersThatGitComplainsAbout) {
    const Fixture f;
    f.root.write("w/.claude/x", "x");
    const std::string sentence =
        "the places of protected names (.git/hooks .envrc .claude) are held while a command runs "
        "and cannot be removed; sandbox.mode";
    const std::string cleaned =
        "warning: failed to remove .claude/: Device or resource busy\n"
        "warning: failed to remove .envrc/: Device or resource busy\n";
    const std::string cloned =
        "fatal: destination path '.' already exists and is not an empty directory.";
    EXPECT_EQ(f.said(cleaned), sentence);
    EXPECT_EQ(f.said(cloned), sentence);
    EXPECT_EQ(f.said("rm: failed to remove src: Device or resource busy"), "");
    EXPECT_EQ(f.said("fatal: destination path 'x' already exists and is not an empty directory."),
              "");
    f.root.write("w/src/x", "x");
    EXPECT_EQ(f.said(cloned), "") << "the workspace is not empty without them either";
}

TEST(Explain, SaysThatWritingIsNotAllowedWhereNoPathOutsideIsNamed) {
    const Fixture f;
    f.root.write("w/x", "x");
    std::filesystem::create_directory_symlink("/etc", f.root / "w/link");
    const std::string sentence = "writing there is not allowed; sandbox.write";
    for (const char* output : {
             "bash: line 1: b: Read-only file system",  // after `cd /`
             "touch: cannot touch 'link/x': Read-only file system",
             "touch: cannot touch '{w}/link/x': Read-only file system",
             "OSError: [Errno 30] Read-only file system",
         }) {
        SCOPED_TRACE(output);
        EXPECT_EQ(f.said(output), sentence);
    }
    EXPECT_EQ(f.said("touch: cannot touch '{w}/x': Read-only file system"), "");
    EXPECT_EQ(f.said("PermissionError: [Errno 13] Permission denied"), "");
}

TEST(Explain, KnowsTheMessagesOfNodeAboutTheNetwork) {
    Fixture f;
    const std::string sentence = "the network is not allowed; sandbox.network";
    EXPECT_EQ(f.said("Error: listen EACCES: permission denied 127.0.0.1:3000"), sentence);
    EXPECT_EQ(f.said("Error: connect EACCES 192.0.2.1:80 - Local (0.0.0.0:0)"), sentence);
    EXPECT_EQ(f.said("Error: connect EACCES /run/service.sock"), "");
    f.policy.network = Network::kFull;
    EXPECT_EQ(f.said("Error: listen EACCES: permission denied 0.0.0.0:80"), "");
}

TEST(Explain, KnowsWhyLeakSanitizerFailsWithoutLandlock) {
    Fixture f;
    const std::string output = "HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)";
    EXPECT_EQ(f.said(output), "") << "it was the command's own";
    f.policy.tolerated = {Gap::kLandlock};
    EXPECT_EQ(f.said(output), "tracing processes is not allowed; sandbox.mode");
}

TEST(Explain, NamesTheModeWhereNothingMayBeWritten) {
    Fixture f;
    f.policy.mode = Mode::kReadOnly;
    EXPECT_EQ(f.said("bash: line 1: x: Read-only file system"),
              f.filled("writing {w}/x is not allowed; sandbox.mode"));
}

TEST(Explain, SaysEachThingOnceAndNotTooMany) {
    const Fixture f;
    std::string output;
    for (int i = 0; i < 10; ++i) {
        output += "touch: cannot touch '/etc/x': Read-only file system\n";
        output += "touch: cannot touch '/etc/" + std::to_string(i) + "': Read-only file system\n";
    }
    EXPECT_EQ(f.said(output),
              "writing /etc/x is not allowed; sandbox.write | writing /etc/0 is not allowed; "
              "sandbox.write | writing /etc/1 is not allowed; sandbox.write");
}

TEST(Explain, LooksAtNoMoreThanTheEndOfALongOutput) {
    const Fixture f;
    const std::string line = "touch: cannot touch '/etc/x': Read-only file system\n";
    EXPECT_EQ(f.said(line + std::string(1U << 20U, 'x')), "");
    EXPECT_NE(f.said(std::string(1U << 20U, 'x') + "\n" + line), "");
}

}  // namespace
}  // namespace tenon::sandbox
