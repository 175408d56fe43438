// Jobs that use more than they may.
#include <sys/resource.h>

#include "tests/jobs/misbehaviours.h"

namespace tenon::jobs {
namespace {

using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1U << 20U;

JobLimits memory_limit(std::uint64_t mib) {
    return {mib * kMiB, std::nullopt, std::nullopt};
}
JobLimits processes_limit(std::uint64_t most) {
    return {std::nullopt, most, std::nullopt};
}
JobLimits cpu_limit(std::chrono::milliseconds most) {
    return {std::nullopt, std::nullopt, most};
}

struct LimitCase {
    const char* command;
    JobLimits limits;
    const char* key;
};

std::uint64_t value_of(const LimitCase& row) {
    if (row.limits.memory) return *row.limits.memory;
    if (row.limits.processes) return *row.limits.processes;
    return static_cast<std::uint64_t>(row.limits.cpu->count());
}

TEST(Limits, EndAJobWithATreeThatExceedsThemAndSayWhich) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const LimitCase cases[] = {
        {TENON_MISBEHAVE " touch=300 linger", memory_limit(200), kMemoryLimit},
        {TENON_MISBEHAVE " crowd=9 touch=30 linger", memory_limit(200), kMemoryLimit},
        {TENON_MISBEHAVE " daemon setsid daemon touch=300 linger; sleep 1000", memory_limit(200),
         kMemoryLimit},
        {TENON_MISBEHAVE " ignore-term setsid crowd=9 touch=30 linger", memory_limit(200),
         kMemoryLimit},
        {TENON_MISBEHAVE " share=300 crowd=3 read linger", memory_limit(200), kMemoryLimit},
        {TENON_MISBEHAVE " crowd=40 linger", processes_limit(20), kProcessLimit},
        {TENON_MISBEHAVE " daemon setsid block-term crowd=40 linger; sleep 1000",
         processes_limit(20), kProcessLimit},
        {TENON_MISBEHAVE " storm=8 linger", processes_limit(30), kProcessLimit},
        {TENON_MISBEHAVE " bomb=3000 linger", processes_limit(100), kProcessLimit},
        {TENON_MISBEHAVE " ignore-term bomb=3000 linger", processes_limit(100), kProcessLimit},
        {"sleep 1; " TENON_MISBEHAVE " block-term setsid bomb=3000 linger", processes_limit(100),
         kProcessLimit},
        {TENON_MISBEHAVE " burn", cpu_limit(300ms), kCpuLimit},
        {TENON_MISBEHAVE " daemon setsid crowd=5 burn; sleep 1000", cpu_limit(600ms), kCpuLimit},
        {"while :; do " TENON_MISBEHAVE " burn=40; done", cpu_limit(400ms), kCpuLimit},
        {TENON_MISBEHAVE " ignore-chld respawn=100000 burn=200", cpu_limit(900ms), kCpuLimit},
    };
    for (const LimitCase& row : cases) {
        SCOPED_TRACE(row.command);
        JobSpec spec = folder.spec(row.command);
        spec.limits = row.limits;
        const JobRecord job = run(queue, spec);
        EXPECT_EQ(job.status, Status::kError);
        ASSERT_TRUE(job.end.limit) << folder.report_of(job);
        const std::uint64_t value = value_of(row);
        EXPECT_EQ(job.end.limit->limit, row.key);
        EXPECT_EQ(job.end.limit->value, value);
        EXPECT_GT(job.end.limit->figure, value);
        EXPECT_EQ(job.end.limit->actor, kShimActor);
        EXPECT_EQ(job.end.ended_by, kShimActor);
        EXPECT_EQ(folder.report_of(job),
                  "(no output)\n[ended: " + sentence_of(*job.end.limit) + "]");
        EXPECT_EQ(job.end.survivors, 0);
        EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    }
}

/// The figure of a tree whose use is known.
TEST(Limits, AreComparedWithTrueFigures) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec("exec " TENON_MISBEHAVE " crowd=29 linger");
    spec.limits = processes_limit(29);
    EXPECT_EQ(run(queue, spec).end.limit->figure, 30U);
    spec = folder.spec("exec " TENON_MISBEHAVE " crowd=3 touch=100 linger");
    spec.limits = memory_limit(350);
    const auto used = run(queue, spec).end.limit->figure;
    EXPECT_GT(used, 350 * kMiB);
    EXPECT_LT(used, 420 * kMiB);
}

