#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/sandbox/confined_run.h"

/// Which sockets a command can make, and where it can connect them.
namespace tenon::sandbox {
namespace {

class SandboxedNetwork : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = missing_here(); !missing.empty()) GTEST_SKIP() << missing;
        server_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(server_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::listen(server_.get(), 16);
        socklen_t size = sizeof address;
        ::getsockname(server_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = std::to_string(ntohs(address.sin_port));
    }
    /// What `escape WORDS` says in a sandbox with this network.
    [[nodiscard]] std::string says(const std::string& words, const std::string& network,
                                   const std::string& mode = "workspace") const {
        return run_
            .command(std::string(TENON_ESCAPE) + " " + words,
                     {"--sandbox", mode, "-D", "sandbox.network=" + network})
            .output;
    }
    /// A service inside the workspace that does not accept, and whose queue is full.
    void fill_queue() {
        service_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = (run_.workspace() / "s").string();
        std::copy(path.begin(), path.end(), address.sun_path);
        const auto* plain = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(::bind(service_.get(), plain, sizeof address), 0);
        ASSERT_EQ(::listen(service_.get(), 0), 0);
        first_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::connect(first_.get(), plain, sizeof address), 0);
    }
    ConfinedRun run_;
    UniqueFd server_, service_, first_;
    std::string port_;
};

TEST_F(SandboxedNetwork, IsThisMachineOnlyWithLoopback) {
    EXPECT_EQ(says("connect 127.0.0.1 " + port_, "loopback"), "fine\n");
    EXPECT_EQ(says("talk-tcp", "loopback"), "fine\n");
    // TEST-NET-1: nobody is there, but a packet would be sent.
    EXPECT_EQ(says("connect 192.0.2.1 80", "loopback"), "ENETUNREACH\n");
    EXPECT_EQ(says("move-device", "loopback"), "EPERM\n") << "it could lead out then";
}

TEST_F(SandboxedNetwork, IsNoneByDefault) {
    EXPECT_EQ(says("connect 127.0.0.1 " + port_, "none"), "EACCES\n");
    EXPECT_EQ(says("talk-tcp", "none"), "EACCES\n");
}

TEST_F(SandboxedNetwork, IsThatOfTheUserWithFull) {
    EXPECT_EQ(says("connect 127.0.0.1 " + port_, "full"), "fine\n");
    EXPECT_EQ(says("talk-tcp", "full"), "fine\n");
    ::shutdown(server_.get(), SHUT_RDWR);
    server_.reset();
    EXPECT_EQ(says("connect 127.0.0.1 " + port_, "full"), "ECONNREFUSED\n");
}

TEST_F(SandboxedNetwork, SocketsOfFilesAreUsedWhereFilesCanBeWritten) {
    for (const char* network : {"none", "loopback", "full"}) {
        SCOPED_TRACE(network);
        EXPECT_EQ(says("talk-file own.sock", network), "fine\n");
        EXPECT_EQ(says("talk-file $TMPDIR/own.sock", network, "read-only"), "fine\n");
        EXPECT_EQ(says("talk-file own.sock", network, "read-only"), "EROFS\n");
    }
}

TEST_F(SandboxedNetwork, ASocketFileOutsideCannotBeReached) {
    const UniqueFd service(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (run_.outside() / "s").string();
    std::copy(path.begin(), path.end(), address.sun_path);
    ASSERT_EQ(::bind(service.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(service.get(), 16);
    fs::create_symlink(path, run_.workspace() / "link");
    fs::create_directory_symlink(run_.outside(), run_.workspace() / "directory");
    for (const char* network : {"none", "loopback", "full"}) {
        for (const std::string& name :
             {path, std::string("../outside/s"), std::string("link"), std::string("directory/s"),
              "/proc/self/root" + path, std::string("/proc/self/cwd/../outside/s")}) {
            SCOPED_TRACE(name + " " + network);
            EXPECT_NE(says("connect-file " + name, network), "fine\n");
        }
    }
    EXPECT_EQ(run_.command(std::string(TENON_ESCAPE) + " connect-file " + path, {}).output,
              "fine\n")
        << "without a sandbox it is there";
    EXPECT_EQ(
        run_.command(std::string(TENON_ESCAPE) + " connect-file " + path,
                     {"--sandbox", "workspace", "-D", "sandbox.write=" + run_.outside().string()})
            .output,
        "fine\n")
        << "a directory that may be written may be used";
}

TEST_F(SandboxedNetwork, TheSocketOfTheCallingThreadIsConnected) {
    const UniqueFd service(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (run_.workspace() / "s").string();
    std::copy(path.begin(), path.end(), address.sun_path);
    ASSERT_EQ(::bind(service.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(service.get(), 16);
    EXPECT_EQ(says("connect-apart s", "none"), "fine\n");
}

TEST_F(SandboxedNetwork, ACommandThatWaitsForAConnectionCanBeEnded) {
    fill_queue();
    const Ran started = run_.start("touch here; " + std::string(TENON_ESCAPE) + " connect-file s",
                                   {"--sandbox", "workspace"});
    const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
    while (!fs::exists(run_.workspace() / "here") && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(run_.tenon({"jobs", "cancel", started.output}).code, 0);
    EXPECT_TRUE(run_.tenon({"jobs", "show", started.output}).says("cancelled"));
    // The supervisor cleans up after it has recorded the end.
    const auto patience = std::chrono::steady_clock::now() + testing::kPatience;
    while (!run_.world.processes().empty() && std::chrono::steady_clock::now() < patience)
        std::this_thread::yield();
    EXPECT_TRUE(run_.world.processes().empty());
}

TEST_F(SandboxedNetwork, ConnectionsThatWaitEndWithTheirCallersAndAreNoProcessesOfTheJob) {
    fill_queue();
    // The caller would wait far longer; half a second holds a few looks at the limit. bash waits
    // for the end of what it kills: a process that is still ending counts as left behind.
    const std::string waits = std::string(TENON_ESCAPE);
    for (const auto& [words, limit] :
         {std::pair<const char*, const char*>{" connect-file s", "100"},
          {" connect-file s 30", "10"}}) {
        SCOPED_TRACE(words);
        const Ran started =
            run_.start(waits + words + " & sleep 0.5; kill -KILL $!; wait $!; echo after",
                       {"--sandbox", "workspace", "-D", std::string("jobs.processLimit=") + limit});
        const Ran ended = run_.end_of(started);
        EXPECT_EQ(ended.code, 0) << ended.output;
        EXPECT_TRUE(ended.output.ends_with("after\n")) << ended.output;
        const Ran shown = run_.tenon({"jobs", "show", started.output});
        EXPECT_FALSE(shown.says("left behind")) << shown.output;
    }
}

TEST_F(SandboxedNetwork, NotMoreThanAFewConnectionsWaitAtOnce) {
    fill_queue();
    const Ran ran =
        run_.command("exec 3< <(exec " + std::string(TENON_ESCAPE) +
                     " connect-file s 65); read -ru3 said; echo \"$said\"; kill -KILL $!");
    EXPECT_EQ(ran.output, "EAGAIN\n");
}

}  // namespace
}  // namespace tenon::sandbox
