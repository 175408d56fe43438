#include <condition_variable>
#include <filesystem>
#include <gmock/gmock.h>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/plugins/plugin_process.h"
#include "tests/plugins/process_calls.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

/// A process in the place of tenon-plugin-host that sends whatever it wants (fake_plugin_host.cpp).
namespace tenon::plugins {
namespace {

using std::chrono::milliseconds;
using testing::CollectingCall;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Keeps what is logged. A request of wait/1 is answered when something has been logged.
class RecordingHost final : public plugin::HostPort {
public:
    void log(int, std::string_view message) noexcept override {
        const std::lock_guard lock(mutex_);
        logged_.emplace_back(message);
        changed_.notify_all();
    }
    tenon_rc request(std::string_view method, std::string_view, std::string_view,
                     std::string& answer) noexcept override {
        answer = "\"yes\"";
        if (method == "wait/1") await_log();
        return TENON_OK;
    }
    /// The lines, when there is one.
    std::vector<std::string> await_log() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, tenon::testing::kPatience, [&] { return !logged_.empty(); });
        return logged_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> logged_;
};

class HostileProcess : public ::testing::Test {
protected:
    Result<std::shared_ptr<PluginProcess>, ProcessFailure> start(const std::string& script) {
        plugin::LoadOrder order;
        order.id = script;
        order.confine = false;  // so the program stands for a supervisor
        order.confinement.state_dir = dir_.path().string();
        order.confinement.workspace = dir_.path().string();
        return PluginProcess::start(TENON_FAKE_PLUGIN_HOST, order, host_);
    }
    /// A process that has been created.
    std::shared_ptr<PluginProcess> running(const std::string& script) {
        auto started = start(script);
        if (!started) throw std::runtime_error(started.error().refusal.reason);
        auto created = (*started)->create({script, "/", "/", "{}", "/"});
        if (!created) throw std::runtime_error(created.error().refusal.reason);
        return *started;
    }
    PluginProcess::Outcome call(PluginProcess& process) {
        return process.invoke("tool", "{}", call_, milliseconds(0));
    }
    /// How the process has ended; waits until it has.
    static std::string end_of(const PluginProcess& process) {
        const auto deadline = std::chrono::steady_clock::now() + tenon::testing::kPatience;
        while (!process.end() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        return process.end().value_or("it still runs");
    }
    [[nodiscard]] bool has_ended_by_itself() const {
        return std::filesystem::exists(dir_ / "ended");
    }

    const tenon::testing::TempDir dir_;
    RecordingHost host_;
    CollectingCall call_;
};

TEST_F(HostileProcess, ThatBreaksTheProtocolInACallIsEndedAndTheCallSaysWhy) {
    const struct {
        const char* script;
        const char* flaw;
    } cases[] = {
        {"result-malformed", "a result without a code"},
        {"other-call", "a message of a call that does not exist"},
        {"request-malformed", "a malformed request"},
        {"frame-too-short", "a frame claims a size of 7 bytes"},
        {"frame-too-long", "a frame claims a size of 16777217 bytes"},
        {"message-too-long", "a frame makes a message longer than 67108864 bytes"},
        {"unknown-flags", "a frame has unknown flags"},
        {"type-of-the-host", "a frame has the unknown type 6"},
        {"parts-mixed", "a frame comes between the parts of another message"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.script);
        const auto process = running(row.script);
        const auto outcome = call(*process);
        EXPECT_EQ(outcome.rc, TENON_FAULT);
        EXPECT_EQ(outcome.fault.value_or("none"),
                  "broke the protocol with the host: " + std::string(row.flaw));
        EXPECT_EQ(process->pid(), 0);
    }
}

TEST_F(HostileProcess, ThatGoesOnAfterTheResultOfACallSpoilsNotThatCall) {
    for (const char* const script : {"result-twice", "write-after-result"}) {
        SCOPED_TRACE(script);
        const auto process = running(script);
        EXPECT_EQ(call(*process).rc, TENON_OK);
        EXPECT_EQ(end_of(*process),
                  "broke the protocol with the host: a message of a call that does not exist");
        EXPECT_EQ(call_.text, "");
        EXPECT_EQ(call(*process).rc, TENON_FAULT);
    }
}

TEST_F(HostileProcess, ThatAnswersTwiceIsEnded) {
    const auto process = running("list-twice");
    EXPECT_EQ(end_of(*process), "broke the protocol with the host: an answer to no question");
}

TEST_F(HostileProcess, ThatAnswersNonsenseIsNotUsed) {
    for (const char* const script : {"hello-malformed", "hello-of-another-type"}) {
        SCOPED_TRACE(script);
        const auto started = start(script);
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().kind, ProcessFailure::Kind::kFault);
        EXPECT_EQ(started.error().refusal.reason, "its process sent a wrong answer");
    }
    const auto listed = start("list-malformed").value()->create({"x", "/", "/", "{}", "/"});
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().refusal.reason, "its process sent a wrong answer");
}

