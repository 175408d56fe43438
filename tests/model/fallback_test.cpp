#include "host/model/fallback.h"

#include <deque>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/model/response_failure.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Failure = agent::ModelFailure;

Failure unavailable(int status, std::optional<milliseconds> retry_after = {}) {
    Failure f;
    f.message = "HTTP " + std::to_string(status);
    f.http_status = status;
    f.retryable = true;
    f.retry_after = retry_after;
    return f;
}

Failure refused(int status, agent::Length length = agent::Length::kFits) {
    Failure f;
    f.message = "HTTP " + std::to_string(status);
    f.http_status = status;
    f.length = length;
    return f;
}

/// What a server does with its requests: it fails with the next failure, else it answers.
struct ScriptedServer {
    std::deque<Failure> failures;
    bool always = false;    ///< the last failure remains
    milliseconds takes{1};  ///< an attempt
    std::string begins;     ///< text before a failure
    std::vector<std::string> asked;
};

/// Servers a, b, c, …, and a clock that only they and waiting advance.
class FallbackTest : public ::testing::Test {
protected:
    class AtServer : public agent::Provider {
    public:
        AtServer(FallbackTest& test, ScriptedServer& server) : test_(test), server_(server) {}
        Result<agent::Answer, Failure> ask(const agent::Request& request, agent::EventSink& sink,
                                           std::stop_token /*stop*/) override {
            server_.asked.emplace_back(request.model);
            test_.now_ += server_.takes;
            if (server_.failures.empty()) {
                agent::Answer answer;
                answer.text = "from " + std::string(request.model);
                return answer;
            }
            if (!server_.begins.empty()) sink.on_event(agent::TextDelta{server_.begins});
            Failure failure = server_.failures.front();
            if (!server_.always || server_.failures.size() > 1) server_.failures.pop_front();
            return failure;
        }

    private:
        FallbackTest& test_;
        ScriptedServer& server_;
    };

    std::unique_ptr<Fallback> conversation(std::size_t models = 2) {
        if (!availability_) availability_ = std::make_shared<Availability>(models);
        RetryPolicy policy;
        policy.max_attempts = 2;
        std::vector<FallbackModel> made;
        for (std::size_t i = 0; i < models; ++i) {
            const std::string name(1, static_cast<char>('a' + i));
            made.push_back(
                {i == 0 ? "" : name, "http://" + name,
                 std::make_unique<Retry>(std::make_unique<AtServer>(*this, servers_.at(i)), policy,
                                         world())});
        }
        return std::make_unique<Fallback>(std::move(made), availability_, world());
    }
    RetryWorld world() {
        return {[this] { return now_; },
                [this](milliseconds duration, const std::stop_token&) { now_ += duration; },
                [] { return 0.0; }};
    }
    /// The text of the answer, or the message of the failure.
    std::string ask(Fallback& fallback, const std::string& model = "a") {
        Talk talk;
        talk.model = model;
        const auto answer = fallback.ask(talk.request(), watcher_, {});
        return answer ? answer->text : answer.error().message;
    }
    void is_down(std::size_t server, const Failure& failure = unavailable(529)) {
        servers_.at(server).failures = {failure};
        servers_.at(server).always = true;
    }
    void is_up(std::size_t server) { servers_.at(server).failures.clear(); }
    std::size_t asked(std::size_t server) {
        return std::exchange(servers_.at(server).asked, {}).size();
    }

    std::array<ScriptedServer, 3> servers_;
    std::chrono::steady_clock::time_point now_;
    std::shared_ptr<Availability> availability_;
    Watcher watcher_;
};

TEST_F(FallbackTest, AsksTheFirstModelAlone) {
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from a");
    EXPECT_EQ(asked(1), 0U);
    EXPECT_THAT(watcher_.notices, IsEmpty());
    EXPECT_EQ(model->place_of_asked(), 0U);
}

TEST_F(FallbackTest, AsksTheNextModelByItsNameWhenTheFirstStaysSilent) {
    for (const int status : {0, 200, 408, 409, 429, 500, 502, 503, 504, 529}) {
        SCOPED_TRACE(status);
        availability_.reset();
        watcher_ = {};
        is_down(0, unavailable(status));
        const auto model = conversation();
        EXPECT_EQ(ask(*model), "from b");
        EXPECT_EQ(asked(0), 2U) << "all its attempts";
        EXPECT_THAT(servers_[1].asked, ElementsAre("b"));
        (void)asked(1);
        EXPECT_EQ(model->place_of_asked(), 1U);
        EXPECT_THAT(watcher_.notices,
                    ElementsAre("a at http://a does not answer (HTTP " + std::to_string(status) +
                                ", after 2 attempts); asking b at http://b"));
        ASSERT_EQ(watcher_.retries.size(), 2U);
        EXPECT_EQ(watcher_.retries[0].instead, "");
        EXPECT_EQ(watcher_.retries[1].instead, "b at http://b") << "voids the deltas";
        EXPECT_EQ(watcher_.retries[1].attempt, 2);
        EXPECT_EQ(watcher_.retries[1].max_attempts, 2);
        EXPECT_EQ(watcher_.retries[1].delay, 0ms);
    }
}

