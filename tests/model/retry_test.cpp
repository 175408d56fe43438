#include "host/model/retry.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/model/support.h"
#include "tests/support/model_server/server.h"

namespace tenon::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// Returns the given failures, then an answer.
class Failing : public agent::Provider {
public:
    explicit Failing(std::vector<agent::ModelFailure> failures) : failures_(std::move(failures)) {}
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& /*request*/,
                                                   agent::EventSink& /*sink*/,
                                                   std::stop_token /*stop*/) override {
        if (asked_ < failures_.size()) return failures_[asked_++];
        ++asked_;
        agent::Answer answer;
        answer.text = "at last";
        return answer;
    }
    [[nodiscard]] std::size_t asked() const { return asked_; }

private:
    std::vector<agent::ModelFailure> failures_;
    std::size_t asked_ = 0;
};

agent::ModelFailure failure(int status, std::optional<milliseconds> retry_after = {}) {
    agent::ModelFailure f;
    f.message = "HTTP " + std::to_string(status);
    f.http_status = status;
    f.retryable = true;
    f.retry_after = retry_after;
    return f;
}

/// A clock that only sleeping advances.
struct FakeTime {
    std::chrono::steady_clock::time_point now;
    std::vector<milliseconds> slept;
    double random = 0;
    RetryWorld view() {
        return {[this] { return now; },
                [this](milliseconds duration, const std::stop_token&) {
                    slept.push_back(duration);
                    now += duration;
                },
                [this] { return random; }};
    }
};

TEST(Retry, WaitsLongerEachTime) {
    struct Case {
        const char* what;
        std::vector<agent::ModelFailure> failures;
        double random;
        std::vector<milliseconds> slept;
    };
    const std::vector<Case> cases = {
        {"none", {}, 0, {}},
        {"doubling to a bound",
         std::vector(9, failure(500)),
         0,
         {500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}},
        {"jitter", std::vector(2, failure(503)), 0.5, {437ms, 875ms}},
        {"overloaded", std::vector(4, failure(529)), 0, {2s, 4s, 8s, 16s}},
        {"what the server asks for",
         {failure(429, 90s), failure(429, 0s), failure(0)},
         0.9,
         {90s, 0s, 1550ms}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        FakeTime world;
        world.random = c.random;
        Watcher watcher;
        Retry retry(std::make_unique<Failing>(c.failures), {}, world.view());
        const auto answer = retry.ask(Talk().request(), watcher, {});
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->text, "at last");
        EXPECT_EQ(world.slept, c.slept);
        ASSERT_EQ(watcher.retries.size(), c.slept.size());
        for (std::size_t i = 0; i < c.slept.size(); ++i) {
            EXPECT_EQ(watcher.retries[i].attempt, static_cast<int>(i) + 1);
            EXPECT_EQ(watcher.retries[i].max_attempts, 10);
            EXPECT_EQ(watcher.retries[i].delay, c.slept[i]);
            EXPECT_EQ(watcher.retries[i].http_status, c.failures[i].http_status);
            EXPECT_EQ(watcher.retries[i].reason, c.failures[i].message);
        }
    }
}

TEST(Retry, GivesUpWithTheLastFailure) {
    struct Case {
        const char* what;
        std::vector<agent::ModelFailure> failures;
        RetryPolicy policy;
        std::size_t asked;
        const char* message;
    };
    agent::ModelFailure lasting = failure(400);
    lasting.retryable = false;
    agent::ModelFailure stopped;
    stopped.stopped = true;
    RetryPolicy three;
    three.max_attempts = 3;
    RetryPolicy once;
    once.max_attempts = 1;
    RetryPolicy hasty;
    hasty.max_elapsed = 10s;
    const std::vector<Case> cases = {
        {"what does not pass", {lasting}, {}, 1, "HTTP 400"},
        {"stopped", {stopped}, {}, 1, ""},
        {"attempts", std::vector(5, failure(500)), three, 3, "HTTP 500, after 3 attempts"},
        {"one attempt", std::vector(5, failure(500)), once, 1, "HTTP 500"},
        {"too late", std::vector(9, failure(500)), hasty, 5, "HTTP 500, after 5 attempts"},
        {"asked to wait too long",
         {failure(429, 2h)},
         {},
         1,
         "HTTP 429 (the server asks to wait 7200 s)"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        FakeTime world;
        Watcher watcher;
        auto failing = std::make_unique<Failing>(c.failures);
        const Failing& inner = *failing;
        Retry retry(std::move(failing), c.policy, world.view());
        const auto answer = retry.ask(Talk().request(), watcher, {});
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().message, c.message);
        EXPECT_EQ(inner.asked(), c.asked);
        EXPECT_EQ(watcher.retries.size(), c.asked - 1);
    }
}

