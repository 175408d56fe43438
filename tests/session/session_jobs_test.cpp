#include "host/session/session_jobs.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

using namespace std::chrono_literals;

/// A session's jobs with real processes; a call is what a plugin would ask during it.
class SessionJobsTest : public ::testing::Test {
protected:
    SessionJobsTest() { jobs.add_to(services); }
    ~SessionJobsTest() override { queue.cancel_session_jobs("test"); }

    jobs::JobId start(const std::string& command) {
        jobs::JobSpec spec;
        spec.workspace = spec.cwd = dir.path();
        spec.command = command;
        auto job = queue.submit(spec);
        EXPECT_TRUE(job) << job.error().message;
        return job ? job->id : jobs::JobId();
    }
    void wait_for_end(const jobs::JobId& id) const {
        EXPECT_EQ(queue.wait_any(std::span(&id, 1), std::chrono::steady_clock::now() + 60s, {}),
                  jobs::Queue::Waited::kEnded);
    }
    Json ask(agent::CallContext& call, const std::string& method, const Json& params) {
        const auto reply = services.request("bash", true, method, params.dump(), {}, &call);
        EXPECT_EQ(reply.rc, TENON_OK) << reply.out;
        return Json::parse(reply.out);
    }
    /// The ids that the wait gives.
    std::vector<std::string> wait(agent::CallContext& call, Json params = Json::object()) {
        params["timeout_ms"] = 60'000;
        std::vector<std::string> ids;
        const Json answer = ask(call, "job.wait/1", params);
        for (const Json& job : answer["jobs"])
            ids.push_back(job["id"]);
        return ids;
    }
    std::string read(agent::CallContext& call, const std::string& id) {
        return ask(call, "job.read/1", {{"job_id", id}, {"deliver", true}})["text"];
    }
    static jobs::QueueOptions options() {
        jobs::QueueOptions options;
        options.session = "s";
        options.shim.program = TENON_SHIM;
        return options;
    }

    const tenon::testing::TempDir dir;
    const jobs::Store store = *jobs::Store::open(dir / "state/jobs");
    const Secrets secrets;
    jobs::Queue queue{store, options()};
    SessionJobs jobs{store,   queue,  dir.path(), dir / "session", {1h, 2min, 1U << 20U, 24h},
                     nullptr, secrets};
    plugins::Services services;
    agent::CallContext a{{"s", ""}, "a", {}, nullptr};
    agent::CallContext b{{"s", ""}, "b", {}, nullptr};
};

const std::string kBesides = "(its end is told in the result of another call of this answer)";

TEST_F(SessionJobsTest, OfTwoCallsThatWaitForAnyJobOneTellsItsEnd) {
    ASSERT_EQ(::mkfifo((dir / "go").c_str(), 0600), 0);
    const auto id = start("read -r line <go; echo out");
    std::vector<std::string> told[2];
    {
        std::jthread first([&] { told[0] = wait(a); });
        std::jthread second([&] { told[1] = wait(b); });
        std::ofstream(dir / "go") << "x\n";
    }
    EXPECT_EQ(told[0].size() + told[1].size(), 1U);
    agent::CallContext& teller = told[0].empty() ? b : a;
    agent::CallContext& other = told[0].empty() ? a : b;
    EXPECT_EQ(read(other, id), kBesides);
    EXPECT_EQ(read(teller, id), "out\n");
    EXPECT_EQ(teller.take_delivered(), std::vector{id});
    EXPECT_EQ(other.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, EveryPluginsCommandCarriesThePolicyInItsRecord) {
    sandbox::Policy policy;
    policy.mode = sandbox::Mode::kReadOnly;
    policy.workspace = dir.path().string();
    SessionJobs confined{store,   queue,   dir.path(), dir / "session", {1h, 2min, 1U << 20U, 24h},
                         nullptr, secrets, {},         policy};
    plugins::Services offered;
    confined.add_to(offered);
    for (const bool first_party : {true, false}) {
        SCOPED_TRACE(first_party);
        const Json params = {{"command", "true"}, {"mode", "background"}};
        const auto reply =
            offered.request("some", first_party, "job.submit/1", params.dump(), {}, &a);
        ASSERT_EQ(reply.rc, TENON_OK) << reply.out;
        const std::string id = Json::parse(reply.out)["id"];
        wait_for_end(id);
        const auto read = store.load(id);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->spec.containment.mode, sandbox::Mode::kReadOnly);
        EXPECT_EQ(read->spec.containment.workspace, dir.path().string());
    }
}