TEST_F(FallbackTest, AnOverloadedServerThatWantsNoFurtherAttemptHasASubstitute) {
    struct Case {
        int status;
        const char* body;
        const char* says;  // who answers, or why nobody does
    };
    const Case cases[] = {
        {529, R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})", "from b"},
        {503, "", "from b"},
        {429, R"({"error":{"type":"rate_limit_error","message":"slow"}})", "from b"},
        {429, R"({"error":{"type":"insufficient_quota","message":"no money"}})", "no money"},
        {500, R"({"error":{"message":"chat template: no"}})", "chat template"},
        {400, R"({"error":{"type":"invalid_request_error","message":"no such field"}})",
         "no such field"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(std::to_string(one.status) + " " + one.body);
        availability_.reset();
        HttpHead head;
        head.status = one.status;
        head.fields = {{"x-should-retry", "false"}};
        is_down(0, failure_of_response(head, one.body));
        EXPECT_THAT(ask(*conversation()), HasSubstr(one.says));
        EXPECT_EQ(asked(0), 1U);
    }
}

TEST_F(FallbackTest, ARefusalIsNotForAnotherModel) {
    Failure malformed = unavailable(200);
    malformed.malformed = "no JSON";
    Failure overflow = unavailable(500);
    overflow.length = agent::Length::kTooLong;
    Failure stopped;
    stopped.stopped = true;
    for (const Failure& failure :
         {refused(400), refused(401), refused(404), refused(413, agent::Length::kTooLong),
          refused(422, agent::Length::kNotSaid), refused(0), refused(500), malformed, overflow,
          stopped}) {
        SCOPED_TRACE(failure.message);
        availability_.reset();
        is_down(0, failure);
        const auto model = conversation();
        (void)ask(*model);
        EXPECT_EQ(asked(1), 0U);
        EXPECT_EQ(model->place_of_asked(), 0U);
    }
    EXPECT_THAT(watcher_.notices, IsEmpty());
}

TEST_F(FallbackTest, AServerThatAsksForTooLongAWaitIsNotWaitedFor) {
    is_down(0, unavailable(429, 2h));
    EXPECT_EQ(ask(*conversation()), "from b");
    EXPECT_EQ(asked(0), 1U);
}

TEST_F(FallbackTest, LaterRequestsBeginWithOneAttemptAtTheFirst) {
    is_down(0);
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    watcher_ = {};
    (void)asked(0);
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 1U) << "a quick failure costs little";
    EXPECT_THAT(watcher_.notices, IsEmpty());
    EXPECT_THAT(watcher_.retries, IsEmpty());
    is_up(0);
    EXPECT_EQ(ask(*model), "from a");
    EXPECT_THAT(watcher_.notices, ElementsAre("a at http://a answers again"));
    EXPECT_EQ(model->place_of_asked(), 0U);
    is_down(0);
    (void)asked(0);
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 2U) << "as at first";
}

TEST_F(FallbackTest, ASlowFailureIsNotWaitedForAgainForTenTimesAsLong) {
    is_down(0, unavailable(0));
    servers_[0].takes = 10s;
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    (void)asked(0);
    const auto failed = now_ - servers_[1].takes;
    now_ = failed + 100s - 1ms;
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 0U);
    now_ = failed + 100s;
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 1U);
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 0U) << "the attempt has failed, so the time begins again";
}

TEST_F(FallbackTest, AWaitThatTheServerHasStatedIsObeyed) {
    is_down(0, unavailable(429, 2h));
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    is_up(0);
    (void)asked(0);
    now_ += 2h - 2ms;
    EXPECT_EQ(ask(*model), "from b");
    EXPECT_EQ(asked(0), 0U);
    now_ += 1ms;
    EXPECT_EQ(ask(*model), "from a");
}

