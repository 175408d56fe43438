#include "host/plugins/plugin_process.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "tests/plugins/process_calls.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

using std::chrono::milliseconds;
using testing::CollectingCall;
using ::testing::HasSubstr;
using testing::SilentHost;

class PluginProcessTest : public ::testing::Test {
protected:
    /// A process that is not confined, so that the plugin may start processes.
    Result<std::shared_ptr<PluginProcess>, ProcessFailure> start(
        const std::string& fixture, const std::string& program = TENON_PLUGIN_HOST) {
        plugin::LoadOrder order;
        order.id = "misbehaving";
        order.confine = false;
        order.confinement.library = TENON_FIXTURES "/" + fixture + ".so";
        order.confinement.plugin_dir = TENON_FIXTURES;
        order.confinement.state_dir = dir_.path().string();
        order.confinement.workspace = dir_.path().string();
        order.max_result_bytes = 1000;
        return PluginProcess::start(program, order, host_);
    }
    std::shared_ptr<PluginProcess> running() {
        auto started = start("misbehaving");
        if (!started) throw std::runtime_error(started.error().refusal.reason);
        auto created = (*started)->create({"misbehaving", TENON_FIXTURES, "/", "{}", "/state"});
        if (!created) throw std::runtime_error(created.error().refusal.reason);
        return *started;
    }
    /// The descendant that the tool leave_a_child has left.
    pid_t left_child() { return std::stoi(dir_.read("children")); }
    static bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }
    /// The process ends it, but it has no parent that this test could wait for.
    static void await_death(pid_t pid) {
        const auto deadline = std::chrono::steady_clock::now() + tenon::testing::kPatience;
        while (is_alive(pid) && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        EXPECT_FALSE(is_alive(pid)) << pid;
    }

    const tenon::testing::TempDir dir_;
    SilentHost host_;
    CollectingCall call_;
};

TEST_F(PluginProcessTest, EndsInOrder) {
    const auto process = running();
    const pid_t pid = process->pid();
    EXPECT_GT(pid, 0);
    EXPECT_TRUE(process->close());
    EXPECT_EQ(process->end(), "");
    EXPECT_FALSE(is_alive(pid));
    EXPECT_EQ(dir_.read("destroyed"), "destroyed\n");
}

TEST_F(PluginProcessTest, LeavesNoChildOfAPluginThatEnds) {
    for (const std::string tool : {"crash", "exit_3", "kill_itself", "close_socket"}) {
        SCOPED_TRACE(tool);
        std::filesystem::remove(dir_ / "children");
        const auto process = running();
        ASSERT_EQ(process->invoke("leave_a_child", "{}", call_, milliseconds(0)).rc, TENON_OK);
        const pid_t child = left_child();
        EXPECT_TRUE(is_alive(child));
        EXPECT_TRUE(process->invoke(tool, "{}", call_, milliseconds(0)).fault);
        await_death(child);
    }
}

TEST_F(PluginProcessTest, LeavesNoneOfMoreChildrenThanItHasDescriptors) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few{100, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto process = running();
    ASSERT_EQ(process->invoke("leave_many_children", "{}", call_, milliseconds(0)).rc, TENON_OK);
    EXPECT_EQ(process->invoke("crash", "{}", call_, milliseconds(0)).fault, "crashed (SIGSEGV)");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    std::istringstream children(dir_.read("children"));
    int seen = 0;
    for (pid_t child = 0; children >> child; ++seen)
        await_death(child);
    EXPECT_EQ(seen, 150);
}

TEST_F(PluginProcessTest, LeavesNoChildOfAPluginThatHasUsedAllItsDescriptors) {
    for (const std::string tool : {"crash", "exit_3", "stop"}) {
        SCOPED_TRACE(tool);
        std::filesystem::remove(dir_ / "children");
        const auto process = running();
        ASSERT_EQ(process->invoke("leave_a_child", "{}", call_, milliseconds(0)).rc, TENON_OK);
        call_.text.clear();
        ASSERT_EQ(process->invoke("use_all_descriptors", "{}", call_, milliseconds(0)).rc,
                  TENON_OK);
        EXPECT_EQ(call_.text, "Too many open files");
        const pid_t child = left_child();
        EXPECT_TRUE(is_alive(child));
        EXPECT_TRUE(process->invoke(tool, "{}", call_, milliseconds(100)).fault);
        await_death(child);
    }
}