TEST_F(HostileProcess, ThatAnswersAnOrderWithAnotherTypeIsAtFault) {
    const auto hook = running("hook-of-another-type")->run_hook(plugin::Hook::kRemind, "");
    ASSERT_FALSE(hook);
    EXPECT_EQ(hook.error().refusal.reason, "its process sent a wrong answer");
    const auto reconfigured = running("reconfigure-of-another-type")->reconfigure("{}");
    ASSERT_FALSE(reconfigured);
    EXPECT_EQ(reconfigured.error().refusal.reason, "its process sent a wrong answer");
}

TEST_F(HostileProcess, HasItsNotesOfProgressCut) {
    EXPECT_EQ(call(*running("progress-too-long")).rc, TENON_OK);
    EXPECT_THAT(call_.notes, ElementsAre(std::string(plugin::kMaxProgressBytes, 'x')));
}

TEST_F(HostileProcess, IsSeenToEndAlsoWhileAnotherOneHoldsItsConnection) {
    EXPECT_EQ(call(*running("holder")).fault.value_or("none"), "ended its process (exit status 7)");
}

TEST_F(HostileProcess, IsKilledAtOnceWhenItsStartIsNotWantedAnyMore) {
    std::stop_source nobody;
    nobody.request_stop();
    plugin::LoadOrder order;
    order.id = "hello-never";
    order.confinement.state_dir = order.confinement.workspace = dir_.path().string();
    const auto started =
        PluginProcess::start(TENON_FAKE_PLUGIN_HOST, order, host_, nullptr, nobody.get_token());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ProcessFailure::Kind::kCancelled);
}

TEST_F(HostileProcess, ThatNeverAnswersACallIsEnded) {
    const auto process = running("never");
    EXPECT_EQ(process->invoke("tool", "{}", call_, milliseconds(50)).fault.value_or("none"),
              "did not return within 50 ms");
}

TEST_F(HostileProcess, ThatLogsNonsenseHarmsNothing) {
    EXPECT_EQ(call(*running("log-malformed")).rc, TENON_OK);
}

TEST_F(HostileProcess, WithEightOpenRequestsIsRefusedTheNinthAtOnce) {
    running("nine-requests");
    EXPECT_THAT(host_.await_log(),
                ElementsAre("first reply: 9 6 the plugin has too many open requests; wait for one "
                            "of them"));
}

TEST_F(HostileProcess, ThatAsksForACallThatHasEndedIsRefused) {
    const auto process = running("request-of-ended-call");
    EXPECT_EQ(call(*process).rc, TENON_OK);
    EXPECT_THAT(host_.await_log(), ElementsAre("reply: 7 1 the call that asks has ended"));
    EXPECT_TRUE(process->close());
}

TEST_F(HostileProcess, ThatSupervisesAndIsAskedToEndHasItsTime) {
    {
        const auto process = running("slow-when-asked");
        EXPECT_EQ(process->invoke("tool", "{}", call_, milliseconds(50)).fault.value_or("none"),
                  "did not return within 50 ms");
        EXPECT_THAT(host_.await_log(), ElementsAre("waits for SIGTERM"));
    }
    EXPECT_TRUE(has_ended_by_itself());
}

TEST_F(HostileProcess, ThatSupervisesAndIsClosedHasItsTime) {
    const auto process = running("slow-when-closed");
    const auto closed = process->close();
    EXPECT_TRUE(closed) << closed.error().refusal.reason;
    EXPECT_EQ(process->end(), "");
    EXPECT_TRUE(has_ended_by_itself());
}

}  // namespace
}  // namespace tenon::plugins