TEST(Limits, EndNothingThatStaysWithinThem) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const LimitCase cases[] = {
        {TENON_MISBEHAVE " touch=100; exit 3", memory_limit(200), ""},
        // A gigabyte, if shared pages are counted more than once.
        {TENON_MISBEHAVE " share=100 crowd=9 read burn=100; exit 3", memory_limit(200), ""},
        {TENON_MISBEHAVE " crowd=15 burn=50; exit 3", processes_limit(20), ""},
        {"for i in 1 2 3 4; do " TENON_MISBEHAVE " burn=100; done; exit 3", cpu_limit(5s), ""},
    };
    for (const LimitCase& row : cases) {
        SCOPED_TRACE(row.command);
        JobSpec spec = folder.spec(row.command);
        spec.limits = row.limits;
        const JobRecord job = run(queue, spec);
        EXPECT_EQ(job.end.exit_code, 3);
        EXPECT_FALSE(job.end.limit) << sentence_of(*job.end.limit);
        EXPECT_EQ(job.end.ended_by, "");
    }
}

TEST(Limits, DoNotExistUnlessTheyAreSet) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const JobRecord job =
        run(queue, folder.spec(TENON_MISBEHAVE " share=300 crowd=60 read burn=50; exit 3"));
    EXPECT_EQ(job.end.exit_code, 3);
    EXPECT_FALSE(job.end.limit);
}

TEST(Limits, OfAQueuedJobAreKeptByTheHostThatAdoptsIt) {
    const JobsFolder folder;
    JobSpec spec = folder.spec(TENON_MISBEHAVE " touch=300 linger");
    spec.session = "s";
    spec.limits = memory_limit(200);
    const auto job = folder.store().create(spec);
    ASSERT_TRUE(job);
    Queue queue(folder.store(), folder.options());
    queue.adopt([](const JobRecord&) { return false; });
    const JobRecord end = ended(queue, job->id);
    ASSERT_TRUE(end.end.limit) << folder.report_of(end);
    EXPECT_EQ(end.end.limit->value, 200 * kMiB);
}

TEST(Limits, ApplyToWhatAPersistentJobLeftRunning) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec =
        folder.spec("echo up; " TENON_MISBEHAVE " daemon setsid ignore-term burn & exit 0");
    spec.lifetime = Lifetime::kPersistent;
    spec.limits = cpu_limit(500ms);
    const JobRecord job = run(queue, spec);
    EXPECT_EQ(job.status, Status::kCompleted);
    folder.wait_for_shim(job.id);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    EXPECT_EQ(folder.store().load(job.id)->status, Status::kCompleted);
    EXPECT_EQ(folder.report_of(job).find("up\ntenon: ended: its processes used "), 0U)
        << folder.report_of(job);
}

TEST(Limits, AreWrittenAsPeopleWouldSayThem) {
    const std::pair<LimitReached, const char*> cases[] = {
        {{kShimActor, kMemoryLimit, 256 * kMiB, 512 * kMiB},
         "its processes used 512 MiB of memory, more than jobs.memoryLimit = 256 MiB"},
        {{kShimActor, kMemoryLimit, 1024 * kMiB, 1024 * kMiB + 1},
         "its processes used 1024.1 MiB of memory, more than jobs.memoryLimit = 1 GiB"},
        {{kCgroupActor, kMemoryLimit, 256 * kMiB, 256 * kMiB},
         "its processes used 256 MiB of memory and needed more than jobs.memoryLimit = 256 MiB"},
        {{kShimActor, kProcessLimit, 100, 117},
         "it had 117 processes, more than jobs.processLimit = 100"},
        {{kCgroupActor, kCpuLimit, 60'000, 60'010},
         "its processes used 60.1 s of processor time, more than jobs.cpuLimit = 60 s"},
        {{kShimActor, kCpuLimit, 500, 620},
         "its processes used 620 ms of processor time, more than jobs.cpuLimit = 500 ms"},
    };
    for (const auto& [reached, sentence] : cases)
        EXPECT_EQ(sentence_of(reached), sentence);
    EXPECT_EQ(text_of({256 * kMiB, 100, 60s}),
              "memory 256 MiB, 100 processes, processor time 60 s");
    EXPECT_EQ(text_of({}), "");
}

}  // namespace
}  // namespace tenon::jobs