TEST_F(PluginProcessTest, LeavesNothingOfAProcessThatGoesOnInNewChildren) {
    for (const std::string tool : {"crash", "stop"}) {
        SCOPED_TRACE(tool);
        std::filesystem::remove(dir_ / "children");
        const auto process = running();
        ASSERT_EQ(process->invoke("leave_a_runner", "{}", call_, milliseconds(0)).rc, TENON_OK);
        EXPECT_TRUE(process->invoke(tool, "{}", call_, milliseconds(100)).fault);
        EXPECT_EQ(tenon::testing::processes_with("TMPDIR", dir_.path().string()),
                  std::vector<pid_t>());
    }
}

TEST_F(PluginProcessTest, TellsThroughItsSupervisorHowThePluginEnded) {
    const struct {
        const char* tool;
        const char* what;
    } cases[] = {{"crash", "crashed (SIGSEGV)"},
                 {"exit_3", "ended its process (exit status 3)"},
                 {"abort_it", "crashed (SIGABRT)"}};
    for (const auto& row : cases) {
        SCOPED_TRACE(row.tool);
        const auto outcome = running()->invoke(row.tool, "{}", call_, milliseconds(0));
        EXPECT_EQ(outcome.fault.value_or("none"), row.what);
    }
}

TEST_F(PluginProcessTest, LeavesNoChildWhenItIsClosedOrAbandoned) {
    for (const bool close : {true, false}) {
        SCOPED_TRACE(close);
        std::filesystem::remove(dir_ / "children");
        auto process = running();
        ASSERT_EQ(process->invoke("leave_a_child", "{}", call_, milliseconds(0)).rc, TENON_OK);
        const pid_t child = left_child();
        if (close) EXPECT_TRUE(process->close());
        process.reset();
        await_death(child);
    }
}

TEST_F(PluginProcessTest, LeavesNoChildOfAPluginThatHangs) {
    const auto process = running();
    ASSERT_EQ(process->invoke("leave_a_child", "{}", call_, milliseconds(0)).rc, TENON_OK);
    const pid_t child = left_child();
    const auto outcome = process->invoke("stop", "{}", call_, milliseconds(50));
    EXPECT_EQ(outcome.fault.value_or("none"), "did not return within 50 ms");
    await_death(child);
}

/// Ends this test's own copy of the process with SIGKILL, as the end of a host does.
TEST_F(PluginProcessTest, LeavesNothingWhenTheHostIsKilled) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t host = ::fork();
    ASSERT_GE(host, 0);
    if (host == 0) {
        const auto process = running();
        process->invoke("leave_a_child", "{}", call_, milliseconds(0));
        const pid_t pids[2] = {process->pid(), left_child()};
        (void)!::write(ends[1], pids, sizeof pids);
        for (;;)
            ::pause();
    }
    pid_t pids[2] = {};
    ASSERT_EQ(::read(ends[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
    await_death(pids[0]);
    await_death(pids[1]);
}

TEST_F(PluginProcessTest, RefusesWhatCannotBeStartedOrOpened) {
    const auto missing = start("misbehaving", dir_ / "no-such-program");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().refusal.reason, HasSubstr("no-such-program"));
    EXPECT_NE(missing.error().refusal.remedy, "");
    const auto no_library = start("no_such_library");
    ASSERT_FALSE(no_library);
    EXPECT_EQ(no_library.error().kind, ProcessFailure::Kind::kRefused);
    EXPECT_THAT(no_library.error().refusal.reason, HasSubstr("the system cannot load it"));
    const auto other_program = start("misbehaving", "/bin/true");
    ASSERT_FALSE(other_program);
    EXPECT_EQ(other_program.error().refusal.reason, "it ended its process (exit status 0)");
}

TEST_F(PluginProcessTest, HasNoDescriptorsOfTheHost) {
    const std::ifstream open_here("/dev/null");
    const auto process = running();
    process->invoke("descriptors", "{}", call_, milliseconds(0));
    EXPECT_EQ(call_.text, "3 ");
}

}  // namespace
}  // namespace tenon::plugins
