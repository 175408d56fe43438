#include "host/session/delivered_jobs.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tenon::session {
namespace {

const std::string kDelivery = R"({"v":1,"seq":1,"type":"delivery","jobs":["00000001"]})"
                              "\n"
                              R"({"v":1,"seq":2,"type":"user","text":"x","delivery":1})"
                              "\n";
std::string result(const std::string& id) {
    return R"({"v":1,"seq":3,"type":"tool_result","tool_use_id":")" + id + "\"}\n";
}

jobs::JobRecord job(const std::string& id, jobs::JobKind kind, const std::string& call,
                    const std::string& subagent = {}) {
    jobs::JobRecord job;
    job.id = id;
    job.spec.session = "s";
    job.spec.kind = kind;
    job.spec.tool_use_id = call;
    job.spec.subagent = subagent;
    return job;
}

TEST(DeliveredJobs, AreThoseThatTheJournalOfTheSessionDelivers) {
    const testing::TempDir dir;
    dir.write("s.jsonl", kDelivery + result("call"));
    DeliveredJobs delivered(dir.path());
    EXPECT_TRUE(delivered.contains(job("00000001", jobs::JobKind::kBackground, "other")));
    EXPECT_FALSE(delivered.contains(job("00000002", jobs::JobKind::kBackground, "call")));
    EXPECT_TRUE(delivered.contains(job("00000002", jobs::JobKind::kForeground, "call")));
    EXPECT_FALSE(delivered.contains(job("00000001", jobs::JobKind::kForeground, "other")));
}

TEST(DeliveredJobs, AreAlsoThoseWithoutASessionOrWhoseSessionIsGone) {
    const testing::TempDir dir;
    DeliveredJobs delivered(dir.path());
    EXPECT_TRUE(delivered.contains(job("00000001", jobs::JobKind::kBackground, "")));
    auto nobodys = job("00000001", jobs::JobKind::kBackground, "");
    nobodys.spec.session.clear();
    EXPECT_TRUE(delivered.contains(nobodys));
}

TEST(DeliveredJobs, OfASubagentAreDeliveredInItsOwnJournalOrOverWithItsCall) {
    struct Case {
        std::string session, subagent;
        bool delivered;
    };
    const std::string head = R"({"v":1,"seq":0,"type":"session","parent_call":"t1"})"
                             "\n";
    for (const Case& c : std::vector<Case>{{"", head, false},
                                           {"", head + result("a"), true},
                                           {result("a"), head, false},
                                           {result("t1"), head, true},
                                           {"", "", true}}) {
        SCOPED_TRACE(c.session + c.subagent);
        const testing::TempDir dir;
        dir.write("s.jsonl", c.session);
        if (!c.subagent.empty()) dir.write("s/agent-1.jsonl", c.subagent);
        DeliveredJobs delivered(dir.path());
        EXPECT_EQ(delivered.contains(job("00000001", jobs::JobKind::kForeground, "a", "agent-1")),
                  c.delivered);
    }
}

}  // namespace
}  // namespace tenon::session
