// Process trees that resist being ended.
#include "tests/jobs/misbehaviours.h"

namespace tenon::jobs {
namespace {

using testing::ended;
using testing::JobsFolder;
using testing::processes_of;
using testing::run;
using namespace std::chrono_literals;

TEST(Tree, HasNoProcessLeftWhenTheJobIsCancelled) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 100;
    Queue queue(folder.store(), options);
    std::vector<std::pair<std::string, JobId>> started;
    for (const std::string what : testing::kMisbehaviours)
        started.emplace_back(what,
                             testing::start_misbehaving(queue, folder, what, folder.spec("")));
    for (const auto& [what, id] : started)
        ASSERT_TRUE(queue.cancel(id, "test")) << what;
    for (const auto& [what, id] : started) {
        SCOPED_TRACE(what);
        const JobRecord job = ended(queue, id);
        EXPECT_EQ(job.status, Status::kCancelled);
        EXPECT_EQ(job.end.survivors, 0);
        EXPECT_EQ(processes_of(id), std::vector<std::string>());
    }
}

TEST(Tree, HasNoProcessLeftWhenTheTimeIsOver) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec(TENON_MISBEHAVE
                               " ignore-term daemon setsid split linger; echo begun; sleep 1000");
    spec.timeout = 2s;  // a busy machine also gets to "begun" by then
    const JobRecord job = run(queue, spec);
    EXPECT_EQ(job.status, Status::kTimeout);
    EXPECT_EQ(job.end.ended_by, "timeout");
    EXPECT_EQ(folder.report_of(job).find("begun\n[timed out after "), 0U) << folder.report_of(job);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
}

TEST(Tree, OfACommandThatMakesItsSupervisorItsTracerRunsToItsEnd) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    for (const bool own_namespace : {false, true}) {
        SCOPED_TRACE(own_namespace);
        JobSpec spec = folder.spec("exec " TENON_MISBEHAVE " trace-me exit=7");
        spec.pid_namespace = own_namespace;
        const JobRecord job = run(queue, spec);
        EXPECT_EQ(job.end.exit_code, 7);
        EXPECT_EQ(job.end.left_behind, 0);
        folder.wait_for_shim(job.id);
        EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    }
}

TEST(Tree, LeftBehindByBashIsCountedAndEnded) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    for (const char* what :
         {"daemon setsid linger", "ignore-term daemon linger", "daemon block-term split linger"}) {
        SCOPED_TRACE(what);
        const JobRecord job = run(
            queue, folder.spec("echo done; " TENON_MISBEHAVE " " + std::string(what) + "; exit 0"));
        EXPECT_EQ(job.status, Status::kCompleted);
        const std::string count = std::to_string(job.end.left_behind);
        EXPECT_GE(job.end.left_behind, 1);
        EXPECT_EQ(folder.report_of(job),
                  "done\n[" + count + " background processes ended; use background_run]");
        folder.wait_for_shim(job.id);
        EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    }
}

TEST(Tree, GetsTimeToEndInOrder) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    const std::string ready = folder.fifo("ready");
    auto job = queue.submit(
        folder.spec("trap 'echo bye; exit 9' TERM; echo go >" + ready + "; sleep 1000 & wait"));
    JobsFolder::read_fifo(ready);
    ASSERT_TRUE(queue.cancel(job->id, "test"));
    const JobRecord end = ended(queue, job->id);
    EXPECT_EQ(end.status, Status::kCancelled);
    EXPECT_EQ(end.end.exit_code, 9);
    EXPECT_EQ(folder.report_of(end), "bye\n[cancelled by test]");
}

TEST(Tree, OfAPersistentJobLivesOnAfterItsShellAndCanBeCancelled) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec("echo up; " TENON_MISBEHAVE " daemon setsid ignore-term linger");
    spec.lifetime = Lifetime::kPersistent;
    const JobRecord job = run(queue, spec);
    EXPECT_EQ(job.status, Status::kCompleted);
    EXPECT_EQ(job.end.left_behind, 1);
    EXPECT_EQ(folder.report_of(job), "up\n");
    EXPECT_EQ(processes_of(job.id).size(), 1U);
    EXPECT_TRUE(queue.cancel(job.id, "test"));
    folder.wait_for_shim(job.id);
    EXPECT_EQ(processes_of(job.id), std::vector<std::string>());
    EXPECT_EQ(folder.store().load(job.id)->status, Status::kCompleted);
    EXPECT_FALSE(queue.cancel(job.id, "test"));
}

}  // namespace
}  // namespace tenon::jobs