TEST_F(FallbackTest, TextOfAnAttemptThatFailedIsVoid) {
    is_down(0);
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    watcher_ = {};
    servers_[0].begins = "I am ba";
    EXPECT_EQ(ask(*model), "from b");
    ASSERT_EQ(watcher_.retries.size(), 1U);
    EXPECT_EQ(watcher_.retries[0].instead, "b at http://b");
}

TEST_F(FallbackTest, SeveralModelsAreAskedInTheirOrder) {
    is_down(0);
    is_down(1);
    const auto model = conversation(3);
    EXPECT_EQ(ask(*model), "from c");
    EXPECT_EQ(asked(0), 2U);
    EXPECT_EQ(asked(1), 2U);
    EXPECT_THAT(watcher_.notices,
                ElementsAre(HasSubstr("asking b at http://b"), HasSubstr("asking c at http://c")));
    is_up(1);
    EXPECT_EQ(ask(*model), "from b") << "the earlier ones are tried in their order";
    EXPECT_EQ(asked(0), 1U);
    is_up(0);
    EXPECT_EQ(ask(*model), "from a");
}

TEST_F(FallbackTest, WhenNoModelAnswersTheFailureIsThatOfTheFirst) {
    is_down(0, unavailable(529));
    is_down(1, unavailable(503));
    is_down(2, refused(401));
    const auto model = conversation(3);
    Talk talk;
    talk.model = "a";
    const auto answer = model->ask(talk.request(), watcher_, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().http_status, 529);
    EXPECT_EQ(answer.error().message,
              "HTTP 529, after 2 attempts; no other model answers: b at http://b (HTTP 503, after "
              "2 attempts); c at http://c (HTTP 401)");
    (void)asked(0);
    is_up(0);
    EXPECT_EQ(ask(*model), "from a") << "the next request begins with the first again";
    EXPECT_EQ(asked(0), 1U);
}

TEST_F(FallbackTest, TheFirstIsAskedWithAllItsAttemptsWhenTheOtherFailsToo) {
    is_down(0, unavailable(429, 2h));
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    is_down(1);
    is_up(0);
    watcher_ = {};
    EXPECT_EQ(ask(*model), "from a") << "although it is too early";
    EXPECT_THAT(watcher_.notices,
                ElementsAre("b at http://b does not answer (HTTP 529, after 2 attempts); asking a "
                            "at http://a"));
    EXPECT_EQ(model->place_of_asked(), 0U);
}

TEST_F(FallbackTest, ARequestThatTheOtherModelRefusesSaysWhyThatWasAsked) {
    is_down(0);
    is_down(1, refused(400, agent::Length::kTooLong));
    const auto model = conversation(3);
    Talk talk;
    talk.model = "a";
    const auto answer = model->ask(talk.request(), watcher_, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().length, agent::Length::kTooLong) << "for a summary";
    EXPECT_EQ(model->place_of_asked(), 1U) << "whose window is too small";
    EXPECT_EQ(answer.error().message,
              "HTTP 400; it was asked since a at http://a does not answer (HTTP 529, after 2 "
              "attempts)");
    EXPECT_EQ(asked(2), 0U);
}

TEST_F(FallbackTest, ConversationsOfARunShareWhatTheyKnow) {
    is_down(0, unavailable(429, 2h));
    const auto one = conversation();
    const auto other = conversation();
    EXPECT_EQ(ask(*one), "from b");
    (void)asked(0);
    watcher_ = {};
    EXPECT_EQ(ask(*other), "from b");
    EXPECT_EQ(asked(0), 0U);
    EXPECT_THAT(watcher_.notices,
                ElementsAre("a at http://a does not answer; asking b at http://b"));
    is_up(0);
    now_ += 2h;
    EXPECT_EQ(ask(*other), "from a");
    watcher_ = {};
    EXPECT_EQ(ask(*one), "from a");
    EXPECT_THAT(watcher_.notices, ElementsAre("a at http://a answers again"));
}

TEST_F(FallbackTest, AModelThatAPersonChoosesIsAskedAtOnce) {
    is_down(0, unavailable(429, 2h));
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    is_up(0);
    EXPECT_EQ(ask(*model, "another"), "from another");
}

TEST_F(FallbackTest, AStopEndsTheRequest) {
    Failure stopped;
    stopped.stopped = true;
    is_down(0);
    const auto model = conversation();
    EXPECT_EQ(ask(*model), "from b");
    is_down(0, stopped);
    (void)asked(1);
    Talk talk;
    talk.model = "a";
    const auto answer = model->ask(talk.request(), watcher_, {});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().stopped);
    EXPECT_EQ(asked(1), 0U);
}

}  // namespace
}  // namespace tenon::model