TEST_F(SessionJobsTest, ACallWhoseCommandCouldNotBeStartedRecoversItsReason) {
    const auto left_by_another_host = [&](const std::string& call, jobs::Status status) {
        jobs::JobSpec spec;
        spec.session = "s";
        spec.workspace = spec.cwd = dir.path();
        spec.command = "echo out";
        spec.kind = jobs::Kind::kForeground;
        spec.tool_use_id = call;
        const auto job = store.create(spec);
        ASSERT_TRUE(job) << job.error().message;
        jobs::JobEnd end;
        end.status = status;
        end.reason = "no space for it";
        ASSERT_TRUE(store.end_unstarted(job->id, end));
    };
    left_by_another_host("refused", jobs::Status::kError);
    left_by_another_host("taken out", jobs::Status::kCancelled);
    queue.adopt([](const jobs::JobRecord&) { return false; });
    const auto refused = jobs.recover({"refused", "bash", Json::object(), {}}, {});
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->text.find("no space for it"), std::string::npos) << refused->text;
    EXPECT_FALSE(jobs.recover({"taken out", "bash", Json::object(), {}}, {}));
}

TEST_F(SessionJobsTest, ACallThatNamesAJobWhoseEndAnotherTellsHearsThat) {
    const auto id = start("echo out");
    wait_for_end(id);
    const Json named = {{"job_ids", {id, id}}};
    EXPECT_EQ(wait(a, named), std::vector{id});
    EXPECT_EQ(wait(b, named), std::vector{id});
    EXPECT_EQ(read(a, id), "out\n");
    jobs.told(a.take_delivered());
    EXPECT_EQ(read(b, id), kBesides) << "also when the first result is in the journal already";
    EXPECT_EQ(b.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, AToldEndIsShownAgainOnDemandButNotDeliveredAgain) {
    const auto id = start("echo out");
    wait_for_end(id);
    EXPECT_EQ(read(a, id), "out\n");
    jobs.told(a.take_delivered());
    EXPECT_TRUE(jobs.undelivered().empty());
    EXPECT_EQ(read(b, id), "out\n");
    EXPECT_EQ(b.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, APluginOfOthersKnowsOnlyOfJobsThatItSubmitted) {
    const auto theirs = start("echo out");
    wait_for_end(theirs);
    const auto request = [&](const std::string& plugin, const std::string& method,
                             const Json& params) {
        return services.request(plugin, false, method, params.dump(), {}, &a);
    };
    const auto submitted =
        request("other", "job.submit/1", {{"command", "echo mine"}, {"mode", "background"}});
    ASSERT_EQ(submitted.rc, TENON_OK) << submitted.out;
    const std::string own = Json::parse(submitted.out)["id"];
    wait_for_end(own);
    const Json unknown = {{"job_id", theirs}, {"deliver", true}};
    for (const char* method : {"job.read/1", "job.cancel/1", "job.background/1"}) {
        const auto reply = request("other", method, unknown);
        EXPECT_EQ(reply.rc, TENON_FAILED) << method;
        EXPECT_EQ(reply.out, "Unknown job " + theirs) << method;
    }
    EXPECT_EQ(request("other", "job.wait/1", {{"timeout_ms", 1}, {"job_ids", {theirs}}}).out,
              "Unknown job " + theirs);
    EXPECT_EQ(request("other", "job.submit/1",
                      {{"command", "true"}, {"mode", "background"}, {"after", {theirs}}})
                  .out,
              "Unknown job " + theirs);
    const auto ids_of = [](const plugins::ServiceReply& reply) {
        std::vector<std::string> ids;
        const Json answer = Json::parse(reply.out);
        for (const Json& job : answer["jobs"])
            ids.push_back(job["id"]);
        return ids;
    };
    EXPECT_EQ(ids_of(request("other", "job.list/1", Json::object())), std::vector{own});
    EXPECT_EQ(ids_of(request("other", "job.wait/1", {{"timeout_ms", 1}})), std::vector{own});
    EXPECT_EQ(ids_of(request("third", "job.list/1", Json::object())), std::vector<std::string>());
    EXPECT_EQ(request("other", "job.read/1", {{"job_id", own}}).rc, TENON_OK);
    EXPECT_EQ(a.take_delivered(), std::vector<std::string>());
    EXPECT_EQ(ids_of(services.request("bash", true, "job.list/1", "{}", {}, &b)),
              (std::vector{theirs, own}));
    EXPECT_EQ(store.load(own)->spec.plugin, "other") << "also for the next host";
}

TEST_F(SessionJobsTest, AnEndStaysUntilItsDeliveryIsJournalled) {
    const auto id = start("echo out");
    wait_for_end(id);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto ended = jobs.undelivered();
        ASSERT_EQ(ended.size(), 1U);
        EXPECT_EQ(ended[0].id, id);
        EXPECT_TRUE(jobs.has_news());
    }
    jobs.told({id});
    EXPECT_FALSE(jobs.has_news());
    EXPECT_TRUE(jobs.undelivered().empty());
}

TEST_F(SessionJobsTest, AnEndThatACallClaimedAndDidNotTellIsToldAfterwards) {
    const auto id = start("echo out");
    wait_for_end(id);
    EXPECT_EQ(wait(a), std::vector{id});
    EXPECT_TRUE(wait(b).empty());
    const auto ended = jobs.undelivered();
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].id, id);
}

