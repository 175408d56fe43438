#include "host/sitting/session_thread.h"

#include <gtest/gtest.h>

#include "host/journal/journal.h"
#include "tests/support/fakes.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace tenon::sitting {
namespace {

using namespace std::chrono_literals;

/// Records the events of a SessionThread, and waits for them.
class Watcher : public SessionWatcher {
public:
    void opened(session::OpenSession& session) override {
        const Lock lock(mutex_);
        session_ = &session;
        changed_.notify_all();
    }
    void failed(const session::StartFailure& failure) override {
        const Lock lock(mutex_);
        failures_.push_back(failure.message);
        changed_.notify_all();
    }
    void turn_began() override {}
    void turn_ended(const agent::RunResult& result) override {
        const Lock lock(mutex_);
        results_.push_back(result);
        changed_.notify_all();
    }
    void idle() override {}
    void notification() override {}
    void closed(std::size_t) override {}

    session::OpenSession* wait_for_session() {
        EXPECT_TRUE(wait([this]() TENON_REQUIRES(mutex_) { return session_ != nullptr; }));
        const Lock lock(mutex_);
        return session_;
    }
    std::string wait_for_failure() {
        EXPECT_TRUE(wait([this]() TENON_REQUIRES(mutex_) { return !failures_.empty(); }));
        const Lock lock(mutex_);
        return failures_.empty() ? std::string() : failures_.front();
    }
    std::vector<agent::RunResult> wait_for_turns(std::size_t number) {
        EXPECT_TRUE(
            wait([this, number]() TENON_REQUIRES(mutex_) { return results_.size() >= number; }));
        const Lock lock(mutex_);
        return results_;
    }

private:
    template <class Happened>
    bool wait(Happened happened) {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        Lock lock(mutex_);
        while (!happened() && std::chrono::steady_clock::now() < deadline)
            changed_.wait_until(lock, deadline);
        return happened();
    }

    Mutex mutex_;
    Condition changed_;
    session::OpenSession* session_ TENON_GUARDED_BY(mutex_) = nullptr;
    std::vector<std::string> failures_ TENON_GUARDED_BY(mutex_);
    std::vector<agent::RunResult> results_ TENON_GUARDED_BY(mutex_);
};

class SessionThreadTest : public ::testing::Test {
protected:
    SessionThreadTest() {
        std::filesystem::create_directories(dir / "w");
        setup.settings.workspace = dir / "w";
        setup.settings.state_dir = dir / "state";
        setup.settings.model.name = "m";
        setup.settings.prefix = dir / "none";
        setup.provider = std::make_unique<testing::ScriptedProvider>();
    }
    std::unique_ptr<SessionThread> open() {
        return std::make_unique<SessionThread>(session::OpenOptions{setup, events, "s1"}, watcher);
    }
    testing::ScriptedProvider& provider() {
        return static_cast<testing::ScriptedProvider&>(*setup.provider);
    }

    const testing::TempDir dir;
    session::RunSetup setup;
    testing::EventLog events;
    Watcher watcher;
};

TEST_F(SessionThreadTest, ASessionThatFailsStaysOpenUntilItIsClosed) {
    provider().then([](const agent::Request&,
                       const std::stop_token&) -> Result<agent::Answer, agent::ModelFailure> {
        throw std::runtime_error("boom");
    });
    auto thread = open();
    session::OpenSession* session = watcher.wait_for_session();
    ASSERT_NE(session, nullptr);
    thread->send_prompt("go");
    EXPECT_NE(watcher.wait_for_failure().find("boom"), std::string::npos);
    const auto journal = dir / "state/sessions/s1.jsonl";
    const auto held = journal::Journal::open(journal);
    ASSERT_FALSE(held) << "the session was closed while others use it";
    EXPECT_NE(held.error().message.find("another tenon"), std::string::npos);
    EXPECT_EQ(session->load().session_jobs, 0U);
    thread.reset();
    EXPECT_TRUE(journal::Journal::open(journal));
}

TEST_F(SessionThreadTest, APromptThatCouldNotBeRecordedIsSentBeforeTheNext) {
    provider().then_say("one");
    provider().then_say("two");
    auto thread = open();
    ASSERT_NE(watcher.wait_for_session(), nullptr);
    {
        const testing::FileSizeLimit full(
            std::filesystem::file_size(dir / "state/sessions/s1.jsonl") + 10);
        thread->send_prompt("first");
        const auto failed = watcher.wait_for_turns(1);
        ASSERT_EQ(failed.size(), 1U);
        EXPECT_EQ(failed[0].outcome, agent::Outcome::kFailed);
    }
    EXPECT_TRUE(provider().requests.empty());
    thread->send_prompt("second");
    watcher.wait_for_turns(3);
    thread.reset();
    ASSERT_EQ(provider().requests.size(), 2U);
    EXPECT_NE(provider().requests[0].dump().find("first"), std::string::npos);
    EXPECT_EQ(provider().requests[0].dump().find("second"), std::string::npos);
    EXPECT_EQ(provider().requests[1].back()["content"][0]["text"], "second");
}

}  // namespace
}  // namespace tenon::sitting
