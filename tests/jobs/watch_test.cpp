#include "host/jobs/watch.h"

#include <csignal>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

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
    /// Starts it and waits until its command runs.
    ShimProcess launch_until(const JobId& id, const std::string& ready) {
        ShimProcess shim = launch(id);
        EXPECT_EQ(read_fifo(ready), "go\n");
        return shim;
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

TEST_F(WatchTest, ReportsThatAJobOfAnotherProcessStartedAndEnded) {
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

TEST_F(WatchTest, ReportsThatASupervisorWasKilled) {
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

TEST_F(WatchTest, ReportsAJobThatRanBeforeItWasAdded) {
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

TEST_F(WatchTest, ReportsNewJobs) {
    Watch watch(store());
    watch.add_new_jobs();
    const JobRecord job = create("true");
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
}

TEST_F(WatchTest, ReportsANewJobWhoseFolderWasThereBeforeItsRecord) {
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

TEST_F(WatchTest, ReportsThatAQueuedJobWasCancelledOrRemoved) {
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

TEST_F(WatchTest, ReportsThatTheOtherDescriptorIsReadable) {
    Watch watch(store());
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    ASSERT_EQ(::write(writer.get(), "x", 1), 1);
    EXPECT_TRUE(watch.wait(testing::deadline(), reader.get()).other);
}

TEST_F(WatchTest, ReportsThatAnAddedDescriptorIsReadable) {
    Watch watch(store());
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    watch.add_descriptor(event.get());
    EXPECT_FALSE(watch.polls());
    EXPECT_FALSE(watch.wait(std::chrono::steady_clock::now()).added);
    ASSERT_EQ(::eventfd_write(event.get(), 1), 0);
    const auto changes = watch.wait(testing::deadline());
    EXPECT_TRUE(changes.added);
    EXPECT_FALSE(changes.other);
    EXPECT_TRUE(changes.jobs.empty());
}

TEST_F(WatchTest, ReportsNothingAtTheDeadline) {
    Watch watch(store());
    const auto changes = watch.wait(std::chrono::steady_clock::now());
    EXPECT_TRUE(changes.jobs.empty());
    EXPECT_FALSE(changes.list_again || changes.other);
}

TEST_F(WatchTest, SleepsUntilOneOfManyJobsChanges) {
    const std::string ready = fifo("ready");
    Watch watch(store());
    watch.add_cancelled_jobs();
    std::vector<ShimProcess> shims;
    for (int i = 0; i < 20; ++i) {
        const JobRecord job = create("echo go >" + ready + "; sleep 1000");
        shims.push_back(launch_until(job.id, ready));
        watch.add(job.id);
    }
    const JobRecord queued = create("true");
    EXPECT_FALSE(watch.polls());
    ASSERT_TRUE(store().cancel(queued.id, "another process"));
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{queued.id});
    EXPECT_FALSE(watch.polls());
    for (const ShimProcess& shim : shims)
        send_signal(shim.process, SIGTERM);
    std::set<JobId> changed;
    while (changed.size() < shims.size()) {
        changed.merge(watch.wait(testing::deadline()).jobs);
        changed.erase(queued.id);
    }
    for (const JobId& id : store().ids())
        wait_for_shim(id);
}

TEST_F(WatchTest, ReportsTheEndOfAProcessThatIsNotItsOwn) {
    const std::string ready = fifo("ready");
    const JobRecord job = create("echo go >" + ready + "; sleep 1000");
    const ShimProcess shim = launch_until(job.id, ready);
    Watch watch(store());
    watch.add_process(job.id, shim.process);
    EXPECT_TRUE(watch.wait(std::chrono::steady_clock::now()).jobs.empty());
    send_signal(shim.process, SIGTERM);
    EXPECT_EQ(watch.wait(testing::deadline()).jobs, std::set<JobId>{job.id});
    EXPECT_FALSE(watch.polls());
    watch.remove_process(shim.process);
}

/// What the kernel allows the user namespace of this process (user_namespaces(7)).
bool allow(const char* what, int number) {
    return bool(std::ofstream("/proc/sys/user/" + std::string(what)) << number << std::flush);
}

/// 0 when `check` holds in a process of its own, which it can restrict by `allow`; 77: there are no
/// user namespaces here.
int in_a_user_namespace(const std::function<bool()>& check) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWUSER) != 0 || !allow("max_inotify_watches", 1000)) ::_exit(77);
        ::_exit(check() && !::testing::Test::HasFailure() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(WatchTest, LosesNothingThatTheKernelRefusesToWatchAndWatchesItAsSoonAsItMay) {
    struct Case {
        const char* what;
        int allowed;
    };
    for (const Case& c : {Case{"max_inotify_instances", 0}, Case{"max_inotify_watches", 0},
                          Case{"max_inotify_watches", 1}}) {
        SCOPED_TRACE(c.what + (" " + std::to_string(c.allowed)));
        const std::string ready = dir() / (c.what + std::to_string(c.allowed));
        ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
        // A persistent job's supervisor outlives its end: only its record shows that.
        JobSpec server = spec("sleep 1000 & echo go >" + ready + "; read < " + ready);
        server.lifetime = Lifetime::kPersistent;
        const auto running = store().create(server);
        ASSERT_TRUE(running);
        const ShimProcess shim = launch_until(running->id, ready);
        const JobRecord queued = create("true");
        const int result = in_a_user_namespace([&] {
            EXPECT_TRUE(allow(c.what, c.allowed));
            Watch watch(store());
            watch.add_new_jobs();
            watch.add_cancelled_jobs();
            watch.add(running->id);
            watch.add(queued.id);
            EXPECT_TRUE(watch.polls());
            write_fifo(ready);
            EXPECT_EQ(ended(watch, running->id).status, Status::kCompleted);
            EXPECT_TRUE(store().cancel(queued.id, "test"));
            EXPECT_EQ(ended(watch, queued.id).status, Status::kCancelled);
            EXPECT_TRUE(allow(c.what, 1000));
            while (watch.polls())
                watch.wait(testing::deadline());
            const JobRecord added = create("true");
            std::set<JobId> changed;
            while (changed.count(added.id) == 0)
                changed = watch.wait(testing::deadline()).jobs;
            return true;
        });
        send_signal(shim.process, SIGTERM);
        wait_for_shim(running->id);
        if (result == 77) GTEST_SKIP() << "no user namespace can be made here";
        EXPECT_EQ(result, 0);
    }
}

TEST_F(WatchTest, LooksForAStoreThatIsNotThereYet) {
    const auto late = Store::open_existing(dir() / "late/jobs");
    ASSERT_TRUE(late);
    Watch watch(*late);
    watch.add_new_jobs();
    ASSERT_TRUE(Store::open(dir() / "late/jobs"));
    EXPECT_TRUE(watch.wait(testing::deadline()).list_again);
}

}  // namespace
}  // namespace tenon::jobs
