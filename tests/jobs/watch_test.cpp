#include "host/jobs/watch.h"

#include <csignal>

#include "host/jobs/launch.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

class WatchTest : public ::testing::Test, protected testing::JobsFolder {
protected:
    JobRecord create(const std::string& command) {
        auto job = store().create(spec(command));
        EXPECT_TRUE(job) << job.error().message;
        return std::move(job).value_or({});
    }
    ShimProcess launch(const JobId& id) {
        auto shim = launch_shim(options().shim, store().folder_of(id), 1 << 20);
        EXPECT_TRUE(shim) << shim.error().message;
        return std::move(*shim);
    }
    /// Waits as a user of Watch does, until the job has ended.
    JobRecord ended(Watch& watch, const JobId& id) {
        const auto until = testing::deadline();
        auto job = store().load(id);
        while (job && !is_terminal(job->status) && std::chrono::steady_clock::now() < until) {
            watch.wait(until);
            job = store().load(id);
        }
        EXPECT_TRUE(job) << job.error().message;
        return std::move(job).value_or({});
    }
};

TEST_F(WatchTest, TellsThatAJobOfAnotherProcessStartedAndEnded) {
    const std::string go = fifo("go");
    const JobRecord job = create("read < " + go);
    Watch watch(store());
    watch.add(job.id);
    const ShimProcess shim = launch(job.id);
    while (store().load(job.id)->status == Status::kQueued)
        ASSERT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
    write_fifo(go);
    EXPECT_EQ(ended(watch, job.id).status, Status::kCompleted);
    wait_for_shim(job.id);
}

TEST_F(WatchTest, TellsThatASupervisorWasKilled) {
    const std::string go = fifo("go");
    const JobRecord job = create("echo > " + go + "; sleep 1000");
    Watch watch(store());
    watch.add(job.id);
    const ShimProcess shim = launch(job.id);
    read_fifo(go);
    send_signal(shim.process, SIGKILL);
    EXPECT_EQ(ended(watch, job.id).status, Status::kLost);
    while (!testing::processes_of(job.id).empty())
        std::this_thread::yield();
}

TEST_F(WatchTest, TellsOfAJobThatRanBeforeItWasAdded) {
    const std::string go = fifo("go");
    const JobRecord job = create("read < " + go);
    const ShimProcess shim = launch(job.id);
    Watch first(store());
    first.add(job.id);
    while (store().load(job.id)->status == Status::kQueued)
        first.wait(testing::deadline());
    Watch watch(store());
    watch.add(job.id);
    write_fifo(go);
    EXPECT_EQ(ended(watch, job.id).status, Status::kCompleted);
    wait_for_shim(job.id);
}

TEST_F(WatchTest, TellsOfNewJobs) {
    Watch watch(store());
    watch.add_new_jobs();
    const JobRecord job = create("true");
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
}

TEST_F(WatchTest, TellsOfANewJobWhoseFolderStoodBeforeItsRecord) {
    JobRecord job;
    job.id = "0a1b2c3d";
    job.spec = spec("true");
    std::filesystem::create_directories(store().folder_of(job.id));
    Watch watch(store());
    watch.add_new_jobs();
    EXPECT_TRUE(store().list().empty());
    ASSERT_TRUE(store().rewrite(job));
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
}

TEST_F(WatchTest, TellsThatAQueuedJobWasCancelledOrRemoved) {
    const JobRecord job = create("true");
    const JobRecord other = create("true");
    Watch watch(store());
    watch.add(job.id);
    watch.add(other.id);
    ASSERT_TRUE(store().cancel(job.id, "me"));
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
    std::filesystem::rename(store().folder_of(other.id), dir() / "away");
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{other.id});
}

TEST_F(WatchTest, TellsThatTheOtherDescriptorIsReadable) {
    Watch watch(store());
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    ASSERT_EQ(::write(writer.get(), "x", 1), 1);
    EXPECT_TRUE(watch.wait(testing::deadline(), reader.get()).other);
}

TEST_F(WatchTest, GivesNoNewsAtTheDeadline) {
    Watch watch(store());
    const auto news = watch.wait(std::chrono::steady_clock::now());
    EXPECT_TRUE(news.jobs.empty());
    EXPECT_FALSE(news.list || news.other);
}

TEST_F(WatchTest, LooksForAStoreThatIsNotThereYet) {
    const auto late = Store::open_existing(dir() / "late/jobs");
    ASSERT_TRUE(late);
    Watch watch(*late);
    watch.add_new_jobs();
    ASSERT_TRUE(Store::open(dir() / "late/jobs"));
    EXPECT_TRUE(watch.wait(testing::deadline()).list);
}

}  // namespace
}  // namespace tenon::jobs
