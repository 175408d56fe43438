#include "host/session/job_inbox.h"

#include "host/agent/session.h"
#include "tests/session/session_jobs_support.h"

namespace tenon::session {
namespace {

class JobInboxTest : public SessionJobsTest {};

TEST_F(JobInboxTest, ACallWhoseCommandCouldNotBeStartedRecoversItsReason) {
    const auto left_by_another_host = [&](const std::string& call, jobs::Status status) {
        jobs::JobSpec spec;
        spec.session = "s";
        spec.workspace = spec.cwd = dir.path();
        spec.command = "echo out";
        spec.kind = jobs::JobKind::kForeground;
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
    const auto refused = inbox.recover({"refused", "bash", Json::object(), {}}, {});
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->text.find("no space for it"), std::string::npos) << refused->text;
    EXPECT_FALSE(inbox.recover({"taken out", "bash", Json::object(), {}}, {}));
}

TEST_F(JobInboxTest, AnEndStaysUntilItsDeliveryIsJournalled) {
    const auto id = start("echo out");
    wait_for_end(id);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto ended = inbox.undelivered();
        ASSERT_EQ(ended.size(), 1U);
        EXPECT_EQ(ended[0].id, id);
        EXPECT_TRUE(inbox.has_undelivered());
    }
    deliveries.deliver({id});
    EXPECT_FALSE(inbox.has_undelivered());
    EXPECT_TRUE(inbox.undelivered().empty());
}

TEST_F(JobInboxTest, AnEndThatACallReservedAndDidNotDeliverIsDeliveredAfterwards) {
    const auto id = start("echo out");
    wait_for_end(id);
    EXPECT_EQ(wait(a), std::vector{id});
    EXPECT_TRUE(wait(b).empty());
    const auto ended = inbox.undelivered();
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].id, id);
}

TEST_F(JobInboxTest, AnEndIsReturnedUntilTheJournalOfTheSessionHasItsDelivery) {
    const auto first = start("echo one");
    wait_for_end(first);
    const auto second = start("echo two");
    wait_for_end(second);
    const auto ids = [](const std::vector<agent::JobEnded>& ended) {
        std::vector<std::string> found;
        for (const agent::JobEnded& job : ended)
            found.push_back(job.id);
        return found;
    };
    const auto open = [&](journal::Deliveries* known) {
        agent::SessionHead head;
        head.id = "s";
        head.tools = "[]";
        return agent::Session::open(dir.path(), std::move(head), known);
    };
    {
        auto session = open(&deliveries);
        ASSERT_TRUE(session) << session.error().message;
        EXPECT_EQ(ids(inbox.undelivered()), (std::vector{first, second}));
        ASSERT_TRUE(session->add_text("ended", "notification", {first}));
        EXPECT_EQ(ids(inbox.undelivered()), std::vector{second});
        EXPECT_EQ(inbox.table().find(first), std::string::npos);
        EXPECT_NE(inbox.table().find(second), std::string::npos);
    }
    journal::Deliveries of_the_next_host;
    ASSERT_TRUE(open(&of_the_next_host));
    EXPECT_TRUE(of_the_next_host.is_delivered(first));
    EXPECT_TRUE(of_the_next_host.is_undelivered_and_unreserved(second));
}

}  // namespace
}  // namespace tenon::session