TEST(Retry, DoesNotAskAgainAfterTheSameMalformedAnswer) {
    const auto malformed = [](const std::string& how) {
        agent::ModelFailure f = failure(200);
        f.malformed = how;
        return f;
    };
    struct Case {
        const char* what;
        std::vector<agent::ModelFailure> failures;
        std::size_t asked;
        const char* message;  // of the failure; empty: there is an answer
    };
    const std::vector<Case> cases = {
        {"the same twice", {malformed("a"), malformed("a"), malformed("a")}, 2, "twice the same"},
        {"another in between",
         {malformed("a"), failure(529), malformed("a"), malformed("b"), malformed("a")},
         6,
         ""},
        {"four in a row",
         {malformed("a"), malformed("b"), malformed("a"), malformed("b"), malformed("a")},
         4,
         "the 4th malformed answer in a row"},
        {"once", {malformed("a")}, 2, ""},
        {"cut streams are no malformed answers",
         {failure(200), failure(200), failure(200), failure(200)},
         5,
         ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        auto failing = std::make_unique<Failing>(c.failures);
        const Failing& inner = *failing;
        FakeTime world;
        Retry retry(std::move(failing), RetryPolicy{}, world.view());
        Watcher watcher;
        const auto answer = retry.ask(Talk().request(), watcher, {});
        EXPECT_EQ(inner.asked(), c.asked);
        EXPECT_EQ(answer.ok(), std::string(c.message).empty());
        if (!answer) EXPECT_THAT(answer.error().message, HasSubstr(c.message));
    }
}

TEST(Retry, StopsInTheMiddleOfAWait) {
    RetryPolicy policy;
    policy.base_delay = policy.max_delay = 20min;
    std::stop_source stop;
    Watcher watcher;
    watcher.then = [&] { stop.request_stop(); };  // the wait has been announced
    Retry retry(std::make_unique<Failing>(std::vector{failure(500)}), policy);
    const auto answer = retry.ask(Talk().request(), watcher, stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().stopped);

    std::stop_source later;
    Watcher quiet;
    std::thread stopper([&] { later.request_stop(); });
    Retry again(std::make_unique<Failing>(std::vector{failure(500)}), policy);
    EXPECT_TRUE(again.ask(Talk().request(), quiet, later.get_token()).error().stopped);
    stopper.join();
}

TEST(Retry, GetsAnAnswerAfterManyKindsOfFailures) {
    tenon::testing::ModelServer server(R"([
        {"status":529}, {"status":429,"headers":{"retry-after":"0"}}, {"raw":""},
        {"content":"half an answer","cut_after":700}, {"content":"oh no","error_after":4},
        {"status":502,"body":"<html>"}, {"content":"whole"}])");
    RetryPolicy policy;
    policy.base_delay = 1ms;
    Retry retry(provider_for(server.url()), policy);
    Watcher watcher;
    const auto answer = retry.ask(Talk().request(), watcher, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "whole");
    EXPECT_EQ(answer->content, R"([{"type":"text","text":"whole"}])");
    EXPECT_EQ(watcher.retries.size(), 5U) << "a kept connection that was dropped is no attempt";
    EXPECT_EQ(server.refusals(), 0);
}

}  // namespace
}  // namespace tenon::model
