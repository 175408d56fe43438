#include "host/session/session_jobs.h"

#include "tests/session/session_jobs_support.h"

namespace tenon::session {
namespace {

using namespace std::chrono_literals;

const std::string kDeliveredByAnother =
    "(its end is delivered in the result of another call of this answer)";

TEST_F(SessionJobsTest, OneOfTwoCallsThatWaitForAnyJobDeliversItsEnd) {
    ASSERT_EQ(::mkfifo((dir / "go").c_str(), 0600), 0);
    const auto id = start("read -r line <go; echo out");
    std::vector<std::string> ids[2];
    {
        std::jthread first([&] { ids[0] = wait(a); });
        std::jthread second([&] { ids[1] = wait(b); });
        std::ofstream(dir / "go") << "x\n";
    }
    EXPECT_EQ(ids[0].size() + ids[1].size(), 1U);
    agent::CallContext& deliverer = ids[0].empty() ? b : a;
    agent::CallContext& other = ids[0].empty() ? a : b;
    EXPECT_EQ(read(other, id), kDeliveredByAnother);
    EXPECT_EQ(read(deliverer, id), "out\n");
    EXPECT_EQ(deliverer.take_delivered(), std::vector{id});
    EXPECT_EQ(other.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, DescribesAJobWithItsExitCode) {
    const auto describe = [&](const std::string& id) {
        Json job = ask(a, "job.read/1", {{"job_id", id}});
        job.erase("text");
        job.erase("id");
        return job;
    };
    ASSERT_EQ(::mkfifo((dir / "go").c_str(), 0600), 0);
    const auto failing = start("read -r line <go; exit 3");
    EXPECT_EQ(describe(failing)["exit_code"], Json());
    std::ofstream(dir / "go") << "x\n";
    wait_for_end(failing);
    EXPECT_EQ(describe(failing), Json({{"status", "error"},
                                       {"preview", "read -r line <go; exit 3"},
                                       {"ended", true},
                                       {"exit_code", 3},
                                       {"background", true},
                                       {"delivered", false}}));
    const auto killed = start("kill -9 $$");
    wait_for_end(killed);
    EXPECT_EQ(describe(killed)["exit_code"], Json());
}

TEST_F(SessionJobsTest, RefusesParametersThatItsMethodsDoNotHave) {
    for (const std::string& method : services.methods()) {
        SCOPED_TRACE(method);
        const auto reply = services.request("bash", true, method, R"({"no_such":1})", {}, &a);
        EXPECT_EQ(reply.rc, TENON_BAD_ARGS);
        EXPECT_NE(reply.out.find(method + ": unknown parameter no_such; it has "),
                  std::string::npos)
            << reply.out;
    }
    EXPECT_EQ(services.request("bash", true, "job.wait/1", R"({"timeout_ms":"5"})", {}, &a).out,
              "job.wait/1: timeout_ms must be a number");
}

TEST_F(SessionJobsTest, EveryPluginsCommandCarriesThePolicyInItsRecord) {
    sandbox::Policy policy;
    policy.mode = sandbox::Mode::kReadOnly;
    policy.workspace = dir.path().string();
    CommandSettings restricted = settings();
    restricted.containment = [policy] { return policy; };
    SessionJobs confined{store, queue, deliveries, restricted, nullptr, secrets};
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

TEST_F(SessionJobsTest, ACallThatNamesAJobWhoseEndAnotherDeliversSaysSo) {
    const auto id = start("echo out");
    wait_for_end(id);
    const Json named = {{"job_ids", {id, id}}};
    EXPECT_EQ(wait(a, named), std::vector{id});
    EXPECT_EQ(wait(b, named), std::vector{id});
    EXPECT_EQ(read(a, id), "out\n");
    deliveries.deliver(a.take_delivered());
    EXPECT_EQ(read(b, id), kDeliveredByAnother)
        << "also when the first result is in the journal already";
    EXPECT_EQ(b.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, ADeliveredEndIsShownAgainOnDemandButNotDeliveredAgain) {
    const auto id = start("echo out");
    wait_for_end(id);
    EXPECT_EQ(read(a, id), "out\n");
    deliveries.deliver(a.take_delivered());
    EXPECT_TRUE(inbox.undelivered().empty());
    EXPECT_EQ(read(b, id), "out\n");
    EXPECT_EQ(b.take_delivered(), std::vector<std::string>());
}

TEST_F(SessionJobsTest, AThirdPartyPluginSeesOnlyJobsThatItSubmitted) {
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
    const Json unknown = {{"job_id", theirs}};
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

TEST_F(SessionJobsTest, APriorityOutOfRangeBecomesTheHighestOrTheLowest) {
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

TEST_F(SessionJobsTest, ACallMayAskForALongerLimitUpToTheLargestAllowed) {
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

TEST_F(SessionJobsTest, AnEndThatASubagentReadsIsNotDelivered) {
    const auto id = start("echo out");
    wait_for_end(id);
    agent::CallContext of_subagent{{"s", "agent-1"}, "c", {}, nullptr};
    EXPECT_EQ(read(of_subagent, id), "out\n");
    EXPECT_EQ(of_subagent.take_delivered(), std::vector<std::string>());
    EXPECT_EQ(read(a, id), "out\n");
    EXPECT_EQ(a.take_delivered(), std::vector{id});
}

}  // namespace
}  // namespace tenon::session