TEST_F(SessionJobsTest, APriorityThatDoesNotFitIsTheHighestOrTheLowest) {
    constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
    constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
    const std::pair<Json, std::int64_t> rows[] = {
        {kLowest, kLowest}, {std::uint64_t{kHighest} + 1, kHighest},
        {1e300, kHighest},  {-1e300, kLowest},
        {2.0, 2},
    };
    for (const auto& [asked, priority] : rows) {
        SCOPED_TRACE(asked.dump());
        const std::string id =
            ask(a, "job.submit/1",
                {{"command", "true"}, {"mode", "background"}, {"priority", asked}})["id"];
        EXPECT_EQ(store.load(id)->spec.priority, priority);
    }
}

TEST_F(SessionJobsTest, ACallMayAskForALongerLimitThanTheUsualUpToTheLargestAllowed) {
    using Limit = std::optional<std::chrono::milliseconds>;
    struct Row {
        const char* mode;
        const char* lifetime;
        Json asked;
        Limit limit;
    };
    const Row rows[] = {
        {"foreground", "session", nullptr, 1h},         {"foreground", "session", 60'000, 1h},
        {"foreground", "session", 7'200'000, 2h},       {"foreground", "session", 1e300, 24h},
        {"background", "session", nullptr, 1h},         {"background", "session", 60'000, 1min},
        {"background", "session", 7'200'000, 2h},       {"background", "session", 90'000'000, 24h},
        {"background", "persistent", nullptr, Limit()}, {"background", "persistent", 1e300, 24h},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.mode) + " " + row.lifetime + " " + row.asked.dump());
        Json params = {{"command", "true"}, {"mode", row.mode}, {"lifetime", row.lifetime}};
        if (!row.asked.is_null()) params["timeout_ms"] = row.asked;
        const std::string id = ask(a, "job.submit/1", params)["id"];
        EXPECT_EQ(store.load(id)->spec.timeout, row.limit);
    }
    agent::CallContext of_subagent{{"s", "agent-1"}, "c", {}, nullptr};
    for (const auto& [asked, limit] :
         {std::pair(0, Limit(2min)), std::pair(90'000'000, Limit(24h))}) {
        Json params = {{"command", "true"}, {"mode", "foreground"}};
        if (asked > 0) params["timeout_ms"] = asked;
        const std::string id = ask(of_subagent, "job.submit/1", params)["id"];
        EXPECT_EQ(store.load(id)->spec.timeout, limit);
    }
}

}  // namespace
}  // namespace tenon::session
