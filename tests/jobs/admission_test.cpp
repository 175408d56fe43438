#include "host/jobs/admission.h"

#include <gtest/gtest.h>

namespace tenon::jobs {
namespace {

constexpr Resources kPlenty{};

JobRecord job(const JobId& id, Kind kind = Kind::kBackground, std::int64_t priority = 0) {
    JobRecord job;
    job.id = id;
    job.spec.kind = kind;
    job.spec.priority = priority;
    return job;
}

/// Adds jobs in the order of submission.
class Jobs {
public:
    explicit Jobs(Admission& admission) : admission_(admission) {}
    void add(const JobRecord& job) { admission_.add(Admission::turn_of(job, number_++)); }

private:
    Admission& admission_;
    std::uint64_t number_ = 0;
};

/// All that start now.
std::vector<JobId> admitted(Admission& admission, const Resources& left = kPlenty,
                            bool is_alone = false) {
    std::vector<JobId> ids;
    while (auto id = admission.admit(left, is_alone))
        ids.push_back(*std::move(id));
    return ids;
}

Resources process_resources(std::size_t left, const Admission& admission) {
    return {std::nullopt, left, admission.begun()};
}

TEST(Admission, TakesForegroundJobsFirstThenByPriorityThenInTheirOrder) {
    Admission admission(2);
    Jobs jobs(admission);
    jobs.add(job("low", Kind::kBackground, -1));
    jobs.add(job("first"));
    jobs.add(job("second"));
    jobs.add(job("high", Kind::kBackground, 1));
    jobs.add(job("now", Kind::kForeground));
    EXPECT_EQ(admitted(admission), (std::vector<JobId>{"now", "high", "first"}));
    admission.give_place_back();
    EXPECT_EQ(admitted(admission), std::vector<JobId>{"second"});
    EXPECT_FALSE(admission.may_admit(false)) << "no place";
    EXPECT_FALSE(admission.retry_at()) << "time brings no place";
    EXPECT_TRUE(admission.remove(Admission::turn_of(job("low", Kind::kBackground, -1), 0)));
    admission.give_place_back();
    EXPECT_EQ(admitted(admission), std::vector<JobId>{});
}

TEST(Admission, CountsWhatStartsAndWhatHasBegunSinceTheMeasuring) {
    for (const bool begins : {false, true}) {
        SCOPED_TRACE(begins);
        Admission admission(100);
        Jobs jobs(admission);
        const Resources left = process_resources(15, admission);  // for one job and two kept places
        jobs.add(job("first"));
        jobs.add(job("second"));
        EXPECT_EQ(admission.admit(left, false), "first");
        if (begins) admission.has_begun();
        EXPECT_EQ(admission.admit(left, false), std::nullopt);
        EXPECT_TRUE(admission.retry_at());
    }
}

TEST(Admission, KeepsTheLastResourcesForForegroundJobs) {
    Admission admission(100);
    Jobs jobs(admission);
    jobs.add(job("background"));
    const Resources left = process_resources(14, admission);
    EXPECT_EQ(admitted(admission, left), std::vector<JobId>{});
    admission.may_have_enough();
    jobs.add(job("foreground", Kind::kForeground));
    EXPECT_EQ(admitted(admission, left), std::vector<JobId>{"foreground"});
}

TEST(Admission, TriesAJobThatIsAloneWhateverIsLeft) {
    Admission admission(100);
    Jobs jobs(admission);
    jobs.add(job("a"));
    EXPECT_EQ(admission.admit(process_resources(0, admission), true), "a");
}

TEST(Admission, AfterAShortageStartsOneByOneUntilNoneWaits) {
    Admission admission(100);
    Jobs jobs(admission);
    for (const char* id : {"a", "b", "c"})
        jobs.add(job(id));
    EXPECT_EQ(admission.admit(kPlenty, false), "a");
    admission.has_begun();
    admission.found_too_few();  // "a" comes back
    jobs.add(job("a"));
    const auto moment = admission.retry_at();
    ASSERT_TRUE(moment);
    admission.found_too_few();
    EXPECT_EQ(admission.retry_at(), moment) << "the moment stays";
    EXPECT_FALSE(admission.may_admit(false));
    admission.may_have_enough();
    EXPECT_EQ(admitted(admission), std::vector<JobId>{"b"});
    for (const char* next : {"c", "a"}) {
        admission.has_begun();
        EXPECT_TRUE(admission.confirm_enough());
        EXPECT_EQ(admitted(admission), std::vector<JobId>{next});
    }
    admission.has_begun();
    EXPECT_TRUE(admission.confirm_enough());
    EXPECT_EQ(admitted(admission), std::vector<JobId>{});
    for (const char* id : {"d", "e"})
        jobs.add(job(id));
    EXPECT_EQ(admitted(admission), (std::vector<JobId>{"d", "e"}));
    EXPECT_FALSE(admission.confirm_enough()) << "the shortage is over";
}

}  // namespace
}  // namespace tenon::jobs
